"""Rows of routing: every statement takes a whole batch."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_

from kit.crypto import Keyring
from kit.db import Session
from kit.pages import Place
from kit.paths import ancestors
from routing.domain import Case, HandOver
from routing.rights import Known
from routing.shapes import public_state, stored
from routing.standing import Step
from routing.table import ENDS
from routing.tables import DUE, NEVER, TURN, case_scopes, cases

# a replica keeps the highest version, whatever the order and however often it comes
KEEP = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, accused_units, readers, due_at, open, body)
SELECT id, version, body->>'number', body->>'state', body->>'holder_unit', body->>'writer',
  ARRAY(SELECT jsonb_array_elements_text(body->'accused_units')),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(nullif(body->'readers', 'null')) AS value), due_at, open, body
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::boolean[], $5::jsonb[])
  AS told (id, version, due_at, open, body)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state,
  holder_unit = excluded.holder_unit, writer = excluded.writer, due_at = excluded.due_at, open = excluded.open,
  accused_units = excluded.accused_units, readers = coalesce(excluded.readers, cases.readers),
  -- an older node says nothing of readers: what was said before holds
  body = CASE WHEN excluded.readers IS NULL AND cases.readers IS NOT NULL
    THEN excluded.body || jsonb_build_object('readers', cases.body->'readers', 'units', cases.body->'units')
    ELSE excluded.body END
  WHERE cases.version < excluded.version
RETURNING id
"""
TIMELINE = """
INSERT INTO timeline (case_id, version, action, unit, actor, at, reason, note, fields)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
  $8::bytea[], $9::bytea[])
ON CONFLICT (case_id, version) DO UPDATE SET note = coalesce(timeline.note, excluded.note),
  fields = coalesce(timeline.fields, excluded.fields)
  WHERE timeline.actor IS NULL
    AND (timeline.action, timeline.unit, timeline.at) = (excluded.action, excluded.unit, excluded.at)
    AND NOT EXISTS (SELECT FROM audit  -- what was done here, also by itself, has its words already
      WHERE (subject, after, audit.action) = (timeline.case_id, timeline.version, timeline.action))
"""
SCOPES = "INSERT INTO case_scopes (scope, case_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING"
# The next version and its line of the timeline. Where the version before is gone, `moved` is empty, and a line of no
# case ends the whole statement, with all else that is written in it.
WRITE = """
moved AS (
  UPDATE cases SET version = $2, state = $3, holder_unit = $4, writer = $5, due_at = $6, open = $7, body = $8,
    accused_units = $16, readers = $17
  WHERE id = $1 AND version = $2 - 1 RETURNING id),
told AS (
  INSERT INTO timeline (case_id, version, action, unit, actor, at, reason, note, fields)
  VALUES ((SELECT id FROM moved), $2, $9, $10, $11, $12, $13, $14, $15)
  ON CONFLICT (case_id, version) DO UPDATE SET note = coalesce(timeline.note, excluded.note))
"""
SEE = """
seen AS (
  INSERT INTO case_scopes (scope, case_id) SELECT scope, id FROM moved, unnest($1::text[]) AS scope
  ON CONFLICT DO NOTHING)
"""

# Entries whose line of the timeline is gone or is not as it was audited. Entries of the first release have no digests.
AUDITED = """
SELECT audit.id FROM audit LEFT JOIN timeline t ON (t.case_id, t.version) = (audit.subject, audit.after)
WHERE audit.after IS NOT NULL AND audit.action NOT LIKE 'request.%' AND (
  (t.action, t.unit, t.actor, t.at, t.reason) IS DISTINCT FROM
    (audit.action, audit.unit, audit.actor, audit.at, audit.reason)
  OR audit.detail IS NOT NULL AND (encode(sha256(t.note), 'hex'), encode(sha256(t.fields), 'hex')) IS DISTINCT FROM
    (audit.detail::jsonb->>'note', audit.detail::jsonb->>'fields'))
"""


def text_binding(case_id: UUID, version: int, column: str) -> str:
    """What an encrypted text of the timeline is bound to: moved to another place it cannot be read."""
    return f"timeline/{case_id}/{version}/{column}"


def recall_binding(hand_over: UUID, node: str) -> str:
    return f"recalls/{hand_over}/{node}"


def sealed_text(ring: Keyring, case: Case, column: str, text: str) -> bytes | None:
    return ring.encrypt(text, text_binding(case.id, case.version, column)) if text else None


def opened_note(ring: Keyring, case_id: UUID, step: Step) -> str | None:
    return ring.decrypt(step.note, text_binding(case_id, step.version, "note")) if step.note else None


