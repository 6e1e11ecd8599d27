"""Speaking and understanding: compose an event or a letter into the outbox, parse what arrives."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

import contracts.refusals  # noqa: F401 - every service speaks, so every service knows the shared refusals
from contracts.envelope import Data, Envelope, EventData, LetterData
from contracts.events import EVENTS
from contracts.letters import LETTERS, letter_schema
from kit.clock import Clock
from kit.db import Session
from kit.errors import Refused
from kit.ids import Ids
from kit.outbox import Outgoing, current_traceparent, put


class Seal(Protocol):
    def seal(self, payload: bytes, to: str) -> bytes: ...

    def seal_large(self, payload: bytes, to: str) -> bytes: ...


class Speaker(Protocol):
    """What composing needs of a service's runtime."""

    service: str
    clock: Clock
    ids: Ids

    @property
    def node(self) -> str: ...

    @property
    def sealer(self) -> Seal: ...


def _envelope(
    speaker: Speaker, kind: str, schema: str, data: Data, *, subject: UUID, sequence: int, cause: Envelope | None
) -> Envelope:
    return Envelope(
        id=speaker.ids.new(),
        source=f"/nodes/{speaker.node}/{speaker.service}",
        type=kind,
        subject=subject,
        time=speaker.clock.now(),
        dataschema=schema,
        sequence=str(sequence),
        traceparent=_traceparent(cause),
        causationid=cause.id if cause else None,
        data=data,
    )


def _traceparent(cause: Envelope | None) -> str:
    """The span in progress; in a batch it belongs to the first message, so another cause keeps its own trace."""
    present = current_traceparent()
    if cause is not None and cause.traceparent and cause.traceparent[3:35] != present[3:35]:
        return cause.traceparent
    return present


def emit(
    speaker: Speaker, session: Session, kind: str, data: EventData, *, subject: UUID, sequence: int,
    cause: Envelope | None = None, event_id: UUID | None = None,
) -> Envelope:  # fmt: skip
    """Publish an event of the catalogue when the transaction commits. Raises KeyError for an unknown type.

    event_id: of what may be told again elsewhere, by who got it in a letter (`show`), and is one event all the same.
    """
    event = EVENTS[kind]
    envelope = _envelope(speaker, kind, event.dataschema, data, subject=subject, sequence=sequence, cause=cause)
    if event_id is not None:
        envelope = envelope.model_copy(update={"id": event_id})
    put(session, Outgoing("events", kind, str(envelope.id), envelope.body(), envelope.traceparent))
    return envelope


def post(
    speaker: Speaker, session: Session, kind: str, data: LetterData, *, to: str, subject: UUID, sequence: int = 1,
    cause: Envelope | None = None,
) -> Envelope:  # fmt: skip
    """Send a letter to the service named in its type, at node `to`. Raises Refused("unknown-node")."""
    service = kind.split(".", 1)[0]
    schema = f"urn:xinqiao:schema:{letter_schema(kind)}"
    envelope = _envelope(speaker, kind, schema, data, subject=subject, sequence=sequence, cause=cause)
    sealed = speaker.sealer.seal(envelope.body(), to)
    put(session, Outgoing("letters", f"letter.{to}.{service}", str(envelope.id), sealed, envelope.traceparent))
    return envelope


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A letter and the bytes that came with it."""

    letter: Envelope
    content: bytes

    @property
    def type(self) -> str:
        return self.letter.type

    @property
    def node(self) -> str:
        return self.letter.node

    @property
    def data(self) -> Any:
        return self.letter.data


def post_large(
    speaker: Speaker, session: Session, kind: str, data: LetterData, content: bytes, *, to: str, subject: UUID,
    cause: Envelope | None = None,
) -> Envelope:  # fmt: skip
    """As `post`, with bytes, by ways on which nothing else waits. Raises Refused("unknown-node")."""
    service = kind.split(".", 1)[0]
    schema = f"urn:xinqiao:schema:{letter_schema(kind)}"
    envelope = _envelope(speaker, kind, schema, data, subject=subject, sequence=1, cause=cause)
    sealed = speaker.sealer.seal_large(envelope.body() + b"\n" + content, to)
    put(session, Outgoing("bulk", f"bulk.{to}.{service}", str(envelope.id), sealed, envelope.traceparent))
    return envelope


def parse_large(body: bytes) -> Enclosed:
    """What `post_large` sent. Raises Refused("message-unreadable")."""
    letter, _, content = body.partition(b"\n")
    return Enclosed(parse_letter(letter), content)


def pass_down(session: Session, body: bytes) -> Envelope:
    """Show an event that came inside a letter to this node's own services, byte for byte; it does not rise again."""
    envelope = parse_event(body)
    put(session, Outgoing("events.down", envelope.type, str(envelope.id), body, envelope.traceparent))
    return envelope


def show(session: Session, letter: Envelope, kind: str, data: EventData) -> None:
    """Show to this node's own services what a letter tells and whose event did not rise here. Raises KeyError."""
    event = letter.model_copy(update={"type": kind, "dataschema": EVENTS[kind].dataschema, "data": data})
    put(session, Outgoing("events.down", kind, str(event.id), event.body(), event.traceparent))


_PAYLOADS = {kind: event.payload for kind, event in EVENTS.items()}


@lru_cache(maxsize=1024)
def parse_event(body: bytes) -> Envelope:
    """An event with its typed payload. Raises Refused("message-unreadable").

    The consumers of a node in one process hear the same bytes one after the other and share what is made of them.
    """
    return _parse(body, _PAYLOADS)


def parse_letter(body: bytes) -> Envelope:
    """A letter with its typed payload. Raises Refused("message-unreadable")."""
    return _parse(body, LETTERS)


def _parse(body: bytes, payloads: Mapping[str, type[Data]]) -> Envelope:
    try:
        envelope = Envelope.model_validate_json(body)
        payload = payloads.get(envelope.type)
        if payload is None:
            raise Refused("message-unreadable", type=envelope.type[:120])
        return envelope.model_copy(update={"data": payload.model_validate(envelope.data)})
    except ValidationError as error:
        fields = [".".join(str(part) for part in item["loc"]) for item in error.errors()]
        raise Refused("message-unreadable", fields=fields[:20]) from error
