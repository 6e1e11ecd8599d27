"""Tokens: their claims, who gets one, and who has to wait."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from services.portal.tests.browsing import PASSWORD, Opened
from tests.support.running import Running

from kit.auth import Verifier
from kit.clock import ManualClock, SystemClock
from kit.limits import Allowance
from portal import resources
from portal.passwords import Passwords

TOKENS = "/api/portal/v1/tokens"


async def ask(portal: Running, username: str = "clerk", password: str = PASSWORD) -> Any:
    return await portal.request("POST", TOKENS, who=None, json={"username": username, "password": password})


async def test_a_token_carries_the_claims_that_every_service_verifies(open_portal: Opened) -> None:
    portal = await open_portal()
    answer = (await ask(portal)).json()
    settings = portal.runtime.settings
    verifier = Verifier(settings.auth, settings.keys / "issuer.public.jwks", lambda _, __: ())
    principal = await verifier.principal(answer["access_token"])
    assert (principal.subject, principal.unit, principal.region) == ("clerk", "330225100-xf", "33.02.25.100")
    assert principal.roles == {"clerk", "handler"}
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == settings.auth.token_minutes * 60
    left = principal.expires - SystemClock().now().timestamp()
    assert left == pytest.approx(answer["expires_in"], abs=30)


async def test_a_wrong_password_an_unknown_and_a_disabled_account_get_the_same_answer(open_portal: Opened) -> None:
    portal = await open_portal()
    await portal.rows("UPDATE accounts SET disabled = true WHERE username = 'leader'")
    answers = [await ask(portal, "clerk", "not the password"), await ask(portal, "nobody"), await ask(portal, "leader")]
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{**answer.json(), "trace_id": ""} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["type"] == "urn:xinqiao:problem:wrong-credentials"


async def test_an_unknown_account_costs_the_same_work_as_a_known_one() -> None:
    verified: list[str] = []

    class Counting(Passwords):
        def _verify(self, stored: str, password: str) -> bool:
            verified.append(stored.split("$")[3])
            return super()._verify(stored, password)

    passwords = Counting()
    stored = await passwords.hash(PASSWORD)
    assert await passwords.fits(stored, PASSWORD)
    assert not await passwords.fits(stored, PASSWORD + " ")
    assert not await passwords.fits(None, PASSWORD)
    assert len(verified) == 3
    assert len(set(verified)) == 1  # the same memory and passes
    passwords.close()


async def test_after_five_failures_the_right_password_has_to_wait_too(open_portal: Opened) -> None:
    clock = ManualClock()
    portal = await open_portal(clock=clock)
    for _ in range(5):
        assert (await ask(portal, password="not the password")).status_code == 401
    assert (await ask(portal)).json()["type"] == "urn:xinqiao:problem:too-many-sign-ins"
    assert (await ask(portal, "leader")).status_code == 200  # others need not
    clock.advance(timedelta(minutes=16))
    assert (await ask(portal)).status_code == 200


async def test_an_unknown_account_has_to_wait_as_well(open_portal: Opened) -> None:
    portal = await open_portal()
    answers = [(await ask(portal, "nobody")).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


async def test_many_tries_at_once_are_not_more_than_the_same_number_in_turn(open_portal: Opened) -> None:
    portal = await open_portal()
    answers = await asyncio.gather(*(ask(portal, password="not the password") for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_signing_in_forgives_the_failures_before(open_portal: Opened) -> None:
    portal = await open_portal()
    for _ in range(3):
        assert [(await ask(portal, password="not the password")).status_code for _ in range(4)] == [401] * 4
        assert (await ask(portal)).status_code == 200


async def test_a_process_takes_only_so_many_tries_a_minute(open_portal: Opened) -> None:
    portal = await open_portal()
    resources.of(portal.runtime).sign_ins = Allowance(2)
    assert [(await ask(portal)).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_key_is_asked_for_but_no_token_is_remembered(open_portal: Opened) -> None:
    portal = await open_portal()
    body = {"username": "clerk", "password": PASSWORD}
    assert (await portal.client.post(TOKENS, json=body)).json()["type"].endswith(":idempotency-key-missing")
    for _ in range(2):
        assert (await portal.request("POST", TOKENS, who=None, key="the-same-key", json=body)).status_code == 200
    assert await portal.rows("SELECT * FROM idempotency") == []


MALFORMED: tuple[Any, ...] = (
    {"username": "cl\x00erk", "password": PASSWORD},
    {"username": "x" * 65, "password": PASSWORD},
    {"username": "clerk", "password": "x" * 257},
    {"username": "clerk", "password": ""},
    {"username": "clerk", "password": PASSWORD, "more": 1},
    {"username": ["clerk"], "password": PASSWORD},
    {},
    [],
)


async def test_malformed_input_is_refused_with_the_field(open_portal: Opened) -> None:
    portal = await open_portal()
    for body in MALFORMED:
        answer = await portal.request("POST", TOKENS, who=None, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]


async def test_half_a_surrogate_in_a_password_is_refused(open_portal: Opened) -> None:
    portal = await open_portal()
    body = b'{"username": "clerk", "password": "\\ud800xxxxxxxxx"}'
    headers = {"Content-Type": "application/json"}
    answer = await portal.request("POST", TOKENS, who=None, content=body, headers=headers)
    assert answer.status_code == 422


async def test_published_keys_hold_no_private_part(open_portal: Opened) -> None:
    portal = await open_portal()
    answer = await portal.client.get("/.well-known/jwks.json")
    assert [set(key) & {"d", "k"} for key in answer.json()["keys"]] == [set()]


async def test_with_an_external_issuer_the_built_in_sign_in_is_off(open_portal: Opened) -> None:
    portal = await open_portal()
    resources.of(portal.runtime).issuer = None  # what auth.jwks_url makes of it at start
    assert (await ask(portal)).json()["type"].endswith(":sign-in-elsewhere")
    assert (await portal.client.get("/.well-known/jwks.json")).status_code == 409
    page = await portal.client.get("/sign-in")
    assert page.status_code == 409
    assert "统一身份认证" in page.text
