"""Rows of dialogues: what a phone has told so far, until it has told all, or a day is over; and what it said of a
petition that it has not named yet. Neither is open any more once somebody has dealt with its first text.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import asyncpg

from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from notify.inbound.domain import Petition, Rating, Supplement
from notify.inbound.facts import Dialogue, Phone, Question
from notify.inbound.store import leave
from notify.inbound.tables import dialogue_binding, question_binding

Rows = Sequence[asyncpg.Record]
OPEN = """
SELECT open.* FROM dialogues AS open JOIN inbound ON inbound.id = open.thread AND inbound.state = 'asking'
WHERE open.phone_key = ANY($1::bytea[]) FOR UPDATE OF inbound
"""
KEEP = """
INSERT INTO dialogues (phone_key, thread, said, asked, expires_at)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[], $4::text[], $5::timestamptz[])
ON CONFLICT (phone_key) DO UPDATE SET thread = excluded.thread, said = excluded.said, asked = excluded.asked,
  expires_at = excluded.expires_at
"""
END = "DELETE FROM dialogues WHERE phone_key = ANY($1::bytea[])"
EXPIRE = """
DELETE FROM dialogues WHERE phone_key IN (
  SELECT phone_key FROM dialogues WHERE expires_at <= $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)
RETURNING thread
"""
ASKED = OPEN.replace("dialogues", "number_questions")
ASK = """
INSERT INTO number_questions (phone_key, thread, said, expires_at)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[], $4::timestamptz[])
ON CONFLICT (phone_key) DO UPDATE SET thread = excluded.thread, said = excluded.said, expires_at = excluded.expires_at
"""
ANSWERED = END.replace("dialogues", "number_questions")
EXPIRE_QUESTIONS = EXPIRE.replace("dialogues", "number_questions")


async def open_ones(session: Session, ring: Keyring, keys: Iterable[bytes]) -> dict[bytes, Dialogue]:
    """Also those whose time is over; one that cannot be read any more is none."""
    rows = await session.raw.fetch(OPEN, list(keys))
    return {
        row["phone_key"]: Dialogue(row["thread"], Petition(**said), row["asked"], row["expires_at"])
        for row, said in _read(ring, rows, dialogue_binding)
    }


async def questions(session: Session, ring: Keyring, keys: Iterable[bytes]) -> dict[bytes, Question]:
    """As `open_ones`: which petition was meant."""
    rows, found = await session.raw.fetch(ASKED, list(keys)), {}
    for row, told in _read(ring, rows, question_binding):
        said = Rating(**told["rating"]) if "rating" in told else Supplement(**told["supplement"])
        found[row["phone_key"]] = Question(row["thread"], said, told["listed"], row["expires_at"])
    return found


def _read(ring: Keyring, rows: Rows, binding: Callable[[bytes], str]) -> list[tuple[asyncpg.Record, Any]]:
    read = []
    for row in rows:
        try:
            read.append((row, json.loads(ring.decrypt(row["said"], binding(row["phone_key"])))))
        except Undecipherable:
            continue
    return read


async def keep(
    session: Session, ring: Keyring, phones: Mapping[bytes, Phone],
    before: Mapping[bytes, tuple[Dialogue | None, Question | None]],
) -> None:  # fmt: skip
    """What has changed since `before`."""
    dialogues = {key: phone.dialogue for key, phone in sorted(phones.items()) if phone.dialogue != before[key][0]}
    asked = {key: phone.question for key, phone in sorted(phones.items()) if phone.question != before[key][1]}
    rows = [
        (key, now.thread, ring.encrypt(json.dumps(asdict(now.said)), dialogue_binding(key)), now.asked, now.expires_at)
        for key, now in dialogues.items()
        if now is not None
    ]
    await _write(session, END, [key for key, now in dialogues.items() if now is None], KEEP, rows)
    questions = [
        (key, now.thread, ring.encrypt(_record(now), question_binding(key)), now.expires_at)
        for key, now in asked.items()
        if now is not None
    ]
    await _write(session, ANSWERED, [key for key, now in asked.items() if now is None], ASK, questions)


def _record(question: Question) -> str:
    kind = "rating" if isinstance(question.said, Rating) else "supplement"
    return json.dumps({kind: asdict(question.said), "listed": list(question.listed)})


async def _write(
    session: Session, end: str, ended: Sequence[bytes], keep: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    if ended:
        await session.raw.execute(end, ended)
    if rows:
        await session.raw.execute(keep, *zip(*rows, strict=True))


async def expire(session: Session, now: datetime) -> int:
    """Dialogues and questions whose time is over; returns how many. Their texts go to the operators."""
    rows = [row for statement in (EXPIRE, EXPIRE_QUESTIONS) for row in await session.raw.fetch(statement, now)]
    await leave(session, [row["thread"] for row in rows])
    return len(rows)
