"""Rows of dispatches and their copies. A dispatch is its sender's, a copy that of the unit it goes to: each statement
checks the unit, the scope, and that it accuses neither the reader nor a unit above (`_open`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, select, tuple_, update

from documents.access import in_scope, not_accused
from documents.exchange.domain import UNREAD
from documents.exchange.tables import copies, dispatches
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.pages import Place

# what a dispatch holds is read by its sender, and by the units of this node that have signed for it
READERS = """
UPDATE petitions SET readers = ARRAY(
  SELECT unit || ':' FROM dispatches WHERE id = $1 AND node = $2
  UNION SELECT to_unit || ':' FROM copies WHERE dispatch_id = $1 AND node = $2 AND state = 'signed')
WHERE id = $1
"""
# nodes that may ask for its bytes: where a copy is that was neither returned nor recalled (documents.moving)
NODES = """
INSERT INTO whereabouts (petition_id, sequence, writer, nodes, senders)
SELECT $1, 0, $2, ARRAY(SELECT DISTINCT node FROM copies WHERE dispatch_id = $1 AND node <> $2
  AND state NOT IN ('returned', 'recalled') ORDER BY node), '{}'
ON CONFLICT (petition_id) DO UPDATE SET nodes = excluded.nodes
"""
FREEZE = "UPDATE petitions SET frozen = true WHERE id = $1"


def _open(reader: Principal) -> ColumnElement[bool]:
    return and_(in_scope(reader), not_accused(reader))


def _own(reader: Principal) -> Select[Any]:
    return select(dispatches).join(petitions).where(dispatches.c.unit == reader.unit, _open(reader))


async def find_own(
    session: Session, dispatch_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any] | None:  # fmt: skip
    """A dispatch that the reader's unit writes, or has sent."""
    query = _own(reader).where(dispatches.c.id == dispatch_id)
    if lock:
        query = query.with_for_update(of=dispatches)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


# of the copy what its unit is shown, beside the dispatch
OF_COPY = (
    copies.c.to_unit, copies.c.from_node, copies.c.state, copies.c.version, copies.c.arrived_at, copies.c.signed_at,
    copies.c.signed_by, copies.c.ended_at, copies.c.ended_by, copies.c.reason, copies.c.urged, copies.c.urged_at,
    copies.c.answered_at, copies.c.adoption, copies.c.adopted_at, copies.c.note,
)  # fmt: skip


def _received(reader: Principal) -> Select[Any]:
    return (
        select(dispatches, *OF_COPY, petitions.c.registered_accused)
        .select_from(copies.join(dispatches, dispatches.c.id == copies.c.dispatch_id).join(petitions))
        .where(copies.c.to_unit == reader.unit, copies.c.arrived_at.is_not(None), _open(reader))
    )


