"""Rows of the desk. Every statement that finds a conversation for a person says in SQL who may see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, true

from kit.auth import Principal
from kit.db import Session
from notify.desk.domain import keys_of
from notify.desk.tables import conversations
from notify.inbound.tables import inbound
from notify.readable import open_to
from notify.tables import petitions, phones

LATER = inbound.alias("later")
LINKED = inbound.alias("linked")
# both ways, each by its own index
SAID = """
SELECT * FROM (
  (SELECT id, 'in' AS way, received_at AS at, text, state, meaning AS template, language, due_at, answered_at,
     NULL AS author, petition_id, gateway, damaged, 0 AS parts
   FROM inbound, (VALUES (NULL::text)) AS none (language)
   WHERE phone_key = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3)
  UNION ALL
  (SELECT id, 'out', created_at, text, state, template, language, NULL, sent_at, author, petition_id, gateway, false,
     parts
   FROM messages WHERE phone_key = $1 AND ($2::uuid IS NULL OR id < $2)
     AND (author IS NOT NULL OR coalesce(petition_id, answers, notice_id) IS NOT NULL)
   ORDER BY id DESC LIMIT $3)) AS said
ORDER BY id DESC LIMIT $3
"""
ASSIGN = """
INSERT INTO conversations (phone_key, unit, operator, closed_at, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (phone_key) DO UPDATE SET unit = excluded.unit, operator = excluded.operator,
  closed_at = excluded.closed_at, changed_at = excluded.changed_at
"""
MARK = "UPDATE inbound SET assigned_to = $2 WHERE phone_key = $1 AND state = 'unparsed'"
# what an operator has dealt with waits for nobody any more; $4: the one that a text of his answers, and all with it
DEALT_WITH = """
UPDATE inbound SET state = 'handled', handled_by = $2, handled_at = $3, due_at = CASE WHEN id = $4 THEN due_at END
WHERE phone_key = $1 AND state = 'unparsed' AND ($5::text IS NULL OR meaning = $5)
RETURNING id
"""
CONVERT = """
UPDATE inbound SET state = 'waiting', meaning = 'petition', thread = id, assigned_to = $2, handled_by = $2,
  handled_at = $3
WHERE id = $1 AND phone_key = $4 AND petition_id IS NULL AND state NOT IN ('waiting', 'received')
RETURNING received_at
"""
# the name of whom it accuses is said to nobody
OF_PHONE = "SELECT number, accused_units FROM petitions WHERE phone_key = $1"
TEXTS = "SELECT id, text FROM inbound WHERE phone_key = $1 AND text IS NOT NULL ORDER BY id DESC LIMIT $2"
# whether the petitions of a telephone are kept from a unit: by whom they accuse, or by who alone may read them
KEPT = """
SELECT bool_or(accused_units && $2::text[]) AS accused, bool_or(NOT readers && $2::text[]) AS closed
FROM petitions WHERE phone_key = $1 OR id IN (SELECT petition_id FROM inbound WHERE phone_key = $1)
"""


def visible(who: Principal, office: str) -> ColumnElement[bool]:
    """Held by the reader's unit (by the node's office where nobody was named), and none of the petitions that the
    telephone raised, or wrote about, is kept from the reader: not one text of such a conversation is shown.
    """
    kept = open_to(who.line).is_not(true())
    raised = select(1).select_from(petitions).where(petitions.c.phone_key == phones.c.key, kept)
    written = LINKED.join(petitions, petitions.c.id == LINKED.c.petition_id)
    about = select(1).select_from(written).where(LINKED.c.phone_key == phones.c.key, kept)
    return and_(
        func.coalesce(conversations.c.unit, office) == who.unit,
        ~raised.correlate(phones).exists(),
        ~about.correlate(phones).exists(),
    )


def _conversations(who: Principal, office: str) -> Select[Any]:
    return (
        select(phones.c.key, phones.c.number, phones.c.opted_out_at, phones.c.blocked_until, phones.c.blocked_for,
               func.coalesce(conversations.c.unit, office).label("unit"), conversations.c.operator,
               conversations.c.closed_at)
        .select_from(phones)
        .outerjoin(conversations, conversations.c.phone_key == phones.c.key)
        .where(visible(who, office))
    )  # fmt: skip


async def find(session: Session, who: Principal, office: str, reference: UUID) -> Row[Any] | None:
    """Locked, until the transaction ends."""
    low, high = keys_of(reference)
    query = _conversations(who, office).where(phones.c.key >= low, phones.c.key <= high)
    found: Row[Any] | None = (await session.sql.execute(query.with_for_update(of=phones))).one_or_none()
    return found


async def find_phone(session: Session, who: Principal, office: str, key: bytes) -> Row[Any] | None:
    query = _conversations(who, office).where(phones.c.key == key)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def find_petition(session: Session, who: Principal, office: str, petition_id: UUID) -> Row[Any] | None:
    """The conversation with the petitioner of a petition."""
    its = petitions.alias("its")
    query = _conversations(who, office).join(its, its.c.phone_key == phones.c.key).where(its.c.id == petition_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def page(
    session: Session, who: Principal, office: str, *, mine: bool, still_open: bool, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """By their last text, the newest first; one row more than `limit` tells that there is a next page."""
    later = select(1).where(LATER.c.phone_key == inbound.c.phone_key, LATER.c.id > inbound.c.id).exists()
    query = (
        _conversations(who, office)
        .join(inbound, inbound.c.phone_key == phones.c.key)
        .add_columns(inbound.c.id, inbound.c.received_at, inbound.c.state, inbound.c.meaning)
        .where(~later)
    )
    if mine:
        query = query.where(conversations.c.operator == who.subject)
    if still_open:
        reopened = inbound.c.received_at > conversations.c.closed_at
        query = query.where(or_(conversations.c.closed_at.is_(None), reopened))
    if before is not None:
        query = query.where(inbound.c.id < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(inbound.c.id.desc()).limit(limit + 1))).all()
    return rows


async def queue(session: Session, who: Principal, office: str, *, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Texts that nobody could parse, the oldest first; one row more than `limit` tells that there is a next page."""
    query = (
        _conversations(who, office)
        .join(inbound, inbound.c.phone_key == phones.c.key)
        .add_columns(*(inbound.c[name] for name in (
            "id", "received_at", "due_at", "answered_at", "meaning", "damaged", "assigned_to", "gateway")))
        .where(inbound.c.state == "unparsed")
    )  # fmt: skip
    if after is not None:
        query = query.where(inbound.c.id > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(inbound.c.id).limit(limit + 1))).all()
    return rows


