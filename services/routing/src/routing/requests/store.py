"""Rows of requests between units: what is told is kept in whole batches, what is decided here behind a fence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from contracts.events import RequestState
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors
from routing.requests.domain import Request
from routing.requests.rules import ENDED, UNANSWERED
from routing.requests.shapes import public_state, request_of
from routing.requests.tables import request_scopes, request_steps, requests
from routing.tables import cases

# a replica keeps the highest version, whatever the order and however often it comes
KEEP = """
INSERT INTO requests (id, case_id, version, kind, status, from_unit, to_unit, due_at, accused_units, readers, body)
SELECT id, case_id, version, body->>'kind', body->>'status', body->>'from_unit', body->>'to_unit',
  (body->>'due_at')::timestamptz, ARRAY(SELECT jsonb_array_elements_text(body->'accused_units')),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(nullif(body->'readers', 'null')) AS value), body
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[]) AS told (id, case_id, version, body)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status, due_at = excluded.due_at,
  body = excluded.body
  WHERE requests.version < excluded.version
"""
STEPS = """
INSERT INTO request_steps (request_id, version, action, unit, actor, at, reason, text)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
  $8::bytea[])
ON CONFLICT (request_id, version) DO UPDATE SET text = coalesce(request_steps.text, excluded.text)
"""
SCOPES = """
INSERT INTO request_scopes (scope, request_id) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""
FENCED = "UPDATE requests SET version = $2, status = $3, due_at = $4, body = $5 WHERE id = $1 AND version = $2 - 1"
# as routing.store.AUDITED
AUDITED = """
SELECT audit.id FROM audit
LEFT JOIN request_steps s ON (s.request_id, s.version) = ((audit.detail::jsonb->>'request')::uuid, audit.after)
WHERE audit.after IS NOT NULL AND audit.action LIKE 'request.%' AND (
  ('request.' || s.action, s.unit, s.actor, s.at, s.reason) IS DISTINCT FROM
    (audit.action, audit.unit, audit.actor, audit.at, audit.reason)
  OR audit.detail::jsonb ? 'text' AND encode(sha256(s.text), 'hex') IS DISTINCT FROM audit.detail::jsonb->>'text')
"""
DIGEST = "SELECT encode(sha256(text), 'hex') FROM request_steps WHERE (request_id, version) = ($1, $2)"


@dataclass(frozen=True, slots=True)
class OpenSupport:
    """A unit that was asked to support the holder (协办) and whose answer the holder has not taken yet."""

    id: UUID
    to_unit: str
    status: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests of the register; None: all. line: the caller's unit, for the direction, and all above it; now: for
    what is overdue.
    """

    line: Sequence[str]
    now: datetime
    direction: str | None = None
    kind: str | None = None
    status: str | None = None
    overdue: bool | None = None
    case_id: UUID | None = None


def text_binding(request_id: UUID, version: int) -> str:
    """What an encrypted text is bound to: moved to another row it cannot be read."""
    return f"request_steps/{request_id}/{version}"


def opened_text(ring: Keyring, row: Row[Any]) -> str | None:
    return row.text and ring.decrypt(row.text, text_binding(row.request_id, row.version))


async def keep(session: Session, ring: Keyring, told: Sequence[Request]) -> None:
    """Store versions of requests, their steps and who may read them; older versions only add to the steps."""
    newest: dict[UUID, Request] = {}
    for request in told:
        if request.id not in newest or newest[request.id].version < request.version:
            newest[request.id] = request
    await session.raw.execute(
        KEEP,
        list(newest),
        [request.case_id for request in newest.values()],
        [request.version for request in newest.values()],
        [public_state(request).model_dump_json() for request in newest.values()],
    )
    await _keep_steps(session, ring, told)
    places = [(r.id, region) for r in newest.values() for region in (r.sender.region, r.receiver.region)]
    pairs = sorted({(scope, request_id) for request_id, region in places for scope in ancestors(region)})
    await session.raw.execute(SCOPES, [scope for scope, _ in pairs], [request_id for _, request_id in pairs])


async def _keep_steps(session: Session, ring: Keyring, told: Sequence[Request]) -> None:
    rows = {
        (r.id, r.version): (
            r.id, r.version, r.last.action, r.last.unit, r.last.actor, r.last.at, r.last.reason,
            ring.encrypt(r.last.text, text_binding(r.id, r.version)) if r.last.text else None,
        )
        for r in sorted(told, key=lambda request: bool(request.last.text))  # of two the one that has the text
    }  # fmt: skip
    await session.raw.execute(STEPS, *zip(*rows.values(), strict=True))


async def write(session: Session, ring: Keyring, request: Request) -> bool:
    """Write the next version behind the fence of the one before. False when that one is gone."""
    state = public_state(request).model_dump_json()
    status: str = await session.raw.execute(FENCED, request.id, request.version, request.status, request.due_at, state)
    if status != "UPDATE 1":
        return False
    await _keep_steps(session, ring, [request])
    return True


async def versions(session: Session, ids: Sequence[UUID]) -> dict[UUID, Request]:
    """The requests as they stand here."""
    rows = await session.raw.fetch("SELECT * FROM requests WHERE id = ANY($1::uuid[])", ids)
    return {row["id"]: _request(row) for row in rows}


async def locked(session: Session, request_id: UUID) -> Request | None:
    """The request as it stands, locked until the transaction ends; whatever the scope."""
    row = await session.raw.fetchrow("SELECT * FROM requests WHERE id = $1 FOR UPDATE", request_id)
    return None if row is None else _request(row)


def _request(row: Any) -> Request:
    return request_of(row["case_id"], row["version"], RequestState.model_validate(row["body"]))


async def note_cancellation(session: Session, request_id: UUID, round_: int, node: str) -> None:
    await session.raw.execute(
        "INSERT INTO request_cancellations (request_id, round, node) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        request_id, round_, node,
    )  # fmt: skip


async def cancelled_before(session: Session, request: Request) -> bool:
    """Whether the asking unit's node has taken back this round before it came."""
    found: bool = await session.raw.fetchval(
        "SELECT EXISTS (SELECT FROM request_cancellations WHERE request_id = $1 AND round = $2 AND node = $3)",
        request.id, request.round, request.sender.node,
    )  # fmt: skip
    return found


