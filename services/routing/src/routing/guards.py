"""Conditions of the table of states beyond state, unit and role: each answers with a slug, or None when it is met.

Standard library only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from routing.procedures.domain import Procedure
from routing.timing.clocks import Clock

if TYPE_CHECKING:
    from routing.domain import Actor, Case


@dataclass(frozen=True, slots=True)
class Situation:
    case: "Case"
    actor: "Actor"
    at: datetime
    procedure: Procedure

    def running(self, name: str) -> Clock | None:
        """The open clock of this name, if its time is not over."""
        found = next((clock for clock in self.case.clocks if clock.name == name and clock.open), None)
        return found if found is not None and (found.due_at is None or self.at < found.due_at) else None


Guard = Callable[[Situation], str | None]


def _unless(slug: str, met: Callable[[Situation], bool]) -> Guard:
    return lambda situation: None if met(situation) else slug


def _was_handed_over(now: Situation) -> bool:
    return now.case.came_by is not None and now.case.came_by.kind != "review"


def _may_still_object(now: Situation) -> bool:
    """Art 23: within 5 working days of receipt, where the procedure has that limit."""
    known = any(rule.name == "objection" for rule in now.procedure.clocks)
    return not known or now.running("objection") is not None


def _in_review_window(now: Situation) -> bool:
    """Art 35, 36: within 30 days of service."""
    window = {"handling": "ask-review", "review": "ask-re-review"}.get(now.case.stage, "")
    served = now.case.served_at
    return now.running(window) is not None and (served is None or served <= now.at)


def _extendable(now: Situation) -> str | None:
    """Art 34: before the limit ends, once."""
    rules = {rule.name: rule for rule in now.procedure.clocks if "extend" in rule.extends}
    found = next((clock for clock in now.case.clocks if clock.name in rules and clock.open), None)
    if found is None:
        return "nothing-to-extend"
    if now.running(found.name) is None:
        return "extension-too-late"
    return "extension-too-long" if found.extended else None


GUARDS: Mapping[str, Guard] = {
    "not-a-review": _unless("not-a-review", lambda now: not (h := now.case.hand_over) or h.kind != "review"),
    "not-in-review": _unless("not-in-review", lambda now: now.case.stage == "handling"),
    "was-handed-over": _unless("was-handed-over", _was_handed_over),
    "not-forced": _unless("not-forced", lambda now: not (came := now.case.came_by) or not came.forced),
    "objection-in-time": _unless("objection-too-late", _may_still_object),
    "was-assigned": _unless("was-assigned", lambda now: any(hop.kind == "assign" for hop in now.case.hops)),
    "four-eyes": _unless("four-eyes", lambda now: now.actor.subject != now.case.submitted_by),
    "in-review-window": _unless("in-review-window", _in_review_window),
    "extendable": _extendable,
    "is-suspended": _unless("is-suspended", lambda now: now.case.suspended),
    "is-merged": _unless("is-merged", lambda now: now.case.merged_into is not None),
    "not-terminated-before": _unless("not-terminated-before", lambda now: not now.case.terminated_before),
}
