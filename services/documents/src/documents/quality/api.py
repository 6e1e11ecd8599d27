"""HTTP face of case quality review (案件评查): parse, call the use case, answer."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from documents import access, resources
from documents.drafts.api import PDF_ANSWER
from documents.drafts.usecases import UNSEALED, unit_name
from documents.faces import Reader, runtime_of
from documents.papers.rendering import DRAFT, Filled, Marks
from documents.quality import rectifying, reporting, rounds, showing, store, usecases, writing
from documents.quality.domain import Answered
from documents.quality.knowing import record_of
from documents.quality.models import (
    AnswersIn,
    CaseOut,
    CaseRow,
    ChecklistOut,
    ConclusionIn,
    DecisionIn,
    FiguresOut,
    OrderIn,
    RectificationOut,
    RectificationRow,
    ReportOut,
    RoundIn,
    RoundOut,
    StepIn,
)
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime

router = APIRouter(prefix="/api/documents/v1/quality", route_class=IdempotentRoute, tags=["documents"])
Leading = Annotated[Principal, allow("leader", "supervisor")]
Reviewing = Annotated[Principal, allow("handler", "leader", "supervisor")]
Answering = Annotated[Principal, allow("handler", "leader")]
OpenOnly = Annotated[bool, Query(alias="open", description="those alone that are not settled")]
CASE = "/rounds/{round_id}/cases/{petition_id}"
ONE = "/rectifications/{rectification_id}"


@router.get("/checklists")
async def list_checklists(request: Request, reader: Reader) -> list[ChecklistOut]:
    """The newest version of every checklist (评查标准)."""
    del reader
    return [showing.checklist_out(each) for each in resources.of(runtime_of(request)).checklists.newest()]


@router.post("/rounds", status_code=201, dependencies=[Idempotent])
async def open_round(request: Request, session: Db, leader: Leading, body: RoundIn) -> RoundOut:
    """Open a round (专项评查): cases that ended in a period are drawn at random, so many of each unit."""
    runtime = runtime_of(request)
    wanted = rounds.RoundWanted(**body.model_dump())
    return showing.round_out(runtime, await rounds.open_round(runtime, session, leader, wanted))


@router.get("/rounds")
async def list_rounds(
    request: Request, session: Db, reader: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[RoundOut]:
    """Rounds that the caller's unit opened or reviews in, the newest first."""
    rows = await store.list_rounds(session, reader, after(cursor), limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[showing.round_out(runtime_of(request), row) for row in rows[:limit]], next=more)


@router.get("/rounds/{round_id}")
async def read_round(request: Request, session: Db, reader: Reader, round_id: UUID) -> RoundOut:
    return showing.round_out(runtime_of(request), await rounds.found(session, round_id, reader))


@router.post("/rounds/{round_id}/closing", dependencies=[Idempotent])
async def close_round(request: Request, session: Db, leader: Leading, round_id: UUID) -> RoundOut:
    """End a round, when all its cases are concluded."""
    runtime = runtime_of(request)
    return showing.round_out(runtime, await rounds.close_round(runtime, session, leader, round_id))


@router.get("/rounds/{round_id}/figures")
async def round_figures(request: Request, session: Db, reader: Reader, round_id: UUID) -> FiguresOut:
    """What was found, by unit and by item, of the cases that the caller may read."""
    round_ = await rounds.found(session, round_id, reader)
    checklist = rounds.checklist_of(runtime_of(request), round_)
    return showing.figures_out(await reporting.figures(session, round_id, reader, checklist))


@router.get("/rounds/{round_id}/report")
async def report_sections(request: Request, session: Db, reader: Reader, round_id: UUID) -> ReportOut:
    """What the report of the round says, as sections of its template: an office draft can begin with them. The reading
    is recorded.
    """
    _, sections = await _report(runtime_of(request), session, reader, round_id)
    return ReportOut(kind=writing.ROUND, sections=sections)


async def _report(
    runtime: Runtime, session: Session, reader: Principal, round_id: UUID
) -> tuple[Row[Any], dict[str, Any]]:
    round_ = await rounds.found(session, round_id, reader)
    checklist = rounds.checklist_of(runtime, round_)
    figures = await reporting.figures(session, round_id, reader, checklist)
    rounds.note(runtime, session, reader, round_id, "read-quality-report")
    return round_, writing.of_round(runtime, round_, checklist, figures)


