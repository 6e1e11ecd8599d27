"""Rows of the desk. Every statement that finds a conversation for a person says in SQL who may see it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, true

from kit.auth import Principal
from kit.db import Session
from notify.desk.domain import keys_of
from notify.desk.tables import conversations
from notify.inbound.store import leave
from notify.inbound.tables import inbound
from notify.readable import in_scope, open_to
from notify.tables import petitions, phones

LINKED = inbound.alias("linked")
# both ways, each by its own index. $4: the unit that was handed it, which reads what it was handed, what answers that,
# what went out before, and what it wrote itself; null: the office, which reads all
SAID = """
SELECT * FROM (
  (SELECT id, 'in' AS way, received_at AS at, text, state, meaning AS template, language, due_at, answered_at,
     NULL AS author, petition_id, gateway, damaged, 0 AS parts
   FROM inbound, (VALUES (NULL::text)) AS none (language)
   WHERE phone_key = $1 AND ($2::uuid IS NULL OR id < $2) AND ($4::text IS NULL OR handed_to = $4)
   ORDER BY id DESC LIMIT $3)
  UNION ALL
  (SELECT id, 'out', created_at, text, state, template, language, NULL, sent_at, author, petition_id, gateway, false,
     parts
   FROM messages WHERE phone_key = $1 AND ($2::uuid IS NULL OR id < $2)
     AND (author IS NOT NULL OR coalesce(petition_id, answers, notice_id) IS NOT NULL)
     AND ($4::text IS NULL OR unit = $4
       OR answers IN (SELECT id FROM inbound WHERE phone_key = $1 AND handed_to = $4)
       OR id < (SELECT id FROM inbound WHERE phone_key = $1 AND handed_to = $4 ORDER BY id DESC LIMIT 1))
   ORDER BY id DESC LIMIT $3)) AS said
