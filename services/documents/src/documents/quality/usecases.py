"""What can be done with a case under review: its items answered, findings to be put right, a conclusion."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.drafts.facts import CHINA
from documents.papers import checking
from documents.papers.usecases import file_paper
from documents.quality import rounds, store, writing
from documents.quality.domain import (
    DECIDING,
    REVIEWING,
    Answered,
    Checklist,
    Grade,
    Item,
    after,
    check_reviewer,
    fits,
    points,
    unanswered,
    wrong_with,
)
from documents.quality.facts import proposed
from documents.quality.knowing import record_of
from documents.quality.sealing import conclusion_binding, note_binding, opened, sealed, step_binding
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def found_case(
    session: Session, round_id: UUID, petition_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any]:
    """Raises Refused("not-found")."""
    row = await store.find_case(session, round_id, petition_id, reader, lock=lock)
    if row is None:
        raise Refused("not-found")
    return row


async def _reviewed(
    session: Session, reviewer: Principal, round_id: UUID, petition_id: UUID, roles: frozenset[str]
) -> tuple[Row[Any], Row[Any]]:
    """The round and the case, locked, for a reviewer. Raises Refused."""
    if not reviewer.roles & roles:
        raise Refused("not-allowed")
    round_ = await rounds.found(session, round_id, reviewer)
    row = await found_case(session, round_id, petition_id, reviewer, lock=True)
    check_reviewer(reviewer.unit, row.reviewer, [*row.handled_by, *((reviewer.unit,) if row.own else ())])
    if round_.closed_at is not None:
        raise Refused("quality-round-closed")
    return round_, row


async def save_answers(
    runtime: Runtime, session: Session, reviewer: Principal, round_id: UUID, petition_id: UUID, version: int,
    given: Sequence[Answered],
) -> None:  # fmt: skip
    """Answer items; the rest stays as it is. The same sent again changes nothing.

    Raises Refused: "not-found", "not-allowed", "quality-own-case", "quality-other-reviewer", "quality-not-now",
    "version-conflict", "invalid-input".
    """
    round_, row = await _reviewed(session, reviewer, round_id, petition_id, REVIEWING)
    checklist = rounds.checklist_of(runtime, round_)
    record = await record_of(runtime, session, petition_id)
    _check_known(checklist, given)
    told = [_with_record(each, proposed(checklist.items[each.item], record).answer) for each in given]
    standing = {each.item: each for each in await answered(runtime, session, row)}
    changed = [each for each in told if standing.get(each.item) != each]
    if not changed:
        return
    _check_version(row, version)
    state = after(row.state, "answer")
    _check_answers(checklist.items, changed)
    at = runtime.clock.now()
    await store.save_answers(session, [
        {
            "round_id": round_id, "petition_id": petition_id, "item": each.item, "answer": each.answer,
            "severity": each.severity, "record": each.record, "answered_by": reviewer.subject, "answered_at": at,
            "note": sealed(runtime, each.note, note_binding(round_id, petition_id, each.item)),
        }
        for each in changed
    ])  # fmt: skip
    await store.change_case(session, row, state=state)
    access.note(runtime, session, reviewer, petition_id, "review-case", round=str(round_id), items=str(len(changed)))


def _with_record(given: Answered, record: Any) -> Answered:
    return Answered(given.item, given.answer, given.severity, given.note, record)


def _check_known(checklist: Checklist, given: Sequence[Answered]) -> None:
    names = [each.item for each in given]
    wrong = [name for name in names if name not in checklist.items or names.count(name) > 1]
    if wrong:
        raise _invalid([(f"answers.{name[:60]}", "没有此项，或重复", "no such item, or twice") for name in wrong])


def _check_answers(items: Mapping[str, Item], told: Sequence[Answered]) -> None:
    said = {
        "answer": ("此项不能这样评", "not an answer of this item"),
        "severity": ("不合格的须选择程度，其他的不选", "a failure has a severity, nothing else has one"),
        "note": ("须写明问题；与记录不一致的须说明理由", "say what was found, or why the record is wrong"),
    }
    wrong = [(each.item, part) for each in told if (part := wrong_with(items[each.item], each)) is not None]
    if wrong:
        raise _invalid([
            (f"answers.{item}.{part}", f"{items[item].zh}：{said[part][0]}", f"{items[item].en}: {said[part][1]}")
            for item, part in wrong
        ])  # fmt: skip


def _invalid(errors: Sequence[tuple[str, str, str]]) -> Refused:
    listed = [
        {"field": f"body.{name}".rstrip("."), "reason": f"{zh} ({en})", "zh": zh, "en": en} for name, zh, en in errors
    ]
    return Refused("invalid-input", errors=listed)


def _check_version(row: Row[Any], version: int) -> None:
    if row.version != version:
        raise Refused("version-conflict", version=row.version)


async def answered(runtime: Runtime, session: Session, row: Any) -> list[Answered]:
    """The answers of a case that the caller may read. row: of the case, or of its rectification."""
    found = (await store.answers_of(session, row)).values()
    return [
        Answered(
            each.item, each.answer, each.severity,
            opened(runtime, each.note, note_binding(each.round_id, each.petition_id, each.item)), each.record,
        )
        for each in found
    ]  # fmt: skip


async def order(
    runtime: Runtime, session: Session, reviewer: Principal, round_id: UUID, petition_id: UUID, version: int, *,
    items: Sequence[str], due_on: date, demand: str,
) -> None:  # fmt: skip
    """Order the unit that ended the case to put findings right (整改); items: none given, all findings.

    Raises Refused: as `save_answers`, "quality-unfinished", "quality-no-finding".
    """
    round_, row = await _reviewed(session, reviewer, round_id, petition_id, DECIDING)
    _check_version(row, version)
    state = after(row.state, "order")
    found = await answered(runtime, session, row)
    _check_whole(rounds.checklist_of(runtime, round_), found)
    findings = [each.item for each in found if each.answer == "fail"]
    if not findings:
        raise Refused("quality-no-finding")
    if not set(items) <= set(findings):
        raise _invalid([("items", "只能选查出的问题", "only findings can be ordered")])
    if due_on <= runtime.clock.now().astimezone(CHINA).date():
        raise _invalid([("due_on", "须为将来的日期", "must be a day to come")])
    rectification_id = runtime.ids.new()
    await store.order(
        session, id=rectification_id, round_id=round_id, petition_id=petition_id, unit=row.unit, due_on=due_on,
        items=sorted(set(items) or findings),
    )  # fmt: skip
    await add_step(runtime, session, reviewer, rectification_id, 1, "order", demand)
    await store.change_case(session, row, state=state)
    access.note(runtime, session, reviewer, petition_id, "order-rectification", order=str(rectification_id))


def _check_whole(checklist: Checklist, found: Sequence[Answered]) -> None:
    missing = unanswered(checklist, [each.item for each in found])
    if missing:
        raise Refused("quality-unfinished", items=missing)


async def add_step(
    runtime: Runtime, session: Session, who: Principal, rectification_id: UUID, version: int, step: str, text: str
) -> None:
    await store.add_step(
        session, rectification_id=rectification_id, version=version, step=step, unit=who.unit, by=who.subject,
        text=sealed(runtime, text, step_binding(rectification_id, version)), at=runtime.clock.now(),
    )  # fmt: skip


async def conclude(
    runtime: Runtime, session: Session, reviewer: Principal, round_id: UUID, petition_id: UUID, version: int, *,
    grade: Grade, text: str,
) -> None:  # fmt: skip
    """Conclude the review of a case; its report is filed among the papers of the petition, to be sealed like any other.

    Raises Refused: as `save_answers`, "quality-unfinished".
    """
    round_, row = await _reviewed(session, reviewer, round_id, petition_id, DECIDING)
    _check_version(row, version)
    state, checklist = after(row.state, "conclude"), rounds.checklist_of(runtime, round_)
    found = await answered(runtime, session, row)
    _check_whole(checklist, found)
    if not fits(grade, found):
        raise _invalid([("grade", "有严重问题的不能评为合格", "a case with a grave finding is not sound")])
    order_ = await store.rectification_of(session, row)
    sections = writing.of_case(runtime, round_, row, checklist, found, order_, grade, text)
    template = resources.of(runtime).templates.newest(writing.CASE)
    paper = checking.written(template, sections, reviewer, "sections")
    filed = await file_paper(runtime, session, reviewer, petition_id, paper)
    await session.flush()  # the case's row refers to that of the paper
    right, weight = points(checklist, found)
    await store.change_case(
        session, row, state=state, grade=grade, points=right, weight=weight, paper_id=filed.id,
        conclusion=sealed(runtime, text, conclusion_binding(round_id, petition_id)),
        concluded_by=reviewer.subject, concluded_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(runtime, session, reviewer, petition_id, "conclude-review", round=str(round_id), paper=str(filed.id))
