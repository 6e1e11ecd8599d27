"""HTTP face of papers: parse, call the use case, answer."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import Row

from documents.faces import PREFIX, Office, Reader, page, runtime_of
from documents.papers import tables, usecases
from documents.papers.domain import Notice, Opinion
from documents.papers.models import OpinionIn, PaperIn, PaperOut, PaperRow
from kit.db import Db
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page

router = APIRouter(prefix=PREFIX, route_class=IdempotentRoute, tags=["documents"])


@router.post("/papers", status_code=201, dependencies=[Idempotent])
async def file_paper(request: Request, session: Db, writer: Office, petition_id: UUID, body: PaperIn) -> PaperRow:
    """File a paper (文书); an opinion by a handler or leader. From then on nobody can change it."""
    paper: Opinion | Notice
    if isinstance(body, OpinionIn):
        paper = Opinion(body.request, body.facts, body.opinion, body.legal_basis, body.outcome)
    else:
        paper = Notice(body.kind, body.text, body.legal_basis)
    return _paper(await usecases.file_paper(runtime_of(request), session, writer, petition_id, paper))


@router.get("/papers")
async def list_papers(
    session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[PaperRow]:
    """Papers of a petition in the order they were filed, without their text."""
    rows, more = await page(session, tables.papers, petition_id, reader, cursor, limit)
    return Page(items=[_paper(row) for row in rows], next=more)


@router.get("/papers/{paper_id}")
async def read_paper(request: Request, session: Db, reader: Reader, petition_id: UUID, paper_id: UUID) -> PaperOut:
    """One paper with its text. The reading is recorded."""
    row, text = await usecases.read_paper(runtime_of(request), session, reader, petition_id, paper_id)
    return PaperOut(**_paper(row).model_dump(), **text)


def _paper(row: Row[Any]) -> PaperRow:
    return PaperRow(
        paper_id=row.id, petition_id=row.petition_id, kind=row.kind, sha256=row.sha256, unit=row.unit,
        written_by=row.written_by, written_at=row.written_at,
    )  # fmt: skip
