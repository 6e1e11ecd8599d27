"""Lists of the desk: texts that wait for a person, and conversations; each as who asks may see it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_, select, true

from kit.auth import Principal
from kit.db import Session
from notify.desk.store import conversations_of, holder, share_of
from notify.desk.tables import conversations
from notify.inbound.tables import inbound
from notify.tables import phones

LATER = inbound.alias("later")
SHOWN = ("id", "received_at", "due_at", "answered_at", "desk_due_at", "meaning", "damaged", "assigned_to", "gateway")
LAST = ("id", "received_at", "state", "meaning")


async def queue(session: Session, who: Principal, office: str, *, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Texts that nobody could parse, the oldest first; one row more than `limit` tells that there is a next page."""
    share, held = share_of(who, office), holder(office)
    # what came after a hand-over is the office's, whoever holds the conversation
    offices = or_(held == office, inbound.c.handed_to.is_distinct_from(held))
    query = (
        conversations_of(who, office)
        .join(inbound, inbound.c.phone_key == phones.c.key)
        .add_columns(*(inbound.c[name] for name in SHOWN))
        .where(inbound.c.state == "unparsed", offices if share is None else inbound.c.handed_to == share)
    )
    if after is not None:
        query = query.where(inbound.c.id > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(inbound.c.id).limit(limit + 1))).all()
    return rows


async def page(
    session: Session, who: Principal, office: str, *, mine: bool, still_open: bool, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """By their last text, the newest first; one row more than `limit` tells that there is a next page."""
    share = share_of(who, office)
    few = mine or share is not None
    query, last = _few(who, office, share) if few else _all(who, office)
    if mine:
        query = query.where(conversations.c.unit == who.unit, conversations.c.operator == who.subject)
    if still_open:
        query = query.where(or_(conversations.c.closed_at.is_(None), last.received_at > conversations.c.closed_at))
    if before is not None:
        query = query.where(last.id < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(last.id.desc()).limit(limit + 1))).all()
    return rows


def _all(who: Principal, office: str) -> tuple[Select[Any], Any]:
    """From the newest text on: whose is not the last of its telephone is passed over."""
    later = select(1).where(LATER.c.phone_key == inbound.c.phone_key, LATER.c.id > inbound.c.id).exists()
    found = conversations_of(who, office).join(inbound, inbound.c.phone_key == phones.c.key)
    return found.add_columns(*(inbound.c[name] for name in LAST)).where(~later), inbound.c


def _few(who: Principal, office: str, share: str | None) -> tuple[Select[Any], Any]:
    """From the conversations of a person or unit, the last text of each: not one text of others is read."""
    seen = true() if share is None else inbound.c.handed_to == share
    last = (
        select(*(inbound.c[name] for name in LAST))
        .where(and_(inbound.c.phone_key == phones.c.key, seen))
        .order_by(inbound.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    found = conversations_of(who, office).join(last, true()).add_columns(*last.c)
    return (found if share is None else found.where(conversations.c.unit == share)), last.c