async def said(session: Session, key: bytes, *, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """What went to and fro, the newest first; one row more than `limit` tells that there is more."""
    rows: list[asyncpg.Record] = await session.raw.fetch(SAID, key, before, limit + 1)
    return rows


async def texts(session: Session, key: bytes, limit: int) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await session.raw.fetch(TEXTS, key, limit)
    return rows


async def of_phone(session: Session, key: bytes) -> list[asyncpg.Record]:
    """(number, accused_units) of the petitions that the telephone is the contact of."""
    rows: list[asyncpg.Record] = await session.raw.fetch(OF_PHONE, key)
    return rows


async def kept_from(session: Session, key: bytes, line: Sequence[str]) -> asyncpg.Record:
    """(accused, closed): why the conversation is kept from whom this line names; null or false: it is not."""
    (row,) = await session.raw.fetch(KEPT, key, line)
    found: asyncpg.Record = row
    return found


async def assign(
    session: Session, key: bytes, unit: str, operator: str | None, now: datetime, *, closed: bool = False
) -> None:
    await session.raw.execute(ASSIGN, key, unit, operator, now if closed else None, now)
    await session.raw.execute(MARK, key, operator)


async def deal_with(
    session: Session, key: bytes, by: str, now: datetime, *, answered: UUID | None = None, meaning: str | None = None
) -> list[UUID]:
    """Its texts of the queue are dealt with; returns which. answered: the one that is answered by text."""
    return [row["id"] for row in await session.raw.fetch(DEALT_WITH, key, by, now, answered, meaning)]


async def convert(session: Session, key: bytes, text_id: UUID, by: str, now: datetime) -> datetime | None:
    """When it came; null: it is no text of this telephone, or a petition was, or is being, made of it."""
    received_at: datetime | None = await session.raw.fetchval(CONVERT, text_id, by, now, key)
    return received_at


async def newest(session: Session, key: bytes) -> UUID | None:
    """The last text of a telephone."""
    query = "SELECT id FROM inbound WHERE phone_key = $1 ORDER BY id DESC LIMIT 1"
    found: UUID | None = await session.raw.fetchval(query, key)
    return found
