"""Rows of routing: every statement takes a whole batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, select

from contracts.envelope import Envelope
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors
from routing.domain import Case
from routing.shapes import public_state, stored
from routing.table import ENDS
from routing.tables import case_scopes, cases

# a replica keeps the highest version, whatever the order and however often it comes
KEEP = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, accused_units, due_at, open, body)
SELECT id, version, body->>'number', body->>'state', body->>'holder_unit', body->>'writer',
  ARRAY(SELECT jsonb_array_elements_text(body->'accused_units')), due_at, open, body
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::boolean[], $5::jsonb[])
  AS told (id, version, due_at, open, body)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state,
  holder_unit = excluded.holder_unit, writer = excluded.writer, due_at = excluded.due_at, open = excluded.open,
  body = excluded.body
  WHERE cases.version < excluded.version
RETURNING id
"""
# one writer: the next version may only come from the node that the present one names
INTRUDERS = """
SELECT told.id FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS told (id, version, node)
JOIN cases ON cases.id = told.id AND cases.version + 1 = told.version AND cases.writer <> told.node LIMIT 1
"""
TIMELINE = """
INSERT INTO timeline (case_id, version, action, unit, actor, at, reason, note, fields)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
  $8::bytea[], $9::bytea[])
ON CONFLICT (case_id, version) DO UPDATE SET note = coalesce(timeline.note, excluded.note)
"""
SCOPES = "INSERT INTO case_scopes (scope, case_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING"
# the fence of the version before, and what belongs to the new one, in one statement
WRITE = """
WITH moved AS (
  UPDATE cases SET version = $2, state = $3, holder_unit = $4, writer = $5, due_at = $6, open = $7, body = $8
  WHERE id = $1 AND version = $2 - 1 RETURNING id),
told AS (
  INSERT INTO timeline (case_id, version, action, unit, actor, at, reason, note, fields)
  SELECT id, $2, $9, $10, $11, $12, $13, $14, $15 FROM moved
  ON CONFLICT (case_id, version) DO UPDATE SET note = coalesce(timeline.note, excluded.note)),
seen AS (
  INSERT INTO case_scopes (scope, case_id) SELECT scope, id FROM moved, unnest($16::text[]) AS scope
  ON CONFLICT DO NOTHING)
SELECT count(*) FROM moved
"""
HELD = """
SELECT id, version, body FROM cases
WHERE id = $1 AND NOT accused_units @> ARRAY[$3]
  AND EXISTS (SELECT FROM case_scopes WHERE scope = $2 AND case_id = $1)
FOR UPDATE
"""


def text_binding(case_id: UUID, version: int, column: str) -> str:
    """What an encrypted text of the timeline is bound to: moved to another place it cannot be read."""
    return f"timeline/{case_id}/{version}/{column}"


def sealed_text(ring: Keyring, case: Case, column: str, text: str) -> bytes | None:
    return ring.encrypt(text, text_binding(case.id, case.version, column)) if text else None


def opened_note(ring: Keyring, row: asyncpg.Record) -> str | None:
    return row["note"] and ring.decrypt(row["note"], text_binding(row["case_id"], row["version"], "note"))


