"""What routing does with requests between units that it hears of, and with what gives cause to supervise."""

from collections.abc import Sequence
from dataclasses import replace

from contracts.envelope import Envelope
from contracts.letters import RequestStep
from contracts.speech import parse_event, pass_down
from kit.bus import Consumer, each
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime
from routing.proposals import usecases as proposals_usecases
from routing.requests import usecases as requests_usecases
from routing.requests.usecases import Told, state_of


async def on_request(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep replicas of requests that other nodes write."""
    others = [Told(event) for event in events if event.node != runtime.node]
    if others:
        await requests_usecases.learn(runtime, session, others)


async def on_step(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """A step of the other party: what it wrote, and the event where it could not rise to here."""
    told = [_opened(runtime, letter) for letter in letters]
    await requests_usecases.learn(runtime, session, told)
    for letter, one in zip(letters, told, strict=True):
        if not lies_in(letter.node, runtime.node):
            pass_down(session, one.event.body())


def _opened(runtime: Runtime, letter: Envelope) -> Told:
    """Raises Refused unless the letter tells of a request between its sender and this node."""
    step: RequestStep = letter.data
    event = parse_event(step.event.encode())
    state = state_of(event)
    if event.node != letter.node or event.subject != letter.subject:
        raise Refused("sender-outside-link", sender=letter.node, claimed=event.node)
    if {state.from_node, state.to_node} != {letter.node, runtime.node}:
        raise Refused("not-the-writer", request=str(state.id))
    return Told(event, step.text)


LETTERS = {
    "routing.request.v1": on_step,
    "routing.request-answer.v1": on_step,
    "routing.request-cancellation.v1": each(requests_usecases.settle_cancellation),
}
CONSUMERS = (
    Consumer(
        queue="routing.on-request",
        bindings=("routing.request.*.v1",),
        decode=parse_event,
        handlers={"*": on_request},
    ),
    Consumer(
        queue="routing.on-trigger",
        bindings=("routing.clock.warned.v1", "routing.case.objection-agreed.v1"),
        decode=parse_event,
        handlers={"*": each(proposals_usecases.propose_by_event)},  # supervision, where Art 40 gives cause
    ),
)


def with_requests(consumers: Sequence[Consumer]) -> tuple[Consumer, ...]:
    """These consumers and ours; letters of a service come by one queue."""
    joined = (
        replace(consumer, handlers={**consumer.handlers, **LETTERS}) if consumer.letters else consumer
        for consumer in consumers
    )
    return (*joined, *CONSUMERS)
