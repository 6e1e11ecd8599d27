"""Rows of `supports`: which unit was asked for support with a petition, and what it may read of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, func, select

from contracts.envelope import Envelope
from contracts.letters import SupportFile
from intake.tables import case_states, petitions
from kit.db import Session

# the highest version counts, in any order; what is over may no longer be read, so it is not kept
FOLLOW = """
INSERT INTO supports (request_id, petition_id, version, from_node, to_node, to_unit, accused_units, open)
SELECT DISTINCT ON (id) id, petition, version, sender, receiver, unit,
  coalesce((SELECT array_agg(value) FROM jsonb_array_elements_text(accused) AS value), '{}'), open
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bool[])
  AS e (id, petition, version, sender, receiver, unit, accused, open)
ORDER BY id, version DESC
ON CONFLICT (request_id) DO UPDATE SET version = excluded.version, to_unit = excluded.to_unit,
  accused_units = excluded.accused_units, open = excluded.open, from_node = excluded.from_node,
  file = CASE WHEN excluded.open AND supports.from_node = excluded.from_node THEN supports.file END
  WHERE supports.version < excluded.version
"""
LEND = """
UPDATE supports SET lent_at = $3 WHERE petition_id = $1 AND from_node = $2 AND open AND lent_at IS NULL
RETURNING request_id, to_node, to_unit
"""
# from the node of the unit that asks; it may come before the request itself
TAKE = """
INSERT INTO supports (request_id, petition_id, version, from_node, to_node, to_unit, open, file)
VALUES ($1, $2, 0, $3, $4, $5, true, $6)
ON CONFLICT (request_id) DO UPDATE SET file = excluded.file
  WHERE supports.open AND supports.from_node = excluded.from_node
"""
READABLE = """
SELECT file FROM supports
WHERE petition_id = $1 AND to_unit = $2 AND open AND version > 0 AND file IS NOT NULL
  AND NOT accused_units && $3::text[]
  AND NOT EXISTS (SELECT FROM case_states c
    WHERE c.petition_id = supports.petition_id AND c.accused_units && $3::text[])
ORDER BY request_id DESC LIMIT 1
"""


async def follow(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """(request, petition, version, asking node, asked node, asked unit, accused units in JSON, open)."""
    await session.raw.execute(FOLLOW, *zip(*rows, strict=True))


async def lend(session: Session, petition_id: UUID, node: str, at: datetime) -> list[asyncpg.Record]:
    """Requests of units of this node that no file was sent for yet, marked as sent."""
    rows: list[asyncpg.Record] = await session.raw.fetch(LEND, petition_id, node, at)
    return rows


async def petition(session: Session, petition_id: UUID) -> Row[Any] | None:
    """What a file is made of: the petition, and where its case stands."""
    query = (
        select(petitions, func.coalesce(case_states.c.state, "registered").label("state"),
               func.coalesce(case_states.c.holder_unit, petitions.c.unit).label("holder_unit"))
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petitions.c.id == petition_id)
    )  # fmt: skip
    return (await session.sql.execute(query)).one_or_none()


async def take(session: Session, letter: Envelope, node: str) -> None:
    file: SupportFile = letter.data
    await session.raw.execute(
        TAKE, file.request, letter.subject, letter.node, node, file.to_unit, file.model_dump_json()
    )


async def find(session: Session, petition_id: UUID, line: Sequence[str]) -> SupportFile | None:
    """What a unit that supports may read now. line: the unit first, then all above it (Art 30)."""
    found = await session.raw.fetchval(READABLE, petition_id, line[0], list(line))
    return None if found is None else SupportFile.model_validate(found)
