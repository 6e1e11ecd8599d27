"""What the HTTP faces of all parts of documents share."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import Row, Table

from documents import access
from documents.moving import store as moving
from documents.moving.domain import FILE
from kit.auth import Principal, allow
from kit.db import Session
from kit.errors import Refused
from kit.pages import after, cursor_of
from kit.runtime import Runtime

PREFIX = "/api/documents/v1/petitions/{petition_id}"
HIGHEST = 2**63 - 1
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Office = Annotated[Principal, allow("clerk", "handler", "leader")]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def page(
    session: Session, table: Table, petition_id: UUID, reader: Principal, cursor: str | None, limit: int, *,
    kind: str = "",
) -> tuple[Sequence[Row[Any]], str | None]:  # fmt: skip
    """Rows in the order they were added, and the cursor of the next page: the version of the last row shown, in the
    shape that cursors have. kind: of what is awaited from other nodes and listed among them; these rows have `come`.
    Raises Refused("not-found").
    """
    lent = kind == FILE
    if not await access.is_readable(session, petition_id, reader, lent=lent):
        raise Refused("not-found")
    seen = after(cursor)
    position = 0 if seen is None else min(seen.int, HIGHEST)
    rows = await access.page(session, table, petition_id, reader, after=position, limit=limit, lent=lent)
    if kind:
        awaited = await moving.page(session, kind, petition_id, reader, after=position, limit=limit)
        rows = sorted([*rows, *awaited], key=lambda row: int(row.version))
    more = cursor_of(UUID(int=rows[limit - 1].version)) if len(rows) > limit else None
    return rows[:limit], more
