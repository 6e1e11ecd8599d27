"""What intake does with what it hears."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.speech import parse_event, parse_letter
from intake import following, store, usecases
from kit.bus import Consumer
from kit.db import Session
from kit.runtime import Runtime


async def on_petition_registered(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Own petitions: notify learns how to reach the petitioner. Those of nodes below: their public rows."""
    await usecases.send_contacts(runtime, session, [event for event in events if event.node == runtime.node])
    below = [event for event in events if event.node != runtime.node]
    if below:
        await following.keep_public_rows(session, below)
        await store.add_scopes(session, [(event.subject, event.data.region) for event in below])


async def on_petition_file(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    for letter in letters:
        await usecases.take_file(runtime, session, letter)


CONSUMERS = (
    Consumer(
        queue="intake.on-petition-registered",
        bindings=("intake.petition.registered.v1",),
        decode=parse_event,
        handlers={"*": on_petition_registered},
    ),
    Consumer(
        queue="intake.on-case",
        bindings=("routing.case.*.v1",),
        decode=parse_event,
        handlers={"*": usecases.follow_cases},
    ),
    Consumer(
        queue="intake.letters",
        decode=parse_letter,
        handlers={"intake.petition-file.v1": on_petition_file},
        letters=True,
    ),
)
