"""What hangs together with another case: merged into a lead (并案), or of a terminated matter. Standard library only.

A merged case waits while its lead is handled and follows the lead's end by a version of its own: its petitioner is
told under the own number, and rates and asks for a review of it like any other.
"""

from dataclasses import replace
from datetime import datetime

from kit.errors import Refused
from routing.decisions import Counting, timed
from routing.domain import Case, Last
from routing.procedures.domain import Procedure
from routing.table import ENDS, TABLE
from routing.timing.clocks import Clock, foremost

ANSWERED = ENDS | {"served"}
# the actions by which a case comes to its answer or its end
ENDINGS = frozenset(action for (_, action), rule in TABLE.items() if rule.to in ANSWERED)
AGAIN = "not-accepted-again"


def check_merge(case: Case, lead: Case, node: str) -> None:
    """Both are written at this node, which so hears of the lead's end wherever that goes. What is merged never leads: a
    case is merged into one that stands for itself, so no circle can be. Raises Refused.
    """
    if lead.holder_unit != case.holder_unit or lead.writer != node:
        raise Refused("not-held-together", field="lead", holder=lead.holder_unit, writer=lead.writer)
    if lead.merged_into is not None:
        raise Refused("merged", field="lead", lead=str(lead.merged_into))
    # Art 30: what is kept from an accused unit must be kept from it for all that are handled together
    if (case.kind, frozenset(case.accused_units)) != (lead.kind, frozenset(lead.accused_units)):
        raise Refused("lead-of-another-kind", field="lead")
    if lead.state in ANSWERED or lead.stage != "handling":
        raise Refused("lead-ended", field="lead", state=lead.state)


def ends(lead: Case) -> bool:
    """Whether what is merged into it has cause to follow this version; a review is of its own petitioner alone."""
    return lead.last.action in ENDINGS and lead.state in ANSWERED and lead.stage == "handling"


def followed(case: Case, lead: Case, at: datetime, procedure: Procedure, counting: Counting) -> Case | None:
    """What a merged case becomes by the end of its lead; None where it has its answer, or another lead.

    What ends a case because of its own petitioner (withdrawn; the same person's terminated matter, Art 36) ends no
    other one: that stands for itself again.
    """
    waits = (case.state, "unmerge") in TABLE
    if case.merged_into != lead.id or not (waits or (case.state == "served" and lead.state == "closed")):
        return None
    alone = _released(case, lead, at, procedure, counting)
    if waits and (lead.state == "withdrawn" or (lead.state == AGAIN) != case.barred):
        return alone
    changed = replace(
        alone, state=lead.state, merged_into=lead.id, last=replace(lead.last, at=at, reason=because_of(lead), note=""),
        outcome=lead.outcome, papers=lead.papers, handler_unit=lead.handler_unit or lead.holder_unit,
        approved_at=lead.approved_at,
        # the own notice goes out by this version: from here on its petitioner may rate and ask for a review
        served_at=case.served_at or (at if lead.served_at is not None else None),
        closed_at=at if lead.closed_at is not None else None,
    )  # fmt: skip
    ended = timed(changed, alone, procedure, counting)
    after = tuple(_over(clock, ended.state, procedure, at) for clock in ended.clocks)
    first = None if ended.state in ENDS else foremost(after, procedure.clocks)
    return replace(ended, clocks=after, due_at=first.due_at if first else None)


def _released(case: Case, lead: Case, at: datetime, procedure: Procedure, counting: Counting) -> Case:
    """As it stood before it was merged; its clocks go on."""
    last = Last("unmerge", case.holder_unit, at, because_of(lead))
    alone = replace(case, version=case.version + 1, merged_into=None, last=last)
    return timed(alone, case, procedure, counting)


def because_of(lead: Case) -> str:
    """The reason of a version that follows a lead: a code and the lead's number."""
    return f"lead:{lead.number}"[:64]


def _over(clock: Clock, state: str, procedure: Procedure, at: datetime) -> Clock:
    """No limit of what was not done runs on, unless the office can still do what stops it (reporting a result)."""
    stops = next((rule.stops for rule in procedure.clocks if rule.name == clock.name), frozenset[str]())
    possible = any((state, action) in TABLE for action in stops - {"note-withdrawal"})
    return clock if possible or not clock.open else replace(clock, stopped_at=at, paused_at=None, pauses=0)


def recognised(case: Case, at: datetime, *, terminated: bool) -> Case | None:
    """A case whose matter turns out to have been through re-review before, or not to have been (Art 36).

    None where that changes nothing: it is so already, or the case has its answer.
    """
    if case.terminated_before == terminated or case.state in ANSWERED or case.stage != "handling":
        return None
    last = Last("recognise" if terminated else "unrecognise", case.holder_unit, at)
    return replace(case, version=case.version + 1, last=last, terminated_before=terminated, new_facts=False)
