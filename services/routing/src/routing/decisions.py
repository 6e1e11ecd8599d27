"""What each action makes of a case: the next version, or a refusal. Standard library only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kit.errors import Refused
from routing import confidence, hand_overs
from routing.domain import Case, Last, Order, Unit, check_request, is_kept_from
from routing.procedures.domain import Procedure
from routing.table import BACK, ENDS, SAME
from routing.timing import clocks
from routing.timing.counting import version

MOST_ACCUSED = 50  # as the contract has it
Effect = Callable[[Case, Case, Order, Procedure], Case]


@dataclass(frozen=True, slots=True)
class Counting:
    """How days are counted: which are working days, and from when to when a limit runs."""

    calendar: clocks.Calendar
    policy: clocks.CountingPolicy

    @property
    def version(self) -> str:
        return version(self.calendar, self.policy)


def open_case(
    *, case_id: UUID, number: str, channel: str, kind: str, unit: Unit, registered_at: datetime, procedure: Procedure,
    counting: Counting, holder: Unit | None = None, route: int | None = None, accused_units: tuple[str, ...] = (),
    terminated_before: bool = False,
) -> Case:  # fmt: skip
    """The first version: the registering unit holds it, or the superior that is named, whose node writes on: what
    accuses a unit is never in its hands, nor in those of one below it (Art 30). An appeal without a route (Art 31) must
    be screened, unless by the channel it came it is an order, which goes its way until somebody screens it.
    """
    holder = holder or unit
    decided = route is not None or kind != "appeal" or channel in procedure.channels
    case = Case(
        id=case_id, version=1, number=number, channel=channel, kind=kind,
        state="screened" if decided else "registered",
        holder_unit=holder.code, holder_region=holder.region, writer=holder.node, registered_region=unit.region,
        registered_at=registered_at, regions=tuple(dict.fromkeys((unit.region, holder.region))),
        nodes=tuple(dict.fromkeys((unit.node, holder.node))), accused_units=accused_units,
        last=Last("open", unit.code, registered_at), procedure=procedure.key, route=route,
        terminated_before=terminated_before, units=(unit.code,),
    )  # fmt: skip
    return timed(case, case, procedure, counting)


def decide(case: Case, action: str, order: Order, procedure: Procedure, counting: Counting) -> Case:
    """The next version of the case. Raises Refused."""
    rule = check_request(case, action, order.actor, order.version, procedure, order.asked_at or order.at)
    last = Last(action, order.actor.unit, order.at, order.reason, order.note, order.actor.subject, order.fields)
    state = case.state if rule.to in {SAME, BACK} else rule.to
    units = confidence.joined(case.units, (*order.units, order.actor.unit))
    base = replace(case, version=case.version + 1, state=state, last=last, units=units)
    changed = EFFECTS[action](base, case, order, procedure) if action in EFFECTS else base
    followed = order.procedure if action == "screen" and order.procedure is not None else procedure
    happened = _happened(changed, case, order)
    return timed(changed, case, followed, counting, at=happened, due_at=order.due_at, days=order.days)


def _happened(changed: Case, case: Case, order: Order) -> datetime:
    """When that took place from which time limits run: service and request may have been before they are recorded."""
    if case.served_at is None and changed.served_at is not None:
        return changed.served_at
    return order.asked_at or order.at


def timed(
    changed: Case,
    case: Case,
    procedure: Procedure,
    counting: Counting,
    *,
    at: datetime | None = None,
    due_at: datetime | None = None,
    days: int = 0,
) -> Case:
    """The clocks as the action leaves them; those that start are those of the stage it leads to."""
    after = clocks.apply(
        case.clocks, procedure.clocks, changed.last.action, changed.stage, at or changed.last.at, counting.calendar,
        counting.policy, due_at=due_at, extend_days=days, state=changed.state, undone=_undone(changed, case),
        # what is merged is carried out with its lead
        outcome=None if changed.merged_into else changed.outcome,
    )  # fmt: skip
    first = None if changed.state in ENDS else clocks.foremost(after, procedure.clocks)
    return replace(changed, clocks=after, due_at=first.due_at if first else None)


def _undone(changed: Case, case: Case) -> clocks.Undone | None:
    """The hand-over that this version takes back, and what was promised by those that still stand."""
    action, hops = changed.last.action, changed.hops
    promised = tuple((hop.offered_at, hop.due_at) for hop in hops if hop.kind == "assign" and hop.due_at is not None)
    if action in {"recall", "return"} and case.hand_over is not None:
        # who settled a dispute did not hold the case before: no limit of that unit goes on
        made_at = None if case.hand_over.kind == "arbitrate" else case.hand_over.offered_at
        return clocks.Undone(made_at, promised)
    return clocks.Undone(None, promised) if action == "agree-objection" else None


def _screen(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """What it is and by which way it goes (Art 29 to 31), as far as is known by now, and whom it accuses (Art 30)."""
    chosen, kind, accused = order.procedure, order.kind or case.kind, case.accusing(order.accused)
    if chosen is None:
        raise Refused("unknown-procedure", field="procedure")
    if len(accused) > MOST_ACCUSED:
        raise Refused("invalid-input", field="accused_units")
    last = base.last if kind == case.kind else replace(base.last, reason=f"was-{case.kind}")
    screened = replace(base, kind=kind, route=order.route, procedure=chosen.key, accused_units=accused, last=last)
    # once it is, only who answers for the unit says that it is no more
    screened = _confidential(screened) if order.confidential else screened
    kept = is_kept_from(accused, order.actor.unit, order.actor.above)
    return hand_overs.take_up(screened, order.parent) if kept else screened


def _confidential(case: Case) -> Case:
    """保密; who else may read it is found when the version is written (routing.confidence)."""
    return case if confidence.is_confidential(case) else replace(case, readers=())


def widened(case: Case, units: tuple[str, ...], at: datetime) -> Case:
    """Of a confidential case: these units are asked for support, so they may read it."""
    last = Last("widen", case.holder_unit, at)
    return replace(case, version=case.version + 1, last=last, units=confidence.joined(case.units, units))


def _extend(base: Case, _: Case, order: Order, __: Procedure) -> Case:
    if order.days < 1:
        raise Refused("invalid-input", field="days")
    return base


def _submit(base: Case, _: Case, order: Order, __: Procedure) -> Case:
    """Send the opinion and the papers that belong to it for approval, as one."""
    if order.outcome is None:
        raise Refused("invalid-input", field="outcome")
    return replace(
        base, outcome=order.outcome, papers=order.papers, submitted_by=order.actor.subject, approvers=(), step=0
    )


def _approve(base: Case, case: Case, order: Order, procedure: Procedure) -> Case:
    step, approvers = case.step + 1, (*case.approvers, order.actor.subject)
    if step < len(procedure.approval):
        return replace(base, state="in-approval", step=step, approvers=approvers)
    return replace(base, step=step, approvers=approvers, handler_unit=case.holder_unit, approved_at=order.at)


def _return_draft(base: Case, _: Case, __: Order, ___: Procedure) -> Case:
    return replace(base, step=0, papers=(), submitted_by=None, approvers=())


def _serve(base: Case, _: Case, order: Order, __: Procedure) -> Case:
    served = order.served_at or order.at
    if served > order.at or (base.approved_at is not None and served < base.approved_at):
        raise Refused("invalid-input", field="served_at")
    return replace(base, served_at=served)


def _close(base: Case, case: Case, order: Order, procedure: Procedure) -> Case:
    """办结. After a re-review the matter is terminated: the same facts and reasons are not accepted again (Art 36)."""
    served = base if case.served_at is not None else _serve(base, case, order, procedure)
    return replace(served, state="terminated" if case.stage == "re-review" else "closed", closed_at=order.at)


EFFECTS: Mapping[str, Effect] = {
    "screen": _screen,
    "transfer": hand_overs.transfer,
    "assign": hand_overs.transfer,
    "receive": hand_overs.receive,
    "recall": hand_overs.recall,
    "object": hand_overs.object_to,
    "agree-objection": hand_overs.agree,
    "refuse-objection": hand_overs.refuse,
    "arbitrate": hand_overs.arbitrate,
    "accept": lambda base, _, order, __: replace(base, accepted_at=order.at),
    "extend": _extend,
    "submit": _submit,
    "approve": _approve,
    "return-draft": _return_draft,
    "serve": _serve,
    "close": _close,
    "request-review": hand_overs.request_review,
    "lift-bar": lambda base, _, __, ___: replace(base, new_facts=True),
    "note-withdrawal": hand_overs.withdraw,
    "suspend": lambda base, _, __, ___: replace(base, suspended=True),
    "resume": lambda base, _, __, ___: replace(base, suspended=False),
    "mark-confidential": lambda base, _, __, ___: _confidential(base),
    "unmark-confidential": lambda base, _, __, ___: replace(base, readers=confidence.OPEN),
    "merge": lambda base, _, order, __: replace(base, merged_into=order.lead),
    "unmerge": lambda base, _, __, ___: replace(base, merged_into=None),
}


def settle_recall(
    case: Case, hand_over: UUID, version: int, at: datetime, procedure: Procedure, counting: Counting, note: str = ""
) -> Case | None:
    """At the receiver's node: grant the sender's request, or None if the offer is decided already. note: its words."""
    offer = case.hand_over
    # the version may have been counted up by the system meanwhile; what is asked back is the offer
    if case.version < version or offer is None or offer.id != hand_over or offer.kind == "review":
        return None
    last = Last("recall", offer.from_unit, at, note=note)
    return timed(hand_overs.undone(replace(case, version=case.version + 1, last=last)), case, procedure, counting)


def refuse_unknown_unit(case: Case, at: datetime, procedure: Procedure, counting: Counting) -> Case:
    """At the receiver's node: the unit does not exist here, so the offer goes back by itself."""
    last = Last("return", case.holder_unit, at, "unknown-unit")
    return timed(hand_overs.undone(replace(case, version=case.version + 1, last=last)), case, procedure, counting)
