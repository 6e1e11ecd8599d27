"""What units can ask of each other about a case. Each function runs inside its caller's transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row

from contracts.envelope import Envelope, LetterData
from contracts.events import CaseState, RequestState
from contracts.letters import CaseProgress, RequestCancellation, RequestStep
from contracts.speech import emit, post
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import confidence, decisions, resources, store
from routing import usecases as case_usecases
from routing.requests import domain as requests
from routing.requests import store as requests_store
from routing.requests.domain import Asker, Matter, Place, Request, Wish
from routing.requests.rules import UNANSWERED, Policy
from routing.requests.shapes import public_state, request_of

EVENT_OF = {
    "send": "routing.request.sent.v1",
    "receive": "routing.request.received.v1",
    "answer": "routing.request.answered.v1",
    "close": "routing.request.closed.v1",
    "return": "routing.request.returned.v1",
    "cancel": "routing.request.cancelled.v1",
}
Decision = Callable[[Request, Asker], Request]
_POLICY = TypeAdapter(Policy)


@dataclass(frozen=True, slots=True)
class Told:
    """A version that another node tells of: by its event, and what was written with it where a letter brought it."""

    event: Envelope
    text: str = ""


def policy_of(runtime: Runtime) -> Policy:
    """[services.routing.requests] of the node file."""
    return _POLICY.validate_python(runtime.settings.services.get("routing", {}).get("requests", {}))


def longest_of(runtime: Runtime) -> timedelta:
    """How far away an answer may be wanted, as any other deadline that is set by hand."""
    return timedelta(days=resources.of(runtime).settings.longest_days)


def place_of(runtime: Runtime, unit: str, field: str = "to_unit") -> Place:
    """Where a unit is. Raises Refused("unknown-unit")."""
    known = resources.of(runtime).units.units.get(unit)
    if known is None:
        raise Refused("unknown-unit", field=field)
    units = resources.of(runtime).units
    return Place(known.code, known.region, known.node, units.above(known.code, known.region), units.superiors(unit))


def asker_of(runtime: Runtime, principal: Principal) -> Asker:
    """The caller with its unit's own region, at this node: what it may read can be wider than what it may order."""
    place = place_of(runtime, principal.unit, "unit")
    return Asker(principal.subject, replace(place, node=runtime.node), principal.roles)


def matter_of(runtime: Runtime, case_id: UUID, case: CaseState) -> Matter:
    return Matter(
        case_id=case_id,
        number=case.number,
        state=case.state,
        holder=replace(place_of(runtime, case.holder_unit), region=case.holder_region),
        accused_units=tuple(case.accused_units),
        readers=None if case.readers is None else tuple(case.readers),
    )


async def readable_case(session: Session, case_id: UUID, principal: Principal) -> CaseState:
    """The case as it stands here, if the caller may see it. Raises Refused("not-found")."""
    row = await store.find(session, case_id, principal.region, principal.line)
    if row is None:
        raise Refused("not-found")
    return CaseState.model_validate(row.body)


async def send(
    runtime: Runtime, session: Session, case_id: UUID, principal: Principal, kind: str, wish: Wish,
    to_units: Iterable[str] = (),
) -> list[Request]:  # fmt: skip
    """Ask the holder, or the units that are named, each by a request of its own. Raises Refused."""
    case = await readable_case(session, case_id, principal)
    matter, asker = matter_of(runtime, case_id, case), asker_of(runtime, principal)
    now, longest = runtime.clock.now(), longest_of(runtime)
    asked = [
        requests.send(kind, asker, matter, place_of(runtime, unit), wish, runtime.ids.new(), now, longest=longest)
        for unit in dict.fromkeys(to_units or (case.holder_unit,))
    ]
    if kind == "support" and case.writer != runtime.node:  # what is known here of the holder may be old
        raise Refused("held-elsewhere", action="ask-support", state=case.state)
    await requests_store.keep(session, runtime.keyring, asked)
    for request in asked:
        await tell(runtime, session, request)
    if kind == "support":
        await _let_read(runtime, session, case_id, [request.receiver.unit for request in asked])
    return asked


async def _let_read(runtime: Runtime, session: Session, case_id: UUID, units: Sequence[str]) -> None:
    """Whoever supports may read what is confidential."""
    case = await store.locked(session, case_id)
    if case is not None and confidence.is_confidential(case) and not {*units} <= {*case.units}:
        await case_usecases.write(runtime, session, decisions.widened(case, tuple(units), runtime.clock.now()))


async def readable(session: Session, request_id: UUID, principal: Principal) -> Row[Any]:
    """The request's row, if the caller may see it. Raises Refused("not-found")."""
    row = await requests_store.find(session, request_id, principal.region, principal.line)
    if row is None:
        raise Refused("not-found")
    return row


async def act(runtime: Runtime, session: Session, request_id: UUID, principal: Principal, decide: Decision) -> Request:
    """Lock the request, let the domain decide, write the next version and tell who must know. Raises Refused."""
    await readable(session, request_id, principal)
    request = await requests_store.locked(session, request_id)
    if request is None:
        raise Refused("not-found")
    changed = decide(request, asker_of(runtime, principal))
    if changed is not request:
        await _write(runtime, session, changed)
    return changed


