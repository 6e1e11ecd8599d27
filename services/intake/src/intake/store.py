"""Rows of intake: registering is part of one statement, reading is SQLAlchemy Core."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, or_, select

from intake.domain import Petition, Petitioner
from intake.repeats import ENDED, id_key
from intake.tables import case_states, group_alarms, petition_scopes, petitions, progress
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors
from kit.phones import phone_key
from kit.readers import EVERYBODY

FIELDS = ("name", "id_number", "phone", "address")
# the petition, its petitioners, and who may read it
PETITION = """
petition AS (
  INSERT INTO petitions (id, number, region, unit, channel, kind, category, about_region, title, content,
    accused_units, petitioner_count, received_at, registered_at, registered_by, registered_node, external_id,
    route, is_group, version, repeat_of, terminated_before)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, content = excluded.content
    WHERE petitions.title IS NULL
  RETURNING id),
people AS (
  INSERT INTO petitioners (petition_id, position, name, id_number, phone, address, phone_index, id_index,
    representative)
  SELECT petition.id, person.* FROM petition,
    unnest($23::int[], $24::bytea[], $25::bytea[], $26::bytea[], $27::bytea[], $28::bytea[], $29::bytea[],
      $30::bool[]) AS person),
scopes AS (
  INSERT INTO petition_scopes (scope, petition_id) SELECT scope, $1 FROM unnest($31::text[]) AS scope
  ON CONFLICT DO NOTHING)
"""
SCOPES = """
INSERT INTO petition_scopes (scope, petition_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""

PEOPLE = "SELECT * FROM petitioners WHERE petition_id = ANY ($1::uuid[]) ORDER BY petition_id, position"


def binding(petition_id: UUID, position: int, column: str) -> str:
    """What an encrypted value is bound to: moved to another row or column it can not be read."""
    return f"petitioners/{petition_id}/{position}/{column}"


def _sealed(ring: Keyring, petition_id: UUID, people: Sequence[Petitioner]) -> list[list[Any]]:
    """Columns of the petitioner rows, encrypted, with their blind indexes."""
    columns: list[list[Any]] = [list(range(len(people)))]
    for field in FIELDS:
        values = [getattr(person, field) for person in people]
        columns.append(
            [
                None if value is None else ring.encrypt(value, binding(petition_id, position, field))
                for position, value in enumerate(values)
            ]
        )
    columns.append([phone_index(ring, person) for person in people])
    columns.append([id_index(ring, person) for person in people])
    columns.append([person.representative for person in people])
    return columns


def phone_index(ring: Keyring, person: Petitioner) -> bytes | None:
    return ring.blind_index("phone:" + phone_key(person.phone)) if person.phone else None


def id_index(ring: Keyring, person: Petitioner) -> bytes | None:
    return ring.blind_index("id:" + id_key(person.id_number)) if person.id_number else None


def _columns(ring: Keyring, petition: Petition, node: str, scopes: Sequence[str]) -> tuple[Any, ...]:
    matter = petition.matter
    return (
        petition.id, petition.number, petition.region, petition.unit, matter.channel, matter.kind,
        matter.category, matter.about_region, matter.title, matter.content, matter.accused_units,
        petition.head_count, petition.received_at, petition.registered_at, petition.registered_by, node,
        petition.external_id, matter.route, petition.group, petition.version,
        petition.repeat and petition.repeat.of, petition.repeat is not None and petition.repeat.terminated,
        *_sealed(ring, petition.id, petition.petitioners), scopes,
    )  # fmt: skip


def write(session: Session, ring: Keyring, petition: Petition, node: str, scopes: Sequence[str]) -> None:
    """Store a new petition with everything known of it, when the transaction ends."""
    session.write(PETITION, *_columns(ring, petition, node, scopes))


async def take(session: Session, ring: Keyring, petition: Petition, node: str, scopes: Sequence[str]) -> bool:
    """Store a petition that came from another node, now. False when it stands here already, complete."""
    statement = f"WITH {PETITION} SELECT id FROM petition"  # noqa: S608 - a constant of this file
    return await session.raw.fetchval(statement, *_columns(ring, petition, node, scopes)) is not None


async def add_scopes(session: Session, regions: Sequence[tuple[UUID, str]]) -> None:
    """Let the units of these regions, and all above them, read these petitions."""
    pairs = sorted({(scope, petition_id) for petition_id, region in regions for scope in ancestors(region)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [petition_id for _, petition_id in pairs])


def open_to(line: Sequence[str]) -> ColumnElement[bool]:
    """Of petitions, with what their cases say where it is known: not kept from these units by whom it accuses (Art 30),
    nor by who alone may read it. line: the unit first, then all above it.
    """
    among = or_(case_states.c.readers.is_(None), case_states.c.readers.overlap(line))
    return and_(~petitions.c.accused_units.overlap(line), among)


def _named(other: ColumnElement[UUID | None], line: Sequence[str]) -> ColumnElement[UUID | None]:
    """Another petition that this one hangs together with, unless it is kept from these units."""
    there, its = petitions.alias(f"{other.key}_there"), case_states.alias(f"{other.key}_case")
    kept = or_(there.c.accused_units.overlap(line), its.c.readers.overlap(line).is_(False))
    found = select(kept).outerjoin_from(there, its, its.c.petition_id == there.c.id).where(there.c.id == other)
    return case((found.scalar_subquery().isnot(True), other)).label(other.key)


def readable(scope: str, line: Sequence[str]) -> Select[Any]:
    """Petitions that a unit of this region may read, with the state of the case, and what each repeats or was merged
    into as far as that may be read too.
    """
    plain = [each for each in petitions.c if each.name != "repeat_of"]
    closed = ~case_states.c.readers.overlap([EVERYBODY])
    return (
        select(*plain, _named(petitions.c.repeat_of, line), _named(case_states.c.merged_into, line),
               func.coalesce(case_states.c.state, "registered").label("state"),
               func.coalesce(case_states.c.holder_unit, petitions.c.unit).label("holder_unit"),
               func.coalesce(closed, false()).label("confidential"))
        .join(petition_scopes, petition_scopes.c.petition_id == petitions.c.id)
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petition_scopes.c.scope == scope, open_to(line))
    )  # fmt: skip


async def find(session: Session, petition_id: UUID, scope: str, line: Sequence[str]) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.sql.execute(readable(scope, line).where(petitions.c.id == petition_id))
    ).one_or_none()
    return found


