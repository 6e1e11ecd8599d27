"""What intake does with what it hears."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.speech import parse_event, parse_letter
from intake import files, following, linking, recipients, store, supports, terminated, texts, usecases
from intake.usecases import ALARM
from kit.bus import Consumer, each
from kit.db import Session
from kit.runtime import Runtime


async def on_petition_registered(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Own petitions: notify learns how to reach the petitioner, and the node at the top is asked whether the matter was
    concluded (Art 36). Those of nodes below: their public rows.
    """
    own = [event for event in events if event.node == runtime.node]
    if own:
        people = await store.people_of_each(session, runtime.keyring, [event.subject for event in own])
        usecases.send_contacts(runtime, session, own, people, await texts.made_of_texts(session, own))
        terminated.ask(runtime, session, own, people)
    await on_petition_changed(runtime, session, events)


async def on_petition_changed(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Petitions of nodes below were registered, linked or unlinked: the newest state counts, whatever comes first."""
    below = [event for event in events if event.node != runtime.node]
    if below:
        await following.keep_public_rows(session, below)
        await store.add_scopes(session, [(event.subject, event.data.region) for event in below])


async def on_group_alarm(_: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await following.keep_alarms(session, events)


CHANGES = tuple(f"intake.petition.{change}.v1" for change in ("linked", "unlinked"))
CONSUMERS = (
    Consumer(
        queue="intake.on-petition-registered",
        bindings=("intake.petition.registered.v1",),
        decode=parse_event,
        handlers={"*": on_petition_registered},
    ),
    Consumer(
        queue="intake.on-petition-changed",
        bindings=(*CHANGES, ALARM),
        decode=parse_event,
        handlers={**dict.fromkeys(CHANGES, on_petition_changed), ALARM: on_group_alarm},
    ),
    Consumer(
        queue="intake.on-case",
        bindings=("routing.case.*.v1",),
        decode=parse_event,
        handlers={"*": files.follow_cases},
    ),
    Consumer(
        queue="intake.on-request",
        bindings=("routing.request.*.v1",),
        decode=parse_event,
        handlers={"*": supports.follow},
    ),
    Consumer(
        queue="intake.letters",
        decode=parse_letter,
        handlers={
            "intake.petition-file.v1": each(files.take),
            "intake.link-request.v1": each(linking.take_request),
            "intake.support-file.v1": each(supports.take),
            "intake.terminated-question.v1": each(terminated.answer),
            "intake.terminated-answer.v1": each(terminated.learn),
            "intake.text-petition.v1": texts.take_petitions,
            "intake.supplement.v1": each(texts.take_supplement),
            "intake.text-rating.v1": each(texts.take_rating),
            "intake.recipients-asked.v1": each(recipients.answer),
        },
        letters=True,
    ),
)
