"""Whose a case is: hand-overs, objections, disputes, reviews (Art 22, 23, 35, 36). Standard library only."""

from dataclasses import replace

from kit.errors import Refused
from routing.domain import NEXT_STAGE, RETURN_REASONS, UNCLAIMED, Case, HandOver, Order, Unit, is_kept_from
from routing.procedures.domain import Procedure


def _check_target(case: Case, order: Order) -> Unit:
    to = order.to
    if to is None:
        raise Refused("unknown-unit", field="to_unit")
    # a merged case may be held by the very unit that reviews what the handler of its lead decided
    if to.code == case.holder_unit and case.state != "disputed" and to != order.parent:
        raise Refused("already-the-holder", field="to_unit")
    if is_kept_from(case.accused_units, to.code, to.above):
        raise Refused("accused-unit", rule="Art 30")
    return to


def _with(known: tuple[str, ...], item: str) -> tuple[str, ...]:
    return known if item in known else (*known, item)


def _check_direction(case: Case, to: Unit, most: int, *, by_system: bool) -> None:
    """Who has signed for a case hands it on to a unit below it, or handles it, or objects, which asks the sender: given
    back, up or sideways it would escape Art 23. An order nobody claims the system gives to whoever is there for that.
    """
    if case.state == "received" and case.came_by is not None and not by_system:
        back = to.code == case.came_by.from_unit
        if back or case.holder_unit not in to.above:
            raise Refused("object-instead", field="to_unit", rule="Art 23")
    if len(case.hops) >= most:
        raise Refused("too-many-hops", field="to_unit", most=most)


def _went_through(case: Case) -> frozenset[str]:
    """The units that registered the case, handed it on, or objected to it."""
    return frozenset(unit for hop in case.hops for unit in (hop.from_unit, hop.to_unit)).union(case.objected_units)


