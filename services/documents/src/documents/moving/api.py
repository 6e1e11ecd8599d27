"""HTTP face of what moves: how much of a petition is here."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Row

from documents import access
from documents.faces import PREFIX, Reader
from documents.moving import store
from documents.moving.models import Coming, Moving, Share
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import IdempotentRoute

router = APIRouter(prefix=PREFIX, route_class=IdempotentRoute, tags=["documents"])


@router.get("/moving")
async def show_moving(session: Db, reader: Reader, petition_id: UUID) -> Moving:
    """How many files and papers of a petition are here, and what of the others has come."""
    if not await access.is_readable(session, petition_id, reader, lent=True):
        raise Refused("not-found")
    here = await store.counts(session, petition_id, reader)
    awaited = await store.all_awaited(session, petition_id, reader)
    files, papers = (
        Share(here=here[kind], total=here[kind] + sum(row.kind == kind for row in awaited))
        for kind in ("file", "paper")
    )
    return Moving(files=files, papers=papers, coming=[_coming(row) for row in awaited[: store.MOST]])


def _coming(row: Row[Any]) -> Coming:
    return Coming(
        id=row.id, kind=row.kind, bytes=row.bytes, bytes_here=row.come, state=store.state_of(row),
        from_node=row.sources[0] if row.sources else None, missing_at=row.failed, told_at=row.told_at,
    )  # fmt: skip