async def cancel(runtime: Runtime, session: Session, request_id: UUID, principal: Principal, version: int) -> Request:
    """Take a request back: at once when a unit of this node was asked, by a letter when another node decides."""
    wanted: list[Request] = []

    def decide(request: Request, asker: Asker) -> Request:
        requests.check(request, "cancel", asker, version)
        if request.writer == runtime.node:
            return requests.cancel(request, asker, version, runtime.clock.now())
        wanted.append(request)
        return request

    changed = await act(runtime, session, request_id, principal, decide)
    if wanted and await requests_store.ask_cancellation(session, changed):
        audit.note(
            session, "request.ask-cancel", subject=changed.case_id, at=runtime.clock.now(), actor=principal.subject,
            unit=principal.unit, before=version, detail={"request": str(changed.id)},
        )  # fmt: skip
        letter = RequestCancellation(request=changed.id, round=changed.round)
        _send_letter(runtime, session, changed, None, "routing.request-cancellation.v1", letter, changed.receiver.node)
    return changed


async def _write(runtime: Runtime, session: Session, request: Request, cause: Envelope | None = None) -> None:
    if not await requests_store.write(session, runtime.keyring, request):
        raise Refused("version-conflict")
    await tell(runtime, session, request, cause)


async def tell(runtime: Runtime, session: Session, request: Request, cause: Envelope | None = None) -> None:
    """The audit; the event for this node and all above; letters, with the text, for the other party, and for nodes
    above it.
    """
    await _audit(session, request)
    speak = partial(_send_letter, runtime, session, request, cause)
    state = public_state(request)
    event = emit(
        runtime, session, EVENT_OF[request.last.action], state,
        subject=request.case_id, sequence=request.version, cause=cause,
    )  # fmt: skip
    body = event.body().decode()
    other = requests.counterpart(request)
    if other is not None:
        kind = "routing.request.v1" if other == request.receiver.node else "routing.request-answer.v1"
        speak(kind, RequestStep(event=body, text=request.last.text), other)
    for node in requests.audience(request, (entry.path for entry in runtime.settings.directory)):
        speak("routing.case-progress.v1", CaseProgress(event=body), node)


async def _audit(session: Session, request: Request) -> None:
    last, text = request.last, await requests_store.text_digest(session, request)
    detail = {"request": str(request.id), "kind": request.kind, "to": request.receiver.unit}
    if text is not None:
        detail["text"] = text
    audit.note(
        session, f"request.{last.action}", subject=request.case_id, at=last.at, actor=last.actor, unit=last.unit,
        reason=last.reason, before=request.version - 1, after=request.version, detail=detail,
    )  # fmt: skip


def _send_letter(
    runtime: Runtime, session: Session, request: Request, cause: Envelope | None, kind: str, letter: LetterData, to: str
) -> None:
    post(runtime, session, kind, letter, to=to, subject=request.case_id, sequence=request.version, cause=cause)


async def learn(runtime: Runtime, session: Session, told: Sequence[Told]) -> None:
    """Keep what other nodes wrote. Raises Refused("not-the-writer") for a version that a node had no right to write."""
    heard = [
        (request_of(one.event.subject, one.event.version, state_of(one.event), one.text), one.event) for one in told
    ]
    known = await requests_store.versions(session, [request.id for request, _ in heard])
    for request, event in heard:
        _check_writer(request, event.node, known.get(request.id))
    await requests_store.keep(session, runtime.keyring, [request for request, _ in heard])
    for request, event in heard:
        await _settle(runtime, session, request, event)


def _check_writer(request: Request, node: str, known: Request | None) -> None:
    """A version comes from the node whose turn it was, and the parties of a request never change."""
    right = request.written_by == node
    if known is not None:
        same = (request.case_id, request.sender, request.receiver) == (known.case_id, known.sender, known.receiver)
        in_turn = request.version != known.version + 1 or known.writer == node
        right = right and same and in_turn
    if not right:
        raise Refused("not-the-writer", request=str(request.id))


async def _settle(runtime: Runtime, session: Session, request: Request, cause: Envelope) -> None:
    """A round that was taken back before it came, or asks a unit that is not here, ends by itself."""
    if request.receiver.node != runtime.node or request.status not in UNANSWERED:
        return
    known = await requests_store.locked(session, request.id)
    if known is None or known.version != request.version:
        return  # decided already: it came twice
    now = runtime.clock.now()
    settled = None
    if await requests_store.cancelled_before(session, known):
        settled = requests.settle_cancellation(known, known.round, now)
    elif not _served_here(runtime, known.receiver.unit):
        settled = requests.refuse_unknown_unit(known, now)
    if settled is not None:
        await _write(runtime, session, settled, cause)


def _served_here(runtime: Runtime, unit: str) -> bool:
    known = resources.of(runtime).units.units.get(unit)
    return known is not None and known.node == runtime.node


async def settle_cancellation(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """The asking unit wants a request back: granted while that round is not answered; remembered while it is under way.

    Raises Refused("not-the-writer") when another node than the asking unit's wants it.
    """
    asked: RequestCancellation = letter.data
    request = await requests_store.locked(session, asked.request)
    if request is not None and request.sender.node != letter.node:
        raise Refused("not-the-writer", request=str(asked.request))
    if request is None or request.round < asked.round:
        await requests_store.note_cancellation(session, asked.request, asked.round, letter.node)
        return
    settled = requests.settle_cancellation(request, asked.round, runtime.clock.now())
    if settled is not None:
        await _write(runtime, session, settled, letter)


def state_of(event: Envelope) -> RequestState:
    """Raises Refused("message-unreadable") for an event that is not about a request."""
    if not isinstance(event.data, RequestState):
        raise Refused("message-unreadable", type=event.type)
    return event.data
