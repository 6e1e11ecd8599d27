"""What documents does with what it hears: it learns which petitions there are, and who may see their documents."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.speech import parse_event
from documents import access
from documents.dossiers.store import add_steps
from documents.drafts import facts
from documents.moving import consumers as moving
from documents.seals.usecases import APPROVED, on_approved
from kit.bus import Consumer
from kit.db import Session
from kit.runtime import Runtime


async def on_petition_registered(_: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await access.follow(session, access.FOLLOW_PETITIONS, events)
    await access.add_scopes(session, [(event.subject, event.data.region) for event in events])
    await facts.follow_petitions(session, events)


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Every unit that holds a case, and all above it, may see the documents."""
    await access.follow(session, access.FOLLOW_CASES, events)
    await add_steps(session, events)
    await facts.follow_cases(session, events)
    await access.add_scopes(session, [(event.subject, region) for event in events for region in event.data.regions])
    await moving.on_case(runtime, session, events)


CONSUMERS = (
    Consumer(
        queue="documents.on-petition-registered",
        bindings=("intake.petition.registered.v1",),
        decode=parse_event,
        handlers={"*": on_petition_registered},
    ),
    Consumer(
        queue="documents.on-case",
        bindings=("routing.case.*.v1",),
        decode=parse_event,
        handlers={"*": on_case},
    ),
    Consumer(
        queue="documents.on-approval",
        bindings=(APPROVED,),
        decode=parse_event,
        handlers={"*": on_approved},
    ),
    *moving.CONSUMERS,
)