async def ask_cancellation(session: Session, request: Request) -> bool:
    """Remember that this round was asked back. False when it was before."""
    status: str = await session.raw.execute(
        "UPDATE requests SET cancel_asked = $2 WHERE id = $1 AND cancel_asked IS DISTINCT FROM $2",
        request.id, request.round,
    )  # fmt: skip
    return status == "UPDATE 1"


def _readable(scope: str, line: Sequence[str]) -> Select[Any]:
    """Requests that a unit of this region may read; what accuses it or one above it is kept from it (Art 30), also
    where that was learned of the case later. About a confidential case only its readers, and who asks or is asked.
    """
    learned = exists().where(cases.c.id == requests.c.case_id, cases.c.accused_units.overlap(line))
    # as the case stands; where it never came, as it stood when this was sent
    readers = select(cases.c.readers).where(cases.c.id == requests.c.case_id).scalar_subquery()
    among = func.coalesce(readers, requests.c.readers).op("&&")(cast(line, ARRAY(Text))).is_not(False)
    party = or_(requests.c.from_unit == line[0], requests.c.to_unit == line[0])
    return (
        select(requests)
        .join(request_scopes, request_scopes.c.request_id == requests.c.id)
        .where(request_scopes.c.scope == scope, ~requests.c.accused_units.overlap(line), ~learned, party | among)
    )


async def find(session: Session, request_id: UUID, scope: str, line: Sequence[str]) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.sql.execute(_readable(scope, line).where(requests.c.id == request_id))
    ).one_or_none()
    return found


async def page(session: Session, scope: str, wanted: Filter, *, before: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = _readable(scope, wanted.line)
    if before is not None:
        query = query.where(request_scopes.c.request_id < before)
    if wanted.direction is not None:
        mine = requests.c.to_unit if wanted.direction == "in" else requests.c.from_unit
        query = query.where(mine == wanted.line[0])
    for column, value in ((requests.c.kind, wanted.kind), (requests.c.status, wanted.status),
                          (requests.c.case_id, wanted.case_id)):  # fmt: skip
        query = query if value is None else query.where(column == value)
    if wanted.overdue is not None:
        late = (requests.c.due_at < wanted.now) & requests.c.status.in_(UNANSWERED)
        query = query.where(late.is_(True) if wanted.overdue else late.isnot(True))
    ordered = query.order_by(request_scopes.c.request_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(ordered)).all()
    return rows


async def text_digest(session: Session, request: Request) -> str | None:
    """SHA-256 of the sealed text of its last step."""
    found: str | None = await session.raw.fetchval(DIGEST, request.id, request.version)
    return found


async def steps_of(session: Session, request_id: UUID) -> Sequence[Row[Any]]:
    query = select(request_steps).where(request_steps.c.request_id == request_id).order_by(request_steps.c.version)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def open_support(session: Session, case_id: UUID) -> list[OpenSupport]:
    """What the holder asked of supporting units (协办) and has not closed: missing before the opinion can be submitted.

    What an earlier holder asked does not bind the present one.
    """
    query = (
        select(requests.c.id, requests.c.to_unit, requests.c.status, requests.c.due_at)
        .join(cases, cases.c.id == requests.c.case_id)
        .where(
            requests.c.case_id == case_id,
            requests.c.kind == "support",
            requests.c.status.notin_(ENDED),
            requests.c.from_unit == cases.c.holder_unit,
        )
        .order_by(requests.c.id)
    )
    return [OpenSupport(*row) for row in await session.sql.execute(query)]
