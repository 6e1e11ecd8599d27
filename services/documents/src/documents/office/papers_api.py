"""HTTP face of a unit's approved papers: listed, read, given out as the sealed PDF."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from documents import resources
from documents.drafts import usecases as drafts
from documents.drafts.api import PDF, PDF_ANSWER, as_file
from documents.faces import HIGHEST, Reader, runtime_of
from documents.files.downloads import Download
from documents.office import store, usecases
from documents.office.models import OfficePaperOut, OfficePaperRow
from documents.papers.shown import parts
from documents.papers.usecases import read_paper
from documents.seals import api as seals_api
from kit.db import Db
from kit.errors import CATALOGUE
from kit.idempotency import IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of

router = APIRouter(prefix="/api/documents/v1/office-papers", route_class=IdempotentRoute, tags=["documents"])
UnitCode = Annotated[str | None, Query(max_length=64, description="code of a unit; by default the own")]


@router.get("")
async def list_office_papers(
    session: Db, reader: Reader, unit: UnitCode = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[OfficePaperRow]:
    """Approved papers of a unit, the newest first."""
    seen = after(cursor)
    before = None if seen is None else min(seen.int, HIGHEST)
    rows = await store.papers_of(session, unit or reader.unit, reader, before=before, limit=limit)
    more = cursor_of(UUID(int=rows[limit - 1].version)) if len(rows) > limit else None
    return Page(items=[_row(row) for row in rows[:limit]], next=more)


@router.get("/{paper_id}")
async def read_office_paper(request: Request, session: Db, reader: Reader, paper_id: UUID) -> OfficePaperOut:
    """One paper with its text. The reading is recorded."""
    runtime = runtime_of(request)
    row, folder = await usecases.found(session, paper_id, reader)
    _, text = await read_paper(runtime, session, reader, folder, paper_id)
    known = resources.of(runtime).templates.templates.get(row.template)
    return OfficePaperOut(**_row(row).model_dump(), sections=text, parts=parts(known, text))


@router.get("/{paper_id}/preview", response_class=Response, responses=PDF_ANSWER)
async def preview_office_paper(request: Request, reader: Reader, paper_id: UUID) -> Response:
    """The paper as PDF, without number and seal and marked so. The reading is recorded."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        _, folder = await usecases.found(session, paper_id, reader)
    return as_file(await drafts.unsealed(runtime, reader, folder, paper_id), PDF, f"{paper_id}.pdf", inline=True)


@router.get("/{paper_id}/sealed", response_class=Response, responses=seals_api.PDF)
async def read_sealed_office_paper(request: Request, reader: Reader, paper_id: UUID) -> Download:
    """The official paper, as PDF. The reading is recorded."""
    async with runtime_of(request).database.transaction() as session:
        _, folder = await usecases.found(session, paper_id, reader)
    return await seals_api.read_sealed(request, reader, folder, paper_id)


def _row(row: Row[Any]) -> OfficePaperRow:
    why = CATALOGUE.get(row.waits_for or "")
    state = "waiting" if row.sealed_at is None else "superseded" if row.superseded_by else "sealed"
    return OfficePaperRow(
        paper_id=row.id, kind=row.kind, template=row.template, unit=row.unit, sha256=row.sha256,
        written_by=row.written_by, approved_by=row.decided_by, approved_at=row.written_at, state=state,
        number=row.number, sealed_at=row.sealed_at, verify_path=None if row.code is None else f"/verify/{row.code}",
        supersedes=row.supersedes, superseded_by=row.superseded_by, why_zh=why and why.zh, why_en=why and why.en,
    )  # fmt: skip
