"""Conditions of the table of states beyond state, unit and role: each answers with a slug, or None when it is met.

Standard library only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from routing.confidence import is_confidential
from routing.procedures.domain import Procedure
from routing.timing.clocks import Clock

if TYPE_CHECKING:
    from routing.domain import Actor, Case

CARRYING_OUT = "carrying-out"  # the clock of an opinion that supports the petitioner


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

    def has_open(self, name: str) -> bool:
        """Whether a clock of this name is open, its time over or not."""
        return any(clock.name == name and clock.open for clock in self.case.clocks)


Guard = Callable[[Situation], str | None]


def _unless(slug: str, met: Callable[[Situation], bool]) -> Guard:
    return lambda situation: None if met(situation) else slug


def _was_handed_over(now: Situation) -> bool:
    return now.case.came_by is not None and now.case.came_by.kind != "review"


def _may_still_object(now: Situation) -> bool:
    """Art 23: within 5 working days of receipt, where the procedure has that limit."""
    known = any(rule.name == "objection" for rule in now.procedure.clocks)
    return not known or now.running("objection") is not None


def _has_had_no_part(now: Situation) -> bool:
    """Each step of an approval is another person's: neither who sent the opinion nor who approved it before."""
    return now.actor.subject not in {now.case.submitted_by, *now.case.approvers}


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


def _unclaimed(now: Situation) -> bool:
    """A limit runs that only a claim, or what becomes of the order, ends."""
    waiting = {rule.name for rule in now.procedure.clocks if "claim" in rule.stops}
    return any(clock.open and clock.name in waiting for clock in now.case.clocks)


GUARDS: Mapping[str, Guard] = {
    "not-a-review": _unless("not-a-review", lambda now: not (h := now.case.hand_over) or h.kind != "review"),
    "not-in-review": _unless("not-in-review", lambda now: now.case.stage == "handling"),
    "was-handed-over": _unless("was-handed-over", _was_handed_over),
    "not-forced": _unless("not-forced", lambda now: not (came := now.case.came_by) or not came.forced),
    "objection-in-time": _unless("objection-too-late", _may_still_object),
    "was-assigned": _unless("was-assigned", lambda now: any(hop.kind == "assign" for hop in now.case.hops)),
    "to-be-carried-out": _unless("nothing-to-carry-out", lambda now: now.has_open(CARRYING_OUT)),
    "four-eyes": _unless("four-eyes", _has_had_no_part),
    "in-review-window": _unless("in-review-window", _in_review_window),
    "extendable": _extendable,
    "unclaimed": _unless("nothing-to-claim", _unclaimed),
    "is-suspended": _unless("is-suspended", lambda now: now.case.suspended),
    "is-merged": _unless("is-merged", lambda now: now.case.merged_into is not None),
    "is-confidential": _unless("not-confidential", lambda now: is_confidential(now.case)),
    "not-confidential": _unless("confidential-already", lambda now: not is_confidential(now.case)),
    "not-terminated-before": _unless("not-terminated-before", lambda now: not now.case.barred),
    "barred": _unless("not-barred", lambda now: now.case.barred),
}
# by which article a guard says no, where that is not the one by which the action is done
ARTICLES: Mapping[str, str] = {
    "not-a-review": "Art 35, 36",
    "not-in-review": "Art 35, 36",
    "not-terminated-before": "Art 36",
    "barred": "Art 36",
}
