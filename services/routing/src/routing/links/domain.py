"""What hangs together with another case: merged into a lead (并案), or of a terminated matter. Standard library only.

A merged case waits while its lead is handled and follows the lead's end by a version of its own: its petitioner is
told under the own number, and rates and asks for a review of it like any other.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import Refused
from routing.confidence import OPEN, is_confidential
from routing.decisions import Counting, timed
from routing.domain import Case, Last, Unit, is_kept_from
from routing.hand_overs import take_up
from routing.procedures.domain import Procedure
from routing.table import CONFIDENCE, ENDS, TABLE
from routing.timing.clocks import Clock, foremost

ANSWERED = ENDS | {"served"}
# the actions by which a case comes to its answer or its end
ENDINGS = frozenset(action for (_, action), rule in TABLE.items() if rule.to in ANSWERED)
# what of a lead concerns those that are merged into it
FOLLOWED = ENDINGS | CONFIDENCE | {"screen"}
AGAIN = "not-accepted-again"
LEAD = "lead:"  # begins the reason of a version that follows a lead; the number of that follows


def check_merge(case: Case, lead: Case, node: str) -> None:
    """Both are written at this node, which so hears of the lead's end wherever that goes. What is merged never leads: a
    case is merged into one that stands for itself, so no circle can be. Raises Refused.
    """
    if lead.holder_unit != case.holder_unit or lead.writer != node:
        raise Refused("not-held-together", field="lead", holder=lead.holder_unit, writer=lead.writer)
    if lead.merged_into is not None:
        raise Refused("merged", field="lead", lead=str(lead.merged_into))
    # Art 30: what is kept from an accused unit must be kept from it for all that are handled together; so with secrets
    alike = [(each.kind, frozenset(each.accused_units), is_confidential(each)) for each in (case, lead)]
    if alike[0] != alike[1]:
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


def accused_with(
    case: Case, lead: Case, at: datetime, procedure: Procedure, counting: Counting, *, holder: Unit,
    superior: Unit | None,
) -> Case | None:  # fmt: skip
    """What a merged case becomes when its lead was found to accuse more units: all that is handled together is kept
    from the same ones (Art 30), also once it is unmerged: nobody is ever taken off. None where that changes nothing.

    Where its own holder is among them, or below one, it stands for itself again, at the superior that may have it.
    holder, superior: as the directory knows them, with these accused.
    """
    accused = case.accusing(lead.accused_units)
    if case.merged_into != lead.id or accused == case.accused_units:
        return None
    if is_kept_from(accused, holder.code, holder.above) and (case.state, "unmerge") in TABLE:
        alone = replace(_released(case, lead, at, procedure, counting), accused_units=accused)
        # to whom it was handed over is not who has it now, and cannot object to that
        return take_up(replace(alone, state="screened") if case.state == "received" else alone, superior)
    last = Last("screen", lead.last.unit, at, because_of(lead))
    return replace(case, version=case.version + 1, accused_units=accused, last=last)


@dataclass(frozen=True, slots=True)
class Following:
    """How far a merged case has followed its lead: to which version, and whether it is confidential because of that."""

    version: int = 0
    confided: bool = False


def confided_with(case: Case, lead: Case, at: datetime, before: Following) -> tuple[Case | None, Following]:
    """What a merged case becomes when its lead becomes confidential (保密), or is no more; None where that changes
    nothing. Who reads it must not learn what the lead hides; who may is found by what has to do with it itself.

    What a person marked stays marked, and so does what is unmerged: only what came from the lead is lifted with it.
    """
    if case.merged_into != lead.id or lead.version <= before.version:
        return None, before
    after = replace(before, version=lead.version)
    if lead.readers is None:  # never marked; or from an older node, which says nothing
        return None, after
    secret = is_confidential(lead)
    if secret == is_confidential(case) or not (secret or before.confided):
        return None, after
    last = Last("mark-confidential" if secret else "unmark-confidential", lead.last.unit, at, because_of(lead))
    changed = replace(case, version=case.version + 1, readers=() if secret else OPEN, last=last)
    return changed, replace(after, confided=secret)


def _released(case: Case, lead: Case, at: datetime, procedure: Procedure, counting: Counting) -> Case:
    """As it stood before it was merged; its clocks go on."""
    last = Last("unmerge", case.holder_unit, at, because_of(lead))
    alone = replace(case, version=case.version + 1, merged_into=None, last=last)
    return timed(alone, case, procedure, counting)


def because_of(lead: Case) -> str:
    """The reason of a version that follows a lead: a code and the lead's number."""
    return f"{LEAD}{lead.number}"[:64]


def lead_of(reason: str | None) -> str:
    """The number of the lead that a reason names; empty where it names none."""
    return reason.removeprefix(LEAD) if reason and reason.startswith(LEAD) else ""


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
