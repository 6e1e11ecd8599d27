"""Returns for revision (退回修改), counted for each unit and month: a figure of management, and an alarm by policy."""

from collections.abc import Sequence
from datetime import datetime

from contracts.envelope import Envelope
from contracts.events import ClockState
from contracts.speech import emit, parse_event
from kit.bus import Consumer
from kit.db import Session
from kit.runtime import Runtime
from routing import resources
from routing.timing.counting import china_day

RETURNED_FOR_REVISION = "returned-for-revision-too-often"
COUNT = """
INSERT INTO revision_returns (unit, month, returns) VALUES ($1, $2, 1)
ON CONFLICT (unit, month) DO UPDATE SET returns = revision_returns.returns + 1 RETURNING returns
"""


def month_of(at: datetime) -> str:
    """The month in China: 2026-01."""
    return china_day(at).isoformat()[:7]


async def on_opinion_returned(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Tell once for each unit and month, with the return that is one too many, at the node that wrote it."""
    limit = resources.of(runtime).settings.returns_per_month
    for event in events:
        if event.node != runtime.node:
            continue
        case, at = event.data, event.data.last.at
        if await session.raw.fetchval(COUNT, case.holder_unit, month_of(at)) == limit:
            state = ClockState(
                number=case.number, clock=RETURNED_FOR_REVISION, level="red", holder_unit=case.holder_unit,
                holder_region=case.holder_region, at=at,
            )  # fmt: skip
            emit(
                runtime, session, "routing.clock.warned.v1", state, subject=event.subject, sequence=event.version,
                cause=event,
            )  # fmt: skip


CONSUMERS = (
    Consumer(
        queue="routing.on-opinion-returned",
        bindings=("routing.case.opinion-returned.v1",),
        decode=parse_event,
        handlers={"*": on_opinion_returned},
    ),
)
