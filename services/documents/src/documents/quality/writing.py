"""The sections of both reports: of a case (案件评查报告), of a round (专项评查报告). Units and cases, never persons."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from documents.drafts.usecases import unit_name
from documents.quality.domain import Answered, Checklist
from documents.quality.reporting import Counts, Figures
from documents.quality.sealing import opened, title_binding
from kit.runtime import Runtime

CASE, ROUND = "quality-report", "quality-special-report"  # kinds of templates
SEVERITIES = {"minor": "一般", "serious": "较重", "grave": "严重"}
GRADES = {"sound": "合格", "flawed": "基本合格", "unsound": "不合格"}
STATES = {"ordered": "已交办", "returned": "退回重改", "answered": "已反馈待认可", "accepted": "已整改"}
MOST_LINES = 100


def of_case(
    runtime: Runtime, round_: Row[Any], row: Row[Any], checklist: Checklist, found: Sequence[Answered],
    rectification: Row[Any] | None, grade: str, text: str,
) -> dict[str, Any]:  # fmt: skip
    """Sections of the template `quality-report`."""
    ordered = set() if rectification is None else set(rectification.items)
    state = "" if rectification is None else STATES[rectification.state]
    findings = [each for each in _in_order(checklist, found) if each.answer == "fail"]
    number = {} if row.petition_number is None else {"petition_number": row.petition_number}
    remarks = [each.note for each in _in_order(checklist, found) if each.answer == "note"]
    return {
        "round": opened(runtime, round_.title, title_binding(round_.id)),
        "unit": unit_name(runtime, row.unit),
        "ended_on": row.ended_on.isoformat(),
        "checklist": _checklist(checklist),
        "counts": _counted(found),
        "findings": [
            _line(place, checklist.items[each.item].zh, article(checklist.items[each.item].article),
                  SEVERITIES[str(each.severity)], each.note, state if each.item in ordered else "不需整改")
            for place, each in enumerate(findings, 1)
        ],
        "grade": grade,
        "conclusion": text,
        "legal_basis": checklist.basis,
        **number,
        **({"remarks": "\n".join(remarks)} if remarks else {}),
    }  # fmt: skip


def of_round(runtime: Runtime, round_: Row[Any], checklist: Checklist, figures: Figures) -> dict[str, Any]:
    """Sections of the template `quality-special-report`. Units in the order of their codes: none is ranked."""
    total = figures.total
    drawn = f"每个单位{round_.size}件" if round_.size is not None else f"每个单位办结数的{round_.percent}%"
    units = [_unit_line(unit_name(runtime, code), counts) for code, counts in figures.units.items()]
    items = [
        _line(checklist.items[name].zh, counts.applied, counts.findings, *_severe(counts), counts.rectified)
        for name, counts in figures.items.items()
        if name in checklist.items and counts.findings
    ]
    return {
        "round": opened(runtime, round_.title, title_binding(round_.id)),
        "begins": round_.begins.isoformat(),
        "ends": round_.ends.isoformat(),
        "checklist": _checklist(checklist),
        "drawing": f"在期间内办结的{round_.population}件中随机抽取{drawn}，共评查{total.cases}件。"
        f"抽样种子：{round_.seed}。评查单位：{'、'.join(unit_name(runtime, code) for code in round_.reviewers)}。",
        "totals": f"已作结论{total.concluded}件：" + "，".join(
            f"{GRADES[grade]}{count}件" for grade, count in total.grades.items()
        ) + f"。查出问题{total.findings}个：{_spoken(total)}；已整改{total.rectified}个，"
        f"整改中{total.rectifying}个，未交办整改{total.findings - total.rectified - total.rectifying}个。",
        "units": units[:MOST_LINES],
        "problems": items[:MOST_LINES],
        "legal_basis": checklist.basis,
    }  # fmt: skip


def article(text: str) -> str:
    """As Chinese cites it: Art 22, 23 is 第22、23条."""
    return f"第{text.removeprefix('Art ').replace(', ', '、')}条" if text.startswith("Art ") else text


def _unit_line(name: str, counts: Counts) -> str:
    sound = [counts.grades.get(grade, 0) for grade in GRADES]
    return _line(name, counts.cases, *sound, counts.findings, *_severe(counts), counts.rectified)


def _severe(counts: Counts) -> list[int]:
    return [counts.severities.get(each, 0) for each in SEVERITIES]


def _spoken(counts: Counts) -> str:
    return "，".join(f"{zh}{counts.severities.get(name, 0)}个" for name, zh in SEVERITIES.items())


def _checklist(checklist: Checklist) -> str:
    return f"{checklist.zh}（第{checklist.version}版）"


def _counted(found: Sequence[Answered]) -> str:
    number: Mapping[str, int] = {
        each: sum(1 for answer in found if answer.answer == each) for each in ("pass", "fail", "not-applicable")
    }
    return (
        f"共评查{sum(number.values())}项：合格{number['pass']}项，不合格{number['fail']}项，"
        f"不适用{number['not-applicable']}项。"
    )


def _in_order(checklist: Checklist, found: Sequence[Answered]) -> list[Answered]:
    by = {each.item: each for each in found}
    return [by[name] for name in checklist.items if name in by]


def _line(*cells: object) -> str:
    """A line of a table: cells stand between tabs, so none may hold one, and none is empty."""
    return "\t".join(" ".join(str(cell).split()) or "—" for cell in cells)
