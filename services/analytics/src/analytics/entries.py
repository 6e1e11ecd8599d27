"""An event as the log keeps it: nothing of it is lost, also where a newer node says more than is understood here."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ValidationError

from contracts.envelope import Envelope
from contracts.events import EVENTS
from kit.errors import Refused


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. data: JSON text."""

    subject: UUID
    id: UUID
    type: str
    node: str
    sequence: int
    time: datetime
    data: str


def parse_any(body: bytes) -> Envelope:
    """An event with its data as JSON text. Known types must keep their contract; unknown ones, from newer nodes, are
    kept for the day they are known.

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
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise Refused("message-unreadable", reason=_reason(error)) from error
    return event.model_copy(update={"data": text})


def _reason(error: Exception) -> str:
    """Names of fields, never their values."""
    if isinstance(error, ValidationError):
        return ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors()[:20])
    return "data is not a JSON object"


def entry_of(event: Envelope) -> Entry:
    data = event.data.model_dump_json() if isinstance(event.data, BaseModel) else event.data
    return Entry(event.subject, event.id, event.type, event.node, event.version, event.time, data)
