"""Rows of what is awaited, as readers see them: whose they are is checked in each statement."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, func, select, true

from documents.access import readable
from documents.files.tables import files
from documents.moving.domain import FILE, PAPER
from documents.moving.tables import awaited, awaited_parts
from documents.papers.tables import papers
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused

MOST = 200
COME = (
    select(func.coalesce(func.sum(awaited_parts.c.bytes), 0))
    .where(awaited_parts.c.item_id == awaited.c.id)
    .correlate(awaited)
    .scalar_subquery()
    .label("come")
)


def _awaited(petition_id: UUID, reader: Principal, kind: str) -> Select[Any]:
    return (
        select(awaited, COME)
        .join(petitions)
        .where(readable(petition_id, reader, lent=kind == FILE), awaited.c.kind == kind)
    )


# as files and papers are listed
AS_LISTED = {
    FILE: (awaited.c.what.label("media_type"),),
    PAPER: (
        awaited.c.what.label("kind"), awaited.c.stored_by.label("written_by"), awaited.c.stored_at.label("written_at"),
    ),
}  # fmt: skip


async def page(
    session: Session, kind: str, petition_id: UUID, reader: Principal, *, after: int, limit: int
) -> Sequence[Row[Any]]:
    """What is not here yet, with the bytes that have come, as `access.page`."""
    named = {column.name for column in AS_LISTED[kind]}
    columns = (*(column for column in awaited.c if column.name not in named), *AS_LISTED[kind], COME)
    query = _awaited(petition_id, reader, kind).with_only_columns(*columns).where(awaited.c.version > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(awaited.c.version).limit(limit + 1))).all()
    return rows


async def all_awaited(session: Session, petition_id: UUID, reader: Principal) -> Sequence[Row[Any]]:
    """Of both kinds, in the order they were told of."""
    either = _awaited(petition_id, reader, FILE).union_all(_awaited(petition_id, reader, PAPER)).subquery()
    rows: Sequence[Row[Any]] = (await session.sql.execute(select(either).order_by(either.c.version))).all()
    return rows


async def counts(session: Session, petition_id: UUID, reader: Principal) -> dict[str, int]:
    """How many files and papers of a petition are here that the reader may read."""
    query = (
        select(_number(files, petition_id, reader, lent=True), _number(papers, petition_id, reader, lent=False))
        .where(true())
    )  # fmt: skip
    stored, filed = (await session.sql.execute(query)).one()
    return {FILE: stored, PAPER: filed}


def _number(table: Any, petition_id: UUID, reader: Principal, *, lent: bool) -> Any:
    return (
        select(func.count())
        .select_from(table.join(petitions))
        .where(readable(petition_id, reader, lent=lent))
        .scalar_subquery()
    )


def coming(row: Row[Any]) -> dict[str, Any]:
    """What a list says of what is not here yet; nothing of what is."""
    if not hasattr(row, "come"):
        return {}
    return {"here": False, "bytes_here": int(row.come), "missing_at": list(row.failed)}


def state_of(row: Row[Any]) -> Literal["waiting", "coming", "missing"]:
    """As people are told it."""
    if row.state == "missing":
        return "missing"
    return "coming" if row.state in {"asked", "whole"} else "waiting"


async def check_here(session: Session, kind: str, petition_id: UUID, item_id: UUID, reader: Principal) -> None:
    """Raises Refused("not-here-yet"), or "not-available" when nobody can give it, for what is awaited."""
    query = _awaited(petition_id, reader, kind).where(awaited.c.id == item_id)
    row = (await session.sql.execute(query)).one_or_none()
    if row is not None:
        slug = "not-available" if row.state == "missing" else "not-here-yet"
        whence = {"from_node": row.sources[0] if row.sources else None, "missing_at": list(row.failed)}
        raise Refused(slug, bytes=row.bytes, bytes_here=int(row.come), **whence)
