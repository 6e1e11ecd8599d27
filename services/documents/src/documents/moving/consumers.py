"""What follows from what documents hears, of this node and of others, for files and papers that move."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.speech import parse_event, parse_large, parse_letter
from documents import resources
from documents.exchange import receiving as exchange
from documents.moving import following, receiving, serving, telling
from kit.bus import Consumer, each
from kit.db import Session
from kit.runtime import Runtime


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """After documents knows who may read what: see documents.consumers."""
    await following.follow_cases(session, resources.of(runtime).neighbours, events)
    await telling.follow_case(runtime, session, events)


async def on_request(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Who supports a unit has the files, until the request ends."""
    await following.follow_requests(session, events)
    await telling.follow_request(runtime, session, events)


CONSUMERS = (
    Consumer(
        queue="documents.on-request",
        bindings=("routing.request.*.v1",),
        decode=parse_event,
        handlers={"*": on_request},
    ),
    Consumer(
        queue="documents.on-own",
        bindings=("documents.file.stored.v1", "documents.paper.filed.v1", "documents.paper.sealed.v1"),
        decode=parse_event,
        handlers={"*": telling.follow_own},
    ),
    Consumer(
        queue="documents.letters",
        decode=parse_letter,
        handlers={
            "documents.manifest.v1": each(receiving.take_manifest),
            "documents.file-wanted.v1": each(serving.take_question),
            "documents.file-unavailable.v1": each(receiving.take_refusal),
            **exchange.LETTERS,
        },
        letters=True,
    ),
    Consumer(
        queue="documents.parts",
        decode=parse_large,
        handlers={"documents.file-part.v1": receiving.take_parts},
        bulk=True,
        batch=16,
    ),
)
