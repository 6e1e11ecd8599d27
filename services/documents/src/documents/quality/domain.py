"""The rules of case quality review (案件评查): which cases, who may review them, what an answer needs, what comes next.

It is about cases and the units that handled them; nothing in it counts, marks or compares persons. Standard library
only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kit.errors import Refused

Answer = Literal["pass", "fail", "not-applicable", "note"]
Severity = Literal["minor", "serious", "grave"]
Grade = Literal["sound", "flawed", "unsound"]
Step = Literal["answer", "order", "accept", "conclude"]

# states that end a case, and the actions that lead there: those of routing's table
ENDS = (
    "closed", "answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn", "terminated",
)  # fmt: skip
ENDINGS = ("close", "answer", "file", "decline", "refuse-again", "guide", "export", "note-withdrawal")
# by these a unit has handled a case; who only registered it or passed it on has not, and may review it
HANDLING = (
    *ENDINGS, "accept", "investigate", "start-hearing", "end-hearing", "start-mediation", "end-mediation", "extend",
    "suspend", "resume", "draft-opinion", "submit", "approve", "return-draft", "serve", "report", "carry-out",
)  # fmt: skip
MOST_CASES = 1000  # of a round
MOST_UNITS = 100

REVIEWING = frozenset({"handler", "leader", "supervisor"})
DECIDING = frozenset({"leader", "supervisor"})

# a reviewed case: (state, step) -> state; what is not here is refused
STEPS: Mapping[tuple[str, Step], str] = {
    ("open", "answer"): "open",
    ("open", "order"): "rectifying",
    ("rectifying", "accept"): "rectified",
    ("open", "conclude"): "concluded",
    ("rectified", "conclude"): "concluded",
}
# a rectification (整改): the unit answers, the reviewer takes the answer or gives it back
RECTIFYING: Mapping[tuple[str, str], str] = {
    ("ordered", "answer"): "answered",
    ("returned", "answer"): "answered",
    ("answered", "return"): "returned",
    ("answered", "accept"): "accepted",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist. only_after: applies to cases in which one of these actions was taken; fact: what the
    record is asked, see documents.quality.facts.
    """

    name: str
    group: str
    zh: str
    en: str
    article: str
    weight: int
    severity: Severity
    answers: frozenset[str]
    only_after: frozenset[str] = frozenset()
    fact: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """groups: name to its title in both languages; digest: SHA-256 of the file."""

    name: str
    version: int
    zh: str
    en: str
    basis: str
    groups: Mapping[str, tuple[str, str]]
    items: Mapping[str, Item]
    digest: str

    @property
    def key(self) -> str:
        """As rounds name it: "case-handling/1"."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reviewer found of an item. severity: of a failure; note: what was found; record: what the record said."""

    item: str
    answer: Answer
    severity: Severity | None = None
    note: str = field(default="", repr=False)
    record: str | None = None


def wrong_with(item: Item, given: Answered) -> str | None:
    """Which part of an answer cannot stand; None when all can. A finding says what is wrong, and who contradicts the
    record says why.
    """
    if given.answer not in item.answers:
        return "answer"
    if (given.answer == "fail") != (given.severity is not None):
        return "severity"
    contradicts = given.record is not None and given.record != given.answer
    if not given.note and (given.answer in {"fail", "note"} or contradicts):
        return "note"
    return None


def unanswered(checklist: Checklist, answered: Iterable[str]) -> list[str]:
    """Items that stand open; remarks need not be made."""
    done = set(answered)
    return [name for name, item in checklist.items.items() if name not in done and item.answers != {"note"}]


def points(checklist: Checklist, answers: Iterable[Answered]) -> tuple[int, int]:
    """Weight of what was found right, and of all that applied: of the case, of nobody."""
    weighed = [(checklist.items[each.item].weight, each.answer) for each in answers if each.item in checklist.items]
    right = sum(weight for weight, answer in weighed if answer == "pass")
    return right, right + sum(weight for weight, answer in weighed if answer == "fail")


def fits(grade: Grade, answers: Iterable[Answered]) -> bool:
    """Whether a conclusion fits what was found: a case with a grave finding is not sound."""
    return grade != "sound" or all(each.severity != "grave" for each in answers)


def after(state: str, step: Step) -> str:
    """The next state of a reviewed case. Raises Refused("quality-not-now")."""
    if (state, step) not in STEPS:
        raise Refused("quality-not-now", state=state)
    return STEPS[state, step]


def rectified(state: str, step: str) -> str:
    """The next state of a rectification. Raises Refused("quality-not-now")."""
    if (state, step) not in RECTIFYING:
        raise Refused("quality-not-now", state=state)
    return RECTIFYING[state, step]


def check_reviewer(unit: str, reviewer: str, handled_by: Iterable[str]) -> None:
    """Four eyes: only the unit the case was given to, and never one that handled it.

    Raises Refused: "quality-other-reviewer", "quality-own-case".
    """
    if unit in set(handled_by):
        raise Refused("quality-own-case")
    if unit != reviewer:
        raise Refused("quality-other-reviewer")


def reviewer_of(drawn: bytes, fit: Sequence[str]) -> str:
    """Which of the units that may review a case does."""
    return fit[int.from_bytes(drawn[:2]) % len(fit)]
