"""Which petitions documents knows, and who may see what belongs to them: asked by every statement that reads."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Table, and_, exists, or_, select, update

from contracts.envelope import Envelope
from contracts.reading import readers_told
from documents.moving.tables import supports
from documents.tables import petition_scopes, petitions
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.paths import ancestors
from kit.runtime import Runtime

# keeps the highest sequence of its aggregate: any order, any repetition, same result
FOLLOW = """
INSERT INTO petitions (id, {sequence}, {accused}, readers)
SELECT DISTINCT ON (id) id, sequence, ARRAY(SELECT jsonb_array_elements_text(accused)),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(readers) AS value)
FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[]) AS told (id, sequence, accused, readers)
ORDER BY id, sequence DESC
ON CONFLICT (id) DO UPDATE SET {sequence} = excluded.{sequence}, {accused} = excluded.{accused},
  readers = coalesce(excluded.readers, petitions.readers)
  WHERE petitions.{sequence} < excluded.{sequence}
"""
FOLLOW_PETITIONS = FOLLOW.format(sequence="registered_sequence", accused="registered_accused")
FOLLOW_CASES = FOLLOW.format(sequence="case_sequence", accused="case_accused")
ABOUT = petitions.alias("about")
SCOPES = """
INSERT INTO petition_scopes (scope, petition_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""


class Folder(UUID):
    """Stands where a petition's id does, for what belongs to a unit alone (ADR 34): its row among the petitions names
    the unit. What came as the id of a petition finds no folder, and a folder no petition.
    """


async def follow(session: Session, statement: str, events: Sequence[Envelope]) -> None:
    """Keep what events say of petitions (FOLLOW_PETITIONS) or of cases (FOLLOW_CASES): one statement for a batch."""
    accused = [json.dumps(event.data.accused_units) for event in events]
    ids = [event.subject for event in events]
    await session.raw.execute(statement, ids, [event.version for event in events], accused, readers_told(events))


async def add_scopes(session: Session, regions: Sequence[tuple[UUID, str]]) -> None:
    """Let the units of these regions, and all above them, read what belongs to these petitions."""
    pairs = sorted({(scope, petition_id) for petition_id, region in regions for scope in ancestors(region)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [petition_id for _, petition_id in pairs])


def visible(reader: Principal, *, lent: bool = False) -> ColumnElement[bool]:
    """In the reader's scope, accusing neither the reader's unit nor one above it (Art 30, 46(5)), and where only some
    may read, among these: one SQL condition for all. lent: also to a unit that was asked for support, while it is.
    """
    within = in_scope(reader)
    if lent:
        within = within | _supports(reader)
    among = or_(petitions.c.readers.is_(None), petitions.c.readers.overlap(reader.line))
    return and_(within, not_accused(reader), among)


def in_scope(reader: Principal) -> ColumnElement[bool]:
    """A unit of the reader's region, or below it, has to do with it."""
    return exists().where(petition_scopes.c.scope == reader.region, petition_scopes.c.petition_id == petitions.c.id)


def not_accused(reader: Principal) -> ColumnElement[bool]:
    """It accuses neither the reader's unit nor one above it; nor does the petition that a dispatch is about, which the
    reader may read too, as far as it is known here.
    """
    barred = exists().where(
        ABOUT.c.id == petitions.c.about,
        or_(_accuses(ABOUT, reader), and_(ABOUT.c.readers.is_not(None), ~ABOUT.c.readers.overlap(reader.line))),
    )
    return and_(~_accuses(petitions, reader), or_(petitions.c.about.is_(None), ~barred))


def _accuses(table: FromClause, reader: Principal) -> ColumnElement[bool]:
    return or_(table.c.registered_accused.overlap(reader.line), table.c.case_accused.overlap(reader.line))


def _supports(reader: Principal) -> ColumnElement[bool]:
    return exists().where(
        supports.c.petition_id == petitions.c.id, supports.c.to_unit == reader.unit, supports.c.open,
        ~supports.c.accused_units.overlap(reader.line),
    )  # fmt: skip


def readable(petition_id: UUID, reader: Principal, *, lent: bool = False) -> ColumnElement[bool]:
    """`visible`, for what belongs to one petition, or to a unit's folder."""
    unit = petitions.c.office_unit
    kind = unit.is_not(None) if isinstance(petition_id, Folder) else unit.is_(None)
    return and_(petitions.c.id == petition_id, kind, visible(reader, lent=lent))


async def is_readable(session: Session, petition_id: UUID, reader: Principal, *, lent: bool = False) -> bool:
    query = select(petitions.c.id).where(readable(petition_id, reader, lent=lent))
    return (await session.sql.execute(query)).one_or_none() is not None


async def is_folder(session: Session, petition_id: UUID) -> bool:
    """Whether it is a unit's folder. For the rules, never for an answer."""
    query = select(petitions.c.office_unit.is_not(None)).where(petitions.c.id == petition_id)
    return bool((await session.sql.execute(query)).scalar_one())


async def lock(session: Session, petition_id: UUID, writer: Principal) -> int | None:
    """Version of the petition's documents, locked until the transaction ends; None when it is not the writer's, or a
    dispatch that was sent.
    """
    open_ = and_(readable(petition_id, writer), ~petitions.c.frozen)
    query = select(petitions.c.version).where(open_).with_for_update(key_share=True)
    version: int | None = (await session.sql.execute(query)).scalar_one_or_none()
    return version


async def advance(session: Session, petition_id: UUID) -> int:
    """The next version, for something that is added under `lock`."""
    version: int = await session.raw.fetchval(
        "UPDATE petitions SET version = version + 1 WHERE id = $1 RETURNING version", petition_id
    )
    return version


async def next_version(session: Session, petition_id: UUID, writer: Principal) -> int | None:
    """`lock` and `advance` in one, where there is nothing to look at in between."""
    change = (
        update(petitions)
        .where(readable(petition_id, writer), ~petitions.c.frozen)
        .values(version=petitions.c.version + 1)
        .returning(petitions.c.version)
    )
    version: int | None = (await session.sql.execute(change)).scalar_one_or_none()
    return version


async def page(
    session: Session, table: Table, petition_id: UUID, reader: Principal, *, after: int, limit: int, lent: bool = False
) -> Sequence[Row[Any]]:
    """Rows of a table as they were added to the petition; one more than `limit` tells that there is a next page."""
    query = (
        select(table)
        .join(petitions)
        .where(readable(petition_id, reader, lent=lent), table.c.version > after)
        .order_by(table.c.version)
        .limit(limit + 1)
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


def note(
    runtime: Runtime, session: Session, who: Principal, petition_id: UUID, action: str, version: int | None = None,
    /, *, reason: str | None = None, **detail: str,
) -> None:  # fmt: skip
    """Audit an action or a reading. version: of the petition's documents after it; reason: what somebody states."""
    audit.note(
        session, action, subject=petition_id, at=runtime.clock.now(), actor=who.subject, unit=who.unit, reason=reason,
        before=version and version - 1, after=version, detail=detail,
    )  # fmt: skip
