"""What a procedure (办理程序) is: which actions it knows, what they need, which clocks run. Standard library only.

The table of states (routing.table) is the law; a procedure only ever narrows it. Procedures are read from versioned
files (routing.procedures.library); a case keeps the version it began with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Unit = Literal["day", "working-day", "hour"]
Stage = Literal["handling", "review", "re-review"]
STAGES: tuple[Stage, ...] = ("handling", "review", "re-review")


@dataclass(frozen=True, slots=True)
class ClockRule:
    """A time limit (期限). Each of starts, stops, pauses, resumes and extends names actions of the case.

    length: in `unit`; None where the action that starts the clock brings the date (交办). article: of the Regulation,
    or the rule it comes from. expires: the action the system takes by itself when the time is over, as for unclaimed
    orders. yellow_days, yellow_share: the warning comes with that many days left, or that share of the time used,
    whichever is first. longest: how many days all extensions together may add. right: None for a duty; else the
    actions that exercise the right which lapses when the time is over (objection, asking for review): nobody is late
    then, so nobody is warned.
    """

    name: str
    length: int | None
    unit: Unit
    article: str
    zh: str
    en: str
    starts: frozenset[str]
    stops: frozenset[str]
    pauses: frozenset[str] = frozenset()
    resumes: frozenset[str] = frozenset()
    extends: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset({"handling"})
    longest: int = 0
    yellow_days: int = 5
    yellow_share: float = 0.75
    expires: str | None = None
    right: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What a procedure asks beyond the table. roles: None leaves those of the table; papers: kinds that must have been
    filed for the case in this stage; form: JSON Schema of the fields the action takes; note: the note must say why.
    """

    roles: frozenset[str] | None = None
    papers: tuple[str, ...] = ()
    form: Mapping[str, Any] | None = None
    note: bool = False


@dataclass(frozen=True, slots=True)
class Procedure:
    """kinds, routes: of the petitions it is for (routes: Art 31 (1)–(6), empty where the kind has none); actions: those
    it knows, nothing else can be done; states: those a case can come to by them; approval: the roles that approve, one
    after the other; default: chosen when nobody says otherwise.
    """

    name: str
    version: int
    zh: str
    en: str
    kinds: frozenset[str]
    routes: frozenset[int]
    actions: Mapping[str, ActionRule]
    clocks: tuple[ClockRule, ...]
    approval: tuple[str, ...] = ("leader",)
    default: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    states: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """As cases name it: "ordinary-petition/1"."""
        return f"{self.name}/{self.version}"
