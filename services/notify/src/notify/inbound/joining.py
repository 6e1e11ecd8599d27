"""Parts of long messages become whole texts; those whose parts do not all come go on with gaps, to an operator."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from kit.ids import before
from kit.runtime import Runtime
from notify import resources
from notify.inbound import store
from notify.inbound.joints import Group, Piece, group
from notify.inbound.tables import part_binding, text_binding
from notify.phones import nobody

LOCK = 7202651  # advisory lock: who puts parts together does it alone
AT_ONCE = 200  # messages
PIECES_OF_ONE = 600  # that are looked at: more than a message has, and those of others with its reference
MOST_PIECES = 5000
# messages of which all parts may be there, or are no longer awaited; or of which a part came once more. Oldest first,
# one of each phone before a second one of any: who sends halves without end only keeps himself waiting
READY = """
WITH ready AS (
  SELECT gateway, phone_key, to_number, reference, total, min(received_at) AS since
  FROM inbound_parts AS p WHERE whole_id IS NULL
  GROUP BY gateway, phone_key, to_number, reference, total
  HAVING count(DISTINCT number) >= total OR min(received_at) <= $1 OR EXISTS (
    SELECT FROM inbound_parts AS joined WHERE joined.whole_id IS NOT NULL AND joined.gateway = p.gateway
      AND joined.phone_key = p.phone_key AND joined.to_number = p.to_number AND joined.reference = p.reference
      AND joined.total = p.total AND joined.received_at > $3 AND joined.id > $4))
SELECT gateway, phone_key, to_number, reference, total FROM ready
ORDER BY row_number() OVER (PARTITION BY phone_key ORDER BY since, reference, total), since LIMIT $2
"""
PIECES = """
SELECT p.* FROM unnest($1::text[], $2::bytea[], $3::text[], $4::int[], $5::smallint[]) WITH ORDINALITY
  AS sought (gateway, phone_key, to_number, reference, total, place), LATERAL (
  SELECT * FROM inbound_parts AS of_it
  WHERE (of_it.gateway, of_it.phone_key, of_it.to_number, of_it.reference, of_it.total)
      = (sought.gateway, sought.phone_key, sought.to_number, sought.reference, sought.total)
    AND (of_it.whole_id IS NULL OR of_it.received_at > $6)
  ORDER BY of_it.whole_id IS NOT NULL, of_it.id LIMIT $7) AS p
ORDER BY place, p.id LIMIT $8
"""
# what it says stays as it is, but for gaps that are filled later. Of nobody's ($13) none can be answered
WHOLES = """
INSERT INTO inbound (id, gateway, phone_key, to_number, sent_at, received_at, text, damaged, digest, parts, traceparent,
  state, meaning, due_at)
SELECT told.*, CASE WHEN key = $13 THEN 'unparsed' ELSE 'received' END, CASE WHEN key = $13 THEN 'no-number' END,
  CASE WHEN key <> $13 THEN $12::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bytea[],
  $8::bool[], $9::bytea[], $10::smallint[], $11::text[])
  AS told (id, gateway, key, to_number, sent_at, at, text, damaged, digest, parts, traceparent)
ON CONFLICT (id) DO UPDATE SET text = excluded.text, damaged = excluded.damaged, parts = excluded.parts
WHERE inbound.damaged
"""
JOINED = """
UPDATE inbound_parts SET whole_id = told.whole FROM unnest($1::uuid[], $2::uuid[]) AS told (id, whole)
WHERE inbound_parts.id = told.id
"""
Rows = Sequence[asyncpg.Record]


async def join(runtime: Runtime) -> int:
    """Put together what can be; returns how many parts."""
    settings, now = resources.of(runtime).settings.texts, runtime.clock.now()
    async with runtime.database.transaction() as session:
        if not await session.raw.fetchval("SELECT EXISTS (SELECT FROM inbound_parts WHERE whole_id IS NULL)"):
            return 0
        if not await session.raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
            return 0
        overdue = now - settings.parts_within
        since = overdue - settings.parts_within  # whose part may still come late, or once more
        floor = before(runtime.ids.new(), 2 * settings.parts_within)  # what was joined long ago is not read
        ready = await session.raw.fetch(READY, overdue, AT_ONCE, since, floor)
        if not ready:
            return 0
        wanted = zip(*(tuple(row) for row in ready), strict=True)
        pieces = await session.raw.fetch(PIECES, *wanted, since, PIECES_OF_ONE, MOST_PIECES)
        return await _join(runtime, session, pieces, overdue)


async def _join(runtime: Runtime, session: Session, rows: Rows, overdue: datetime) -> int:
    ring, by_id = runtime.keyring, {row["id"]: row for row in rows}
    messages = _messages(ring, rows)
    if len(rows) == MOST_PIECES:  # of the last one there may be more
        messages.pop()
    made = [found for each in messages for found in group(each) if _ready(found, overdue)]
    late = [(piece_id, found.id) for found in made for piece_id in found.late]
    if not late:
        return 0
    due_at = runtime.clock.now() + resources.of(runtime).settings.texts.answer_within
    columns = zip(*(_whole(ring, found, by_id[found.pieces[0].id]) for found in made), strict=True)
    await session.raw.execute(WHOLES, *columns, due_at, nobody(ring))
    await session.raw.execute(JOINED, *zip(*late, strict=True))
    session.wake.add(store.CHANNEL)
    return len(late)


def _messages(ring: Keyring, rows: Rows) -> list[list[Piece]]:
    """Parts that may belong together, in the order they came."""
    found: dict[tuple[object, ...], list[Piece]] = {}
    for row in rows:
        of = (row["gateway"], row["phone_key"], row["to_number"], row["reference"], row["total"])
        found.setdefault(of, []).append(_piece(ring, row))
    return list(found.values())


def _piece(ring: Keyring, row: asyncpg.Record) -> Piece:
    text, raw = _opened(ring, row["id"], "text", row["text"]), _opened(ring, row["id"], "raw", row["raw"])
    said = None if text is None else json.loads(text)
    return Piece(
        row["id"], row["number"], row["total"], row["received_at"], said, (raw or "").encode("latin-1"),
        row["whole_id"],
    )  # fmt: skip


def _opened(ring: Keyring, part_id: UUID, column: str, stored: bytes | None) -> str | None:
    try:
        return None if stored is None else ring.decrypt(stored, part_binding(part_id, column))
    except Undecipherable:
        return None


def _ready(found: Group, overdue: datetime) -> bool:
    """It is to be written: with something new, and whole, or no longer waited for."""
    return bool(found.late) and (found.complete or found.closed or found.pieces[0].at <= overdue)


def _whole(ring: Keyring, found: Group, first: asyncpg.Record) -> tuple[object, ...]:
    text, whole_id, key = found.text(), found.id, first["phone_key"]
    return (
        whole_id, first["gateway"], key, first["to_number"], first["sent_at"], max(p.at for p in found.pieces),
        ring.encrypt(text, text_binding(whole_id, "text")), found.damaged, store.digest_of(ring, key, text),
        len(found.parts), first["traceparent"],
    )  # fmt: skip
