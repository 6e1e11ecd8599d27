"""Conversations as operators see them: numbers masked, texts decrypted, never a query code."""

from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import Row

from kit.auth import Principal
from kit.crypto import Keyring
from kit.personal import mask
from kit.runtime import Runtime
from notify import resources
from notify.desk.domain import LEADER, reference_of
from notify.desk.models import Conversation, ConversationRow, Said, WaitingText
from notify.inbound.tables import text_binding as heard_binding
from notify.outbound.outgoing import text_binding as told_binding
from notify.phones import number_of

ACTIONS = ("take", "reply", "convert", "hand", "close", "block")


def _masked(ring: Keyring, row: Row[Any]) -> str:
    return mask(number_of(ring, row.key, row.number))


def conversation_row(ring: Keyring, row: Row[Any]) -> ConversationRow:
    return ConversationRow(
        id=reference_of(row.key), phone=_masked(ring, row), unit=row.unit, operator=row.operator,
        closed=row.closed_at is not None and row.closed_at >= row.received_at, blocked_until=row.blocked_until,
        opted_out=row.opted_out_at is not None, last_at=row.received_at, state=row.state, meaning=row.meaning,
    )  # fmt: skip


def waiting_text(ring: Keyring, row: Row[Any], now: datetime) -> WaitingText:
    left = None if row.due_at is None else int((row.due_at - now).total_seconds())
    answered = row.answered_at is not None
    return WaitingText(
        id=row.id, conversation=reference_of(row.key), phone=_masked(ring, row), received_at=row.received_at,
        due_at=row.due_at, answered=answered, overdue=left is not None and left < 0 and not answered,
        seconds_left=left, meaning=row.meaning, damaged=row.damaged, operator=row.assigned_to, gateway=row.gateway,
    )  # fmt: skip


def conversation(
    runtime: Runtime, row: Row[Any], said: list[asyncpg.Record], limit: int, petitions: list[str], who: Principal
) -> Conversation:
    shown = [_said(runtime, each) for each in said[:limit]]
    heard = [each.at for each in shown if each.way == "in"]
    closed = row.closed_at is not None and not (heard and heard[0] > row.closed_at)
    objection = any(each.way == "in" and (each.state, each.template) == ("unparsed", "appeal") for each in shown)
    return Conversation(
        id=reference_of(row.key), phone=_masked(runtime.keyring, row), unit=row.unit, operator=row.operator,
        closed=closed, blocked_until=row.blocked_until, blocked_for=row.blocked_for,
        opted_out=row.opted_out_at is not None, petitions=petitions, objection=objection,
        may=_may(row, who, objection=objection, blocked=_is_blocked(row, runtime.clock.now())), said=shown,
        next=shown[-1].id if len(said) > limit else None,
    )  # fmt: skip


def _is_blocked(row: Row[Any], now: datetime) -> bool:
    return row.blocked_until is not None and row.blocked_until > now


def _may(row: Row[Any], who: Principal, *, objection: bool, blocked: bool) -> list[str]:
    """The use cases decide the same again."""
    if row.operator not in {None, who.subject} and LEADER not in who.roles:
        return []
    offered = [each for each in ACTIONS if each != "take" or row.operator != who.subject]
    return [*offered, *(["unblock"] if blocked else []), *(["decide"] if objection else [])]


def _said(runtime: Runtime, row: asyncpg.Record) -> Said:
    text, hidden = _text(runtime, row)
    return Said(
        id=row["id"], way=row["way"], at=row["at"], text=text, hidden=hidden, state=row["state"],
        template=row["template"], author=row["author"], due_at=row["due_at"], answered_at=row["answered_at"],
        petition_id=row["petition_id"], gateway=row["gateway"], parts=row["parts"],
    )  # fmt: skip


def _text(runtime: Runtime, row: asyncpg.Record) -> tuple[str | None, str | None]:
    """The text, or why there is none."""
    stored, ring = row["text"], runtime.keyring
    if row["way"] == "in":
        return (None, "damaged") if stored is None else (ring.decrypt(stored, heard_binding(row["id"], "text")), None)
    if row["template"] in resources.of(runtime).with_query_code:
        return None, "query-code"
    if not stored:
        return None, "gone"
    return ring.decrypt(stored, told_binding(row["id"])), None
