"""Messages to staff: claimed, sent by the way each person chose outside any transaction, settled, tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import Counter

from kit.crypto import Undecipherable
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from notify import phones, resources
from notify.outbound import outgoing
from notify.outbound.domain import Lane, Quiet, pause_after
from notify.staff import mail, webhooks
from notify.staff.domain import Notice, said
from notify.staff.mail import Letter, Undeliverable
from notify.staff.store import GUARDED, READABLE
from notify.staff.words import LANGUAGES, called

DELIVERING = "staff_deliveries"  # senders wait on it
SHOWN = ("number", "type", "about", "level", "due_at", "at")  # to machines, of each item
CODE = "code"  # the kind of a message that confirms an address
BATCH = 10
AT_ONCE = 5  # tries under way: mail servers and the pool of connections bear few
FAILED = Counter("xinqiao_staff_deliveries_failed_total", "Messages to staff that were given up", ["channel"])
CLAIM = """
WITH due AS (
  SELECT id FROM staff_deliveries
  WHERE channel = $1 AND state IN ('gathering', 'queued', 'sending') AND due_at <= $2::timestamptz
  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE staff_deliveries AS delivery SET state = 'sending', due_at = $2 + $4::interval, attempts = attempts + 1,
  state_at = $2
FROM due WHERE delivery.id = due.id RETURNING delivery.id
"""
# what may not be read any more is not told either; no address any more: nothing is
OPEN = f"""
SELECT delivery.*, person.unit, person.language, person.quiet_since, person.quiet_until, address.value,
  address.secret, address.code, address.code_until > $2 AS code_is_good,
  (SELECT jsonb_agg(jsonb_build_object('number', item.number, 'type', item.event_type, 'about', item.about,
     'level', item.level, 'due_at', item.due_at, 'at', item.at, 'conversation', item.conversation) ORDER BY item.id)
   FROM staff_items AS item {GUARDED}
   WHERE item.id = ANY(delivery.items) AND {READABLE}) AS told
FROM staff_deliveries AS delivery JOIN staff AS person USING (subject)
LEFT JOIN staff_addresses AS address ON address.subject = delivery.subject AND address.channel = delivery.channel
  AND (address.confirmed_at IS NOT NULL OR delivery.kind = 'code')
WHERE delivery.id = ANY($1::uuid[])
"""  # noqa: S608 - put together from constants
# only by who claimed it last; a state it was left in for later is no try
SETTLE = """
UPDATE staff_deliveries AS delivery SET state = told.state, reason = told.reason, state_at = $1,
  due_at = coalesce(told.due_at, delivery.due_at)
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::timestamptz[]) AS told (id, attempts, state, reason,
  due_at)
WHERE delivery.id = told.id AND delivery.attempts = told.attempts AND delivery.state = 'sending'
"""
SUBJECTS = {"zh": "信访系统提醒", "en": "Notice of the petition system"}
CODES = {
    "zh": "【{office}】确认码{code},请在{minutes}分钟内填写。非本人操作请忽略。",
    "en": "[{office}] Your code is {code}, good for {minutes} minutes. Ignore it if you did not ask.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out. told: the same for machines; count: of how many items."""

    row: asyncpg.Record = field(repr=False)
    text: str = field(repr=False)
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    row: asyncpg.Record
    state: str
    reason: str | None = None
    due_at: datetime | None = None


Send = Callable[[Message], Awaitable[None]]


def address_binding(subject: str, channel: str, column: str) -> str:
    return f"staff_addresses/{subject}/{channel}/{column}"


def opened(runtime: Runtime, row: asyncpg.Record, column: str) -> str:
    """Raises Undecipherable."""
    return runtime.keyring.decrypt(row[column], address_binding(row["subject"], row["channel"], column))


async def deliver(runtime: Runtime, channel: str) -> int:
    """Send one batch of what is due by this way; returns how many were tried.

    A crash before the result is noted sends it once more when the lease ends, under the same id.
    """
    settings = resources.of(runtime).settings.staff
    async with runtime.database.transaction() as session:
        now = runtime.clock.now()
        lease = timedelta(seconds=settings.lease_seconds)
        ids = [row["id"] for row in await session.raw.fetch(CLAIM, channel, now, BATCH, lease)]
        rows = await session.raw.fetch(OPEN, ids, now) if ids else []
    if rows:
        async with AsyncExitStack() as stack:
            send, gate = await _way(runtime, channel, stack), asyncio.Semaphore(AT_ONCE)

            async def tried(row: asyncpg.Record) -> Settled:
                async with gate:
                    return await _try(runtime, row, send)

            settled = await asyncio.gather(*map(tried, rows))
        async with runtime.database.transaction() as session:
            await _settle(session, settled, runtime.clock.now())
    return len(rows)


async def _try(runtime: Runtime, row: asyncpg.Record, send: Send) -> Settled:
    now = runtime.clock.now()
    try:
        message = _composed(runtime, row)
        if message is None:
            return Settled(row, "cancelled")
        until = _quiet(row, now)
        if until is not None:
            return Settled(row, "queued", "quiet-hours", until)
        await send(message)
    except (Undeliverable, Undecipherable) as error:
        return Settled(row, "failed", str(error)[:100])
    except Exception as error:  # noqa: BLE001 - one that cannot go out now must not stop the others
        return _later(runtime, row, type(error).__name__, now)
    return Settled(row, "sent")


