"""An event as the log keeps it: nothing is lost of it, also where a newer node says more than is understood here."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from contracts.envelope import Envelope
from contracts.events import EVENTS
from kit.errors import Refused


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. data: JSON text."""

    id: UUID
    type: str
    node: str
    subject: UUID
    sequence: int
    time: datetime
    data: str


def parse_entry(body: bytes) -> Entry:
    """Known types must keep their contract; unknown ones, from newer nodes, are kept for the day they are known.

    Raises Refused("message-unreadable").
    """
    if rb"\u0000" in body:
        raise Refused("message-unreadable", reason="NUL character")
    try:
        event = Envelope.model_validate_json(body)
        data = event.data
        if known := EVENTS.get(event.type):
            # values in the form of the contract, over fields that a newer minor version added
            data = {**data, **known.payload.model_validate(data).model_dump(mode="json")}
    except (ValidationError, TypeError) as error:
        raise Refused("message-unreadable", reason=_reason(error)) from error
    text = json.dumps(data, ensure_ascii=False)
    return Entry(event.id, event.type, event.node, event.subject, event.version, event.time, text)


def _reason(error: ValidationError | TypeError) -> str:
    """Names of fields, never their values."""
    if isinstance(error, TypeError):
        return "data is not an object"
    return ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors()[:20])
