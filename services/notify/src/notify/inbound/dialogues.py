"""Rows of dialogues: what a phone has told so far, until it has told all, or a day is over."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from notify.inbound.deciding import Dialogue, Phone
from notify.inbound.domain import Petition
from notify.inbound.store import leave
from notify.inbound.tables import dialogue_binding

KEEP = """
INSERT INTO dialogues (phone_key, thread, said, asked, expires_at)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[], $4::text[], $5::timestamptz[])
ON CONFLICT (phone_key) DO UPDATE SET thread = excluded.thread, said = excluded.said, asked = excluded.asked,
  expires_at = excluded.expires_at
"""
EXPIRE = """
DELETE FROM dialogues WHERE phone_key IN (
  SELECT phone_key FROM dialogues WHERE expires_at <= $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)
RETURNING thread
"""


async def open_ones(session: Session, ring: Keyring, keys: Iterable[bytes]) -> dict[bytes, Dialogue]:
    """Also those whose time is over; one that cannot be read any more is none."""
    found = {}
    for row in await session.raw.fetch("SELECT * FROM dialogues WHERE phone_key = ANY($1::bytea[])", list(keys)):
        key = row["phone_key"]
        try:
            said = Petition(**json.loads(ring.decrypt(row["said"], dialogue_binding(key))))
        except Undecipherable:
            continue
        found[key] = Dialogue(row["thread"], said, row["asked"], row["expires_at"])
    return found


async def keep(
    session: Session, ring: Keyring, phones: Mapping[bytes, Phone], before: Mapping[bytes, Dialogue | None]
) -> None:
    """What has changed since `before`."""
    changed = [key for key in sorted(phones) if phones[key].dialogue != before[key]]
    ended = [key for key in changed if phones[key].dialogue is None]
    rows = [
        (key, now.thread, ring.encrypt(json.dumps(asdict(now.said)), dialogue_binding(key)), now.asked, now.expires_at)
        for key in changed
        if (now := phones[key].dialogue) is not None
    ]
    if ended:
        await session.raw.execute("DELETE FROM dialogues WHERE phone_key = ANY($1::bytea[])", ended)
    if rows:
        await session.raw.execute(KEEP, *zip(*rows, strict=True))


async def expire(session: Session, now: datetime) -> int:
    """Dialogues whose time is over; returns how many. Their texts go to the operators."""
    rows = await session.raw.fetch(EXPIRE, now)
    await leave(session, [row["thread"] for row in rows])
    return len(rows)
