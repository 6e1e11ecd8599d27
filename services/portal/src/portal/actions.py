"""The actions of a case as the forms of its page: in which order, what each asks for, and why the rest is not possible.

What an action takes is routing's interface (tests/test_actions.py compares); what a procedure asks beyond that comes
with the case as a JSON Schema of flat fields.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from portal.wording import Wording

# action -> what its body takes beside version, note and fields
OWN: Mapping[str, tuple[str, ...]] = {
    "screen": ("kind", "route", "procedure", "accused_units"),
    "transfer": ("to_unit",), "assign": ("to_unit", "due_at"), "object": ("reason",),
    "arbitrate": ("to_unit",), "extend": ("days",), "submit": ("outcome", "papers"), "serve": ("served_at",),
    "close": ("served_at",), "request-review": ("to_unit", "requested_at"), "merge": ("lead",),
}  # fmt: skip
# in the order of the page; a new action of routing stands last
GROUPS: Mapping[str, tuple[str, ...]] = {
    "now": (
        "receive", "claim", "screen", "accept", "investigate", "start-hearing", "end-hearing", "start-mediation",
        "end-mediation", "draft-opinion", "submit", "approve", "return-draft", "serve", "close", "report", "carry-out",
        "extend", "request-review",
    ),
    "hand": ("transfer", "assign", "object", "recall", "agree-objection", "refuse-objection", "arbitrate"),
    "settle": ("answer", "guide", "export", "file", "decline", "refuse-again"),
    "change": ("suspend", "resume", "merge", "unmerge", "lift-bar", "mark-confidential", "unmark-confidential",
               "note-withdrawal"),
}  # fmt: skip
# one press is enough: nothing is asked, and what follows can be taken further or back
BARE = frozenset({"receive", "claim", "investigate", "end-hearing", "start-mediation", "draft-opinion", "resume"})
# what the page expects to be done; the others stand back
PRIMARY = frozenset({
    "receive", "claim", "screen", "accept", "investigate", "end-hearing", "end-mediation", "submit", "approve", "serve",
    "close", "resume",
})  # fmt: skip
# the reasons belong to the decision, and somebody else must read them (Art 23, 32)
REASONED = frozenset({
    "object", "refuse-objection", "arbitrate", "return-draft", "merge", "unmerge", "lift-bar", "mark-confidential",
    "unmark-confidential",
})  # fmt: skip
# papers that the form of the action writes itself
WRITTEN_WITH: Mapping[str, frozenset[str]] = {"submit": frozenset({"opinion"})}

LONG = 200  # characters from which on a text gets several lines
Kind = Literal["text", "area", "date", "datetime-local", "number", "select"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that the procedure asks for. name: of the input, with the type it is sent as; mark: how errors name it;
    most: characters; low, high: of a number.
    """

    name: str
    mark: str
    label: str
    kind: Kind
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    most: int | None = None
    low: int | None = None
    high: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """An action on the page. own: see OWN; missing: kinds of papers to be filed before; article: of the Regulation."""

    action: str
    own: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    missing: tuple[str, ...] = ()
    article: str | None = None

    @property
    def bare(self) -> bool:
        return self.action in BARE and not self.own and not self.fields

    @property
    def reasoned(self) -> bool:
        return self.action in REASONED

    @property
    def primary(self) -> bool:
        return self.action in PRIMARY


@dataclass(frozen=True, slots=True)
class Menu:
    """groups: what can be done now; lacking: what needs papers first; refused: the rest by the reason why not."""

    groups: Mapping[str, list[Act]]
    lacking: list[Act]
    refused: Mapping[str, list[Act]]

    @property
    def allowed(self) -> list[Act]:
        return [act for acts in self.groups.values() for act in acts]

    def named(self, action: str) -> Act | None:
        """The action, when it is possible now."""
        return next((act for act in self.allowed if act.action == action), None)


def menu_of(told: Iterable[Mapping[str, Any]], wording: Wording) -> Menu:
    """What routing told of the actions of a case, sorted for the page."""
    groups: dict[str, list[Act]] = {group: [] for group in GROUPS}
    lacking: list[Act] = []
    refused: dict[str, list[Act]] = {}
    for item in sorted(told, key=lambda item: _place(item["action"])):
        act = _act(item, wording)
        if item["allowed"] or _writes_what_lacks(item):
            groups[_group(act.action)].append(act)
        elif item.get("missing"):
            lacking.append(act)
        else:
            refused.setdefault(item["reason"] or "", []).append(act)
    return Menu(groups, lacking, refused)


def _writes_what_lacks(item: Mapping[str, Any]) -> bool:
    missing = set(item.get("missing", ()))
    return bool(missing) and missing <= WRITTEN_WITH.get(item["action"], frozenset())


def _act(item: Mapping[str, Any], wording: Wording) -> Act:
    name = item["action"]
    return Act(
        name, OWN.get(name, ()), fields_of(item.get("form"), wording), tuple(item.get("missing", ())),
        item.get("article") or None,
    )  # fmt: skip


def _group(action: str) -> str:
    return next((group for group, members in GROUPS.items() if action in members), "change")


def _place(action: str) -> int:
    order = [name for members in GROUPS.values() for name in members]
    return order.index(action) if action in order else len(order)


def fields_of(form: Mapping[str, Any] | None, wording: Wording) -> tuple[Field, ...]:
    """The inputs of a procedure's form, required ones first."""
    asked = set((form or {}).get("required", ()))
    found = [_field(name, each, name in asked, wording) for name, each in (form or {}).get("properties", {}).items()]
    return tuple(sorted(found, key=lambda field: not field.required))


def _field(name: str, schema: Mapping[str, Any], required: bool, wording: Wording) -> Field:
    sent_as = schema.get("format", schema["type"])
    return Field(
        name=f"fields.{sent_as}.{name}", mark=f"fields.{name}",
        label=schema.get("title" if wording.language == "zh" else "title_en") or name,
        kind=_kind(schema), required=required, options=_options(schema, wording), most=schema.get("maxLength"),
        low=schema.get("minimum"), high=schema.get("maximum"), hint=schema.get("description"),
    )  # fmt: skip


def _kind(schema: Mapping[str, Any]) -> Kind:
    if "enum" in schema or schema["type"] == "boolean":
        return "select"
    if schema["type"] == "integer":
        return "number"
    if schema["type"] == "array":
        return "area"  # a line for each
    written: dict[str, Kind] = {"date": "date", "date-time": "datetime-local"}
    plain: Kind = "area" if schema.get("maxLength", 0) > LONG else "text"
    return written.get(schema.get("format", ""), plain)


def _options(schema: Mapping[str, Any], wording: Wording) -> tuple[tuple[str, str], ...]:
    if schema["type"] == "boolean":
        return ("true", wording("site.yes")), ("false", wording("site.no"))
    labels, place = schema.get("labels", {}), 0 if wording.language == "zh" else 1
    return tuple((value, labels[value][place] if value in labels else value) for value in schema.get("enum", ()))
