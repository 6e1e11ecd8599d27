"""A case as the domain knows it and as others are told of it."""

from uuid import UUID

from contracts import events
from routing.domain import Case, HandOver, Last


def public_state(case: Case) -> events.CaseState:
    """The whole public state of a version: no note, no actor."""
    offer = case.hand_over
    return events.CaseState(
        number=case.number, channel=case.channel, kind=case.kind, state=case.state, holder_unit=case.holder_unit,
        holder_region=case.holder_region, writer=case.writer, registered_region=case.registered_region,
        registered_at=case.registered_at, regions=list(case.regions), nodes=list(case.nodes),
        accused_units=list(case.accused_units), outcome=case.outcome, accepted_at=case.accepted_at,
        closed_at=case.closed_at,
        hand_over=None if offer is None else events.HandOver(
            id=offer.id, kind=offer.kind, from_unit=offer.from_unit, from_node=offer.from_node,
            from_region=offer.from_region, from_state=offer.from_state, to_unit=offer.to_unit, to_node=offer.to_node,
            offered_at=offer.offered_at, due_at=offer.due_at,
        ),
        last=events.LastAction(
            action=case.last.action, unit=case.last.unit, at=case.last.at, reason=case.last.reason
        ),
    )  # fmt: skip


def case_of(case_id: UUID, version: int, state: events.CaseState, note: str = "") -> Case:
    """A told state as a case of the domain."""
    offer = state.hand_over
    return Case(
        id=case_id, version=version, number=state.number, channel=state.channel, kind=state.kind, state=state.state,
        holder_unit=state.holder_unit, holder_region=state.holder_region, writer=state.writer,
        registered_region=state.registered_region, registered_at=state.registered_at, regions=tuple(state.regions),
        nodes=tuple(state.nodes), accused_units=tuple(state.accused_units), outcome=state.outcome,
        accepted_at=state.accepted_at, closed_at=state.closed_at,
        hand_over=None if offer is None else HandOver(
            offer.id, offer.kind, offer.from_unit, offer.from_node, offer.from_region, offer.from_state,
            offer.to_unit, offer.to_node, offer.offered_at, offer.due_at,
        ),
        last=Last(state.last.action, state.last.unit, state.last.at, state.last.reason, note),
    )  # fmt: skip
