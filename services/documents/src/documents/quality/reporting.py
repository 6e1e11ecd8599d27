"""What a round found, counted: of cases the reader may read, by unit, by item, by severity, put right or not."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select

from documents.access import visible
from documents.drafts.tables import case_facts
from documents.quality.domain import Checklist
from documents.quality.tables import answers, cases, rectifications
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session

COLUMNS = (
    "number", "unit", "unit_name", "ended_on", "state", "grade", "points", "weight", "item", "item_name", "article",
    "severity", "rectification", "due_on",
)  # fmt: skip


@dataclass
class Counts:
    """applied: answers that say pass or fail; rectifying: findings under an order that is not settled."""

    cases: int = 0
    concluded: int = 0
    grades: dict[str, int] = field(default_factory=dict)
    applied: int = 0
    findings: int = 0
    severities: dict[str, int] = field(default_factory=dict)
    rectified: int = 0
    rectifying: int = 0


@dataclass
class Figures:
    """units by code, items as the checklist lists them."""

    total: Counts = field(default_factory=Counts)
    units: dict[str, Counts] = field(default_factory=dict)
    items: dict[str, Counts] = field(default_factory=dict)


def _of_case(table: Any) -> ColumnElement[bool]:
    return and_(table.c.round_id == cases.c.round_id, table.c.petition_id == cases.c.petition_id)


async def figures(session: Session, round_id: UUID, reader: Principal, checklist: Checklist) -> Figures:
    """Of a round the reader takes part in."""
    found = Figures(items={name: Counts() for name in checklist.items})
    for row in await _cases(session, round_id, reader):
        for counts in (found.total, found.units.setdefault(row.unit, Counts())):
            counts.cases += row.number
            if row.state == "concluded":
                counts.concluded += row.number
                counts.grades[row.grade] = counts.grades.get(row.grade, 0) + row.number
    for row in await _answers(session, round_id, reader):
        for counts in (found.total, found.units[row.unit], found.items.setdefault(row.item, Counts())):
            _add(counts, row)
    return found


def _add(counts: Counts, row: Row[Any]) -> None:
    if row.answer in {"pass", "fail"}:
        counts.applied += row.number
    if row.answer == "fail":
        counts.findings += row.number
        counts.severities[row.severity] = counts.severities.get(row.severity, 0) + row.number
        if row.rectification is not None:
            settled = row.rectification == "accepted"
            counts.rectified += row.number if settled else 0
            counts.rectifying += 0 if settled else row.number


async def _cases(session: Session, round_id: UUID, reader: Principal) -> Sequence[Row[Any]]:
    kinds = (cases.c.unit, cases.c.state, cases.c.grade)
    query = select(*kinds, func.count().label("number")).join(petitions, petitions.c.id == cases.c.petition_id)
    query = query.where(cases.c.round_id == round_id, visible(reader)).group_by(*kinds)
    return (await session.sql.execute(query.order_by(*kinds))).all()


async def _answers(session: Session, round_id: UUID, reader: Principal) -> Sequence[Row[Any]]:
    kinds = (cases.c.unit, answers.c.item, answers.c.answer, answers.c.severity, rectifications.c.state)
    query = (
        select(
            cases.c.unit, answers.c.item, answers.c.answer, answers.c.severity,
            rectifications.c.state.label("rectification"), func.count().label("number"),
        )
        .join(cases, _of_case(answers))
        .join(petitions, petitions.c.id == cases.c.petition_id)
        .outerjoin(rectifications, and_(_of_case(rectifications), answers.c.item == rectifications.c["items"].any_()))
        .where(cases.c.round_id == round_id, visible(reader))
        .group_by(*kinds)
    )  # fmt: skip
    return (await session.sql.execute(query)).all()


async def lines(session: Session, round_id: UUID, reader: Principal) -> Sequence[Row[Any]]:
    """A row for each finding, and one for each case without any; no texts and no persons."""
    fails = and_(_of_case(answers), answers.c.answer == "fail")
    ordered = and_(_of_case(rectifications), answers.c.item == rectifications.c["items"].any_())
    query = (
        select(
            case_facts.c.petition_number.label("number"), cases.c.unit, cases.c.ended_on, cases.c.state,
            cases.c.grade, cases.c.points, cases.c.weight, answers.c.item, answers.c.severity,
            rectifications.c.state.label("rectification"), rectifications.c.due_on,
        )
        .select_from(cases)
        .join(petitions, petitions.c.id == cases.c.petition_id)
        .outerjoin(case_facts, case_facts.c.petition_id == cases.c.petition_id)
        .outerjoin(answers, fails)
        .outerjoin(rectifications, ordered)
        .where(cases.c.round_id == round_id, visible(reader))
        .order_by(cases.c.position, answers.c.item)
    )  # fmt: skip
    rows: Sequence[Any] = (await session.sql.execute(query)).all()
    return rows


def as_csv(rows: Sequence[Row[Any]], checklist: Checklist, name_of: Callable[[str], str]) -> bytes:
    """The lines as a file that spreadsheets open (UTF-8 with its mark)."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        item = checklist.items.get(row.item or "")
        told = {**row._mapping, "unit_name": name_of(row.unit)}  # noqa: SLF001 - its public name begins so
        told |= {} if item is None else {"item_name": item.zh, "article": item.article}
        writer.writerow([_cell(told.get(column)) for column in COLUMNS])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _cell(value: object) -> str:
    """What a spreadsheet would take for a formula is a text."""
    shown = "" if value is None else str(value)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@", "\t")) else shown
