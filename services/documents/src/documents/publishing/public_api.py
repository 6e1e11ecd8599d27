"""What everybody may read without signing in: what is public now, and nothing else."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row

from documents import resources
from documents.faces import runtime_of
from documents.files.downloads import Download
from documents.publishing import releasing, store
from documents.publishing.domain import Kind
from documents.publishing.models import PublicOut, PublicPaper, PublicRow
from documents.seals.api import PDF
from kit.auth import public
from kit.db import Db
from kit.errors import Refused
from kit.pages import Cursor, Limit, Page, after_place, cursor_of_place
from kit.runtime import Runtime

router = APIRouter(prefix="/api/documents/v1/public/publications", tags=["documents"], dependencies=[public()])


def _cached(runtime: Runtime, response: Response) -> None:
    """Others may keep it for a minute: what is withdrawn is out of sight everywhere after that."""
    held = resources.of(runtime)
    response.headers["Cache-Control"] = f"public, max-age={held.settings.publishing.cache_seconds}"


@router.get("")
async def list_public(
    request: Request, response: Response, session: Db, kind: Kind | None = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PublicRow]:  # fmt: skip
    """What is public now, the newest first. Open to everybody."""
    runtime = runtime_of(request)
    resources.of(runtime).views.take()
    rows = await store.public_rows(session, kind=kind, before=after_place(cursor), limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    _cached(runtime, response)
    more = None if last is None else cursor_of_place(last.published_at, last.publication_id)
    return Page(items=[PublicRow(**_row(runtime, row)) for row in rows[:limit]], next=more)


@router.get("/{publication_id}")
async def read_public(request: Request, response: Response, session: Db, publication_id: UUID) -> PublicOut:
    """One text that is public now. Open to everybody."""
    runtime = runtime_of(request)
    resources.of(runtime).views.take()
    row = await store.public_one(session, publication_id)
    if row is None:
        raise Refused("not-found")
    _cached(runtime, response)
    paper = None
    if row.paper_id is not None:
        paper = PublicPaper(number=row.number, sha256=row.paper_sha256, verify_path=f"/verify/{row.code}")
    return PublicOut(
        **_row(runtime, row), body=row.body, correction=row.correction, sha256=row.sha256, paper=paper
    )  # fmt: skip


@router.get("/{publication_id}/paper", response_class=Response, responses=PDF)
async def read_public_paper(request: Request, publication_id: UUID) -> Download:
    """The sealed paper that is public with a text, as PDF. Open to everybody."""
    runtime = runtime_of(request)
    resources.of(runtime).views.take()
    row, content = await releasing.read_paper(runtime, publication_id)
    return Download(
        content, name=f"{row.number}.pdf", media_type="application/pdf", size=row.paper_bytes, sha256=row.paper_sha256
    )  # fmt: skip


def _row(runtime: Runtime, row: Row[Any]) -> dict[str, Any]:
    unit = resources.of(runtime).units.units.get(row.unit)
    return {
        "id": row.publication_id, "kind": row.kind, "title": row.title, "published_at": row.published_at,
        "unit_name": row.unit if unit is None else unit.name,
    }  # fmt: skip
