"""How long messages are tried, and their records kept."""

from datetime import timedelta

from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.outbound import telling
from notify.outbound.domain import Lane
from notify.outbound.telling import Change

AT_ONCE, AN_HOUR = 2000, 20_000
# also while no gateway is up, so nobody claims them
TOO_LATE = """
UPDATE messages SET state = 'expired', reason = 'too-late', state_at = $1, version = version + 1
WHERE id IN (
  SELECT id FROM messages
  WHERE state = 'queued' AND coalesce(expires_at, created_at + ($2::interval[])[lane + 1]) <= $1
  LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, petition_id, lane, template, gateway, state, version, parts, traceparent
"""
OVER = "(state IN ('delivered', 'failed', 'expired', 'cancelled') OR (state = 'sent' AND due_at = 'infinity'))"
BLANK = f"""
UPDATE messages SET text = NULL WHERE id IN (
  SELECT id FROM messages WHERE text IS NOT NULL AND state_at < $1 AND {OVER} LIMIT $2 FOR UPDATE SKIP LOCKED)
"""  # noqa: S608 - of a constant
# with the happenings they told: else these would look as if nobody had been told yet
FORGET = f"""
WITH gone AS (
  DELETE FROM messages WHERE id IN (
    SELECT id FROM messages WHERE state_at < $1 AND {OVER} LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING id, petition_id, case_stage, happening),
pieces AS (DELETE FROM parts USING gone WHERE message_id = gone.id)
DELETE FROM stages USING gone WHERE stages.petition_id = gone.petition_id AND stages.case_stage = gone.case_stage
  AND stages.stage = gone.happening
"""  # noqa: S608 - of a constant


async def end_late(runtime: Runtime, session: Session) -> int:
    """End what is not worth sending any more; how many."""
    now, policy = runtime.clock.now(), resources.of(runtime).settings.policy
    rows = await session.raw.fetch(TOO_LATE, now, [policy.expiry[lane] for lane in Lane], AT_ONCE)
    telling.tell(runtime, session, [Change.of(row, row["state"], row["version"]) for row in rows], now)
    return len(rows)


async def forget(runtime: Runtime, session: Session) -> None:
    """Texts first, records later, and never before the 184 days that the law wants them kept (settings)."""
    now, policy = runtime.clock.now(), resources.of(runtime).settings.outbound
    await session.raw.execute(BLANK, now - timedelta(days=policy.keep_text_days), AN_HOUR)
    await session.raw.execute(FORGET, now - timedelta(days=policy.keep_days), AN_HOUR)


END_LATE = Job("notify.end-late", timedelta(minutes=1), end_late)
FORGET_MESSAGES = Job("notify.forget-messages", timedelta(hours=1), forget)
