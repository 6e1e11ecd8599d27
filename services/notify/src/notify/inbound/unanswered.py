"""Texts that got no answer in time (GB/T 33358), and texts that no person has looked after in time: told once each; and
dialogues whose time is over.
"""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from contracts.speech import emit
from contracts.texts import TextState
from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.inbound import dialogues, measures
from notify.staff import texts as staff
from notify.staff.texts import Late

AT_ONCE = 10_000
UNANSWERED, OVERDUE = "notify.text.unanswered.v1", "notify.text.overdue.v1"
GIVEN_UP = timedelta(days=30)  # how long after an alarm it is looked whether an answer has left after all
# answered: a message that answers it has left, or arrived. Whether it was in time is decided over the very rows that
# were looked at: of what is beyond them nothing is said
DECIDE = """
WITH due AS (
  SELECT id, due_at FROM inbound WHERE answered_at IS NULL AND alarmed_at IS NULL AND due_at <= $1
  ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED),
looked AS (
  SELECT id, due_at, (SELECT min(coalesce(sent_at, state_at)) FROM messages
    WHERE answers = due.id AND state IN ('sent', 'delivered')) AS at
  FROM due)
UPDATE inbound SET answered_at = looked.at, alarmed_at = CASE WHEN (looked.at > looked.due_at) IS NOT FALSE THEN $1 END
FROM looked WHERE inbound.id = looked.id
RETURNING inbound.id, phone_key, handed_to, gateway, received_at, inbound.due_at, answered_at, alarmed_at
"""
LATE = """
UPDATE inbound SET answered_at = (SELECT min(coalesce(sent_at, state_at)) FROM messages
  WHERE answers = inbound.id AND state IN ('sent', 'delivered'))
WHERE id IN (
  SELECT id FROM inbound WHERE answered_at IS NULL AND alarmed_at > $1
    AND EXISTS (SELECT FROM messages WHERE answers = inbound.id AND state IN ('sent', 'delivered'))
  LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING answered_at, due_at
"""
# whoever leaves a text to people need not think of their time: it begins here, when the text was left to them
BEGUN = """
UPDATE inbound
SET desk_due_at = $2::interval + CASE meaning WHEN 'incomplete' THEN $1 ELSE coalesce(handled_at, received_at) END
WHERE id IN (
  SELECT id FROM inbound WHERE state = 'unparsed' AND desk_alarmed_at IS NULL AND desk_due_at IS NULL
  LIMIT $3 FOR UPDATE SKIP LOCKED)
"""
LEFT = """
UPDATE inbound SET desk_alarmed_at = $1 WHERE id IN (
  SELECT id FROM inbound WHERE state = 'unparsed' AND desk_alarmed_at IS NULL AND desk_due_at <= $1
  ORDER BY desk_due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id, phone_key, handed_to, gateway, received_at, desk_due_at AS due_at, NULL::timestamptz AS answered_at
"""


async def tell(runtime: Runtime, session: Session) -> int:
    """Texts whose time to be answered is over; returns how many were answered late, or not yet. However many processes
    run this, each text is told of once.
    """
    now = runtime.clock.now()
    rows = [row for row in await session.raw.fetch(DECIDE, now, AT_ONCE) if row["alarmed_at"] is not None]
    measures.UNANSWERED.inc(len(rows))
    _measure([row for row in rows if row["answered_at"] is not None])
    await _publish(runtime, session, UNANSWERED, rows)
    return len(rows)


async def tell_desk(runtime: Runtime, session: Session) -> int:
    """Texts that have waited too long for a person; returns how many. Each is told of once."""
    now, within = runtime.clock.now(), resources.of(runtime).settings.texts.desk_within
    await session.raw.execute(BEGUN, now, within, AT_ONCE)
    rows = await session.raw.fetch(LEFT, now, AT_ONCE)
    measures.OVERDUE.inc(len(rows))
    await _publish(runtime, session, OVERDUE, rows)
    return len(rows)


async def _publish(runtime: Runtime, session: Session, kind: str, rows: Sequence[asyncpg.Record]) -> None:
    """To everybody, and to the staff who can still do something about it."""
    now, late = runtime.clock.now(), []
    for row in rows:
        state = TextState(
            gateway=row["gateway"], received_at=row["received_at"], due_at=row["due_at"],
            answered_at=row["answered_at"], at=now,
        )  # fmt: skip
        event = emit(runtime, session, kind, state, subject=row["id"], sequence=1)
        if row["answered_at"] is None:
            late.append(Late(event.id, row["phone_key"], row["handed_to"]))
    await staff.tell(runtime, session, kind, late)


async def note_late(runtime: Runtime, session: Session) -> int:
    """Answers that left after the alarm; returns how many texts have one now."""
    rows = await session.raw.fetch(LATE, runtime.clock.now() - GIVEN_UP, AT_ONCE)
    _measure(rows)
    return len(rows)


def _measure(rows: Sequence[asyncpg.Record]) -> None:
    """Nothing is late of what somebody closed without an answer, or of which was only learned late that it had left."""
    for row in rows:
        if row["due_at"] is not None and row["answered_at"] > row["due_at"]:
            measures.LATE.observe((row["answered_at"] - row["due_at"]).total_seconds())


async def end_dialogues(runtime: Runtime, session: Session) -> int:
    """Whose time is over; returns how many."""
    return await dialogues.expire(session, runtime.clock.now())


JOBS = (
    Job("notify.texts-unanswered", timedelta(seconds=10), tell),
    Job("notify.texts-answered-late", timedelta(minutes=1), note_late),
    Job("notify.texts-overdue", timedelta(seconds=10), tell_desk),
    Job("notify.dialogues-ended", timedelta(minutes=1), end_dialogues),
)
