"""The queue of messages: made once for what happens in each stage, claimed, settled."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

import asyncpg

from kit.crypto import Keyring
from kit.db import Session

CHANNEL = "messages"  # senders wait on it
INSERT = """
INSERT INTO messages (id, phone_key, lane, template, template_version, language, text, traceparent, petition_id,
  case_stage, happening, statutory, answers, notice_id, author, unit, expires_at, state, created_at, due_at, state_at)
SELECT *, 'queued', $18, $18, $18
FROM unnest($1::uuid[], $2::bytea[], $3::smallint[], $4::text[], $5::int[], $6::text[], $7::bytea[], $8::text[],
  $9::uuid[], $10::text[], $11::text[], $12::boolean[], $13::uuid[], $14::uuid[], $15::text[], $16::text[],
  $17::timestamptz[])
ON CONFLICT (petition_id, case_stage, happening) DO NOTHING
"""
# a row that stands as "sending" after its lease was left by a process that died: whether it went out is in doubt
CLAIM = """
WITH due AS (
  SELECT id, state FROM messages WHERE state IN ('queued', 'sending') AND due_at <= $1
  ORDER BY lane, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE messages SET state = 'sending', due_at = $1 + $3::interval, attempts = attempts + 1
FROM due, phones WHERE messages.id = due.id AND phones.key = messages.phone_key
RETURNING messages.id, messages.petition_id, messages.phone_key, template, text, phones.number, attempts,
  messages.traceparent, created_at, due.state = 'sending' AS in_doubt
"""
# only by who claimed it last
SETTLE = """
UPDATE messages SET state = told.state, reason = told.reason, due_at = coalesce(told.due_at, messages.due_at),
  gateway = $1, state_at = $2
FROM unnest($3::uuid[], $4::int[], $5::text[], $6::text[], $7::timestamptz[]) AS told (id, attempts, state, reason,
  due_at)
WHERE messages.id = told.id AND messages.attempts = told.attempts AND messages.state = 'sending'
RETURNING messages.id
"""


class Lane(IntEnum):
    """What goes first. A mass notice never delays an answer."""

    ANSWER = 0
    NOTICE = 1
    MASS = 2


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


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a try ended. state: sent, failed, or queued again for due_at."""

    id: UUID
    attempts: int
    state: str
    reason: str | None = None
    due_at: datetime | None = None


def text_binding(message_id: UUID) -> str:
    """What an encrypted text is bound to: moved to another row it cannot be read."""
    return f"messages/{message_id}/text"


async def add(session: Session, ring: Keyring, drafts: Sequence[Draft], now: datetime) -> None:
    """Queue messages, of each petition and stage each happening once, and wake a sender when this is committed."""
    if not drafts:
        return
    rows = [
        (
            d.id, d.phone_key, d.lane, d.template, d.version, d.language, ring.encrypt(d.text, text_binding(d.id)),
            d.traceparent, d.petition_id, d.case_stage, d.happening, d.statutory, d.answers, d.notice_id, d.author,
            d.unit, d.expires_at,
        )
        for d in drafts
    ]  # fmt: skip
    await session.raw.execute(INSERT, *zip(*rows, strict=True), now)
    session.wake.add(CHANNEL)


async def claim(session: Session, *, now: datetime, limit: int, lease: timedelta) -> list[asyncpg.Record]:
    """Take what is due, oldest first; several senders never take the same."""
    rows = await session.raw.fetch(CLAIM, now, limit, lease)
    return sorted(rows, key=lambda row: row["id"])


async def settle(session: Session, gateway: str, settlements: Sequence[Settlement], now: datetime) -> set[UUID]:
    """Write down how the tries ended; returns the messages that were still this sender's."""
    rows = [(s.id, s.attempts, s.state, s.reason, s.due_at) for s in settlements]
    return {row["id"] for row in await session.raw.fetch(SETTLE, gateway, now, *zip(*rows, strict=True))}