def opened_fields(ring: Keyring, case_id: UUID, step: Step) -> dict[str, Any]:
    """What was filled into the form of the action; empty where nothing was, or this node was not told."""
    text = ring.decrypt(step.fields, text_binding(case_id, step.version, "fields")) if step.fields else "{}"
    found: dict[str, Any] = json.loads(text)
    return found


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
    await keep_timeline(session, ring, told)
    pairs = sorted({(scope, case.id) for case in told for scope in _scopes(case)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [case_id for _, case_id in pairs])
    return {row["id"] for row in renewed}


async def keep_timeline(session: Session, ring: Keyring, told: Sequence[Case]) -> None:
    """Their lines; the words of one that another node wrote are added when they come, if it is the same line."""
    rows = [
        (c.id, c.version, c.last.action, c.last.unit, c.last.actor, c.last.at, c.last.reason,
         sealed_text(ring, c, "note", c.last.note), sealed_text(ring, c, "fields", c.last.fields))
        for c in told
    ]  # fmt: skip
    await session.raw.execute(TIMELINE, *zip(*rows, strict=True))


def is_open(case: Case) -> bool:
    return case.state not in ENDS


def put(session: Session, case: Case, state: str, step: Step, before: Case | None) -> None:
    """Collect the next version: written if and only if it stands behind the one before. state: the public one, JSON."""
    session.write(
        WRITE, case.id, case.version, case.state, case.holder_unit, case.writer, case.due_at, is_open(case), state,
        *step[1:], case.accused_units, case.readers,
    )  # fmt: skip
    scopes, seen = _scopes(case), _scopes(before) if before else set[str]()
    if scopes - seen:
        session.write(SEE, sorted(scopes - seen))


def _scopes(case: Case) -> set[str]:
    return {scope for region in (case.holder_region, *case.regions) for scope in ancestors(region)}


async def version_of(session: Session, case_id: UUID) -> int:
    version: int = await session.raw.fetchval("SELECT version FROM cases WHERE id = $1", case_id)
    return version


async def known(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Of the cases that are here, the version and who writes the next one."""
    rows = await session.raw.fetch("SELECT id, version, writer FROM cases WHERE id = ANY ($1::uuid[])", case_ids)
    return {row["id"]: (row["version"], row["writer"]) for row in rows}


async def locked(session: Session, case_id: UUID) -> Case | None:
    """The case as it stands, locked until the transaction ends; whatever the scope."""
    row = await session.raw.fetchrow("SELECT id, version, body FROM cases WHERE id = $1 FOR UPDATE", case_id)
    return None if row is None else stored(row["id"], row["version"], row["body"])


def open_to(line: Sequence[str]) -> ColumnElement[bool]:
    """Neither kept from one of these by what it accuses, nor by who alone may read it: what every list asks."""
    among = or_(cases.c.readers.is_(None), cases.c.readers.overlap(line))
    return and_(~cases.c.accused_units.overlap(line), among)


def _readable(scope: str, line: Sequence[str]) -> Select[Any]:
    """Cases that a unit of this region may read. line: the unit first, then all above it; what accuses one of these is
    kept from it (Art 30), and what is confidential from all but its readers.
    """
    return (
        select(cases)
        .join(case_scopes, case_scopes.c.case_id == cases.c.id)
        .where(case_scopes.c.scope == scope, open_to(line))
    )


async def find(session: Session, case_id: UUID, scope: str, line: Sequence[str]) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.sql.execute(_readable(scope, line).where(cases.c.id == case_id))
    ).one_or_none()
    return found


async def page(
    session: Session, scope: str, line: Sequence[str], *, before: UUID | None, limit: int, state: str | None, mine: bool
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = _readable(scope, line)
    if before is not None:  # of both: whichever table is read first begins there
        query = query.where(case_scopes.c.case_id < before, cases.c.id < before)
    if state is not None:
        query = query.where(cases.c.state == state)
    if mine:
        query = query.where(cases.c.holder_unit == line[0])
    rows: Sequence[Row[Any]] = (
        await session.sql.execute(query.order_by(case_scopes.c.case_id.desc()).limit(limit + 1))
    ).all()
    return rows


async def to_do(session: Session, line: Sequence[str], limit: int, after: Place | None = None) -> Sequence[Row[Any]]:
    """What a unit must decide: what it holds and has not finished, and where it is asked in an objection or a dispute.
    What is due first first; one row more than `limit`, as above.
    """
    turn = TURN == line[0]  # noqa: SIM300 - the column, not a constant
    query = select(cases).where(turn, cases.c.open, open_to(line))
    if after is not None:
        query = query.where(tuple_(DUE, cases.c.id) > tuple_(func.coalesce(after[0], NEVER), after[1]))
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(DUE, cases.c.id).limit(limit + 1))).all()
    return rows


async def note_recall(session: Session, ring: Keyring, hand_over: UUID, case_id: UUID, at: datetime, *, node: str,
                      note: str) -> None:  # fmt: skip
    """Remember that a node asked for an offer that is not here yet. note: why."""
    sealed = ring.encrypt(note, recall_binding(hand_over, node)) if note else None
    await session.raw.execute(
        "INSERT INTO recalls (hand_over, node, case_id, at, note) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        hand_over, node, case_id, at, sealed,
    )  # fmt: skip


async def recalled_before(session: Session, ring: Keyring, offer: HandOver) -> str | None:
    """Why the node that made the offer asked for it before it came; empty where it did not say, None if it did not."""
    row = await session.raw.fetchrow(
        "SELECT note FROM recalls WHERE hand_over = $1 AND node = $2", offer.id, offer.from_node
    )
    if row is None:
        return None
    return ring.decrypt(row["note"], recall_binding(offer.id, offer.from_node)) if row["note"] else ""
