"""Rows that follow the cases: where each stands, what happened, and which petition files must go along."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CaseState
from contracts.reading import readers_told
from intake import evaluation, repeats
from kit.db import Session

# a consumer keeps the highest version: any order, any repetition, same result
STATES = """
INSERT INTO case_states (petition_id, version, state, holder_unit, at, handler_unit, merged_into, terminated, review,
  review_until, kind, accused_units, readers)
SELECT DISTINCT ON (id) id, version, state, holder, at, handler, merged_into, terminated, review, until, kind,
  ARRAY(SELECT jsonb_array_elements_text(accused)),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(readers) AS value)
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::uuid[], $8::bool[],
  $9::text[], $10::timestamptz[], $11::text[], $12::jsonb[], $13::jsonb[])
  AS e (id, version, state, holder, at, handler, merged_into, terminated, review, until, kind, accused, readers)
ORDER BY id, version DESC
ON CONFLICT (petition_id) DO UPDATE SET version = excluded.version, state = excluded.state,
  holder_unit = excluded.holder_unit, at = excluded.at, handler_unit = excluded.handler_unit,
  merged_into = excluded.merged_into, terminated = excluded.terminated, review = excluded.review,
  review_until = excluded.review_until, kind = excluded.kind, accused_units = excluded.accused_units,
  readers = coalesce(excluded.readers, case_states.readers)
  WHERE case_states.version < excluded.version
"""
# What was learned of it after its registration: what it is, and whom it accuses beside those that were known (Art 30).
LEARN = """
UPDATE petitions p SET kind = c.kind,
  accused_units = p.accused_units || ARRAY(SELECT unnest(c.accused_units) EXCEPT SELECT unnest(p.accused_units))
FROM case_states c
WHERE p.id = ANY ($1::uuid[]) AND c.petition_id = p.id
  AND (p.kind <> c.kind OR NOT p.accused_units @> c.accused_units)
"""
# A petition and its case come here in any order, also at the same time: whichever is second must see the first.
TOGETHER = 7202613  # advisory lock: shared by who adds petitions, whole for who says whom they accuse
PROGRESS = """
INSERT INTO progress (petition_id, version, action, unit, at, merged_into)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[])
ON CONFLICT DO NOTHING
"""
# of petitions registered elsewhere the highest version is kept; what was said, where it stands here, stays
PUBLIC_ROWS = """
INSERT INTO petitions (id, number, region, unit, channel, kind, category, about_region, accused_units,
  petitioner_count, received_at, registered_at, registered_node, route, is_group, version, repeat_of,
  terminated_before)
SELECT DISTINCT ON (id) id, number, region, unit, channel, kind, category, about_region,
  coalesce((SELECT array_agg(value) FROM jsonb_array_elements_text(accused) AS value), '{}'), people, received, at,
  node, route, is_group, version, repeat_of, terminated
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::jsonb[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::smallint[], $15::bool[],
  $16::int[], $17::uuid[], $18::bool[])
  AS e (id, number, region, unit, channel, kind, category, about_region, accused, people, received, at, node, route,
    is_group, version, repeat_of, terminated)
ORDER BY id, version DESC
ON CONFLICT (id) DO UPDATE SET version = excluded.version, repeat_of = excluded.repeat_of,
  terminated_before = excluded.terminated_before
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
    """A few statements for a whole batch of case events."""
    if any(event.data.accused_units for event in events):
        await session.raw.execute("SELECT pg_advisory_xact_lock($1)", TOGETHER)
    ids = [event.subject for event in events]
    versions = [event.version for event in events]
    states = [event.data.state for event in events]
    holders = [event.data.holder_unit for event in events]
    actions = [event.data.last.action for event in events]
    units = [event.data.last.unit for event in events]
    moments = [event.data.last.at for event in events]
    handlers = [event.data.handler_unit for event in events]
    leads = [event.data.merged_into for event in events]
    terminated = [is_terminated(event.data) for event in events]
    reviews = [_review(event.data) for event in events]
    await session.raw.execute(
        STATES, ids, versions, states, holders, moments, handlers, leads, terminated,
        [kind for kind, _ in reviews], [until for _, until in reviews], [event.data.kind for event in events],
        [json.dumps(event.data.accused_units) for event in events], readers_told(events),
    )  # fmt: skip
    await session.raw.execute(LEARN, ids)
    await session.raw.execute(PROGRESS, ids, versions, actions, units, moments, leads)


async def learn(session: Session, petition_ids: Sequence[UUID]) -> None:
    """Let petitions that have just come here be as their cases are, where those came first."""
    await session.raw.execute("SELECT pg_advisory_xact_lock_shared($1)", TOGETHER)
    await session.raw.execute(LEARN, petition_ids)


def is_terminated(case: CaseState) -> bool:
    """Art 36: with the service of the re-review opinion, whenever the case is closed."""
    return case.state == repeats.TERMINATED or (case.stage == "re-review" and case.served_at is not None)


def _review(case: CaseState) -> tuple[str | None, datetime | None]:
    """What the petitioner may ask for now, and until when, where the procedure of the case has it."""
    rights = (clock for clock in case.clocks if clock.name in evaluation.REVIEWS and clock.stopped_at is None)
    found = next(rights, None)
    return (None, None) if found is None else (evaluation.REVIEWS[found.name], found.due_at)


async def keep_public_rows(session: Session, events: Sequence[Envelope]) -> None:
    """Petitions registered at nodes below: one statement for the batch; what was said stays there."""
    rows = [
        (e.subject, e.data.number, e.data.region, e.data.unit, e.data.channel, e.data.kind, e.data.category,
         e.data.about_region, json.dumps(e.data.accused_units), e.data.petitioners, e.data.received_at,
         e.data.registered_at, e.node, e.data.route, e.data.group, e.version, e.data.repeat_of,
         e.data.terminated_before)
        for e in events
    ]  # fmt: skip
    await session.raw.execute(PUBLIC_ROWS, *zip(*rows, strict=True))
    await learn(session, [event.subject for event in events])


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
