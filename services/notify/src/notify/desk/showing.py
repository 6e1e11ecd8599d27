"""Conversations as operators see them: numbers masked, texts decrypted, never a query code."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row

from kit.auth import Principal
from kit.crypto import Keyring, Undecipherable
from kit.personal import mask
from kit.runtime import Runtime
from notify import resources
from notify.desk.domain import LEADER, longest_block, reference_of
from notify.desk.models import Conversation, ConversationRow, Said, WaitingText
from notify.inbound.tables import text_binding as heard_binding
from notify.outbound.outgoing import text_binding as told_binding
from notify.phones import number_of

ACTIONS = ("take", "reply", "convert", "supplement", "hand", "close", "block")
NO_NUMBER = "***"  # one that cannot be deciphered any more hides nobody else's texts


def masked(ring: Keyring, key: bytes, number: bytes) -> str:
    try:
        return mask(number_of(ring, key, number))
    except Undecipherable:
        return NO_NUMBER


def readable(ring: Keyring, stored: bytes, binding: str) -> str | None:
    """Null where it cannot be deciphered any more."""
    try:
        return ring.decrypt(stored, binding)
    except Undecipherable:
        return None


def conversation_row(ring: Keyring, row: Row[Any]) -> ConversationRow:
    return ConversationRow(
        id=reference_of(row.key), phone=masked(ring, row.key, row.number), unit=row.unit, operator=row.operator,
        closed=row.closed_at is not None and row.closed_at >= row.received_at, blocked_until=row.blocked_until,
        opted_out=row.opted_out_at is not None, last_at=row.received_at, state=row.state, meaning=row.meaning,
    )  # fmt: skip


def waiting_text(ring: Keyring, row: Row[Any], now: datetime) -> WaitingText:
    due_at = row.desk_due_at or row.due_at  # its time begins a moment after it was left to people
    left = None if due_at is None else int((due_at - now).total_seconds())
    answered = row.answered_at is not None
    late = row.due_at is not None and row.due_at < now and not answered
    return WaitingText(
        id=row.id, conversation=reference_of(row.key), phone=masked(ring, row.key, row.number),
        received_at=row.received_at, due_at=due_at, answered=answered,
        overdue=late or (row.desk_due_at is not None and row.desk_due_at <= now), seconds_left=left,
        meaning=row.meaning, damaged=row.damaged, operator=row.assigned_to, gateway=row.gateway,
    )  # fmt: skip


def conversation(
    runtime: Runtime, row: Row[Any], said: list[asyncpg.Record], limit: int, petitions: list[str], who: Principal, *,
    newest: UUID | None, objection: bool,
) -> Conversation:  # fmt: skip
    shown = [_said(runtime, each) for each in said[:limit]]
    heard = [each.at for each in shown if each.way == "in"]
    waits = any(each.way == "in" and each.state == "unparsed" for each in shown)
    closed = row.closed_at is not None and not waits and not (heard and heard[0] > row.closed_at)
    policy = resources.of(runtime).settings.texts
    return Conversation(
        id=reference_of(row.key), phone=masked(runtime.keyring, row.key, row.number), unit=row.unit,
        operator=row.operator, closed=closed, blocked_until=row.blocked_until, blocked_for=row.blocked_for,
        opted_out=row.opted_out_at is not None, petitions=petitions, objection=objection,
        handed=row.unit != runtime.settings.node.office_unit, newest=newest,
        may=_may(row, who, objection=objection, blocked=is_blocked(row, runtime.clock.now())), said=shown,
        block_hours=longest_block(who.roles, policy.block_most_hours, policy.block_alone_hours),
        next=shown[-1].id if len(said) > limit else None,
    )  # fmt: skip


def is_blocked(row: Row[Any], now: datetime) -> bool:
    return row.blocked_until is not None and row.blocked_until > now


def _may(row: Row[Any], who: Principal, *, objection: bool, blocked: bool) -> list[str]:
    """The use cases decide the same again."""
    if row.unit == who.unit and row.operator not in {None, who.subject} and LEADER not in who.roles:
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
    stored, binding = row["text"], heard_binding(row["id"], "text")
    if row["way"] == "out":
        if row["template"] in resources.of(runtime).with_query_code:
            return None, "query-code"
        binding = told_binding(row["id"])
    if not stored:
        return None, "damaged" if row["way"] == "in" else "gone"
    text = readable(runtime.keyring, stored, binding)
    return text, None if text is not None else "undecipherable"
