"""What one unit can ask of another about a case (催办、督办、批示、三项建议、协办): forms, and whom they are offered.

What is asked with each is routing's interface, and so is who may (tests/test_asking.py compares); routing decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.units import UnitDirectory
from kit.paths import lies_in
from portal.deciding import moment, whole
from portal.domain import Account
from portal.forms import Form

OFFICE = frozenset({"clerk", "handler", "leader"})
SUPERVISING = frozenset({"leader", "supervisor"})


@dataclass(frozen=True, slots=True)
class Ask:
    """by: a unit above the holder or of its region; a superior, that is an office it answers to (Art 40); such a one or
    the holder; or the holder.
    """

    fields: tuple[str, ...]
    roles: frozenset[str]
    by: Literal["region", "superior", "superior-or-holder", "holder"]


# path in routing's interface -> form
ASKS: Mapping[str, Ask] = {
    "urge": Ask(("text", "wants_answer", "due_at"), OFFICE | SUPERVISING, "region"),
    "supervise": Ask(("reason", "text", "due_at"), SUPERVISING, "superior"),
    "instruct": Ask(("text", "wants_answer", "due_at"), frozenset({"leader"}), "superior-or-holder"),
    "suggest": Ask(("suggestion", "text", "due_at", "to_unit"), SUPERVISING, "superior-or-holder"),
    "ask-support": Ask(("to_units", "text", "due_at"), OFFICE, "holder"),
    "propose-supervision": Ask(("trigger",), OFFICE | SUPERVISING, "region"),
}
DATED = frozenset({"supervise", "suggest"})
# what is done with a request once it is sent -> what its form takes beside the version
STEPS: Mapping[str, tuple[str, ...]] = {
    "receive": (), "answer": ("adoption", "text"), "close": (), "return": ("text", "due_at"), "cancel": (),
}  # fmt: skip


def open_to(account: Account, case: Mapping[str, Any], units: UnitDirectory) -> Iterator[str]:
    """The forms that the page of a case offers this person."""
    holder = units.units.get(case["holder_unit"])
    own, superior = case["holder_unit"] == account.unit, account.unit in units.superiors(case["holder_unit"])
    fits = {
        "region": holder is not None and lies_in(holder.region, account.region) and not own,
        "superior": superior, "superior-or-holder": superior or own, "holder": own,
    }  # fmt: skip
    return (name for name, ask in ASKS.items() if fits[ask.by] and ask.roles & set(account.roles))


def asked_in(form: Form, name: str) -> dict[str, Any]:
    """What was typed, as the body that routing takes."""
    return _typed(form, ASKS[name].fields)


def step_in(form: Form, step: str) -> dict[str, Any]:
    return {"version": whole(form.text("version")), **_typed(form, STEPS[step])}


def _typed(form: Form, fields: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = dict(form.chosen(name for name in fields if name not in {"to_units", "wants_answer"}))
    if "due_at" in body:
        body["due_at"] = moment(body["due_at"])
    if "to_units" in fields:
        body["to_units"] = form.every("to_units")
    if "wants_answer" in fields:
        body["wants_answer"] = bool(form.text("wants_answer"))
    return body
