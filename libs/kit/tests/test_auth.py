"""Tokens of an external OIDC issuer, whose keys are fetched over HTTP from a real server."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from kit import issuers, problems
from kit.auth import Verifier, allow
from kit.errors import Refused
from kit.settings import AuthSection

NAME = "https://login.example"


def ec(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class LoginServer:
    """Serves the public keys of `keys` as a JWKS, counts how often it was asked, and can go away and come back."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.answer: str | None = None  # instead of the keys
        self.asked = 0
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    def come(self) -> None:
        outer = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                jwks = json.dumps({"keys": [key.as_dict(private=False) for key in outer.keys]})
                body = (jwks if outer.answer is None else outer.answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Answering)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def login() -> Iterator[LoginServer]:
    server = LoginServer(ec("a"))
    server.come()
    yield server
    server.go_away()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time by which the next look at the issuer is due."""
    passed = [0.0]
    real = time.monotonic
    monkeypatch.setattr(issuers, "monotonic", lambda: real() + passed[0])

    def advance(seconds: float) -> None:
        passed[0] += seconds

    return advance


def verifier(login: LoginServer) -> Verifier:
    settings = AuthSection(issuer=NAME, audience="petitions", jwks_url=login.url)
    return Verifier(settings, Path("no-such-file"), lambda unit, region: (f"above {unit} of {region}",))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {
        "iss": NAME, "aud": "petitions", "sub": "zhang", "unit": "330225-xf", "region": "33.02.25",
        "roles": ["clerk"], "iat": now, "exp": now + 600, **changes,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def signed(key: Any, *, alg: str = "ES256", **changes: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid}, claims(**changes), key)


async def refusal(verifying: Verifier, token: str) -> str:
    with pytest.raises(Refused) as refused:
        await verifying.principal(token)
    return refused.value.slug


async def test_a_token_of_the_external_issuer_is_accepted_and_its_keys_are_fetched_once(login: LoginServer) -> None:
    verifying = verifier(login)
    for subject in ("zhang", "wang"):
        principal = await verifying.principal(signed(login.keys[0], sub=subject))
        assert (principal.subject, principal.region, set(principal.roles)) == (subject, "33.02.25", {"clerk"})
        assert principal.line == ["330225-xf", "above 330225-xf of 33.02.25", "*", "330225-xf:", "330225-xf:clerk"]
    assert login.asked == 1


async def test_keys_of_other_kinds_in_the_set_do_no_harm(login: LoginServer) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "r", "use": "sig"})
    sealing = ec("e")
    others = [{**sealing.as_dict(private=False), "use": "enc"}, {"kty": "AKP", "kid": "q"}]
    login.answer = json.dumps({"keys": [rsa.as_dict(private=False), *others]})
    verifying = verifier(login)
    assert (await verifying.principal(signed(rsa, alg="RS256"))).subject == "zhang"
    assert await refusal(verifying, signed(sealing)) == "not-signed-in"


async def test_unknown_keys_make_us_ask_again_at_most_every_thirty_seconds(
    login: LoginServer, clock: Callable[[float], None]
) -> None:
    verifying = verifier(login)
    await verifying.principal(signed(login.keys[0]))
    for number in range(20):
        assert await refusal(verifying, signed(ec(f"unknown-{number}"))) == "not-signed-in"
    assert login.asked == 1
    clock(31)
    for number in range(20):
        assert await refusal(verifying, signed(ec(f"unknown-{number}"))) == "not-signed-in"
    assert login.asked == 2


async def test_a_wrong_signature_under_a_known_key_makes_nobody_ask(
    login: LoginServer, clock: Callable[[float], None]
) -> None:
    verifying = verifier(login)
    await verifying.principal(signed(login.keys[0]))
    clock(31)
    assert await refusal(verifying, signed(ec("a"))) == "not-signed-in"
    assert login.asked == 1


async def test_a_key_the_issuer_changed_to_is_accepted_once_it_is_fetched(
    login: LoginServer, clock: Callable[[float], None]
) -> None:
    verifying = verifier(login)
    await verifying.principal(signed(login.keys[0]))
    old, login.keys = login.keys[0], [ec("b")]
    clock(31)
    assert (await verifying.principal(signed(login.keys[0]))).subject == "zhang"
    assert await refusal(verifying, signed(old, sub="withdrawn with its key")) == "not-signed-in"


async def test_while_the_issuer_is_away_its_known_keys_go_on_and_unknown_ones_cannot_be_judged(
    login: LoginServer, clock: Callable[[float], None]
) -> None:
    verifying = verifier(login)
    await verifying.principal(signed(login.keys[0]))
    login.go_away()
    clock(31)
    assert await refusal(verifying, signed(ec("b"))) == "unavailable"
    assert (await verifying.principal(signed(login.keys[0], sub="wang"))).subject == "wang"


@pytest.mark.parametrize("nonsense", ["", "<html>", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "EC"}]}'])
async def test_an_answer_that_is_no_key_set_counts_as_away(login: LoginServer, nonsense: str) -> None:
    login.answer = nonsense
    assert await refusal(verifier(login), signed(login.keys[0])) == "unavailable"


async def test_an_issuer_that_is_away_is_told_as_unavailable_and_works_once_it_is_back(
    login: LoginServer, clock: Callable[[float], None]
) -> None:
    login.go_away()
    app = FastAPI(openapi_url=None, dependencies=[allow("clerk")])
    app.add_api_route("/", lambda: "welcome")
    problems.install(app)
    app.state.runtime = type("Parts", (), {"verifier": verifier(login)})()
    who = {"Authorization": f"Bearer {signed(login.keys[0])}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        away = await client.get("/", headers=who)
        assert (away.status_code, away.json()["type"]) == (503, "urn:xinqiao:problem:unavailable")
        assert away.headers["Retry-After"]
        login.come()
        clock(3)
        assert (await client.get("/", headers=who)).json() == "welcome"


def unsigned() -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "kid": "a"}, claims())]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def confused(key: ECKey) -> list[str]:
    """HS256 with the public key, in its shapes, as the shared secret: what a verifier that trusts `alg` would take."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"a"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    secrets = [key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()]
    macs = [hmac.digest(secret, head + b"." + body, hashlib.sha256) for secret in secrets]
    return [b".".join([head, body, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode() for mac in macs]


async def test_unsigned_tokens_and_a_public_key_used_as_a_secret_are_refused(login: LoginServer) -> None:
    verifying = verifier(login)
    for token in (unsigned(), *confused(login.keys[0])):
        assert await refusal(verifying, token) == "not-signed-in"


async def test_a_shared_secret_in_the_key_set_verifies_nothing(login: LoginServer) -> None:
    secret = OctKey.generate_key(256, {"kid": "s"})
    login.answer = json.dumps({"keys": [*KeySet(login.keys).as_dict(private=False)["keys"], secret.as_dict()]})
    token = jwt.encode({"alg": "HS256", "kid": "s"}, claims(), secret, algorithms=["HS256"])
    assert await refusal(verifier(login), token) == "not-signed-in"


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": None}, {"roles": None}, {"unit": None}, {"region": None}, {"sub": None}, {"roles": "clerk"},
        {"roles": [7]}, {"unit": 330225}, {"region": ""}, {"iss": "https://other.example"}, {"aud": "others"},
        {"region": "33;02"}, {"region": "33.02\n"}, {"unit": "a\0"}, {"sub": "a\0"}, {"exp": 1},
        {"exp": "soon"}, {"nbf": int(time.time()) + 3600},
    ],
)  # fmt: skip
async def test_tokens_with_missing_or_wrong_claims_are_refused(login: LoginServer, wrong: dict[str, Any]) -> None:
    assert await refusal(verifier(login), signed(login.keys[0], **wrong)) == "not-signed-in"


async def test_a_token_that_was_accepted_is_refused_once_it_has_ended(
    login: LoginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifying = verifier(login)
    token = signed(login.keys[0])
    await verifying.principal(token)
    later = time.time() + 601
    monkeypatch.setattr("kit.auth.time.time", lambda: later)
    assert await refusal(verifying, token) == "not-signed-in"
    assert await refusal(verifying, token) == "not-signed-in"
