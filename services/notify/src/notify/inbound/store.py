"""Rows of texts that came in, in statements over whole groups."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from kit.crypto import Keyring
from kit.db import Session
from notify.inbound.domain import same_text
from notify.inbound.facts import Decision, Phone
from notify.inbound.joints import joined
from notify.inbound.kept import Kept
from notify.inbound.tables import part_binding, text_binding
from notify.phones import number_binding, of_sender

CHANNEL = "texts"  # who handles them waits on it
# what says nothing of the rows that were to be written: the database is away, stops, is full, or prefers another one
PASSING = (
    OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError, asyncpg.InsufficientResourcesError, asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError, asyncpg.LockNotAvailableError, asyncpg.ReadOnlySQLTransactionError,
)  # fmt: skip
# a text from somebody without a number can not be answered: it is for a person at once
KEEP = """
WITH known AS (
  INSERT INTO phones (key, number)
  SELECT DISTINCT ON (key) key, phone FROM unnest($4::bytea[], $5::bytea[]) AS told (key, phone) ORDER BY key
  ON CONFLICT DO NOTHING),
told AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bytea[], $12::text[], $13::int[], $14::smallint[],
    $15::smallint[], $16::bool[])
    AS told (id, gateway, gateway_id, key, receiver, sent_at, received_at, said, raw, digest, traceparent, reference,
      total, number, reachable)),
parts AS (
  INSERT INTO inbound_parts (id, gateway, gateway_id, phone_key, to_number, reference, total, number, sent_at,
    received_at, text, raw, traceparent)
  SELECT id, gateway, gateway_id, key, receiver, reference, total, number, sent_at, received_at, said, raw, traceparent
  FROM told WHERE reference IS NOT NULL
  ON CONFLICT DO NOTHING)
INSERT INTO inbound (id, gateway, gateway_id, phone_key, to_number, sent_at, received_at, text, raw, damaged, digest,
  traceparent, state, meaning, due_at)
SELECT id, gateway, gateway_id, key, receiver, sent_at, received_at, said, raw, said IS NULL, digest, traceparent,
  CASE WHEN reachable THEN 'received' ELSE 'unparsed' END, CASE WHEN NOT reachable THEN 'no-number' END,
  CASE WHEN reachable THEN received_at + $17::interval END
FROM told WHERE reference IS NULL
ON CONFLICT DO NOTHING
"""
# phones first, then, by a later look, their texts: between the two nobody else can have handled these
HOLD = """
SELECT key, blocked_until, blocked_for FROM phones
WHERE key IN (SELECT phone_key FROM inbound WHERE state = 'received' ORDER BY id LIMIT 5 * $1)
LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
"""
TEXTS = """
SELECT id, phone_key, text, damaged, digest, received_at, traceparent, parts FROM inbound
WHERE state = 'received' AND phone_key = ANY($1::bytea[]) ORDER BY id LIMIT $2
"""
# the time is in the ids, so that the whole past of a phone is not read; that of whole texts is the time of a part
HISTORY = """
SELECT asked.key, past.* FROM unnest($1::bytea[]) AS asked (key) CROSS JOIN LATERAL (
  SELECT received_at, digest, state, meaning, petition_id, parts FROM inbound
  WHERE phone_key = asked.key AND id > $4 AND state NOT IN ('received', 'duplicate') AND received_at > $2
  ORDER BY id DESC LIMIT $3) AS past
"""
# what is merged goes as its lead goes, where that is known here, until it has an answer of its own
KNOWN = """
SELECT asked.key, known.* FROM unnest($1::bytea[]) AS asked (key) CROSS JOIN LATERAL (
  SELECT p.id, p.number, CASE WHEN led THEN lead.state ELSE p.state END AS state,
    CASE WHEN led THEN lead.stage ELSE p.stage END AS stage, CASE WHEN led THEN lead.state_at ELSE p.state_at END AS at
  FROM petitions AS p LEFT JOIN petitions AS lead ON lead.id = p.merged_into,
    LATERAL (SELECT lead.state IS NOT NULL AND NOT coalesce(p.state = ANY($2::text[]), false) AS led) AS way
  WHERE p.phone_key = asked.key ORDER BY p.id DESC LIMIT 100) AS known
"""
SETTLE = """
UPDATE inbound SET state = told.state, meaning = told.meaning, thread = told.thread, petition_id = told.petition,
  due_at = CASE WHEN told.answered THEN inbound.due_at END, handled_at = $1
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bool[])
  AS told (id, state, meaning, thread, petition, answered)
WHERE inbound.id = told.id
"""


PHONES = """
UPDATE phones SET blocked_until = told.until, blocked_for = told.reason,
  opted_out_at = CASE told.out WHEN true THEN coalesce(phones.opted_out_at, $1) WHEN false THEN NULL
    ELSE phones.opted_out_at END
