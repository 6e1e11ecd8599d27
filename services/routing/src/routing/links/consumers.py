"""What routing does with what the register finds after a petition was registered."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.events import case_event
from contracts.speech import parse_event
from kit.bus import Consumer
from kit.db import Session
from kit.runtime import Runtime
from routing.links import usecases as links_usecases
from routing.links.domain import FOLLOWED
from routing.links.store import Recognition


async def on_petition_linked(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """A petition was recognised as a repeat, or is none after all: the matter it repeats may be terminated (Art 36)."""
    for event in events:
        told = Recognition(event.subject, event.version, event.data.terminated_before, event.node)
        await links_usecases.learn(runtime, session, told, event)


async def on_lead(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """What was merged here into a case follows it, wherever that is: in whom it accuses, and when it ends."""
    await links_usecases.follow(runtime, session, events)


async def on_recognition(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    for letter in letters:
        told = Recognition(letter.subject, letter.data.version, letter.data.terminated, letter.node)
        await links_usecases.learn(runtime, session, told, letter)


LETTERS = {"routing.recognition.v1": on_recognition}
CONSUMERS = (
    Consumer(
        queue="routing.on-petition-linked",
        bindings=("intake.petition.linked.v1", "intake.petition.unlinked.v1"),
        decode=parse_event,
        handlers={"*": on_petition_linked},
    ),
    Consumer(
        queue="routing.on-ending",
        bindings=tuple(sorted(map(case_event, FOLLOWED))),
        decode=parse_event,
        handlers={"*": on_lead},
    ),
)
