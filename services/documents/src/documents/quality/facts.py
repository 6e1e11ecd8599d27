"""What the record of a case says of a checklist's items by itself: proposed to a person, never taken as an answer.

Where it cannot know (papers lie on another node, a clock stood still, a holiday may have moved the end) it says
nothing. Standard library only.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from documents.quality.domain import Answer, Item

ARRIVED = "arrived"  # beside the actions of a case: the day on which the petition came in
PAUSING = frozenset({"suspend", "merge", "start-hearing"})


@dataclass(frozen=True, slots=True)
class Done:
    """An action that was taken on the case, and on which day in China."""

    action: str
    unit: str
    on: date


@dataclass(frozen=True, slots=True)
class Filed:
    """A paper of the case."""

    kind: str
    on: date
    sealed: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What documents knows of a case. steps: in order, first that it arrived; due_on: the last day for handling it;
    whole: all its documents are here; accused: somebody is; kept_out: units that took a step though they are accused
    or below an accused one; names: of kinds of papers, in Chinese.
    """

    steps: tuple[Done, ...] = ()
    papers: tuple[Filed, ...] = ()
    files: int = 0
    due_on: date | None = None
    whole: bool = True
    accused: bool = False
    kept_out: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def first(self, actions: Collection[str]) -> tuple[int, Done] | None:
        """The first step by one of these actions, and its place."""
        return next(((place, step) for place, step in enumerate(self.steps) if step.action in actions), None)

    def did(self, actions: Collection[str]) -> bool:
        return self.first(actions) is not None

    def found(self, kinds: Collection[str]) -> list[Filed]:
        return [paper for paper in self.papers if paper.kind in kinds]


@dataclass(frozen=True, slots=True)
class Said:
    """answer: None where the record decides nothing, and only tells what it knows."""

    answer: Answer | None
    zh: str
    en: str


Rule = Mapping[str, Any]
NOTHING = Said(None, "", "")


def proposed(item: Item, record: Record) -> Said:
    """What the record says of an item."""
    if item.only_after and not record.did(item.only_after):
        return Said("not-applicable", "本件没有此环节", "This was no part of the case")
    if item.fact is None:
        return NOTHING
    return FACTS[str(item.fact["kind"])](record, item.fact)


def _within(record: Record, rule: Rule) -> Said:
    """From the last of some actions to the first of others in so many days; holidays: by how many the end may move."""
    end = record.first(rule["to"])
    if end is None:
        return Said(None, "没有查到相应的办理记录", "No such step is on record")
    place, last = end
    begun = [step for step in record.steps[:place] if step.action in rule["from"]]
    if not begun:
        return NOTHING
    took = (last.on - begun[-1].on).days
    zh = f"{begun[-1].on}起，{last.on}完成，共{took}天（期限{rule['days']}天）"
    en = f"from {begun[-1].on} to {last.on}: {took} days of {rule['days']}"
    if took <= rule["days"]:
        return Said("pass", zh, en)
    paused = any(step.action in PAUSING for step in record.steps[:place])
    return Said(None if paused or took <= rule["days"] + rule["holidays"] else "fail", zh, en)


def _due(record: Record, rule: Rule) -> Said:
    """By the last day that routing told, extensions and holidays counted."""
    end = record.first(rule["by"])
    if end is None or record.due_on is None:
        return Said(None, "没有查到办理期限", "No time limit is on record")
    zh, en = f"期限{record.due_on}，{end[1].on}完成", f"due {record.due_on}, done {end[1].on}"
    if end[1].on <= record.due_on:
        return Said("pass", zh, en)
    return Said(None if any(step.action in PAUSING for step in record.steps) else "fail", zh, en)


def _paper(record: Record, rule: Rule) -> Said:
    """A paper of one of the kinds is there, written before an action where that is asked for."""
    found = record.found(rule["any"])
    if not found:
        return _absent(record, rule, "没有这类文书", "There is no such paper")
    first = min(paper.on for paper in found)
    before = record.first([rule["before"]]) if "before" in rule else None
    if before is not None and first > before[1].on:
        return Said("fail", f"文书{first}才写成，晚于{before[1].on}", f"written {first}, after {before[1].on}")
    return Said("pass", f"文书{first}写成", f"written {first}")


def _papers(record: Record, rule: Rule) -> Said:
    """For each of these actions that was taken, a paper of the kinds it needs."""
    needed = {action: kinds for action, kinds in rule["of"].items() if record.did([action])}
    missing = sorted({kinds[0] for kinds in needed.values() if not record.found(kinds)})
    if missing:
        named = "、".join(record.names.get(kind, kind) for kind in missing)
        return _absent(record, rule, f"缺{len(missing)}类文书：{named}", f"missing: {', '.join(missing)}")
    return Said("pass", f"应有文书的{len(needed)}个环节都有", f"there for all {len(needed)} steps that need one")


def _sealed(record: Record, rule: Rule) -> Said:
    found = record.found(rule["any"])
    if any(paper.sealed for paper in found):
        return Said("pass", "已编号用印", "Numbered and sealed")
    return _absent(record, rule, "没有编号用印的文书", "None is numbered and sealed")


def _step(record: Record, rule: Rule) -> Said:
    found = record.first(rule["any"])
    if found is None:
        return Said("fail", "没有查到相应的办理记录", "No such step is on record")
    return Said("pass", f"{found[1].on}已办", f"done {found[1].on}")


def _files(record: Record, rule: Rule) -> Said:
    zh, en = f"归入材料{record.files}份", f"{record.files} files are kept"
    return Said("pass", zh, en) if record.files >= rule["least"] else _absent(record, rule, zh, en)


def _kept_out(record: Record, _: Rule) -> Said:
    """Art 30: whom it accuses, and who is below them, have no part in it."""
    if not record.accused:
        return Said("not-applicable", "没有登记被检举、控告的单位", "No unit is accused")
    if record.kept_out:
        return Said("fail", "被检举、控告的单位或其下属单位有办理记录", "An accused unit, or one below it, took a step")
    return Said("pass", "被检举、控告的单位没有办理记录", "No accused unit took a step")


def _absent(record: Record, rule: Rule, zh: str, en: str) -> Said:
    """What is not here is missing only where all of the case is here, and where it must be there."""
    return Said("fail" if record.whole and rule.get("absent", "fail") == "fail" else None, zh, en)


FACTS: Mapping[str, Callable[[Record, Rule], Said]] = {
    "within": _within, "due": _due, "paper": _paper, "papers": _papers, "sealed": _sealed, "step": _step,
    "files": _files, "kept-out": _kept_out,
}  # fmt: skip


def actions_in(rule: Rule) -> Iterable[str]:
    """All actions that a rule names."""
    listed = [rule.get("any", ())] if rule["kind"] == "step" else []
    for names in (*listed, rule.get("from", ()), rule.get("to", ()), rule.get("by", ()), rule.get("of", ())):
        yield from names
    if "before" in rule:
        yield rule["before"]


def papers_in(rule: Rule) -> Iterable[str]:
    """All kinds of papers that a rule names."""
    if rule["kind"] in {"paper", "sealed"}:
        yield from rule["any"]
    for kinds in rule.get("of", {}).values():
        yield from kinds
