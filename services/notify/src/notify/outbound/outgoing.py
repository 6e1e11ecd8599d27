"""The queue of messages: what anybody who has something to say adds to it, in his own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kit.crypto import Keyring
from kit.db import Session
from notify.outbound.domain import Lane
from notify.outbound.parts import split

__all__ = ["CHANNEL", "MASS_CHANNEL", "Draft", "Lane", "add", "text_binding"]
CHANNEL = "messages"  # senders wait on it
MASS_CHANNEL = "mass_messages"  # those of mass notices
INSERT = """
INSERT INTO messages (id, phone_key, lane, template, template_version, language, text, traceparent, petition_id,
  case_stage, happening, statutory, answers, notice_id, author, unit, expires_at, parts, state, created_at, due_at,
  state_at)
SELECT *, 'queued', $19, $19, $19
FROM unnest($1::uuid[], $2::bytea[], $3::smallint[], $4::text[], $5::int[], $6::text[], $7::bytea[], $8::text[],
  $9::uuid[], $10::text[], $11::text[], $12::boolean[], $13::uuid[], $14::uuid[], $15::text[], $16::text[],
  $17::timestamptz[], $18::smallint[])
ON CONFLICT (petition_id, case_stage, happening) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be made. text: in clear; template, version: of the words it was made of; answers: the text from the
    telephone; notice_id: the mass notice; author: the operator who wrote it; unit: whose message it is.
    """

    id: UUID
    phone_key: bytes
    template: str
    version: int
    language: str
    text: str = field(repr=False)
    traceparent: str
    lane: Lane = Lane.NOTICE
    petition_id: UUID | None = None
    case_stage: str | None = None
    happening: str | None = None
    statutory: bool = False
    answers: UUID | None = None
    notice_id: UUID | None = None
    author: str | None = None
    unit: str | None = None
    expires_at: datetime | None = None


def text_binding(message_id: UUID) -> str:
    """What an encrypted text is bound to: moved to another row it cannot be read."""
    return f"messages/{message_id}/text"


async def add(session: Session, ring: Keyring, drafts: Sequence[Draft], now: datetime) -> None:
    """Queue messages, of each petition and stage each happening once, and wake a sender when this is committed.

    Raises TooLong for a text that no telephone would join again.
    """
    if not drafts:
        return
    rows = [
        (
            d.id, d.phone_key, d.lane, d.template, d.version, d.language, ring.encrypt(d.text, text_binding(d.id)),
            d.traceparent, d.petition_id, d.case_stage, d.happening, d.statutory, d.answers, d.notice_id, d.author,
            d.unit, d.expires_at, len(split(d.text)),
        )
        for d in drafts
    ]  # fmt: skip
    await session.raw.execute(INSERT, *zip(*rows, strict=True), now)
    session.wake |= {MASS_CHANNEL if d.lane is Lane.MASS else CHANNEL for d in drafts}
