"""Rows of notify: contacts, stages and who may read, in statements over whole batches."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, or_, select

from contracts.case_events import CaseState
from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.reading import readers_told
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors
from notify import phones
from notify.domain import happenings
from notify.outbound.tables import messages
from notify.tables import petition_scopes, petitions
from notify.tables import phones as phone_rows

# rows are locked in the order of their ids, also where the update is left out: no two batches wait for each other
CONTACTS = """
INSERT INTO petitions (id, number, region, phone_key, phone)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bytea[])
  AS told (id, number, region, key, phone) ORDER BY id
ON CONFLICT (id) DO UPDATE SET region = excluded.region, phone_key = excluded.phone_key, phone = excluded.phone
"""
CASES = """
INSERT INTO petitions (id, number, case_version, state, stage, state_at, merged_into, accused_units, readers)
SELECT id, number, version, state, stage, at, merged, ARRAY(SELECT jsonb_array_elements_text(accused)),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(readers) AS value)
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::jsonb[], $5::jsonb[], $6::text[], $7::text[], $8::timestamptz[],
    $9::uuid[])
  AS told (id, number, version, accused, readers, state, stage, at, merged) ORDER BY id
ON CONFLICT (id) DO UPDATE SET case_version = excluded.case_version, accused_units = excluded.accused_units,
  state = excluded.state, stage = excluded.stage, state_at = excluded.state_at, merged_into = excluded.merged_into,
  readers = coalesce(excluded.readers, petitions.readers)
  WHERE petitions.case_version < excluded.case_version
"""
STAGES = """
INSERT INTO stages (petition_id, case_stage, stage, at, traceparent)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) ON CONFLICT DO NOTHING
"""
SCOPES = """
INSERT INTO petition_scopes (scope, petition_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""
UNTOLD = """
SELECT stages.petition_id, stages.case_stage, stages.stage, number, petitions.phone_key, stages.traceparent FROM stages
JOIN petitions ON petitions.id = stages.petition_id AND petitions.phone_key IS NOT NULL
LEFT JOIN messages ON messages.petition_id = stages.petition_id AND messages.case_stage = stages.case_stage
  AND messages.happening = stages.stage
WHERE stages.petition_id = ANY($1::uuid[]) AND messages.id IS NULL ORDER BY stages.at
"""


async def keep_contacts(session: Session, ring: Keyring, letters: Sequence[Envelope]) -> dict[str, bytes]:
    """How to reach these petitioners; a later letter replaces an earlier one. Returns the keys of their numbers."""
    told: dict[UUID, Contact] = {letter.subject: letter.data for letter in letters}
    keys = await phones.keep(session, ring, [contact.phone for contact in told.values()])
    await session.raw.execute(
        CONTACTS,
        list(told),
        [contact.number for contact in told.values()],
        [contact.region for contact in told.values()],
        [keys[contact.phone] for contact in told.values()],
        [ring.encrypt(contact.phone, phones.old_binding(subject)) for subject, contact in told.items()],
    )
    await _add_scopes(session, [(subject, contact.region) for subject, contact in told.items()])
    return keys


async def keep_cases(session: Session, events: Sequence[Envelope]) -> None:
    """How far these cases are, whatever the order and however often it is told."""
    newest: dict[UUID, Envelope] = {}
    readers: dict[UUID, str | None] = {}
    ordered = sorted(events, key=lambda event: event.version)
    for event, named in zip(ordered, readers_told(ordered), strict=True):
        newest[event.subject], readers[event.subject] = event, named
    await session.raw.execute(
        CASES,
        list(newest),
        [event.data.number for event in newest.values()],
        [event.version for event in newest.values()],
        [json.dumps(event.data.accused_units) for event in newest.values()],
        [readers[petition_id] for petition_id in newest],
        [event.data.state for event in newest.values()],
        [event.data.stage for event in newest.values()],
        [event.data.last.at for event in newest.values()],
        [event.data.merged_into for event in newest.values()],
    )
    reached = [(event, happening) for event in events for happening in happenings(event.type, _running(event.data))]
    await session.raw.execute(
        STAGES,
        [event.subject for event, _ in reached],
        [event.data.stage for event, _ in reached],
        [happening for _, happening in reached],
        [event.data.last.at for event, _ in reached],
        [event.traceparent for event, _ in reached],
    )
    await _add_scopes(session, [(event.subject, region) for event in events for region in event.data.regions])


def _running(case: CaseState) -> set[str]:
    return {clock.name for clock in case.clocks if clock.stopped_at is None and clock.due_at is not None}


async def _add_scopes(session: Session, regions: Sequence[tuple[UUID, str]]) -> None:
    """Let the units of these regions, and all above them, read of these petitions."""
    pairs = sorted({(scope, petition_id) for petition_id, region in regions for scope in ancestors(region)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [petition_id for _, petition_id in pairs])


async def untold_stages(session: Session, petition_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """(petition_id, case_stage, stage, number, phone_key, traceparent): reached, contact here, no message yet."""
    rows: list[asyncpg.Record] = await session.raw.fetch(UNTOLD, petition_ids)
    return rows


async def page(
    session: Session, scope: str, line: Sequence[str], *, before: UUID | None, limit: int, petition_id: UUID | None
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page.
    line: the unit of who asks, and all above it; what accuses one of these is kept from it (Art 30), and what is
    confidential from all but its readers.
    """
    among = or_(petitions.c.readers.is_(None), petitions.c.readers.overlap(line))
    query: Select[Any] = (
        select(messages, petitions.c.number, phone_rows.c.number.label("phone"), phone_rows.c.key)
        .join(petitions, petitions.c.id == messages.c.petition_id)
        .join(phone_rows, phone_rows.c.key == petitions.c.phone_key)
        .join(petition_scopes, petition_scopes.c.petition_id == messages.c.petition_id)
        .where(petition_scopes.c.scope == scope, ~petitions.c.accused_units.overlap(line), among)
    )
    if petition_id is not None:
        query = query.where(messages.c.petition_id == petition_id)
    if before is not None:
        query = query.where(messages.c.id < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(messages.c.id.desc()).limit(limit + 1))).all()
    return rows
