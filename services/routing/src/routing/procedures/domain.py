"""What a procedure (办理程序) is: which actions it knows, what they need, which clocks run. Standard library only.

The table of states (routing.table) is the law; a procedure only ever narrows it. Procedures are read from versioned
files (routing.procedures.library); a case keeps the version it began with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

Unit = Literal["day", "working-day", "hour"]
Stage = Literal["handling", "review", "re-review"]
STAGES: tuple[Stage, ...] = ("handling", "review", "re-review")


@dataclass(frozen=True, slots=True)
class ClockRule:
    """A time limit (期限). Each of starts, stops, pauses, resumes and extends names actions of the case.

    stages, states: in which it starts, if the action leads there; outcomes: of the opinion; None: in any, of any.
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
    states: frozenset[str] | None = None
    outcomes: frozenset[str] | None = None
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


# of actions that no procedure needs to name: who is kept from a case, or is not any more, is told why
UNNAMED: Mapping[str, ActionRule] = {
    "mark-confidential": ActionRule(note=True),
    "unmark-confidential": ActionRule(note=True),
}


@dataclass(frozen=True, slots=True)
class Procedure:
    """kinds, routes: of the petitions it is for (routes: Art 31 (1)–(6), empty where the kind has none); actions: those
    it knows, nothing else can be done; states: those a case can come to by them; approval: the roles that approve, one
    after the other; default: chosen when nobody says otherwise; channels: only for what came by these, before the
    default of all others; text: the definition, whole, as JSON with its keys in
    order; known: False for a name that stands for a procedure this node has not learned yet.
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
    channels: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    text: str = ""
    known: bool = True

    @property
    def key(self) -> str:
        """As cases name it: "ordinary-petition/1"."""
        return f"{self.name}/{self.version}"

    def begins(self, channel: str | None) -> bool:
        """Whether it is the default for what came by this channel, or one of those among which that is chosen."""
        return self.default and (not self.channels or channel in self.channels)

    def asks(self, action: str, *, served: bool) -> ActionRule:
        """What it asks for an action. served: the petitioner has the opinion; else closing serves it too (Art 32)."""
        rule = self.actions.get(action, UNNAMED.get(action, ActionRule()))
        serving = self.actions.get("serve") if action == "close" and not served else None
        return rule if serving is None else replace(rule, form=_joined(rule.form, serving.form))

    @property
    def digest(self) -> str:
        """SHA-256 of the text: two procedures of one key must not differ."""
        return sha256(self.text.encode()).hexdigest()


def _joined(*forms: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """One form with the fields of all; those of the first come first, and are as it says."""
    given = [form for form in forms if form is not None]
    if not given:
        return None
    properties = {name: field for form in reversed(given) for name, field in form["properties"].items()}
    order = dict.fromkeys(name for form in given for name in form["properties"])
    required = dict.fromkeys(name for form in given for name in form.get("required", ()))
    return {**given[0], "required": [*required], "properties": {name: properties[name] for name in order}}


def unknown(key: str) -> Procedure:
    """What stands for a procedure that only other nodes know: nothing can be done, no clock is counted."""
    name, _, version = key.partition("/")
    number = int(version) if version.isdecimal() else 0
    return Procedure(name, number, name, name, frozenset(), frozenset(), {}, (), known=False)
