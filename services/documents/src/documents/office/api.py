"""HTTP face of papers of a unit: drafting, as for papers of a case, and the decision by four eyes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from documents import resources
from documents.drafts import api as drafts_api
from documents.drafts import usecases as drafts
from documents.drafts import word
from documents.drafts.api import DOCX_ANSWER, DOCX_BODY, PDF_ANSWER, Number, draft_row, template_out
from documents.drafts.models import DraftChange, DraftDifference, DraftIn, TemplateOut, Version, VersionRow
from documents.drafts.usecases import Draft
from documents.faces import Reader, runtime_of
from documents.files.uploads import body_of
from documents.office import store, usecases
from documents.office.domain import check_decision
from documents.office.models import DecisionIn, OfficeDraftOut, OfficeDraftRow, SentRow, SubmissionIn
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime

router = APIRouter(prefix="/api/documents/v1", route_class=IdempotentRoute, tags=["documents"])
Leader = Annotated[Principal, allow("leader")]
Waiting = Annotated[bool, Query(description="only those that wait for a decision")]


@router.get("/office-templates")
async def list_office_templates(request: Request, reader: Reader) -> list[TemplateOut]:
    """The kinds of papers a unit writes that belong to no case, each with the form of its newest template."""
    offered = resources.of(runtime_of(request)).templates.offered()
    return [template_out(each, reader) for each in offered if each.of == "unit"]


@router.post("/office-drafts", status_code=201, dependencies=[Idempotent])
async def begin_office_draft(request: Request, session: Db, writer: Reader, body: DraftIn) -> OfficeDraftOut:
    """Begin a draft of a paper of the own unit (机关文书)."""
    runtime = runtime_of(request)
    begun = await usecases.begin(runtime, session, writer, body.kind, body.sections)
    return await _shown(runtime, session, begun, writer)


@router.get("/office-drafts")
async def list_office_drafts(
    session: Db, reader: Reader, limit: Limit = 50, cursor: Cursor = None, waiting: Waiting = False
) -> Page[OfficeDraftRow]:
    """Drafts of the own unit, the newest first."""
    folder = await store.folder_of(session, reader)
    if folder is None:
        return Page(items=[])
    rows = await store.drafts_of(session, folder, reader, waiting=waiting, before=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[_row(row) for row in rows[:limit]], next=more)


@router.get("/office-drafts/{draft_id}")
async def read_office_draft(
    request: Request, session: Db, reader: Reader, draft_id: UUID, version: Number = None
) -> OfficeDraftOut:
    """A draft with its sections. The reading is recorded."""
    runtime, folder = runtime_of(request), await usecases.own_folder(session, reader)
    draft = await drafts.open_draft(
        runtime, session, reader, folder, draft_id, action="read-draft", number=version
    )  # fmt: skip
    return await _shown(runtime, session, draft, reader)


@router.put("/office-drafts/{draft_id}")
async def save_office_draft(
    request: Request, session: Db, writer: Reader, draft_id: UUID, body: DraftChange
) -> OfficeDraftOut:
    """Save the next version; one that was sent is thereby taken back."""
    runtime, folder = runtime_of(request), await usecases.own_folder(session, writer)
    saved = await drafts.save(runtime, session, writer, folder, draft_id, body.version, body.sections)
    return await _shown(runtime, session, saved, writer)


@router.get("/office-drafts/{draft_id}/versions")
async def list_office_versions(
    session: Db, reader: Reader, draft_id: UUID, limit: Limit = 50, before: Number = None
) -> list[VersionRow]:
    """Who saved when, the newest first."""
    folder = await usecases.own_folder(session, reader)
    return await drafts_api.list_versions(session, reader, folder, draft_id, limit, before)


@router.get("/office-drafts/{draft_id}/differences")
async def compare_office_versions(
    request: Request, session: Db, reader: Reader, draft_id: UUID, before: Annotated[Version, Query()],
    after: Annotated[Version, Query()],
) -> DraftDifference:  # fmt: skip
    """What changed from one version to another. The reading is recorded."""
    folder = await usecases.own_folder(session, reader)
    return await drafts_api.compare_versions(request, session, reader, folder, draft_id, before, after)


@router.get("/office-drafts/{draft_id}/preview", response_class=Response, responses=PDF_ANSWER)
async def preview_office_draft(request: Request, reader: Reader, draft_id: UUID, version: Number = None) -> Response:
    """The draft as PDF, marked as a draft. The reading is recorded."""
    return await drafts_api.preview_draft(request, reader, await _folder(request, reader), draft_id, version)


@router.get("/office-drafts/{draft_id}/docx", response_class=Response, responses=DOCX_ANSWER)
async def take_office_draft_to_word(
    request: Request, session: Db, reader: Reader, draft_id: UUID, version: Number = None
) -> Response:
    """The draft as .docx, to be edited in Word and sent back. The reading is recorded."""
    folder = await usecases.own_folder(session, reader)
    return await drafts_api.take_to_word(request, session, reader, folder, draft_id, version)


@router.put("/office-drafts/{draft_id}/docx", openapi_extra=DOCX_BODY)
async def bring_office_draft_from_word(
    request: Request, writer: Reader, draft_id: UUID, version: Number = None
) -> OfficeDraftRow:
    """Save what was edited in Word as the next version; the body is the .docx."""
    runtime, folder = runtime_of(request), await _folder(request, writer)
    body = body_of(request, limit=word.LARGEST, silence=resources.of(runtime).settings.silence_seconds)
    draft = await drafts.bring_from_word(runtime, writer, folder, draft_id, body, version)
    async with runtime.database.transaction() as session:
        return _row(await store.draft(session, draft.row.id))


async def _folder(request: Request, reader: Principal) -> Any:
    """For what holds no connection while it works."""
    async with runtime_of(request).database.transaction() as session:
        return await usecases.own_folder(session, reader)


@router.post("/office-drafts/{draft_id}/submission", dependencies=[Idempotent])
async def send_office_draft(
    request: Request, session: Db, writer: Reader, draft_id: UUID, body: SubmissionIn
) -> OfficeDraftRow:
    """Send a version to be approved (送审); everything that is missing is told at once."""
    await usecases.submit(
        runtime_of(request), session, writer, draft_id, body.version, supersedes=body.supersedes, reason=body.reason
    )
    return _row(await store.draft(session, draft_id))


@router.post("/office-drafts/{draft_id}/decision", dependencies=[Idempotent])
async def decide_on_office_draft(
    request: Request, session: Db, leader: Leader, draft_id: UUID, body: DecisionIn
) -> OfficeDraftRow:
    """Approve a draft, which makes it a paper with number and seal within seconds, or return it; never one's own."""
    runtime = runtime_of(request)
    if body.reason is None:
        await usecases.approve(runtime, session, leader, draft_id, body.version)
    else:
        await usecases.send_back(runtime, session, leader, draft_id, body.version, body.reason)
    return _row(await store.draft(session, draft_id))


