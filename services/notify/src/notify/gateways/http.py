"""A vendor's interface over HTTP, as services/notify/docs/http-gateway.md describes it: our side of what leaves."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast, get_args
from urllib.parse import quote
from uuid import UUID

import httpx

from kit.clock import Clock
from kit.logs import log
from notify.gateways import metrics
from notify.gateways.interface import Fate, Has, Health, InDoubt, NotSent, Part, Receipt, Rejected, Taking, Throttled
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Http
from notify.gateways.signing import Signer

# what is raised before the first octet of a request has left
NOT_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
QUESTIONS = 10  # under way at a time, beside the messages
MOST_ANSWERED = 65_536  # octets of an answer
OF_THE_MESSAGE = {400, 413, 422}
NOT_OURS = {401, 403, 404, 405}  # account, secret or address are wrong: another way may take it
LEAST_REST, MOST_REST = timedelta(seconds=1), timedelta(hours=1)
IDS = re.compile(r"[!-~]{1,64}")
CODES = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9._:-]{1,64}")  # a longer row of digits may be somebody's number
NOBODY = UUID(int=0)  # an id that no message has


@dataclass(frozen=True, slots=True)
class Answer:
    """said: the JSON object of its body; empty where there is none, or it is none."""

    status: int
    headers: Mapping[str, str]
    said: Mapping[str, Any] = field(repr=False)


class HttpGateway:
    whole: Final = True

    def __init__(
        self, settings: Http, secret: str, clock: Clock, wall: Clock | None = None, pauses: Pauses | None = None
    ) -> None:
        """wall: the clock that the vendor compares its own with: a demonstration does not move it."""
        self.name = settings.name
        self.signer = Signer(settings.account, secret.encode())
        self.health = Health(up=False, since=clock.now(), reason="not-connected")
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._clock, self._wall = clock, wall or clock
        self._pauses = pauses or Pauses()
        self._window = asyncio.Semaphore(settings.window)
        self._client: httpx.AsyncClient | None = None
        self._lost = asyncio.Event()

    async def submit(self, part: Part) -> str:
        with metrics.handing_over(self.name):
            return await self._submit(part)

    async def _submit(self, part: Part) -> str:
        said = {
            "id": str(part.message_id), "to": part.phone, "text": part.text, "sender": self._settings.sender,
            "valid_for": int(part.valid_for.total_seconds()),
        }  # fmt: skip
        async with self._window:
            if not self.health.up:
                raise NotSent(self.health.reason)
            return await self._tried(said)

    async def _tried(self, said: Mapping[str, Any]) -> str:
        try:
            gateway_id = self._taken(await self._asked("POST", self._url, said))
        except (Rejected, Throttled):
            self._turn(None)
            raise
        except (NotSent, InDoubt) as error:
            self._turn(str(error))
            raise
        self._turn(None)
        return gateway_id

    def _taken(self, answer: Answer) -> str:
        """The id that it answers. Raises Rejected, Throttled, NotSent, InDoubt."""
        status = answer.status
        if status in {200, 201, 202}:
            if (gateway_id := _id(answer.said)) is None:
                raise InDoubt("no-id")
            return gateway_id
        if status == 429:
            raise Throttled(_rest(answer.headers.get("Retry-After", ""), self._wall.now()))
        if status in OF_THE_MESSAGE:
            raise Rejected(_code(answer.said.get("code")) or f"http-{status}")
        if status in NOT_OURS:
            raise NotSent(f"http-{status}")
        raise InDoubt(f"http-{status}")  # whatever else it is, it does not say that nothing was taken

    async def ask(self, gateway_id: str) -> Receipt | None:
        try:
            answer = await self._asked("GET", f"{self._url}/{quote(gateway_id, safe='')}")
        except InDoubt as error:
            raise NotSent(str(error)) from error
        state: Fate | None = answer.said.get("state")
        if answer.status != 200 or state not in get_args(Fate):
            return None
        at = _moment(answer.said.get("at")) or self._clock.now()
        return Receipt(gateway_id, cast("Fate", state), at, _code(answer.said.get("reason")))

    async def has(self, message_id: UUID) -> Has:
        """Only the vendor's own words say that it has it not: a 404 may come from anything in between."""
        try:
            answer = await self._asked("GET", f"{self._url}/{message_id}")
        except (NotSent, InDoubt):
            return None
        if answer.status == 404 and answer.said.get("code") == "unknown-id":
            return False
        return _id(answer.said) if answer.status == 200 else None

    async def run(self, taking: Taking) -> None:  # noqa: ARG002 - what it brings comes to our routes
        """Connections are opened as they are needed. After one has failed the vendor is asked again and again until it
        answers, so that messages need not try.
        """
        loop = asyncio.get_running_loop()
        self._client = self._opened()
        self._turn(None)
        began = loop.time()
        try:
            while True:
                await self._lost.wait()
                held, began = loop.time() - began, loop.time()
                await asyncio.sleep(self._pauses.after(held))
                await self._try_again()
        finally:
            client, self._client = self._client, None
            await client.aclose()

    async def _try_again(self) -> None:
        try:
            answer = await self._asked("GET", f"{self._url}/{NOBODY}")
        except (NotSent, InDoubt) as error:
            self._turn(str(error))
            return
        fine = answer.status < 500 and answer.status not in {401, 403}
        self._turn(None if fine else f"http-{answer.status}")

    def _opened(self) -> httpx.AsyncClient:
        """What connects has half of the time, so that a time-out of the other half means that something has left.

        A connection for each request: on a kept one, whatever else a vendor says would be the answer to the next
        message, and one that ends at the wrong moment would leave in doubt what never left.
        """
        seconds, window = self._settings.seconds, self._settings.window
        return httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=seconds / 2),
            limits=httpx.Limits(max_connections=window + QUESTIONS, max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity", "Connection": "close"},
            trust_env=False,
        )

    def _turn(self, reason: str | None) -> None:
        before = self.health
        self.health = before.turned(self._clock.now(), reason)
        if self.health.up is not before.up:
            log.info("notify.gateway_turned", gateway=self.name, up=self.health.up, reason=reason)
        (self._lost.set if reason else self._lost.clear)()

    async def _asked(self, method: str, url: str, said: Mapping[str, Any] | None = None) -> Answer:
        """Raises NotSent, InDoubt."""
        body = b"" if said is None else json.dumps(said).encode()
        if self._client is None:
            raise NotSent("not-connected")
        request = self._client.build_request(method, url, content=body)
        path = request.url.raw_path.decode()
        request.headers.update(self.signer.headers(method, path, body, self._wall.now()))
        if said is not None:
            request.headers.update({"Content-Type": "application/json", "Idempotency-Key": said["id"]})
        try:
            async with asyncio.timeout(self._settings.seconds):
                return await _answer(self._client, request)
        except NOT_LEFT as error:
            raise NotSent(type(error).__name__) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise InDoubt(type(error).__name__) from None


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    """What is longer than an answer has to be is not read to its end."""
    response = await client.send(request, stream=True)
    try:
        body = b""
        async for octets in response.aiter_raw():
            body += octets
            if len(body) > MOST_ANSWERED:
                return Answer(response.status_code, response.headers, {})
    finally:
        await response.aclose()
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    return Answer(response.status_code, response.headers, said if isinstance(said, dict) else {})


def _id(said: Mapping[str, Any]) -> str | None:
    given = said.get("id")
    return given if isinstance(given, str) and IDS.fullmatch(given) else None


def _code(said: object) -> str | None:
    return said if isinstance(said, str) and CODES.fullmatch(said) else None


def _rest(retry_after: str, now: datetime) -> timedelta:
    """Retry-After: seconds, or a date (RFC 9110 section 10.2.3)."""
    if retry_after.isdecimal() and len(retry_after) < 9:
        wanted = timedelta(seconds=int(retry_after))
    else:
        try:
            wanted = parsedate_to_datetime(retry_after) - now
        except (ValueError, TypeError):
            wanted = LEAST_REST
    return min(max(wanted, LEAST_REST), MOST_REST)


def _moment(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
