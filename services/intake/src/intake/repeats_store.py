"""Rows of recognising and linking: who raised something before, chains of repeats, who linked them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, exists, func, or_, select, update

from intake.repeats import Decision
from intake.store import open_to, readable
from intake.tables import case_states, link_changes, petition_scopes, petitioners, petitions
from kit.db import Session

LOCK = 7202301  # class of the advisory lock under which links change, one after the other
# every petition that hangs together with one by repeats: up to the first, and down again
CHAINS = """
SELECT asked.start, chain.id, chain.terminated FROM unnest($1::uuid[]) AS asked (start) CROSS JOIN LATERAL (
  WITH RECURSIVE up (id, repeat_of, depth) AS (
    SELECT id, repeat_of, 0 FROM petitions WHERE id = asked.start
    UNION ALL
    SELECT p.id, p.repeat_of, depth + 1 FROM up JOIN petitions AS p ON p.id = up.repeat_of WHERE depth < 1000),
  down (id) AS (
    (SELECT id FROM up ORDER BY depth DESC LIMIT 1)
    UNION
    SELECT p.id FROM down JOIN petitions AS p ON p.repeat_of = down.id)
  SELECT p.id, p.registered_at, coalesce(c.terminated, false) AS terminated
  FROM down JOIN petitions AS p ON p.id = down.id LEFT JOIN case_states AS c ON c.petition_id = p.id) AS chain
ORDER BY asked.start, chain.registered_at, chain.id
"""
CHANGE = """
change AS (INSERT INTO link_changes (petition_id, change, other_id, subject, unit, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7))
"""


async def hold(session: Session) -> None:
    """Until the transaction ends nobody else changes a link."""
    await session.raw.execute("SELECT pg_advisory_xact_lock($1, 0)", LOCK)


async def of_people(
    session: Session,
    scope: str,
    line: Sequence[str],
    *,
    id_indexes: Sequence[bytes],
    phone_indexes: Sequence[bytes],
    limit: int,
) -> dict[UUID, tuple[Row[Any], bool, bool]]:
    """Petitions of these people that the caller may read, newest first: row, same ID number, same telephone."""
    found: dict[UUID, tuple[Row[Any], bool, bool]] = {}
    for column, wanted in ((petitioners.c.id_index, id_indexes), (petitioners.c.phone_index, phone_indexes)):
        if not wanted:
            continue
        raised = exists().where(petitioners.c.petition_id == petitions.c.id, column.in_(wanted))
        query = readable(scope, line).where(raised, petitions.c.title.isnot(None))
        by_id = column is petitioners.c.id_index
        for row in await session.sql.execute(query.order_by(petitions.c.id.desc()).limit(limit)):
            known = found.get(row.id, (row, False, False))
            found[row.id] = (row, known[1] or by_id, known[2] or not by_id)
    return found


async def newest(session: Session, scope: str, line: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """What was registered last, whoever raised it; what was said stands here."""
    query = readable(scope, line).order_by(petition_scopes.c.petition_id.desc()).limit(limit)
    return [row for row in await session.sql.execute(query) if row.title is not None]


async def indexes_of(session: Session, petition_id: UUID) -> tuple[list[bytes], list[bytes]]:
    """Blind indexes of a petition's petitioners: ID numbers, telephones."""
    query = select(petitioners.c.id_index, petitioners.c.phone_index).where(petitioners.c.petition_id == petition_id)
    rows = (await session.sql.execute(query)).all()
    return [row.id_index for row in rows if row.id_index], [row.phone_index for row in rows if row.phone_index]


async def chains(session: Session, petition_ids: Sequence[UUID]) -> dict[UUID, list[asyncpg.Record]]:
    """For each of these petitions its whole chain, in the order of registration."""
    found: dict[UUID, list[asyncpg.Record]] = {petition_id: [] for petition_id in petition_ids}
    for row in await session.raw.fetch(CHAINS, petition_ids):
        found[row["start"]].append(row)
    return found


async def related(
    session: Session, scope: str, line: Sequence[str], petition_ids: Sequence[UUID], lead: UUID
) -> list[Row[Any]]:
    """Those of these petitions, and of those merged into `lead`, that the caller may read."""
    query = readable(scope, line).where(or_(petitions.c.id.in_(petition_ids), case_states.c.merged_into == lead))
    return list((await session.sql.execute(query.order_by(petitions.c.registered_at, petitions.c.id))).all())


async def kept(session: Session, line: Sequence[str], petition_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these petitions that are kept from these units, whatever the scope."""
    query = (
        select(petitions.c.id)
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petitions.c.id.in_(petition_ids), ~open_to(line))
    )
    return set((await session.sql.execute(query)).scalars())


async def look(session: Session, petition_id: UUID) -> Row[Any] | None:
    """A petition with the state of its case, whatever the scope: for this service's own work, never for an answer."""
    query = (
        select(petitions, func.coalesce(case_states.c.state, "registered").label("state"))
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petitions.c.id == petition_id)
    )
    return (await session.sql.execute(query)).one_or_none()


async def change(session: Session, petition_id: UUID, links: Mapping[str, Any]) -> Row[Any]:
    """Set links of a petition and count its version up."""
    statement = (
        update(petitions)
        .where(petitions.c.id == petition_id)
        .values(version=petitions.c.version + 1, **links)
        .returning(*petitions.c)
    )
    changed: Row[Any] = (await session.sql.execute(statement)).one()
    return changed


def note(session: Session, petition_id: UUID, decision: Decision, at: datetime) -> None:
    """Keep who decided what, and why."""
    reason = decision.reason or None
    session.write(CHANGE, petition_id, decision.change, decision.other, decision.subject, decision.unit, reason, at)


async def changes_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    query = select(link_changes).where(link_changes.c.petition_id == petition_id).order_by(link_changes.c.id)
    return (await session.sql.execute(query)).all()