@router.get("/rounds/{round_id}/report.pdf", response_class=Response, responses=PDF_ANSWER)
async def report_pdf(request: Request, reader: Reader, round_id: UUID) -> Response:
    """The report of the round (专项评查报告) as PDF, without number and seal and marked so. The reading is recorded."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        round_, sections = await _report(runtime, session, reader, round_id)
    held = resources.of(runtime)
    filled = Filled(writing.ROUND, held.templates.newest(writing.ROUND).version, sections)
    marks = Marks(None, unit_name(runtime, round_.unit), watermark=DRAFT if round_.closed_at is None else UNSEALED)
    return _file(await held.renderers.render(filled, marks), "application/pdf", "专项评查报告.pdf")


@router.get("/rounds/{round_id}/report.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def report_csv(request: Request, session: Db, reader: Reader, round_id: UUID) -> Response:
    """A line for each finding, and one for each case without any; no texts and no persons. The reading is recorded."""
    runtime = runtime_of(request)
    checklist = rounds.checklist_of(runtime, await rounds.found(session, round_id, reader))
    rows = await reporting.lines(session, round_id, reader)
    rounds.note(runtime, session, reader, round_id, "export-quality-findings", rows=str(len(rows)))

    def written() -> bytes:
        return reporting.as_csv(rows, checklist, lambda code: unit_name(runtime, code))

    return _file(await resources.of(runtime).threads.run(written), "text/csv; charset=utf-8", "评查问题清单.csv")


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


@router.get("/rounds/{round_id}/cases")
async def list_cases(
    session: Db, reader: Reader, round_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseRow]:
    """Cases of a round that the caller may read, in the order in which they were drawn."""
    await rounds.found(session, round_id, reader)
    seen = after(cursor)
    rows = await store.list_cases(session, round_id, reader, 0 if seen is None else min(seen.int, 2**31 - 1), limit)
    more = cursor_of(UUID(int=rows[limit - 1].position)) if len(rows) > limit else None
    return Page(items=[showing.case_row(row, reader) for row in rows[:limit]], next=more)


@router.get(CASE)
async def read_case(request: Request, session: Db, reader: Reader, round_id: UUID, petition_id: UUID) -> CaseOut:
    """The checklist of a case: what the record says of each item, what was found. The reading is recorded."""
    runtime = runtime_of(request)
    access.note(runtime, session, reader, petition_id, "read-review", round=str(round_id))
    return await _case(runtime, session, reader, round_id, petition_id)


async def _case(runtime: Runtime, session: Session, reader: Principal, round_id: UUID, petition_id: UUID) -> CaseOut:
    round_ = await rounds.found(session, round_id, reader)
    row = await usecases.found_case(session, round_id, petition_id, reader)
    return showing.case_out(
        runtime, reader, round_, row, rounds.checklist_of(runtime, round_),
        await usecases.answered(runtime, session, row), await record_of(runtime, session, petition_id),
        await store.rectification_of(session, row),
    )  # fmt: skip


@router.put(CASE + "/answers")
async def save_answers(
    request: Request, session: Db, reviewer: Reviewing, round_id: UUID, petition_id: UUID, body: AnswersIn
) -> CaseOut:
    """Answer items, as a unit that did not handle the case. The same sent again changes nothing."""
    runtime = runtime_of(request)
    given = [Answered(each.item, each.answer, each.severity, each.note or "") for each in body.answers]
    await usecases.save_answers(runtime, session, reviewer, round_id, petition_id, body.version, given)
    return await _case(runtime, session, reviewer, round_id, petition_id)


@router.post(CASE + "/rectification", status_code=201, dependencies=[Idempotent])
async def order_rectification(
    request: Request, session: Db, reviewer: Leading, round_id: UUID, petition_id: UUID, body: OrderIn
) -> CaseOut:
    """Order the unit that ended the case to put findings right (整改) by a day."""
    runtime = runtime_of(request)
    await usecases.order(
        runtime, session, reviewer, round_id, petition_id, body.version, items=body.items, due_on=body.due_on,
        demand=body.demand,
    )  # fmt: skip
    return await _case(runtime, session, reviewer, round_id, petition_id)


@router.post(CASE + "/conclusion", dependencies=[Idempotent])
async def conclude(
    request: Request, session: Db, reviewer: Leading, round_id: UUID, petition_id: UUID, body: ConclusionIn
) -> CaseOut:
    """Conclude the review; its report is filed among the papers of the petition."""
    runtime = runtime_of(request)
    await usecases.conclude(
        runtime, session, reviewer, round_id, petition_id, body.version, grade=body.grade, text=body.text
    )
    return await _case(runtime, session, reviewer, round_id, petition_id)


@router.get("/rectifications")
async def list_rectifications(
    request: Request, session: Db, reader: Reader, limit: Limit = 50, cursor: Cursor = None, *,
    open_only: OpenOnly = False,
) -> Page[RectificationRow]:  # fmt: skip
    """What the caller's unit has to put right, and what its rounds ordered, the newest first."""
    rows = await store.list_rectifications(session, reader, after(cursor), limit, open_only=open_only)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[showing.rectification_row(runtime_of(request), row) for row in rows[:limit]], next=more)


@router.get(ONE)
async def read_rectification(request: Request, session: Db, reader: Reader, rectification_id: UUID) -> RectificationOut:
    """What is to be put right, and what was said of it. The reading is recorded."""
    runtime = runtime_of(request)
    told = await _rectification(runtime, session, reader, rectification_id)
    access.note(runtime, session, reader, told.petition_id, "read-rectification", order=str(rectification_id))
    return told


async def _rectification(
    runtime: Runtime, session: Session, reader: Principal, rectification_id: UUID
) -> RectificationOut:
    row = await rectifying.found(session, rectification_id, reader)
    checklist = rounds.checklist_of(runtime, row)
    found = await usecases.answered(runtime, session, row)
    return await showing.rectification_out(runtime, session, reader, row, checklist, found)


@router.post(ONE + "/answers", dependencies=[Idempotent])
async def answer_rectification(
    request: Request, session: Db, who: Answering, rectification_id: UUID, body: StepIn
) -> RectificationOut:
    """The unit says what it put right."""
    runtime = runtime_of(request)
    await rectifying.answer(runtime, session, who, rectification_id, body.version, body.text)
    return await _rectification(runtime, session, who, rectification_id)


@router.post(ONE + "/decisions", dependencies=[Idempotent])
async def decide_rectification(
    request: Request, session: Db, who: Leading, rectification_id: UUID, body: DecisionIn
) -> RectificationOut:
    """The reviewer takes the answer, or gives it back."""
    runtime = runtime_of(request)
    await rectifying.decide(runtime, session, who, rectification_id, body.version, body.text, accepted=body.accepted)
    return await _rectification(runtime, session, who, rectification_id)