async def find_received(
    session: Session, dispatch_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any] | None:  # fmt: skip
    """A dispatch that came for the reader's unit, and how its copy stands."""
    query = _received(reader).where(copies.c.dispatch_id == dispatch_id)
    if lock:
        query = query.with_for_update(of=copies)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def received(
    session: Session, reader: Principal, *, kind: str | None, unread: bool, before: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """收文, the newest first; one more than `limit` tells that there is a next page."""
    query = _received(reader)
    if kind is not None:
        query = query.where(copies.c.kind == kind)
    if unread:
        query = query.where(copies.c.state == "arrived")
    if before is not None:
        query = query.where(tuple_(copies.c.arrived_at, copies.c.dispatch_id) < tuple_(*before))
    query = query.order_by(copies.c.arrived_at.desc(), copies.c.dispatch_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def sent(
    session: Session, reader: Principal, *, kind: str | None, petition_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """发文, the newest first, drafts among them, with how its copies stand."""
    of_it = copies.c.dispatch_id == dispatches.c.id
    unread = select(func.count()).where(of_it, copies.c.state.in_(UNREAD))
    ended = select(func.count()).where(of_it, copies.c.state.in_(("returned", "recalled")))
    answered = select(func.count()).where(of_it, copies.c.answered_at.is_not(None))
    query = _own(reader).add_columns(
        unread.scalar_subquery().label("unread"), ended.scalar_subquery().label("ended"),
        answered.scalar_subquery().label("answered"),
    )  # fmt: skip
    if kind is not None:
        query = query.where(dispatches.c.kind == kind)
    if petition_id is not None:
        query = query.where(dispatches.c.petition_id == petition_id)
    if before is not None:
        query = query.where(dispatches.c.id < before)
    rows: Sequence[Row[Any]] = (
        await session.sql.execute(query.order_by(dispatches.c.id.desc()).limit(limit + 1))
    ).all()
    return rows


async def unread(session: Session, reader: Principal, *, after: Place | None, limit: int) -> Sequence[Row[Any]]:
    """What the reader's unit has sent and who has not signed for it, sent longest ago first: a row a dispatch."""
    named = (copies.c.sent_at, copies.c.dispatch_id)
    waiting = select(
        *named, func.array_agg(copies.c.to_unit).label("units"), func.max(copies.c.urged).label("urged")
    ).where(copies.c.from_unit == reader.unit, copies.c.state.in_(UNREAD))
    if after is not None:
        waiting = waiting.where(tuple_(*named) > tuple_(*after))
    of_page = waiting.group_by(*named).order_by(*named).limit(limit + 1).subquery()
    query = (
        select(dispatches, of_page.c.units, of_page.c.urged)
        .select_from(of_page.join(dispatches, dispatches.c.id == of_page.c.dispatch_id).join(petitions))
        .where(_open(reader))
        .order_by(of_page.c.sent_at, of_page.c.dispatch_id)
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def copies_of(session: Session, dispatch_id: UUID, *, lock: bool = False) -> Sequence[Row[Any]]:
    """Of a dispatch that the caller has found; in order of the units, so that nobody waits for each other."""
    query = select(copies).where(copies.c.dispatch_id == dispatch_id).order_by(copies.c.to_unit)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.with_for_update() if lock else query)).all()
    return rows


async def copy_of_any(session: Session, dispatch_id: UUID, unit: str) -> Row[Any] | None:
    """Whatever the scope, locked: for what other nodes say, never for an answer."""
    query = select(copies).where(copies.c.dispatch_id == dispatch_id, copies.c.to_unit == unit).with_for_update()
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def change(session: Session, dispatch_id: UUID, unit: str, **columns: Any) -> Row[Any]:
    """A copy, as it is then."""
    mine = and_(copies.c.dispatch_id == dispatch_id, copies.c.to_unit == unit)
    changed: Row[Any] = (await session.sql.execute(update(copies).where(mine).values(columns).returning(copies))).one()
    return changed


async def add_copies(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    await session.sql.execute(insert(copies), rows)


async def dispatch_of_any(session: Session, dispatch_id: UUID) -> Row[Any] | None:
    """Whatever the scope: for the rules, never for an answer."""
    query = select(dispatches).where(dispatches.c.id == dispatch_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def counts(session: Session, unit: str, since: datetime, until: datetime) -> Sequence[Any]:
    """Bulletins that came to a unit from each other one, and its own; by when they were sent."""
    rows: Sequence[Any] = await session.raw.fetch(COUNTS, unit, since, until)
    return rows


COUNTS = """
SELECT to_unit <> $1 AS own, from_unit, to_unit, count(*) AS sent,
  count(*) FILTER (WHERE adoption IN ('adopted', 'leader-instruction', 'merged')) AS adopted,
  count(*) FILTER (WHERE adoption = 'leader-instruction') AS by_instruction,
  count(*) FILTER (WHERE adoption = 'merged') AS merged,
  count(*) FILTER (WHERE adoption = 'not-adopted') AS not_adopted
FROM (SELECT * FROM copies WHERE kind = 'bulletin' AND sent_at IS NOT NULL AND to_unit = $1
  UNION ALL SELECT * FROM copies WHERE kind = 'bulletin' AND sent_at IS NOT NULL AND from_unit = $1) AS each
WHERE sent_at >= $2 AND sent_at < $3 AND state <> 'recalled'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
