"""HTTP face of papers: parse, call the use case, answer."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import Row

from documents import resources
from documents.faces import PREFIX, Office, Reader, page, runtime_of
from documents.moving.domain import PAPER
from documents.papers import checking, tables, usecases
from documents.papers.domain import FromTemplate, Notice, Opinion
from documents.papers.models import NoticeIn, OpinionIn, PaperIn, PaperOut, PaperRow
from documents.papers.shown import parts
from documents.papers.store import Filed
from kit.auth import Principal
from kit.db import Db
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page
from kit.runtime import Runtime

router = APIRouter(prefix=PREFIX, route_class=IdempotentRoute, tags=["documents"])
SHORT = ("request", "facts", "opinion", "legal_basis", "outcome", "text")  # sections that answers name by themselves


@router.post("/papers", status_code=201, dependencies=[Idempotent])
async def file_paper(request: Request, session: Db, writer: Office, petition_id: UUID, body: PaperIn) -> PaperRow:
    """File a paper (文书); an opinion by a handler or leader. From then on nobody can change it."""
    runtime = runtime_of(request)
    return paper_row(await usecases.file_paper(runtime, session, writer, petition_id, _asked(runtime, writer, body)))


def _asked(runtime: Runtime, writer: Principal, body: PaperIn) -> Opinion | Notice | FromTemplate:
    if isinstance(body, OpinionIn):
        return Opinion(body.request, body.facts, body.opinion, body.legal_basis, body.outcome)
    if isinstance(body, NoticeIn):
        return Notice(body.kind, body.text, body.legal_basis)
    return checking.written(resources.of(runtime).templates.newest(body.kind), body.sections, writer)


@router.get("/papers")
async def list_papers(
    session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[PaperRow]:
    """Papers of a petition in the order they were filed, those too that are still coming, without their text."""
    rows, more = await page(session, tables.papers, petition_id, reader, cursor, limit, kind=PAPER)
    return Page(items=[paper_row(row) for row in rows], next=more)


@router.get("/papers/{paper_id}")
async def read_paper(request: Request, session: Db, reader: Reader, petition_id: UUID, paper_id: UUID) -> PaperOut:
    """One paper with its text. The reading is recorded."""
    runtime = runtime_of(request)
    row, text = await usecases.read_paper(runtime, session, reader, petition_id, paper_id)
    named = {name: text.get(name) for name in SHORT}
    known = resources.of(runtime).templates.templates.get(row.template or f"{row.kind}/1")
    return PaperOut(**paper_row(row).model_dump(), **named, sections=text, parts=parts(known, text))


def paper_row(row: Row[Any] | Filed) -> PaperRow:
    return PaperRow(
        paper_id=row.id, petition_id=row.petition_id, kind=row.kind, sha256=row.sha256, unit=row.unit,
        written_by=row.written_by, written_at=row.written_at, template=row.template, here=not hasattr(row, "come"),
    )  # fmt: skip
