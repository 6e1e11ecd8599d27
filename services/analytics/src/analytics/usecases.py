"""What analytics does with events, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from analytics import callbacks, domain, folding, store
from analytics.entries import Entry
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

COUNTED = (*folding.PETITION_EVENTS, *folding.CASE_EVENTS)
CHUNK = 2000
STEPS_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """statistics; as_of: the newest event counted; counted_at: when it was; newest: as_of of each child region."""

    statistics: domain.Statistics
    as_of: datetime | None
    counted_at: datetime | None
    newest: Mapping[str, datetime]

    @property
    def lag_seconds(self) -> float | None:
        """How long the newest event took to be counted."""
        if self.as_of is None or self.counted_at is None:
            return None
        return max(0.0, (self.counted_at - self.as_of).total_seconds())


async def take_in(runtime: Runtime, session: Session, entries: Sequence[Entry]) -> None:
    """Append a batch to the log and bring facts and counts up to date, in one transaction."""
    new = await store.append(session, entries)
    slot = await folding.free_slot(session)
    touched = sorted({entry.subject for entry in entries if entry.id in new and entry.type in COUNTED})
    if touched:
        await folding.fold(session, touched, slot)
    answered = sorted({entry.subject for entry in entries if entry.id in new and entry.type in callbacks.TYPES})
    if answered:
        await callbacks.keep(session, answered)
    await store.note_freshness(session, entries, slot, runtime.clock.now())


async def rebuild(runtime: Runtime) -> int:
    """Compute facts and counts from the log anew, beside the work that goes on; returns the number of petitions.

    Transactions of its own, of 2 000 petitions each; it may be stopped and run again.
    """
    after, petitions = UUID(int=0), 0
    while True:
        async with runtime.database.transaction() as session:
            chunk = await store.next_petitions(session, after, COUNTED, CHUNK)
            await store.forget_untold(session, after, chunk[-1] if chunk else None, COUNTED)
            if not chunk:
                break
            await folding.fold(session, chunk, await folding.free_slot(session))
        after, petitions = chunk[-1], petitions + len(chunk)
    async with runtime.database.transaction() as session:
        await folding.recount(session)
        await callbacks.keep(session, None)
    return petitions


async def read_statistics(session: Session, region: str | None, principal: Principal) -> Answer:
    """The figures of a region in the caller's own (the whole of it by default). Raises Refused."""
    asked = region or principal.region
    domain.check_region(asked, principal.region)
    # freshness first: what is counted may be newer than as_of says, never older
    rows = await store.newest_events(session, asked)
    statistics = domain.statistics(asked, await store.counts(session, asked, principal.line))
    as_of, counted_at = max(((row["event_at"], row["counted_at"]) for row in rows), default=(None, None))
    return Answer(statistics, as_of, counted_at, {row["at"]: row["event_at"] for row in rows})


async def read_steps(session: Session, petition_id: UUID, principal: Principal) -> list[Row[Any]]:
    """The steps of one petition. Raises Refused("not-found")."""
    if not await store.may_read(session, petition_id, principal.region, principal.line):
        raise Refused("not-found")
    return domain.in_order(await store.steps_of(session, petition_id, STEPS_SHOWN))