def _quiet(row: asyncpg.Record, now: datetime) -> datetime | None:
    """A code is waited for, and a webhook wakes nobody."""
    if row["kind"] == CODE or row["channel"] == "webhook" or row["quiet_since"] is None:
        return None
    return Quiet(row["quiet_since"], row["quiet_until"]).until(now)


def _later(runtime: Runtime, row: asyncpg.Record, reason: str, now: datetime) -> Settled:
    """Its type only: a message of a library may quote what was sent."""
    if now - row["created_at"] >= resources.of(runtime).settings.staff.give_up:
        return Settled(row, "failed", reason)
    return Settled(row, "queued", reason, now + pause_after(row["attempts"]))


def _composed(runtime: Runtime, row: asyncpg.Record) -> Message | None:
    """None: there is nothing to tell, or nowhere to. Raises Undecipherable."""
    held, language = resources.of(runtime), row["language"]
    if row["value"] is None:
        return None
    if row["kind"] == CODE:
        if row["code"] is None or not row["code_is_good"]:
            return None
        minutes = held.settings.staff.code_minutes
        text = CODES[language].format(office=held.office, code=opened(runtime, row, "code"), minutes=minutes)
        return Message(row, text, {})
    told = row["told"] or []
    if not told:
        return None
    named = [called(each["type"], each["about"], each["level"])[LANGUAGES.index(language)] for each in told]
    notices = [
        Notice(each["number"], name, datetime.fromisoformat(each["due_at"]) if each["due_at"] else None)
        for each, name in zip(told, named, strict=True)
    ]
    count = row["count"] - len(row["items"]) + len(told)
    link = f"{runtime.settings.node.public_url}/staff/{_page(told)}"
    shown = [{"what": name, **{key: each[key] for key in SHOWN}} for each, name in zip(told, named, strict=True)]
    facts = {"id": str(row["id"]), "kind": row["kind"], "count": count, "notices": shown, "link": link}
    return Message(row, said(notices, count, language=language, office=held.office, link=link), facts)


def _page(told: Sequence[Mapping[str, Any]]) -> str:
    """What is about one conversation leads there."""
    (conversation, *others) = {each["conversation"] for each in told}
    return "messages" if others or conversation is None else f"texts/{conversation}"


async def _way(runtime: Runtime, channel: str, stack: AsyncExitStack) -> Send:
    held = resources.of(runtime).settings.staff
    if channel == "webhook":
        client = await stack.enter_async_context(webhooks.client(held.webhooks, runtime.settings))

        async def by_webhook(message: Message) -> None:
            url, secret = opened(runtime, message.row, "value"), opened(runtime, message.row, "secret")
            now, its_id = runtime.clock.now(), str(message.row["id"])
            await webhooks.send(held.webhooks, client, url, secret, its_id, message.told, now)

        return by_webhook

    async def by_mail(message: Message) -> None:
        if held.mail is None:
            raise Undeliverable("no-mail-server")
        row = message.row
        subject = SUBJECTS[row["language"]]
        letter = Letter(str(row["id"]), opened(runtime, row, "value"), subject, message.text)
        await mail.send(held.mail, runtime.settings, letter)

    return by_mail if channel == "email" else lambda message: _by_sms(runtime, message)


async def _by_sms(runtime: Runtime, message: Message) -> None:
    """To the queue of messages: once, for its id is theirs."""
    row = message.row
    async with runtime.database.transaction() as session:
        if await session.raw.fetchval("SELECT 1 FROM messages WHERE id = $1", row["id"]) is not None:
            return
        number = opened(runtime, row, "value")
        keys = await phones.keep(session, runtime.keyring, [number])
        template = "staff-code" if row["kind"] == CODE else "staff-notice"
        lane = Lane.ANSWER if row["kind"] == CODE else Lane.NOTICE
        draft = outgoing.Draft(
            id=row["id"], phone_key=keys[number], template=template, version=1, language=row["language"],
            text=message.text, traceparent="", lane=lane, unit=row["unit"],
        )  # fmt: skip
        await outgoing.add(session, runtime.keyring, [draft], runtime.clock.now())


async def _settle(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    rows: list[tuple[UUID, int, str, str | None, datetime | None]] = []
    for each in settled:
        row = each.row
        rows.append((row["id"], row["attempts"], each.state, each.reason, each.due_at))
        if each.state == "failed":
            FAILED.labels(row["channel"]).inc()
            log.warning("notify.staff_not_told", id=str(row["id"]), channel=row["channel"], reason=each.reason)
    await session.raw.execute(SETTLE, now, *zip(*rows, strict=True))


def _worker(channel: str) -> Worker:
    async def step(runtime: Runtime) -> int:
        return await deliver(runtime, channel)

    return Worker(f"notify.staff-{channel}", DELIVERING, step)


WORKERS = tuple(_worker(channel) for channel in ("email", "sms", "webhook"))
