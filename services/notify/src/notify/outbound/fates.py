"""Looking after what has left: messages whose sender died, receipts that found no part, fates that nobody told."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.gateways.interface import Gateway, Has, Receipt
from notify.outbound import early, late, receipts, telling
from notify.outbound.domain import NO_FATE, look_again
from notify.outbound.journal import line
from notify.outbound.settling import Left, Settlement, fold, settle

AT_ONCE = 200
QUESTIONS = 10  # to gateways, at a time
PACE = 0.2  # seconds between two rounds: receipts that come just before the answer is written down are one of them
# as the number of a new try: who claimed it before can settle it no more
LEFT_BEHIND = """
WITH mine AS (
  SELECT id, claimed_by FROM messages WHERE state = 'sending' AND due_at <= $1
  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE messages SET attempts = attempts + 1, due_at = $2, claimed_by = NULL FROM mine WHERE messages.id = mine.id
RETURNING messages.id, petition_id, lane, template, gateway, tried, attempts, parts, traceparent, state_at,
  mine.claimed_by, ARRAY(SELECT parts.number FROM parts WHERE message_id = messages.id) AS left_before
"""
AWAITED = """
SELECT id, state, state_at, gateway, parts FROM messages WHERE state IN ('sent', 'unknown') AND due_at <= $1
ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
LOOKED = """
UPDATE messages SET due_at = coalesce(told.due_at, 'infinity')
FROM unnest($1::uuid[], $2::timestamptz[]) AS told (id, due_at) WHERE messages.id = told.id
"""
GIVE_UP = """
UPDATE parts SET state = 'expired', reason = $2, settled_at = $3
WHERE message_id = ANY($1::uuid[]) AND state = 'unknown'
"""
NAMED = """
SELECT gateway, gateway_id FROM parts
WHERE message_id = ANY($1::uuid[]) AND state = 'sent' AND gateway_id IS NOT NULL ORDER BY message_id, number
"""


async def look_after(runtime: Runtime) -> int:
    """One round; how many messages it had to do with."""
    count = await take_over(runtime)
    async with runtime.database.transaction() as session:
        settings = resources.of(runtime).settings
        count += await late.match(runtime, session)
        count += await early.match(runtime, session, runtime.clock.now() - settings.lease)
    return count + await _ask(runtime)


# --- left behind by a sender that died -------------------------------------------------------------------------------


async def take_over(runtime: Runtime) -> int:
    """What was claimed and not begun goes out again. Of the others the gateway is asked whether it has them; where it
    cannot tell, they are in doubt and not sent again.
    """
    settings = resources.of(runtime).settings
    async with runtime.database.transaction() as session:
        now = runtime.clock.now()
        rows = await session.raw.fetch(LEFT_BEHIND, now, now + settings.lease, AT_ONCE)
    if not rows:
        return 0
    begun = _begun(runtime, rows)
    answers: dict[UUID, Has] = dict.fromkeys((row["id"] for row in rows), False)
    asked = [row for row in rows if row["id"] in begun]
    told = await _asked(runtime, [(row["gateway"], row["id"]) for row in asked])
    answers |= {row["id"]: has for row, has in zip(asked, told, strict=True)}
    async with runtime.database.transaction() as session:
        now = runtime.clock.now()
        settlements = [_found(runtime, row, answers[row["id"]]) for row in rows]
        changes = await settle(session, settlements, now)
        later = await fold(session, [row["id"] for row in rows], now)  # an answer that came at the last moment counts
        latest = {change.id: change for change in (*changes, *later)}
        telling.tell(runtime, session, list(latest.values()), now)
    log.warning("notify.taken_over", count=len(rows), in_doubt=sum(each.state == "unknown" for each in settlements))
    return len(rows)


def _begun(runtime: Runtime, rows: Sequence[asyncpg.Record]) -> set[UUID]:
    """Those that may have left: not those that their dead sender had only claimed, by its journal."""
    journal = resources.of(runtime).journal
    journals = {name: journal.begun(name) for name in {row["claimed_by"] for row in rows} if name is not None}
    found = set()
    for row in rows:
        begun = journals.get(row["claimed_by"])
        if begun is None or line(row["id"], row["attempts"] - 1) in begun:
            found.add(row["id"])
    return found


def _found(runtime: Runtime, row: asyncpg.Record, has: Has) -> Settlement:
    policy, now = resources.of(runtime).settings.outbound, runtime.clock.now()
    gateway, attempts, total = row["gateway"], row["attempts"], row["parts"]
    if has is False:
        tried = tuple(row["tried"])
        return Settlement(row, gateway, attempts, "queued", total, now, now, reason="not-sent", tried=tried)
    certain = has is not None and (total == 1 or receipts.whole(runtime, gateway))
    state, seconds = ("sent", policy.ask_seconds) if certain else ("unknown", policy.doubt_seconds)
    numbers = [number for number in range(1, total + 1) if number not in row["left_before"]]
    gateway_id, reason = (has, None) if certain else (None, "crash")
    lefts = tuple(Left(number, state, gateway_id, reason) for number in numbers)
    look_at = now + timedelta(seconds=seconds)
    return Settlement(row, gateway, attempts, state, total, row["state_at"], look_at, lefts, reason)


# --- what became of them ---------------------------------------------------------------------------------------------


async def _ask(runtime: Runtime) -> int:
    """Ask about those whose time to be looked at has come, ever more seldom, and end the wait where it is over."""
    async with runtime.database.transaction() as session:
        rows = await session.raw.fetch(AWAITED, runtime.clock.now(), AT_ONCE)
        if not rows:
            return 0
        open_ones = await _looked(runtime, session, rows)
        named = await session.raw.fetch(NAMED, [row["id"] for row in open_ones if row["state"] == "sent"])
    told = await _told(runtime, named)
    if told:
        await receipts.take(runtime, told)
    await _clear(runtime, [row for row in open_ones if row["state"] == "unknown"])
    return len(rows)


async def _looked(runtime: Runtime, session: Session, rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Note when they are looked at again, and give up those that nobody tells of; the others are returned."""
    policy, now = resources.of(runtime).settings.outbound, runtime.clock.now()
    waits = {"sent": timedelta(hours=policy.fate_hours), "unknown": timedelta(hours=policy.doubt_hours)}
    firsts = {"sent": timedelta(seconds=policy.ask_seconds), "unknown": timedelta(seconds=policy.doubt_seconds)}
    over = {row["id"] for row in rows if now - row["state_at"] >= waits[row["state"]]}
    dues = [None if row["id"] in over else look_again(row["state_at"], now, firsts[row["state"]]) for row in rows]
    await session.raw.execute(LOOKED, [row["id"] for row in rows], dues)
    doubted = [row["id"] for row in rows if row["id"] in over and row["state"] == "unknown"]
    if doubted:
        await session.raw.execute(GIVE_UP, doubted, NO_FATE, now)
        telling.tell(runtime, session, await fold(session, doubted, now), now)
    return [row for row in rows if row["id"] not in over]


async def _told(runtime: Runtime, named: Sequence[asyncpg.Record]) -> list[tuple[str, Receipt]]:
    """(gateway, gateway_id) of parts; what gateways that can be asked know of them."""
    gateways = resources.of(runtime).gateways
    room = asyncio.Semaphore(QUESTIONS)

    async def ask(gateway: Gateway, gateway_id: str) -> Receipt | None:
        async with room:
            try:
                return await gateway.ask(gateway_id)
            except Exception as error:  # noqa: BLE001 - it is asked again
                log.info("notify.not_asked", gateway=gateway.name, error=type(error).__name__)
                return None

    known = [row for row in named if row["gateway"] in gateways and gateways[row["gateway"]].health.up]
    answers = await asyncio.gather(*(ask(gateways[row["gateway"]], row["gateway_id"]) for row in known))
    return [(row["gateway"], answer) for row, answer in zip(known, answers, strict=True) if answer is not None]


async def _asked(runtime: Runtime, messages: Sequence[tuple[str, UUID]]) -> list[Has]:
    """Whether these gateways took these messages, and as what; null: they cannot tell, or not now."""
    gateways = resources.of(runtime).gateways
    room = asyncio.Semaphore(QUESTIONS)

    async def has(name: str, message_id: UUID) -> Has:
        gateway = gateways.get(name)
        if gateway is None:
            return None
        async with room:
            try:
                return await gateway.has(message_id)
            except Exception as error:  # noqa: BLE001 - it is asked again
                log.info("notify.not_asked", gateway=name, error=type(error).__name__)
                return None

    return await asyncio.gather(*(has(*each) for each in messages))


async def _clear(runtime: Runtime, doubted: Sequence[asyncpg.Record]) -> None:
    """Ask about those in doubt. A long message that was given in parts may be there by half: no answer tells that."""
    asked = [row for row in doubted if row["parts"] == 1 or receipts.whole(runtime, row["gateway"])]
    answers = await _asked(runtime, [(row["gateway"], row["id"]) for row in asked])
    async with runtime.database.transaction() as session:
        for row, has in zip(asked, answers, strict=True):
            if has is not None:
                await late.settle(runtime, session, row["gateway"], row["id"], 0, has or None)


async def _paced(runtime: Runtime) -> int:
    await asyncio.sleep(PACE)
    return await look_after(runtime)


FATES = Worker("notify.fates", receipts.CHANNEL, _paced)