async def keep(session: Session, ring: Keyring, told: Sequence[Case]) -> set[UUID]:
    """Store versions of cases, their timeline and who may read them; older versions only add to the timeline.

    Returns the cases that are newer here than before.
    """
    newest: dict[UUID, Case] = {}
    for case in told:
        if case.id not in newest or newest[case.id].version < case.version:
            newest[case.id] = case
    renewed = await session.raw.fetch(
        KEEP,
        list(newest),
        [case.version for case in newest.values()],
        [case.due_at for case in newest.values()],
        [is_open(case) for case in newest.values()],
        [public_state(case).model_dump_json() for case in newest.values()],
    )
    await _keep_timeline(session, ring, told)
    pairs = sorted({(s, case.id) for case in told for region in case.regions for s in ancestors(region)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [case_id for _, case_id in pairs])
    return {row["id"] for row in renewed}


async def _keep_timeline(session: Session, ring: Keyring, told: Sequence[Case]) -> None:
    rows = [
        (c.id, c.version, c.last.action, c.last.unit, c.last.actor, c.last.at, c.last.reason,
         sealed_text(ring, c, "note", c.last.note), None)
        for c in told
    ]  # fmt: skip
    await session.raw.execute(TIMELINE, *zip(*rows, strict=True))


def is_open(case: Case) -> bool:
    return case.state not in ENDS


async def write(session: Session, ring: Keyring, case: Case, fields: str = "") -> bool:
    """Write the next version behind the fence of the one before. False when that one is gone. fields: JSON, sealed."""
    last = case.last
    scopes = sorted({scope for region in (case.holder_region, *case.regions[-1:]) for scope in ancestors(region)})
    moved: int = await session.raw.fetchval(
        WRITE, case.id, case.version, case.state, case.holder_unit, case.writer, case.due_at, is_open(case),
        public_state(case).model_dump_json(), last.action, last.unit, last.actor, last.at, last.reason,
        sealed_text(ring, case, "note", last.note), sealed_text(ring, case, "fields", fields), scopes,
    )  # fmt: skip
    return moved == 1


async def intruder(session: Session, events: Sequence[Envelope]) -> UUID | None:
    """A case whose next version was told by a node that had no right to write it."""
    found: UUID | None = await session.raw.fetchval(
        INTRUDERS,
        [event.subject for event in events],
        [event.version for event in events],
        [event.node for event in events],
    )
    return found


async def held(session: Session, case_id: UUID, scope: str, unit: str) -> Case | None:
    """The case, locked until the transaction ends, if this region and unit may see it."""
    row = await session.raw.fetchrow(HELD, case_id, scope, unit)
    return None if row is None else stored(row["id"], row["version"], row["body"])


async def locked(session: Session, case_id: UUID) -> Case | None:
    """The case as it stands, locked until the transaction ends; whatever the scope."""
    row = await session.raw.fetchrow("SELECT id, version, body FROM cases WHERE id = $1 FOR UPDATE", case_id)
    return None if row is None else stored(row["id"], row["version"], row["body"])


def _readable(scope: str, unit: str) -> Select[Any]:
    """Cases that this region and unit may read; accused units see nothing (Art 30)."""
    return (
        select(cases)
        .join(case_scopes, case_scopes.c.case_id == cases.c.id)
        .where(case_scopes.c.scope == scope, ~cases.c.accused_units.contains([unit]))
    )


async def find(session: Session, case_id: UUID, scope: str, unit: str) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.sql.execute(_readable(scope, unit).where(cases.c.id == case_id))
    ).one_or_none()
    return found


async def page(
    session: Session, scope: str, unit: str, *, before: UUID | None, limit: int, state: str | None, mine: bool
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = _readable(scope, unit)
    if before is not None:
        query = query.where(case_scopes.c.case_id < before)
    if state is not None:
        query = query.where(cases.c.state == state)
    if mine:
        query = query.where(cases.c.holder_unit == unit)
    rows: Sequence[Row[Any]] = (
        await session.sql.execute(query.order_by(case_scopes.c.case_id.desc()).limit(limit + 1))
    ).all()
    return rows


async def to_do(session: Session, unit: str, limit: int) -> Sequence[Row[Any]]:
    """What a unit holds and has not finished, what is due first first."""
    query = (
        select(cases)
        .where(cases.c.holder_unit == unit, cases.c.open, ~cases.c.accused_units.contains([unit]))
        .order_by(cases.c.due_at, cases.c.id)
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def timeline_of(session: Session, case_id: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await session.raw.fetch(
        "SELECT * FROM timeline WHERE case_id = $1 ORDER BY version", case_id
    )
    return rows


async def note_recall(session: Session, hand_over: UUID, case_id: UUID, at: datetime) -> None:
    await session.raw.execute(
        "INSERT INTO recalls (hand_over, case_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        hand_over, case_id, at,
    )  # fmt: skip


async def recalled_before(session: Session, hand_over: UUID) -> bool:
    found: bool = await session.raw.fetchval("SELECT EXISTS (SELECT FROM recalls WHERE hand_over = $1)", hand_over)
    return found
