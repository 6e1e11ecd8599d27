"""What documents has heard of a case that its papers begin with: number and dates, kept as events tell of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from kit.db import Session

CHINA = timezone(timedelta(hours=8))
# events that tell when a case was accepted and until when it is handled
DATED = frozenset({"routing.case.accepted.v1", "routing.case.extended.v1"})
# keeps the highest sequence of its aggregate: any order, any repetition, same result
PETITIONS = """
INSERT INTO case_facts (petition_id, registered_sequence, petition_number, received_on)
SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::date[])
  AS told (id, sequence, petition_number, received_on)
ORDER BY id, sequence DESC
ON CONFLICT (petition_id) DO UPDATE SET registered_sequence = excluded.registered_sequence,
  petition_number = excluded.petition_number, received_on = excluded.received_on
  WHERE case_facts.registered_sequence < excluded.registered_sequence
"""
CASES = """
INSERT INTO case_facts (petition_id, case_sequence, accepted_on, due_on)
SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::bigint[], $3::date[], $4::date[])
  AS told (id, sequence, accepted_on, due_on)
ORDER BY id, sequence DESC
ON CONFLICT (petition_id) DO UPDATE SET case_sequence = excluded.case_sequence,
  accepted_on = excluded.accepted_on, due_on = excluded.due_on
  WHERE case_facts.case_sequence < excluded.case_sequence
"""
KNOWN = """
SELECT petition_number, received_on, accepted_on, due_on AS handling_due_on FROM case_facts WHERE petition_id = $1
"""


async def follow_petitions(session: Session, events: Sequence[Envelope]) -> None:
    told = [(event.subject, event.version, event.data.number, _day(event.data.received_at)) for event in events]
    await session.raw.execute(PETITIONS, *zip(*told, strict=True))


async def follow_cases(session: Session, events: Sequence[Envelope]) -> None:
    told = [
        (event.subject, event.version, _day(event.data.accepted_at), _handled_by(event.data.clocks))
        for event in events
        if event.type in DATED
    ]
    if told:
        await session.raw.execute(CASES, *zip(*told, strict=True))


async def known(session: Session, petition_id: UUID) -> dict[str, Any]:
    """Sections by the names that templates give them; only those that are known."""
    row = await session.raw.fetchrow(KNOWN, petition_id)
    values = {} if row is None else dict(row)
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None
    }


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.astimezone(CHINA).date()


def _handled_by(clocks: Sequence[Any]) -> date | None:
    """The last day of the time for handling; a limit ends with its last day, at 24:00."""
    due = next((each.due_at for each in clocks if each.name == "handling" and each.stopped_at is None), None)
    return None if due is None else _day(due - timedelta(microseconds=1))
