"""The sender: claims what is due, hands it to the gateway outside any transaction, writes down how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from opentelemetry import trace

from contracts.events import MessageState
from contracts.speech import emit
from kit import telemetry
from kit.crypto import Undecipherable
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.domain import try_again_at
from notify.gateways.interface import Part, Rejected
from notify.outbound import outgoing
from notify.outbound.outgoing import Settlement
from notify.outbound.parts import alphabet_of
from notify.phones import number_of


@dataclass(frozen=True, slots=True)
class Tried:
    """A claimed row, how the try ended, and the span it was made in."""

    row: asyncpg.Record
    settlement: Settlement
    span: trace.Span


async def send_due(runtime: Runtime) -> int:
    """Send one batch of what is due; returns how many were tried.

    A crash before the result is noted leaves "sending" rows; when their lease is over the gateway is asked whether
    it took them, so that nothing is lost and nothing goes out twice.
    """
    settings = resources.of(runtime).settings
    async with runtime.database.transaction() as session:
        now = runtime.clock.now()
        claimed = await outgoing.claim(session, now=now, limit=settings.batch, lease=settings.lease)
    if claimed:
        tried = [await _try(runtime, row) for row in claimed]
        async with runtime.database.transaction() as session:
            await _note(runtime, session, tried)
    return len(claimed)


async def _try(runtime: Runtime, row: asyncpg.Record) -> Tried:
    with telemetry.tracer.start_as_current_span(
        "notify.send",
        context=telemetry.context_of(row["traceparent"]),
        kind=trace.SpanKind.PRODUCER,
        attributes={"xinqiao.template": row["template"]},
    ) as span:
        settlement = await _hand_over(runtime, row)
        span.set_attribute("xinqiao.state", settlement.state)
    return Tried(row, settlement, span)


async def _hand_over(runtime: Runtime, row: asyncpg.Record) -> Settlement:
    gateway = next(iter(resources.of(runtime).gateways.values()))
    try:
        if not (row["in_doubt"] and await gateway.has(row["id"])):
            await gateway.submit(_opened(runtime, row))
    except Rejected as error:
        return Settlement(row["id"], row["attempts"], "failed", str(error)[:200])
    except Undecipherable as error:
        return Settlement(row["id"], row["attempts"], "failed", str(error))
    except Exception as error:  # noqa: BLE001 - one message that cannot go out now must not stop the others
        return _later(runtime, row, error)
    return Settlement(row["id"], row["attempts"], "sent")


def _opened(runtime: Runtime, row: asyncpg.Record) -> Part:
    ring = runtime.keyring
    text = ring.decrypt(row["text"], outgoing.text_binding(row["id"]))
    return Part(
        message_id=row["id"],
        number=1,
        total=1,
        alphabet=alphabet_of(text),
        valid_for=resources.of(runtime).settings.give_up,
        template=row["template"],
        phone=number_of(ring, row["phone_key"], row["number"]),
        text=text,
    )


def _later(runtime: Runtime, row: asyncpg.Record, error: Exception) -> Settlement:
    """Its type only: a message of a gateway's library may quote what was sent."""
    reason = type(error).__name__
    settings = resources.of(runtime).settings
    due_at = try_again_at(
        row["attempts"], created_at=row["created_at"], now=runtime.clock.now(), give_up=settings.give_up
    )
    log.warning("notify.not_sent", id=str(row["id"]), attempts=row["attempts"], reason=reason, given_up=due_at is None)
    return Settlement(row["id"], row["attempts"], "failed" if due_at is None else "queued", reason, due_at)


async def _note(runtime: Runtime, session: Session, tried: Sequence[Tried]) -> None:
    now = runtime.clock.now()
    gateway = next(iter(resources.of(runtime).gateways))
    noted = await outgoing.settle(session, gateway, [each.settlement for each in tried], now)
    for each in tried:
        if each.settlement.id in noted and each.settlement.state != "queued":
            state = MessageState(
                message_id=each.settlement.id,
                template=each.row["template"],
                gateway=gateway,
                status=each.settlement.state,
                at=now,
            )
            with trace.use_span(each.span):
                emit(
                    runtime, session, "notify.message.sent.v1", state,
                    subject=each.row["petition_id"], sequence=each.settlement.attempts,
                )  # fmt: skip


SENDER = Worker("notify.sender", outgoing.CHANNEL, send_due)