async def page(
    session: Session, scope: str, line: Sequence[str], *, before: UUID | None, limit: int, number: str | None
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = readable(scope, line)
    if before is not None:
        query = query.where(petition_scopes.c.petition_id < before)
    if number is not None:
        query = query.where(petitions.c.number == number)
    query = query.order_by(petition_scopes.c.petition_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def those(session: Session, scope: str, line: Sequence[str], ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The ones among these petitions that who asks may read, newest first."""
    query = readable(scope, line).where(petition_scopes.c.petition_id.in_(ids))
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(petition_scopes.c.petition_id.desc()))).all()
    return rows


async def alarms(
    session: Session, scope: str, line: Sequence[str], *, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Groups that came in person, newest first; one row more than `limit` tells that there is a next page."""
    query = (
        select(group_alarms)
        .join(petition_scopes, petition_scopes.c.petition_id == group_alarms.c.petition_id)
        .join(petitions, petitions.c.id == group_alarms.c.petition_id)
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petition_scopes.c.scope == scope, open_to(line))
    )
    if before is not None:
        query = query.where(group_alarms.c.petition_id < before)
    return (await session.sql.execute(query.order_by(group_alarms.c.petition_id.desc()).limit(limit + 1))).all()


async def by_number(session: Session, number: str) -> Row[Any] | None:
    """For the petitioner's own look-up: what stands at this number, whoever asks.

    What is merged goes as its lead goes until it has an answer of its own; `leading` is where to look for steps.
    handler_unit: whose answer it is; review: what its own petitioner may ask for.
    """
    own, lead = case_states.alias("own"), case_states.alias("lead")
    # a lead that never came to this node is not known here: the petitioner sees the own progress
    led = and_(lead.c.petition_id.isnot(None), own.c.state.notin_(ENDED))
    query = (
        select(petitions.c.id, petitions.c.number, petitions.c.region, petitions.c.unit, petitions.c.registered_at,
               petitions.c.registered_node, led.label("merged"),
               case((led, lead.c.petition_id), else_=petitions.c.id).label("leading"),
               func.coalesce(own.c.handler_unit, own.c.holder_unit, petitions.c.unit).label("handler_unit"),
               own.c.review, own.c.review_until,
               *(case((led, lead.c[name]), else_=own.c[name]).label(name) for name in ("state", "holder_unit")))
        .outerjoin(own, own.c.petition_id == petitions.c.id)
        .outerjoin(lead, lead.c.petition_id == own.c.merged_into)
        .where(petitions.c.number == number)
    )  # fmt: skip
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def people_of_each(session: Session, ring: Keyring, ids: Sequence[UUID]) -> dict[UUID, list[Petitioner]]:
    """Who raised these petitions, in clear."""
    people: dict[UUID, list[Petitioner]] = {petition_id: [] for petition_id in ids}
    for row in await session.raw.fetch(PEOPLE, ids):
        people[row["petition_id"]].append(_opened(ring, row))
    return people


async def people_of(session: Session, ring: Keyring, petition_id: UUID) -> list[Petitioner]:
    """Who raised it, in clear."""
    return (await people_of_each(session, ring, [petition_id]))[petition_id]


def _opened(ring: Keyring, row: asyncpg.Record) -> Petitioner:
    def clear(column: str) -> str | None:
        stored = row[column]
        return None if stored is None else ring.decrypt(stored, binding(row["petition_id"], row["position"], column))

    name, id_number, phone, address = (clear(column) for column in FIELDS)
    return Petitioner(name, id_number, phone, address, row["representative"])


async def steps_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    query = select(progress).where(progress.c.petition_id == petition_id).order_by(progress.c.version)
    return (await session.sql.execute(query)).all()


async def by_external_id(session: Session, external_id: str) -> Row[Any] | None:
    return (await session.sql.execute(select(petitions).where(petitions.c.external_id == external_id))).one_or_none()


async def failed_lookups_since(session: Session, number: str, since: datetime) -> int:
    counted: int = await session.raw.fetchval(
        "SELECT count(*) FROM failed_lookups WHERE number = $1 AND at > $2", number, since
    )
    return counted


async def note_failed_lookup(session: Session, number: str, at: datetime) -> None:
    await session.raw.execute("INSERT INTO failed_lookups (number, at) VALUES ($1, $2)", number, at)


async def by_id(session: Session, petition_id: UUID) -> Row[Any] | None:
    """Whatever the scope: for this service's own work, never for an answer."""
    return (await session.sql.execute(select(petitions).where(petitions.c.id == petition_id))).one_or_none()
