"""Messages leave through the outbox: a row in the same transaction as the change, sent later by the relay."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import asyncpg
from opentelemetry import trace

from kit import telemetry
from kit.db import Database, Session, listening
from kit.logs import log

IN_FLIGHT = 125  # messages that a lane has sent and the broker has not yet confirmed; more made it slower
CLAIM = """
SELECT id, exchange, routing_key, message_id, body, traceparent, extract(epoch FROM now() - created_at) AS age
FROM outbox WHERE parked_reason IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""


class Unsendable(Exception):
    """The message can not be sent as it stands, however often one tries: no such exchange, no queue, too large."""


class Publisher(Protocol):
    async def publish(self, message: "Outgoing") -> None:
        """Return once the broker has confirmed. Raises Unsendable, or OSError when it must be sent again."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    exchange: str
    routing_key: str
    message_id: str
    body: bytes
    traceparent: str = ""


def put(session: Session, message: Outgoing) -> None:
    """Add a message to the transaction: it leaves if and only if the transaction commits."""
    session.outbox.append(
        (message.exchange, message.routing_key, message.message_id, message.body, message.traceparent)
    )


class Relay:
    """Sends outbox rows with publisher confirms and deletes them; several may run at once on one table.

    The broker away: retries for ever with a growing pause (1 to 15 s). A row that can never be sent (no such
    exchange, unroutable, malformed) is parked with its reason and stops nobody. poll: seconds after which it looks
    without having been woken.
    """

    def __init__(
        self, database: Database, publisher: Publisher, *, service: str, batch: int = 500, poll: float = 1.0
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._service = service
        self._batch = batch
        self._poll = poll
        self._due = asyncio.Event()
        self._backlog = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self, *, lanes: int = 2) -> None:
        """Run until `stop`, then send what is left, if the broker takes it.

        One lane is enough until a whole batch was waiting; then another keeps the broker busy while this one talks to
        the database.
        """
        listener = asyncio.create_task(self._listen())
        try:
            await asyncio.gather(self._lane(self._due), *(self._lane(self._backlog) for _ in range(lanes - 1)))
        finally:
            listener.cancel()
        try:
            while await self.send_batch():
                pass
        except Exception as error:  # noqa: BLE001 - the rows are still there at the next start
            log.info("outbox.left", service=self._service, error=type(error).__name__)

    def stop(self) -> None:
        """Let `run` end after what is being sent."""
        self._stopping.set()
        self._due.set()
        self._backlog.set()

    async def _listen(self) -> None:
        while True:
            try:
                async with listening(self._database.dsn, "outbox", self._due.set) as lost:
                    self._due.set()  # what was committed while nobody listened
                    while not lost.is_set():
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(lost.wait(), self._poll)
                        self._due.set()
            except Exception as error:  # noqa: BLE001 - without it nobody would ever wake the lanes
                log.warning("outbox.listen_lost", service=self._service, error=type(error).__name__)
                await asyncio.sleep(1)

    async def _lane(self, due: asyncio.Event) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            due.clear()  # before looking: a NOTIFY that comes while we look must wake us
            try:
                sent = await self.send_batch()
                pause = 1.0
                if sent == self._batch:
                    self._backlog.set()
                else:
                    await due.wait()
            except Exception as error:  # noqa: BLE001 - whatever is away now comes back; the rows are still there
                log.warning("outbox.waits", service=self._service, error=type(error).__name__, pause_s=pause)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(pause * 2, 15.0)

    async def send_batch(self) -> int:
        """Send up to one batch; returns how many rows left the table or were parked."""
        async with self._database.transaction() as session:
            rows = await session.raw.fetch(CLAIM, self._batch)
            if not rows:
                telemetry.OUTBOX_LAG.labels(self._service).set(0)
                return 0
            telemetry.OUTBOX_LAG.labels(self._service).set(float(rows[0]["age"]))
            outcomes: list[Exception | None] = [None] * len(rows)
            places = enumerate(rows)  # shared: each sender takes the next row when it is done with one
            await asyncio.gather(*(self._send(places, outcomes) for _ in range(min(IN_FLIGHT, len(rows)))))
            return await self._settle(session, rows, outcomes)

    async def _send(self, places: Iterator[tuple[int, asyncpg.Record]], outcomes: list[Exception | None]) -> None:
        for place, (_, exchange, key, message_id, body, traceparent, _) in places:
            try:
                await self._publisher.publish(Outgoing(exchange, key, message_id, body, traceparent))
            except Exception as error:  # noqa: BLE001 - of this row alone; looked at when all are done
                outcomes[place] = error

    async def _settle(
        self, session: Session, rows: Sequence[asyncpg.Record], outcomes: Sequence[Exception | None]
    ) -> int:
        sent = [row["id"] for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        parked = [
            (row["id"], repr(error)[:500])
            for row, error in zip(rows, outcomes, strict=True)
            if isinstance(error, Unsendable)
        ]
        if sent:
            await session.raw.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", sent)
        if parked:
            await session.raw.executemany("UPDATE outbox SET parked_reason = $2 WHERE id = $1", parked)
            log.error("outbox.parked", service=self._service, rows=len(parked), reason=parked[0][1])
        telemetry.OUTBOX_SENT.labels(self._service).inc(len(sent))
        left = [error for error in outcomes if error is not None and not isinstance(error, Unsendable)]
        if left and not sent and not parked:
            raise ConnectionError(f"the broker took none of {len(rows)} messages: {type(left[0]).__name__}")
        return len(sent) + len(parked)


def current_traceparent() -> str:
    """The W3C traceparent of the span in progress, or ""."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
