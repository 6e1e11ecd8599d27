"""Rows that follow the cases: where each stands, what happened, and which petition files must go along."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.envelope import Envelope
from kit.db import Session

# a consumer keeps the highest version: any order, any repetition, same result
STATES = """
INSERT INTO case_states (petition_id, version, state, holder_unit, at, served_at, closed_at)
SELECT DISTINCT ON (id) id, version, state, holder, at, served, closed
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
  AS e (id, version, state, holder, at, served, closed)
ORDER BY id, version DESC
ON CONFLICT (petition_id) DO UPDATE SET version = excluded.version, state = excluded.state,
  holder_unit = excluded.holder_unit, at = excluded.at, served_at = excluded.served_at, closed_at = excluded.closed_at
  WHERE case_states.version < excluded.version
"""
PROGRESS = """
INSERT INTO progress (petition_id, version, action, unit, at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT DO NOTHING
"""
# of petitions registered elsewhere the highest version is kept; what was said, where it stands here, stays
PUBLIC_ROWS = """
INSERT INTO petitions (id, number, region, unit, channel, kind, category, about_region, accused_units,
  petitioner_count, received_at, registered_at, registered_node, route, is_group, version, repeat_of,
  terminated_before, merged_into)
SELECT DISTINCT ON (id) id, number, region, unit, channel, kind, category, about_region,
  coalesce((SELECT array_agg(value) FROM jsonb_array_elements_text(accused) AS value), '{}'), people, received, at,
  node, route, is_group, version, repeat_of, terminated, merged_into
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::jsonb[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::smallint[], $15::bool[],
  $16::int[], $17::uuid[], $18::bool[], $19::uuid[])
  AS e (id, number, region, unit, channel, kind, category, about_region, accused, people, received, at, node, route,
    is_group, version, repeat_of, terminated, merged_into)
ORDER BY id, version DESC
ON CONFLICT (id) DO UPDATE SET version = excluded.version, repeat_of = excluded.repeat_of,
  terminated_before = excluded.terminated_before, merged_into = excluded.merged_into
  WHERE petitions.version < excluded.version AND petitions.registered_node = excluded.registered_node
"""
ALARMS = """
INSERT INTO group_alarms (petition_id, number, region, unit, head_count, about_region, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[])
ON CONFLICT DO NOTHING
"""
FORWARD = """
INSERT INTO forwards (petition_id, to_node, version, sent_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


async def keep_progress(session: Session, events: Sequence[Envelope]) -> None:
    """Two statements for a whole batch of case events."""
    ids = [event.subject for event in events]
    versions = [event.version for event in events]
    states = [event.data.state for event in events]
    holders = [event.data.holder_unit for event in events]
    actions = [event.data.last.action for event in events]
    units = [event.data.last.unit for event in events]
    moments = [event.data.last.at for event in events]
    served = [event.data.served_at for event in events]
    closed = [event.data.closed_at for event in events]
    await session.raw.execute(STATES, ids, versions, states, holders, moments, served, closed)
    await session.raw.execute(PROGRESS, ids, versions, actions, units, moments)


async def keep_public_rows(session: Session, events: Sequence[Envelope]) -> None:
    """Petitions registered at nodes below: one statement for the batch; what was said stays there."""
    rows = [
        (e.subject, e.data.number, e.data.region, e.data.unit, e.data.channel, e.data.kind, e.data.category,
         e.data.about_region, json.dumps(e.data.accused_units), e.data.petitioners, e.data.received_at,
         e.data.registered_at, e.node, e.data.route, e.data.group, e.version, e.data.repeat_of,
         e.data.terminated_before, e.data.merged_into)
        for e in events
    ]  # fmt: skip
    await session.raw.execute(PUBLIC_ROWS, *zip(*rows, strict=True))


async def keep_alarms(session: Session, events: Sequence[Envelope]) -> None:
    """Groups that came in person, here or below."""
    rows = [
        (e.subject, e.data.number, e.data.region, e.data.unit, e.data.petitioners, e.data.about_region, e.data.at)
        for e in events
    ]
    await session.raw.execute(ALARMS, *zip(*rows, strict=True))


async def forwarded(session: Session, petition_id: UUID) -> set[str]:
    """Nodes that have been sent this petition file, or will be when it comes."""
    rows = await session.raw.fetch("SELECT to_node FROM forwards WHERE petition_id = $1", petition_id)
    return {row["to_node"] for row in rows}


async def note_forward(session: Session, petition_id: UUID, to: str, version: int, sent_at: datetime | None) -> None:
    await session.raw.execute(FORWARD, petition_id, to, version, sent_at)


async def forwards_waiting(session: Session, petition_id: UUID) -> list[tuple[str, int]]:
    """Nodes that wait for a petition file which had not arrived when the case was handed on."""
    rows = await session.raw.fetch(
        "SELECT to_node, version FROM forwards WHERE petition_id = $1 AND sent_at IS NULL FOR UPDATE", petition_id
    )
    return [(row["to_node"], row["version"]) for row in rows]


async def mark_forwarded(session: Session, petition_id: UUID, to: str, version: int, at: datetime) -> None:
    await session.raw.execute(
        "UPDATE forwards SET sent_at = $4 WHERE petition_id = $1 AND to_node = $2 AND version = $3",
        petition_id, to, version, at,
    )  # fmt: skip