def _row(row: Row[Any]) -> OfficeDraftRow:
    fields = draft_row(row).model_dump(exclude={"petition_id"})
    return OfficeDraftRow(**fields, state=usecases.standing(row), sent_by=row.sent_by, sent_at=row.sent_at)


async def _shown(runtime: Runtime, session: Session, draft: Draft, reader: Principal) -> OfficeDraftOut:
    row = await store.draft(session, draft.row.id)
    authors = await store.authors(session, draft.row.id)
    content = drafts_api.shown(draft, reader).model_dump(include={"shown", "sections", "missing", "template"})
    return OfficeDraftOut(
        **_row(row).model_dump(), **content, may_decide="leader" in reader.roles and _open_to(row, authors, reader),
        history=[_sent(runtime, each) for each in await store.history(session, draft.row.id)],
    )  # fmt: skip


def _open_to(row: Row[Any], authors: set[str], reader: Principal) -> bool:
    try:
        check_decision(usecases.standing(row), authors, reader.subject)
    except Refused:
        return False
    return True


def _sent(runtime: Runtime, row: Row[Any]) -> SentRow:
    return SentRow(
        version=row.version, sent_by=row.sent_by, sent_at=row.sent_at, supersedes=row.supersedes,
        decision=row.decision, reason=usecases.reason_of(runtime, row), decided_by=row.decided_by,
        decided_at=row.decided_at,
    )  # fmt: skip