def transfer(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """转送, 交办 (Art 22). Where it has been before, only the common superior of both sends it again."""
    to, by_system = _check_target(case, order), order.reason == UNCLAIMED
    _check_direction(case, to, order.hops, by_system=by_system)
    kind = base.last.action
    if kind == "assign" and (order.due_at is None or order.due_at <= order.at):
        raise Refused("deadline-missing", field="due_at")
    if order.due_at is not None and order.due_at - order.at > order.longest:
        raise Refused("deadline-too-far", field="due_at", longest=order.longest.days)
    again, above = to.code in _went_through(case), order.arbiter
    if again and above is not None and above.code != case.holder_unit:
        return _ask(replace(base, state="disputed"), above)
    return _offer(base, case, order, to, kind, forced=by_system or (again and above is not None))


def _offer(base: Case, case: Case, order: Order, to: Unit, kind: str, *, forced: bool) -> Case:
    if order.hand_over is None:
        raise ValueError("a hand-over needs an id")
    actor = order.actor
    by_holder = actor.unit == case.holder_unit
    hand_over = HandOver(
        order.hand_over, kind, actor.unit, actor.node, case.holder_region if by_holder else _region_of(order),
        case.state if by_holder else "screened", to.code, to.node, order.at, order.due_at, to.region, forced,
    )  # fmt: skip
    return replace(
        base, state="offered", holder_unit=to.code, holder_region=to.region, writer=to.node, hand_over=hand_over,
        asked=None, regions=_with(base.regions, to.region), nodes=_with(base.nodes, to.node),
    )  # fmt: skip


def _region_of(order: Order) -> str:
    if order.arbiter is None:
        raise ValueError("only the arbiter sends what it does not hold")
    return order.arbiter.region


def _ask(base: Case, unit: Unit) -> Case:
    """Let another unit decide: from this version on only its node writes."""
    return replace(
        base, asked=unit.code, writer=unit.node, regions=_with(base.regions, unit.region),
        nodes=_with(base.nodes, unit.node),
    )  # fmt: skip


def take_up(base: Case, to: Unit | None) -> Case:
    """Art 30: what turns out to accuse the holder, or a unit above it, is at once its nearest superior's that may hold
    it, as if it had been opened there.
    """
    if to is None:
        raise Refused("accused-unit", rule="Art 30")
    return replace(
        base, holder_unit=to.code, holder_region=to.region, writer=to.node, regions=_with(base.regions, to.region),
        nodes=_with(base.nodes, to.node),
    )  # fmt: skip


def receive(base: Case, _: Case, __: Order, ___: Procedure) -> Case:
    """Sign for the case (签收)."""
    if base.hand_over is None:
        raise ValueError("nothing is offered")
    return replace(base, hand_over=None, hops=(*base.hops, base.hand_over))


def recall(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """Take the offer back, decided where the right to write is."""
    _check_writes(case, order, "recall")
    return undone(base)


def _check_writes(case: Case, order: Order, action: str) -> None:
    """Elsewhere it can only be asked for. Raises Refused("held-elsewhere")."""
    if case.writer != order.actor.node:
        raise Refused("held-elsewhere", action=action, state=case.state)


def object_to(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """退回异议 (Art 23): within 5 working days of receipt. The sender decides; after several, the superior of both."""
    came = case.came_by
    if came is None or order.reason not in RETURN_REASONS:
        raise Refused("invalid-input", field="reason")
    sender = Unit(came.from_unit, came.from_region, came.from_node)
    count, above = case.objections + 1, order.arbiter
    if count < order.objections or above is None or above.code in {sender.code, case.holder_unit}:
        return _ask(base, sender)
    # it will not go back to the sender any more, so it counts here
    units = _with(case.objected_units, case.holder_unit)
    return _ask(replace(base, state="disputed", objections=count, objected_units=units), above)


def agree(base: Case, case: Case, _: Order, __: Procedure) -> Case:
    """The sender takes the case back to its own screening."""
    came = base.hops[-1]
    return replace(
        base, state=came.from_state, holder_unit=came.from_unit, holder_region=came.from_region, writer=came.from_node,
        hops=base.hops[:-1], asked=None, objections=case.objections + 1,
        objected_units=_with(case.objected_units, came.to_unit),
    )  # fmt: skip


def refuse(base: Case, _: Case, __: Order, ___: Procedure) -> Case:
    """The sender stands by its hand-over: the receiver keeps the case and may not object a second time."""
    came = base.hops[-1]
    return replace(base, writer=came.to_node, asked=None, hops=(*base.hops[:-1], replace(came, forced=True)))


def arbitrate(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """The common superior says whose the case is (指定管辖); nobody may object."""
    to = _check_target(case, order)
    return _offer(base, case, order, to, "arbitrate", forced=True)


def request_review(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """复查, 复核 (Art 35, 36): by the unit above the one whose opinion it is, wherever in the tree that is."""
    stage, parent = NEXT_STAGE.get(case.stage), order.parent
    if stage is None:
        raise Refused("no-further-review", article="Art 36")
    if parent is None or (order.to is not None and order.to.code != parent.code):
        raise Refused("not-the-parent-unit", field="to_unit", parent=parent.code if parent else None)
    to = _check_target(case, replace(order, to=parent))
    offered = _offer(base, case, order, to, "review", forced=True)
    return replace(
        offered, stage=stage, handler_unit=case.handler_unit or case.holder_unit, outcome=None, papers=(), step=0,
        submitted_by=None, accepted_at=None, approved_at=None, served_at=None, closed_at=None, merged_into=None,
    )  # fmt: skip


def withdraw(base: Case, case: Case, order: Order, _: Procedure) -> Case:
    """撤回信访: nothing is under way any more, and nobody is asked; what is still written is the holder's."""
    _check_writes(case, order, "note-withdrawal")
    return replace(base, hand_over=None, asked=None, writer=order.holder_node or base.writer)


def undone(case: Case) -> Case:
    """The case as its sender held it before the offer; the sender's node writes again."""
    offer = case.hand_over
    if offer is None:
        raise Refused("not-in-this-state", action=case.last.action, state=case.state)
    return replace(
        case, state=offer.from_state, holder_unit=offer.from_unit, holder_region=offer.from_region,
        writer=offer.from_node, hand_over=None,
    )  # fmt: skip
