"""A request as the domain knows it and as others are told of it."""

from uuid import UUID

from contracts.events import LastAction, RequestState
from routing.requests.domain import Place, Request, Step


def public_state(request: Request) -> RequestState:
    """The whole public state of a version: no text, no actor."""
    sender, receiver, last = request.sender, request.receiver, request.last
    return RequestState(
        id=request.id, number=request.number, kind=request.kind, reason=request.reason,
        from_unit=sender.unit, from_node=sender.node, from_region=sender.region,
        to_unit=receiver.unit, to_node=receiver.node, to_region=receiver.region,
        accused_units=list(request.accused_units), status=request.status, round=request.round,
        wants_answer=request.wants_answer, sent_at=request.sent_at, due_at=request.due_at,
        received_at=request.received_at, answered_at=request.answered_at, ended_at=request.ended_at,
        adoption=request.adoption, readers=None if request.readers is None else list(request.readers),
        last=LastAction(action=last.action, unit=last.unit, at=last.at, reason=last.reason),
    )  # fmt: skip


def request_of(case_id: UUID, version: int, state: RequestState, text: str = "") -> Request:
    """A told state as a request of the domain."""
    last = state.last
    return Request(
        id=state.id, version=version, case_id=case_id, number=state.number, kind=state.kind, reason=state.reason,
        sender=Place(state.from_unit, state.from_region, state.from_node),
        receiver=Place(state.to_unit, state.to_region, state.to_node),
        status=state.status, wants_answer=state.wants_answer, sent_at=state.sent_at,
        last=Step(last.action, last.unit, last.at, last.reason, text),
        accused_units=tuple(state.accused_units), round=state.round, due_at=state.due_at,
        received_at=state.received_at, answered_at=state.answered_at, ended_at=state.ended_at,
        adoption=state.adoption, readers=None if state.readers is None else tuple(state.readers),
    )  # fmt: skip
