"""Texts that got no answer in time (GB/T 33358): told once each; and dialogues whose time is over."""

from datetime import timedelta

from contracts.speech import emit
from contracts.texts import TextState
from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime
from notify.inbound import dialogues, measures

AT_ONCE = 1000
# answered: a message that answers it has left, or arrived
ANSWERED = """
UPDATE inbound SET answered_at = first.at FROM (
  SELECT id, (SELECT min(coalesce(sent_at, state_at)) FROM messages
    WHERE answers = due.id AND state IN ('sent', 'delivered')) AS at
  FROM (SELECT id FROM inbound WHERE answered_at IS NULL AND alarmed_at IS NULL AND due_at <= $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due) AS first
WHERE inbound.id = first.id AND first.at IS NOT NULL
"""
ALARMED = """
UPDATE inbound SET alarmed_at = $1 WHERE id IN (
  SELECT id FROM inbound WHERE answered_at IS NULL AND alarmed_at IS NULL AND due_at <= $1
  ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id, gateway, received_at, due_at
"""


async def tell(runtime: Runtime, session: Session) -> int:
    """Texts whose time to be answered is over; returns how many were not. However many processes run this, each text
    is told of once.
    """
    now = runtime.clock.now()
    await session.raw.execute(ANSWERED, now, AT_ONCE)
    rows = await session.raw.fetch(ALARMED, now, AT_ONCE)
    for row in rows:
        state = TextState(gateway=row["gateway"], received_at=row["received_at"], due_at=row["due_at"], at=now)
        emit(runtime, session, "notify.text.unanswered.v1", state, subject=row["id"], sequence=1)
    measures.UNANSWERED.inc(len(rows))
    return len(rows)


async def end_dialogues(runtime: Runtime, session: Session) -> int:
    """Whose time is over; returns how many."""
    return await dialogues.expire(session, runtime.clock.now())


JOBS = (
    Job("notify.texts-unanswered", timedelta(seconds=10), tell),
    Job("notify.dialogues-ended", timedelta(minutes=1), end_dialogues),
)
