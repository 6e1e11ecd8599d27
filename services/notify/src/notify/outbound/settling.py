"""How tries ended, many at a time: messages, their parts, and what follows for a message from what its parts became."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from kit.db import Session
from notify.outbound.domain import NO_FATE, Lane, state_of
from notify.outbound.outgoing import CHANNEL, MASS_CHANNEL
from notify.outbound.telling import Change

# a message is settled only by who claimed it last; ids that come after its lease had ended are kept all the same
# (as one expression: what was counted of states long ago must not lead away from looking them up by their ids)
SETTLE = """
WITH told AS (
  SELECT * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::smallint[],
    $9::boolean[]) AS told (id, attempts, state, reason, due_at, tried, total, has_left)),
mine AS (
  UPDATE messages SET state = told.state, reason = told.reason, due_at = told.due_at, state_at = $1,
    tried = string_to_array(told.tried, ','), parts = told.total, version = version + (told.state <> 'queued')::int,
    sent_at = CASE WHEN has_left THEN coalesce(sent_at, $1) ELSE sent_at END
  FROM told WHERE messages.id = told.id
    AND told.attempts = CASE messages.state WHEN 'sending' THEN messages.attempts END
  RETURNING messages.id, version),
kept AS (
  INSERT INTO parts (message_id, number, gateway, gateway_id, state, reason, sent_at)
  SELECT * FROM unnest($10::uuid[], $11::smallint[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::timestamptz[])
  ON CONFLICT (message_id, number) DO UPDATE
    SET gateway_id = excluded.gateway_id, state = excluded.state, reason = excluded.reason
    WHERE parts.state = 'unknown' AND parts.gateway_id IS NULL AND excluded.state <> 'unknown')
SELECT id, version FROM mine
"""
# in the order of their ids: no two batches wait for each other
LOCK = """
SELECT id, petition_id, lane, template, gateway, state, reason, version, parts, traceparent FROM messages
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
STANDING = """
SELECT message_id, array_agg(state) AS states, max(reason) FILTER (WHERE state IN ('failed', 'expired')) AS reason
FROM parts WHERE message_id = ANY($1::uuid[]) GROUP BY message_id
"""
FOLD = """
UPDATE messages SET state = told.state, reason = told.reason, state_at = $1, version = version + 1
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS told (id, state, reason) WHERE messages.id = told.id
"""
AGAIN = """
UPDATE messages SET state = 'queued', reason = 'not-sent', due_at = $1, state_at = $1 WHERE id = ANY($2::uuid[])
"""
# as late answers: of a try that was taken over meanwhile, and of no later one
RETURNED = """
INSERT INTO late_answers (message_id, number, gateway, at)
SELECT id, 0, told.gateway, $1 FROM messages JOIN unnest($2::uuid[], $3::int[], $4::text[])
  AS told (id, attempts, gateway) USING (id)
WHERE state IN ('sending', 'unknown') AND messages.attempts = told.attempts + 1
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Left:
    """A part that was handed over. state: sent, unknown, or failed: the gateway will never take it."""

    number: int
    state: str
    gateway_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a try ended. row: as it was claimed, attempts: the number of the try; state: sent, unknown, failed, or queued
    again for due_at; total: how many parts it is; began_at: when the hand-over
    began, no receipt is older; tried: gateways that did not take it in this round.
    """

    row: asyncpg.Record
    gateway: str
    attempts: int
    state: str
    total: int
    began_at: datetime
    due_at: datetime
    lefts: tuple[Left, ...] = ()
    reason: str | None = None
    tried: tuple[str, ...] = ()

    def head(self) -> tuple[object, ...]:
        tried = ",".join(self.tried)
        left = any(each.state != "failed" for each in self.lefts)
        return self.row["id"], self.attempts, self.state, self.reason, self.due_at, tried, self.total, left

    def change(self, version: int) -> Change:
        return Change(
            id=self.row["id"], petition_id=self.row["petition_id"], lane=self.row["lane"], parts=self.total,
            template=self.row["template"], gateway=self.gateway, state=self.state, version=version,
            traceparent=self.row["traceparent"],
        )  # fmt: skip


async def settle(session: Session, settlements: Sequence[Settlement], now: datetime) -> list[Change]:
    """Write them down; returns what is new about the messages that were still this process's."""
    parts = [
        (s.row["id"], left.number, s.gateway, left.gateway_id, left.state, left.reason, s.began_at)
        for s in settlements
        for left in s.lefts
    ]
    columns: Iterable[Sequence[object]] = zip(*parts, strict=True) if parts else [[] for _ in range(7)]
    heads = zip(*(each.head() for each in settlements), strict=True)
    rows = await session.raw.fetch(SETTLE, now, *heads, *columns)
    mine: dict[UUID, int] = {row["id"]: row["version"] for row in rows}
    changes = [
        each.change(mine[each.row["id"]]) for each in settlements if each.row["id"] in mine and each.state != "queued"
    ]
    # of parts that left in earlier tries, or a try that was thought to be lost, this try does not know the state
    others = [s.row["id"] for s in settlements if s.row["id"] not in mine or (s.row["left_before"] and s.lefts)]
    return changes + (await fold(session, others, now) if others else [])


async def give_back(session: Session, settlements: Sequence[Settlement], now: datetime) -> None:
    """Of tries of which nothing has left: where one's lease was over before that was known, it is not in doubt."""
    back = [each for each in settlements if each.state == "queued" and not (each.lefts or each.row["left_before"])]
    if back:
        columns = zip(*((each.row["id"], each.attempts, each.gateway) for each in back), strict=True)
        await session.raw.execute(RETURNED, now, *columns)


Standing = Mapping[str, Any]  # of a message: `states` of its parts, `reason` of those that failed


async def fold(
    session: Session, message_ids: Sequence[UUID], now: datetime, written: Mapping[UUID, Standing] | None = None
) -> list[Change]:
    """Let these messages be what their parts are; returns those that changed. What is being sent is left alone; what
    lacks a part, because the gateway said late that it has it not, goes out again.

    written: what this transaction has made of parts: of messages that are one part, the others need not be looked at.
    """
    rows = await session.raw.fetch(LOCK, message_ids)
    known = written or {}
    standing = {row["id"]: known[row["id"]] for row in rows if row["parts"] == 1 and row["id"] in known}
    if asked := [row["id"] for row in rows if row["id"] not in standing]:
        standing |= {row["message_id"]: row for row in await session.raw.fetch(STANDING, asked)}
    changes, reasons, again = [], [], []
    for row in rows:
        parts = standing.get(row["id"])
        if not (row["state"] == "unknown" or (parts and (row["state"] == "sent" or row["reason"] == NO_FATE))):
            continue
        state = state_of(parts["states"] if parts else (), row["parts"])
        if state == "queued":
            again.append(row)
        elif state != row["state"]:
            changes.append(Change.of(row, state, row["version"] + 1))
            reasons.append(parts["reason"] if parts and state in ("failed", "expired") else None)
    if again:
        await session.raw.execute(AGAIN, now, [row["id"] for row in again])
        session.wake |= {MASS_CHANNEL if row["lane"] == Lane.MASS else CHANNEL for row in again}
    if changes:
        ids, states = [each.id for each in changes], [each.state for each in changes]
        await session.raw.execute(FOLD, now, ids, states, reasons)
    return changes
