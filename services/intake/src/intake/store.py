"""Rows of intake: registering is part of one statement, reading is SQLAlchemy Core."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from intake.domain import Petition, Petitioner
from intake.tables import case_states, petition_scopes, petitioners, petitions, progress
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors

FIELDS = ("name", "id_number", "phone", "address")
# the petition, its petitioners, and who may read it
PETITION = """
petition AS (
  INSERT INTO petitions (id, number, region, unit, channel, kind, category, about_region, title, content,
    accused_units, petitioner_count, received_at, registered_at, registered_by, registered_node, external_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, content = excluded.content
    WHERE petitions.title IS NULL
  RETURNING id),
people AS (
  INSERT INTO petitioners (petition_id, position, name, id_number, phone, address, phone_index, id_index)
  SELECT petition.id, person.* FROM petition,
    unnest($18::int[], $19::bytea[], $20::bytea[], $21::bytea[], $22::bytea[], $23::bytea[], $24::bytea[]) AS person),
scopes AS (
  INSERT INTO petition_scopes (scope, petition_id) SELECT scope, $1 FROM unnest($25::text[]) AS scope
  ON CONFLICT DO NOTHING)
"""
SCOPES = """
INSERT INTO petition_scopes (scope, petition_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""


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
    columns.append([person.phone and ring.blind_index("phone:" + person.phone) for person in people])
    columns.append([person.id_number and ring.blind_index("id:" + person.id_number) for person in people])
    return columns


def _columns(ring: Keyring, petition: Petition, node: str, scopes: Sequence[str]) -> tuple[Any, ...]:
    matter = petition.matter
    return (
        petition.id, petition.number, petition.region, petition.unit, matter.channel, matter.kind,
        matter.category, matter.about_region, matter.title, matter.content, matter.accused_units,
        len(petition.petitioners), petition.received_at, petition.registered_at, petition.registered_by, node,
        petition.external_id, *_sealed(ring, petition.id, petition.petitioners), scopes,
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


def _readable(scope: str, unit: str) -> Select[Any]:
    """Petitions that this region and unit may read, with the state of the case; accused units see nothing (Art 30)."""
    return (
        select(petitions, func.coalesce(case_states.c.state, "registered").label("state"),
               func.coalesce(case_states.c.holder_unit, petitions.c.unit).label("holder_unit"))
        .join(petition_scopes, petition_scopes.c.petition_id == petitions.c.id)
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petition_scopes.c.scope == scope, ~petitions.c.accused_units.contains([unit]))
    )  # fmt: skip


async def find(session: Session, petition_id: UUID, scope: str, unit: str) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.sql.execute(_readable(scope, unit).where(petitions.c.id == petition_id))
    ).one_or_none()
    return found


async def page(
    session: Session, scope: str, unit: str, *, before: UUID | None, limit: int, number: str | None
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = _readable(scope, unit)
    if before is not None:
        query = query.where(petition_scopes.c.petition_id < before)
    if number is not None:
        query = query.where(petitions.c.number == number)
    query = query.order_by(petition_scopes.c.petition_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def by_number(session: Session, number: str) -> Row[Any] | None:
    """For the petitioner's own look-up: what stands at this number, whoever asks."""
    query = (
        select(petitions.c.id, petitions.c.number, petitions.c.unit, petitions.c.registered_at,
               petitions.c.registered_node, case_states.c.state, case_states.c.holder_unit)
        .outerjoin(case_states, case_states.c.petition_id == petitions.c.id)
        .where(petitions.c.number == number)
    )  # fmt: skip
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()  # type: ignore[assignment]  # a row of named columns
    return found


async def people_of(session: Session, ring: Keyring, petition_id: UUID) -> list[Petitioner]:
    """Who raised it, in clear."""
    query = select(petitioners).where(petitioners.c.petition_id == petition_id).order_by(petitioners.c.position)
    return [_opened(ring, row) for row in await session.sql.execute(query)]


def _opened(ring: Keyring, row: Row[Any]) -> Petitioner:
    def clear(column: str) -> str | None:
        stored = getattr(row, column)
        return None if stored is None else ring.decrypt(stored, binding(row.petition_id, row.position, column))

    return Petitioner(*(clear(column) for column in FIELDS))


async def steps_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    query = select(progress).where(progress.c.petition_id == petition_id).order_by(progress.c.version)
    return (await session.sql.execute(query)).all()


async def by_external_id(session: Session, external_id: str) -> Row[Any] | None:
    return (await session.sql.execute(select(petitions).where(petitions.c.external_id == external_id))).one_or_none()


async def note_identity_reading(
    session: Session, petition_id: UUID, *, subject: str, unit: str, purpose: str, at: datetime
) -> None:
    await session.raw.execute(
        "INSERT INTO identity_readings (petition_id, subject, unit, purpose, at) VALUES ($1, $2, $3, $4, $5)",
        petition_id, subject, unit, purpose, at,
    )  # fmt: skip


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
