"""HTTP face of drafts: parse, call the use case, answer."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from documents import access, resources
from documents.drafts import store, usecases, word
from documents.drafts.models import (
    DraftChange,
    DraftDifference,
    DraftIn,
    DraftOut,
    DraftRow,
    FilingIn,
    Missing,
    SectionDifference,
    TemplateOut,
    Version,
    VersionRow,
)
from documents.drafts.usecases import Draft
from documents.faces import PREFIX, Reader, runtime_of
from documents.files.uploads import body_of
from documents.papers import checking
from documents.papers.api import paper_row
from documents.papers.library import Template
from documents.papers.models import PaperRow
from kit.auth import Principal
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of

router = APIRouter(prefix=PREFIX, route_class=IdempotentRoute, tags=["documents"])
templates_router = APIRouter(prefix="/api/documents/v1", tags=["documents"])
PDF = "application/pdf"
Number = Annotated[Version | None, Query(description="of the newest when it is left out")]


def _binary(media_type: str) -> dict[str, Any]:
    return {media_type: {"schema": {"type": "string", "format": "binary"}}}


PDF_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": _binary(PDF)}}
DOCX_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": _binary(word.MEDIA_TYPE)}}
DOCX_BODY = {"requestBody": {"required": True, "content": _binary(word.MEDIA_TYPE)}}


@templates_router.get("/paper-templates")
async def list_templates(request: Request, reader: Reader) -> list[TemplateOut]:
    """The kinds of papers of a case, each with the form of its newest template."""
    offered = resources.of(runtime_of(request)).templates.offered()
    return [template_out(each, reader) for each in offered if each.of == "case"]


def template_out(template: Template, reader: Principal) -> TemplateOut:
    return TemplateOut(
        kind=template.kind, version=template.version, name=template.zh, name_en=template.en,
        files_as=template.files_as, legal_basis=template.legal_basis,
        may_draft=bool(reader.roles & template.drafted_by), form=dict(template.schema),
    )  # fmt: skip


@router.post("/drafts", status_code=201, dependencies=[Idempotent])
async def begin_draft(request: Request, session: Db, writer: Reader, petition_id: UUID, body: DraftIn) -> DraftOut:
    """Begin a draft of a paper. Sections may be missing until it is filed; what is there must be right."""
    begun = await usecases.begin(runtime_of(request), session, writer, petition_id, body.kind, body.sections)
    return shown(begun, writer)


@router.get("/drafts")
async def list_drafts(
    session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[DraftRow]:
    """Drafts of the caller's unit, in the order they were begun."""
    if not await access.is_readable(session, petition_id, reader):
        raise Refused("not-found")
    rows = await store.of_petition(session, petition_id, reader, after=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[draft_row(row) for row in rows[:limit]], next=more)


@router.get("/drafts/{draft_id}")
async def read_draft(
    request: Request, session: Db, reader: Reader, petition_id: UUID, draft_id: UUID, version: Number = None
) -> DraftOut:
    """A draft with its sections. The reading is recorded."""
    runtime = runtime_of(request)
    draft = await usecases.open_draft(
        runtime, session, reader, petition_id, draft_id, action="read-draft", number=version
    )
    return shown(draft, reader)


@router.put("/drafts/{draft_id}")
async def save_draft(
    request: Request, session: Db, writer: Reader, petition_id: UUID, draft_id: UUID, body: DraftChange
) -> DraftOut:
    """Save the next version. All versions are kept; the same content sent again makes none."""
    runtime = runtime_of(request)
    return shown(
        await usecases.save(runtime, session, writer, petition_id, draft_id, body.version, body.sections), writer
    )


@router.get("/drafts/{draft_id}/versions")
async def list_versions(
    session: Db, reader: Reader, petition_id: UUID, draft_id: UUID, limit: Limit = 50, before: Number = None
) -> list[VersionRow]:
    """Who saved when, the newest first."""
    row = await usecases.found(session, petition_id, draft_id, reader)
    rows = await store.versions(session, draft_id, before=before or row.version + 1, limit=limit)
    return [
        VersionRow(version=each.version, saved_by=each.saved_by, saved_at=each.saved_at, source=each.source)
        for each in rows
    ]