ORDER BY id DESC LIMIT $3
"""
ASSIGN = """
INSERT INTO conversations (phone_key, unit, operator, closed_at, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (phone_key) DO UPDATE SET unit = excluded.unit, operator = excluded.operator,
  closed_at = excluded.closed_at, changed_at = excluded.changed_at
"""
MARK = """
UPDATE inbound SET assigned_to = $2 WHERE phone_key = $1 AND state = 'unparsed' AND ($3::text IS NULL OR handed_to = $3)
"""
# what has come so far; what comes later is the office's, until it is handed on as well
HAND = "UPDATE inbound SET handed_to = $2 WHERE phone_key = $1 AND ($3::text IS NULL OR handed_to = $3)"
# what an operator has dealt with waits for nobody any more; by when it was to be answered stays: that is measured
DEALT_WITH = """
UPDATE inbound SET state = 'handled', handled_by = $2, handled_at = $3
WHERE phone_key = $1 AND state = 'unparsed' AND (meaning IS NOT DISTINCT FROM 'appeal') = $4
  AND ($5::text IS NULL OR handed_to = $5)
RETURNING id
"""
OBJECTS = """
SELECT EXISTS (SELECT FROM inbound WHERE phone_key = $1 AND state = 'unparsed' AND meaning = 'appeal'
  AND ($2::text IS NULL OR handed_to = $2))
"""
# of a dialogue one petition is made, whoever makes it
TO_INTAKE = """
UPDATE inbound SET state = 'waiting', meaning = $5, thread = coalesce(thread, id), assigned_to = $2, handled_by = $2,
  handled_at = $3
WHERE id = $1 AND phone_key = $4 AND petition_id IS NULL AND state NOT IN ('waiting', 'received')
  AND ($6::text IS NULL OR handed_to = $6)
  AND NOT EXISTS (SELECT FROM inbound AS other WHERE other.thread = inbound.thread
    AND (other.state = 'waiting' OR other.petition_id IS NOT NULL))
RETURNING received_at, text, thread
"""
END_DIALOGUE = "DELETE FROM dialogues WHERE phone_key = $1 AND thread = $2"
REST = "UPDATE inbound SET state = 'asking' WHERE thread = $1 AND state = 'unparsed'"
# the name of whom it accuses is said to nobody
OF_PHONE = """
SELECT number, accused_units,
  EXISTS (SELECT FROM petition_scopes WHERE scope = $2 AND petition_id = petitions.id) AS in_scope
FROM petitions WHERE phone_key = $1
"""
TEXTS = """
SELECT id, text FROM inbound WHERE phone_key = $1 AND text IS NOT NULL AND ($3::text IS NULL OR handed_to = $3)
ORDER BY id DESC LIMIT $2
"""
NEWEST = """
SELECT id FROM inbound WHERE phone_key = $1 AND ($2::text IS NULL OR handed_to = $2) ORDER BY id DESC LIMIT 1
"""


def about(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of phones: such a petition is among those that the telephone raised, or wrote about."""
    raised = select(1).select_from(petitions).where(petitions.c.phone_key == phones.c.key, *conditions)
    linked = LINKED.join(petitions, petitions.c.id == LINKED.c.petition_id)
    written = select(1).select_from(linked).where(LINKED.c.phone_key == phones.c.key, *conditions)
    return or_(raised.correlate(phones).exists(), written.correlate(phones).exists())


def kept_from(line: Sequence[str]) -> ColumnElement[bool]:
    """Of phones: one of these petitions is kept from who is named so; not one text of the conversation is shown him."""
    return about(open_to(line).is_not(true()))


def holder(office: str) -> ColumnElement[str]:
    """The unit that a conversation was handed to, until that one has finished; otherwise the node's office."""
    handed = case((conversations.c.closed_at.is_(None), conversations.c.unit))
    found: ColumnElement[str] = func.coalesce(handed, office)
    return found


def visible(who: Principal, office: str) -> ColumnElement[bool]:
    """The node's office sees every conversation, another unit those that it holds; and nobody one that is about a
    petition which is kept from him.
    """
    held = true() if who.unit == office else holder(office) == who.unit
    return and_(held, ~kept_from(who.line))


def share_of(who: Principal, office: str) -> str | None:
    """Whose texts the reader sees of a conversation: those handed to his unit; null: all, it is the office."""
    return None if who.unit == office else who.unit


def conversations_of(who: Principal, office: str) -> Select[Any]:
    """What who asks may see. operator: of one that was closed nobody any more."""
    return (
        select(phones.c.key, phones.c.number, phones.c.opted_out_at, phones.c.blocked_until, phones.c.blocked_for,
               holder(office).label("unit"), conversations.c.closed_at,
               case((conversations.c.closed_at.is_(None), conversations.c.operator)).label("operator"))
        .select_from(phones)
        .outerjoin(conversations, conversations.c.phone_key == phones.c.key)
        .where(visible(who, office))
    )  # fmt: skip


async def find(session: Session, who: Principal, office: str, reference: UUID) -> Row[Any] | None:
    """Locked, until the transaction ends."""
    low, high = keys_of(reference)
    query = conversations_of(who, office).where(phones.c.key >= low, phones.c.key <= high)
    found: Row[Any] | None = (await session.sql.execute(query.with_for_update(of=phones))).one_or_none()
    return found


async def find_phone(session: Session, who: Principal, office: str, key: bytes) -> Row[Any] | None:
    query = conversations_of(who, office).where(phones.c.key == key)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def find_petition(session: Session, who: Principal, office: str, petition_id: UUID) -> Row[Any] | None:
    """The conversation with the petitioner of a petition."""
    its = petitions.alias("its")
    query = conversations_of(who, office).join(its, its.c.phone_key == phones.c.key).where(its.c.id == petition_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def said(
    session: Session, key: bytes, *, share: str | None, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """What went to and fro, the newest first; one row more than `limit` tells that there is more."""
    rows: list[asyncpg.Record] = await session.raw.fetch(SAID, key, before, limit + 1, share)
    return rows


async def texts(session: Session, key: bytes, share: str | None, limit: int) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await session.raw.fetch(TEXTS, key, limit, share)
    return rows


async def of_phone(session: Session, key: bytes, scope: str) -> list[asyncpg.Record]:
    """(number, accused_units, in_scope) of the petitions that the telephone is the contact of."""
    rows: list[asyncpg.Record] = await session.raw.fetch(OF_PHONE, key, scope)
    return rows


async def objects(session: Session, key: bytes, share: str | None) -> bool:
    """There is an objection to decide on."""
    found: bool = await session.raw.fetchval(OBJECTS, key, share)
    return found


async def may_read(session: Session, key: bytes, lines: Sequence[Sequence[str]]) -> bool:
    """The conversation is kept from none, or not from all, of these."""
    query = select(or_(*(~kept_from(line) for line in lines))).select_from(phones).where(phones.c.key == key)
    return bool((await session.sql.execute(query)).scalar_one())


async def kept(session: Session, keys: Collection[bytes], lines: Sequence[Sequence[str]]) -> set[bytes]:
    """Of these telephones those whose conversation is kept from all of these."""
    query = select(phones.c.key).where(phones.c.key.in_(keys), *(kept_from(line) for line in lines))
    return set((await session.sql.execute(query)).scalars())


async def concerns(session: Session, key: bytes, scope: str) -> bool:
    """Units of this region have to do with one of the petitions that the conversation is about; or it is about none."""
    query = select(or_(about(in_scope(scope)), ~about())).select_from(phones).where(phones.c.key == key)
    return bool((await session.sql.execute(query)).scalar_one())


async def assign(
    session: Session, key: bytes, unit: str, operator: str | None, now: datetime, *, share: str | None,
    closed: bool = False,
) -> None:  # fmt: skip
    """share: whose texts the operator works on."""
    await session.raw.execute(ASSIGN, key, unit, operator, now if closed else None, now)
    await session.raw.execute(MARK, key, operator, share)


async def hand(
    session: Session, key: bytes, unit: str, operator: str | None, now: datetime, *, share: str | None
) -> None:
    """The texts that have come so far, of those that are the giver's, are another unit's."""
    await session.raw.execute(HAND, key, unit, share)
    await assign(session, key, unit, operator, now, share=unit)


async def deal_with(
    session: Session, key: bytes, by: str, now: datetime, *, share: str | None, objections: bool = False
) -> list[UUID]:
    """Its texts of the queue are dealt with: the objections against a block, or all but these; returns which."""
    return [row["id"] for row in await session.raw.fetch(DEALT_WITH, key, by, now, objections, share)]


async def to_intake(
    session: Session, key: bytes, text_id: UUID, by: str, now: datetime, *, meaning: str, share: str | None
) -> asyncpg.Record | None:
    """A text goes to intake as a petition or a supplement, and the dialogue that it belongs to is over: what else was
    said in it belongs to the petition, or waits for a person.

    (received_at, text); null: it is no text of this telephone, or intake has it, or what it belongs to, already.
    """
    row: asyncpg.Record | None = await session.raw.fetchrow(TO_INTAKE, text_id, by, now, key, meaning, share)
    if row is not None:
        await session.raw.execute(END_DIALOGUE, key, row["thread"])
        if meaning == "petition":
            await session.raw.execute(REST, row["thread"])
        else:
            await leave(session, [row["thread"]])
    return row


async def newest(session: Session, key: bytes, share: str | None) -> UUID | None:
    """The last text of a telephone."""
    found: UUID | None = await session.raw.fetchval(NEWEST, key, share)
    return found