FROM unnest($2::bytea[], $3::timestamptz[], $4::text[], $5::bool[]) AS told (key, until, reason, out)
WHERE phones.key = told.key AND ((phones.blocked_until, phones.blocked_for) IS DISTINCT FROM (told.until, told.reason)
  OR told.out IS NOT NULL)
"""
LEFT = (
    "UPDATE inbound SET state = 'unparsed', meaning = 'incomplete' WHERE thread = ANY($1::uuid[]) AND state = 'asking'"
)


@dataclass(frozen=True, slots=True)
class Settled:
    """answered: whether it gets an answer at all."""

    id: UUID
    decision: Decision

    def row(self) -> tuple[Any, ...]:
        made = self.decision
        return self.id, made.state, made.meaning, made.thread, made.petition_id, made.wants_answer


def digest_of(ring: Keyring, key: bytes, text: str) -> bytes:
    """By which the same text of the same phone is found again."""
    return ring.blind_index(f"text:{key.hex()}:{same_text(text)}")


def _row(ring: Keyring, kept: Kept) -> tuple[Any, ...]:
    incoming, joint = kept.incoming, kept.incoming.joint
    key, number = of_sender(ring, incoming.phone)
    binding = part_binding if joint else text_binding
    octets = incoming.raw.decode("latin-1")
    # a part may end between the halves of a letter: it is kept as it came
    text = incoming.text and (json.dumps(incoming.text) if joint else joined([incoming.text]))
    return (
        kept.id, kept.gateway, incoming.gateway_id, key, ring.encrypt(number, number_binding(key)), incoming.to,
        incoming.at, kept.received_at,
        None if text is None else ring.encrypt(text, binding(kept.id, "text")),
        ring.encrypt(octets, binding(kept.id, "raw")) if incoming.text is None else None,
        digest_of(ring, key, octets if text is None else text), kept.traceparent,
        joint and joint.reference, joint and joint.total, joint and joint.number, bool(number),
    )  # fmt: skip


async def keep(session: Session, ring: Keyring, group: Sequence[Kept], answer_within: timedelta) -> None:
    """One statement; what stands there already, by its own id or its gateway's, stays as it is."""
    if group:
        await session.raw.execute(KEEP, *zip(*(_row(ring, kept) for kept in group), strict=True), answer_within)


async def hold(session: Session, phones: int) -> dict[bytes, asyncpg.Record]:
    """Phones that have texts to be handled, ours until the transaction ends: (key, blocked_until, blocked_for)."""
    return {row["key"]: row for row in await session.raw.fetch(HOLD, phones)}


async def still_waits(session: Session, text_id: UUID) -> bool:
    """Nobody has handled this text, nor does from here on until the transaction ends."""
    query = """
    SELECT FROM inbound JOIN phones ON phones.key = phone_key WHERE inbound.id = $1 AND state = 'received'
    FOR NO KEY UPDATE
    """
    return await session.raw.fetchrow(query, text_id) is not None


async def texts(session: Session, keys: Iterable[bytes], limit: int) -> list[asyncpg.Record]:
    """The earliest of each of these phones."""
    rows: list[asyncpg.Record] = await session.raw.fetch(TEXTS, list(keys), limit)
    return rows


async def history(
    session: Session, keys: Iterable[bytes], since: datetime, most: int, floor: UUID
) -> list[asyncpg.Record]:
    """(key, received_at, digest, state, meaning, petition_id, parts) of what was handled before, newest first, so many
    of each phone. floor: an id that all of these are after.
    """
    rows: list[asyncpg.Record] = await session.raw.fetch(HISTORY, list(keys), since, most, floor)
    return rows


async def known(session: Session, keys: Iterable[bytes], ended: Sequence[str]) -> list[asyncpg.Record]:
    """(key, id, number, state, stage, at): petitions whose contact these phones are, newest first."""
    rows: list[asyncpg.Record] = await session.raw.fetch(KNOWN, list(keys), ended)
    return rows


async def settle(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    await session.raw.execute(SETTLE, now, *zip(*(each.row() for each in settled), strict=True))


async def numbers(session: Session, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """The numbers of these phones, encrypted."""
    query = "SELECT key, number FROM phones WHERE key = ANY($1::bytea[])"
    return {row["key"]: row["number"] for row in await session.raw.fetch(query, list(keys))}


async def change_phones(session: Session, phones: Mapping[bytes, Phone], now: datetime) -> None:
    """Blocks and wishes that texts have changed; dialogues that ended without a petition go to the operators."""
    rows = [(key, phone.blocked_until, phone.blocked_for, phone.opted_out) for key, phone in sorted(phones.items())]
    await session.raw.execute(PHONES, now, *zip(*rows, strict=True))
    await leave(session, [thread for phone in phones.values() for thread in phone.left])


async def leave(session: Session, threads: Sequence[UUID]) -> None:
    """Texts of dialogues that nobody went on with are for operators."""
    if threads:
        await session.raw.execute(LEFT, threads)
