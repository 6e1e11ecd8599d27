"""Rows of quality review as they are answered."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from documents.quality import store
from documents.quality.domain import DECIDING, REVIEWING, Answered, Checklist, Item, unanswered
from documents.quality.facts import Record, proposed
from documents.quality.models import (
    CaseOut,
    CaseRow,
    ChecklistOut,
    CountsOut,
    FiguresOut,
    Finding,
    GroupOut,
    ItemCounts,
    ItemOut,
    RecordOut,
    RectificationOut,
    RectificationRow,
    RectificationStep,
    Reviewed,
    RoundOut,
    UnitCounts,
)
from documents.quality.rectifying import ANSWERING
from documents.quality.reporting import Counts, Figures
from documents.quality.sealing import conclusion_binding, opened, step_binding, title_binding
from kit.auth import Principal
from kit.db import Session
from kit.runtime import Runtime


def checklist_out(checklist: Checklist) -> ChecklistOut:
    return ChecklistOut(
        checklist=checklist.key, zh=checklist.zh, en=checklist.en, basis=checklist.basis, digest=checklist.digest,
        groups=groups(checklist), items=[ItemOut(**_item(item)) for item in checklist.items.values()],
    )  # fmt: skip


def groups(checklist: Checklist) -> list[GroupOut]:
    return [GroupOut(group=name, zh=zh, en=en) for name, (zh, en) in checklist.groups.items()]


def _item(item: Item) -> dict[str, Any]:
    order = ("pass", "fail", "not-applicable", "note")
    return {
        "item": item.name, "group": item.group, "zh": item.zh, "en": item.en, "article": item.article,
        "weight": item.weight, "severity": item.severity, "answers": [each for each in order if each in item.answers],
    }  # fmt: skip


def round_out(runtime: Runtime, row: Row[Any]) -> RoundOut:
    return RoundOut(
        round_id=row.id, title=opened(runtime, row.title, title_binding(row.id)), unit=row.unit,
        checklist=row.checklist, digest=row.digest, begins=row.begins, ends=row.ends, units=row.units,
        reviewers=row.reviewers, size=row.size, percent=row.percent, seed=row.seed, population=row.population,
        opened_by=row.opened_by, opened_at=row.opened_at, closed_at=row.closed_at,
    )  # fmt: skip


def figures_out(figures: Figures) -> FiguresOut:
    return FiguresOut(
        total=CountsOut(**asdict(figures.total)),
        units=[UnitCounts(unit=code, **asdict(counts)) for code, counts in figures.units.items()],
        items=[ItemCounts(item=name, **asdict(counts)) for name, counts in figures.items.items() if _counts(counts)],
    )


def _counts(counts: Counts) -> bool:
    return bool(counts.applied)


def _may_review(row: Row[Any], reader: Principal) -> bool:
    return bool(row.reviewer == reader.unit and not row.own and reader.unit not in row.handled_by)


def case_row(row: Row[Any], reader: Principal) -> CaseRow:
    return CaseRow(
        petition_id=row.petition_id, number=row.petition_number, position=row.position, unit=row.unit,
        reviewer=row.reviewer, may_review=_may_review(row, reader) and bool(reader.roles & REVIEWING),
        ended_on=row.ended_on, version=row.version, state=row.state, answered=row.answered, findings=row.findings,
        grade=row.grade, points=row.points, weight=row.weight, rectification=row.rectification, due_on=row.due_on,
        paper_id=row.paper_id,
    )  # fmt: skip


def case_out(
    runtime: Runtime, reader: Principal, round_: Row[Any], row: Row[Any], checklist: Checklist,
    found: list[Answered], record: Record, rectification: Row[Any] | None,
) -> CaseOut:  # fmt: skip
    by_item = {each.item: each for each in found}
    shown = opened(runtime, row.conclusion, conclusion_binding(row.round_id, row.petition_id))
    return CaseOut(
        **case_row(row, reader).model_dump(),
        title=opened(runtime, round_.title, title_binding(round_.id)), checklist=round_.checklist,
        groups=groups(checklist),
        items=[_reviewed(item, by_item.get(name), record) for name, item in checklist.items.items()],
        unanswered=unanswered(checklist, by_item), conclusion=shown,
        may_decide=_may_review(row, reader) and bool(reader.roles & DECIDING),
        rectification_id=None if rectification is None else rectification.id,
    )  # fmt: skip


def _reviewed(item: Item, found: Answered | None, record: Record) -> Reviewed:
    said = proposed(item, record)
    told = RecordOut(answer=said.answer, zh=said.zh, en=said.en)
    if found is None:
        return Reviewed(**_item(item), by_record=told)
    return Reviewed(
        **_item(item), by_record=told, answer=found.answer, found=found.severity, note=found.note,
        record=found.record,
    )  # fmt: skip


def rectification_row(runtime: Runtime, row: Row[Any]) -> RectificationRow:
    return RectificationRow(
        rectification_id=row.id, round_id=row.round_id, title=opened(runtime, row.title, title_binding(row.round_id)),
        petition_id=row.petition_id, number=row.petition_number, unit=row.unit, reviewer=row.reviewer,
        due_on=row.due_on, state=row.state, version=row.version,
    )  # fmt: skip


async def rectification_out(
    runtime: Runtime, session: Session, reader: Principal, row: Row[Any], checklist: Checklist, found: list[Answered]
) -> RectificationOut:
    """With what was found of its items, and nothing else of the review."""
    by_item = {each.item: each for each in found}
    steps = await store.steps_of(session, row.id)
    return RectificationOut(
        **rectification_row(runtime, row).model_dump(),
        findings=[_finding(checklist.items[name], by_item[name]) for name in checklist.items if name in row.items],
        steps=[
            RectificationStep(
                step=each.step, text=opened(runtime, each.text, step_binding(row.id, each.version)), unit=each.unit,
                by=each.by, at=each.at,
            )
            for each in steps
        ],
        may_answer=row.unit == reader.unit and bool(reader.roles & ANSWERING) and row.state in {"ordered", "returned"},
        may_decide=row.reviewer == reader.unit and bool(reader.roles & DECIDING) and row.state == "answered",
    )  # fmt: skip


def _finding(item: Item, found: Answered) -> Finding:
    return Finding(
        item=item.name, zh=item.zh, en=item.en, article=item.article, severity=found.severity or item.severity,
        note=found.note,
    )  # fmt: skip