@router.get("/drafts/{draft_id}/differences")
async def compare_versions(
    request: Request, session: Db, reader: Reader, petition_id: UUID, draft_id: UUID,
    before: Annotated[Version, Query()], after: Annotated[Version, Query()],
) -> DraftDifference:  # fmt: skip
    """What changed from one version to another. The reading is recorded."""
    runtime = runtime_of(request)
    draft, found = await usecases.compare(runtime, session, reader, petition_id, draft_id, before, after)
    titles = draft.template.schema["properties"]
    sections = [
        SectionDifference(
            section=each.section, title=titles[each.section]["title"], title_en=titles[each.section]["title_en"],
            changes=[{"kind": change.kind, "text": change.text} for change in each.changes],
        )
        for each in found
    ]  # fmt: skip
    return DraftDifference(before=before, after=after, sections=sections)


@router.post("/drafts/{draft_id}/filing", status_code=201, dependencies=[Idempotent])
async def file_draft(
    request: Request, session: Db, writer: Reader, petition_id: UUID, draft_id: UUID, body: FilingIn
) -> PaperRow:
    """File a draft as a paper of the case. From then on nobody can change it."""
    runtime = runtime_of(request)
    return paper_row(await usecases.file(runtime, session, writer, petition_id, draft_id, body.version))


@router.get("/drafts/{draft_id}/preview", response_class=Response, responses=PDF_ANSWER)
async def preview_draft(
    request: Request, reader: Reader, petition_id: UUID, draft_id: UUID, version: Number = None
) -> Response:
    """The draft as PDF, marked as a draft. The reading is recorded."""
    draft, pdf = await usecases.preview(runtime_of(request), reader, petition_id, draft_id, version)
    return as_file(pdf, PDF, f"{draft.template.zh}-草稿.pdf", inline=True)


@router.get("/papers/{paper_id}/preview", response_class=Response, responses=PDF_ANSWER)
async def preview_paper(request: Request, reader: Reader, petition_id: UUID, paper_id: UUID) -> Response:
    """A filed paper as PDF, without number and seal and marked so. The reading is recorded."""
    pdf = await usecases.unsealed(runtime_of(request), reader, petition_id, paper_id)
    return as_file(pdf, PDF, f"{paper_id}.pdf", inline=True)


@router.get("/drafts/{draft_id}/docx", response_class=Response, responses=DOCX_ANSWER)
async def take_to_word(
    request: Request, session: Db, reader: Reader, petition_id: UUID, draft_id: UUID, version: Number = None
) -> Response:
    """The draft as .docx, to be edited in Word and sent back. The reading is recorded."""
    runtime = runtime_of(request)
    draft = await usecases.open_draft(
        runtime, session, reader, petition_id, draft_id, action="take-draft-to-word", number=version
    )
    content = await resources.of(runtime).threads.run(word.to_docx, draft.template, draft.sections, draft.number)
    return as_file(content, word.MEDIA_TYPE, f"{draft.template.zh}-第{draft.number}稿.docx")


@router.put("/drafts/{draft_id}/docx", openapi_extra=DOCX_BODY)
async def bring_from_word(
    request: Request, writer: Reader, petition_id: UUID, draft_id: UUID, version: Number = None
) -> DraftOut:
    """Save what was edited in Word as the next version; the body is the .docx. version: the one it was written over,
    when the file does not say which was downloaded.
    """
    runtime = runtime_of(request)
    body = body_of(request, limit=word.LARGEST, silence=resources.of(runtime).settings.silence_seconds)
    draft = await usecases.bring_from_word(runtime, writer, petition_id, draft_id, body, version)
    return shown(draft, writer)


def as_file(content: bytes, media_type: str, name: str, *, inline: bool = False) -> Response:
    shown = "inline" if inline else "attachment"
    headers = {
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


def draft_row(row: Row[Any]) -> DraftRow:
    kind, _, version = row.template.partition("/")
    return DraftRow(
        draft_id=row.id, petition_id=row.petition_id, kind=kind, template_version=int(version), unit=row.unit,
        version=row.version, begun_by=row.begun_by, begun_at=row.begun_at, saved_by=row.saved_by,
        saved_at=row.saved_at, paper_id=row.paper_id,
    )  # fmt: skip


def shown(draft: Draft, reader: Principal) -> DraftOut:
    _, missing = checking.check(draft.template, draft.sections)
    lacking = [Missing(section=each.section, zh=each.zh, en=each.en) for each in missing]
    return DraftOut(
        **draft_row(draft.row).model_dump(), shown=draft.number, sections=draft.sections, missing=lacking,
        template=template_out(draft.template, reader),
    )  # fmt: skip
