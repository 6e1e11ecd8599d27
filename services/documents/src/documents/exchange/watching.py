"""What is done and shown without anybody asking: urging by policy (催办), and how much is unread and overdue."""

from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import select

from documents import resources
from documents.exchange import store
from documents.exchange.domain import UNREAD, next_urge
from documents.exchange.tables import copies, dispatches
from documents.exchange.usecases import urged
from kit import audit
from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime

AT_ONCE = 500
UNREAD_COPIES = Gauge("xinqiao_dispatch_copies_unread", "Copies that nobody has signed for, by side", ["side"])
OVERDUE_COPIES = Gauge("xinqiao_dispatch_copies_overdue", "Copies whose answer is overdue, by side", ["side"])
# received: of units of this node; sent: by units of this node, as far as is known here
FIGURES = """
SELECT count(*) FILTER (WHERE unread AND node = $1) AS unread_received,
  count(*) FILTER (WHERE unread AND from_node = $1) AS unread_sent,
  count(*) FILTER (WHERE late AND node = $1) AS overdue_received,
  count(*) FILTER (WHERE late AND from_node = $1) AS overdue_sent
FROM (
  SELECT node, from_node, true AS unread, false AS late FROM copies
    WHERE state IN ('sent', 'arrived') AND from_unit IS NOT NULL
  UNION ALL
  SELECT node, from_node, false, true FROM copies
    WHERE answer_by IS NOT NULL AND answered_at IS NULL AND state IN ('sent', 'arrived', 'signed') AND answer_by < $2
) AS each
"""


async def urge_by_policy(runtime: Runtime, session: Session) -> int:
    """Urge who has let the time pass; how many copies. Of several processes each takes others."""
    policy, now = resources.of(runtime).settings.exchange, runtime.clock.now()
    due = (
        select(copies, dispatches.c.urgency)
        .join(dispatches, dispatches.c.id == copies.c.dispatch_id)
        .where(copies.c.urge_next_at <= now)
        .order_by(copies.c.urge_next_at)
        .limit(AT_ONCE)
        .with_for_update(of=copies, skip_locked=True)
    )
    rows = (await session.sql.execute(due)).all()
    for row in rows:
        if row.state in UNREAD and row.recall_asked_at is None:
            again = next_urge(now, row.urged + 1, policy.hours(row.urgency), policy.most_urges)
            await urged(runtime, session, row, urge_next_at=again)
            detail = {"units": row.to_unit, "times": row.urged + 1}
            audit.note(session, "urge-dispatch", subject=row.dispatch_id, at=now, reason="policy", detail=detail)
        else:
            await store.change(session, row.dispatch_id, row.to_unit, urge_next_at=None)
    return len(rows)


async def _measure(runtime: Runtime, session: Session) -> None:
    row = await session.raw.fetchrow(FIGURES, runtime.node, runtime.clock.now())
    for side in ("received", "sent"):
        UNREAD_COPIES.labels(side).set(row[f"unread_{side}"] if row else 0)
        OVERDUE_COPIES.labels(side).set(row[f"overdue_{side}"] if row else 0)


URGING = Job("urge-dispatches", timedelta(minutes=2), urge_by_policy)
EXCHANGE_FIGURES = Job("exchange-figures", timedelta(seconds=30), _measure)
