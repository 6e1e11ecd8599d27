"""How a person wants to be told: by which ways of what, where to, when not. Each function runs in its caller's
transaction.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import asyncpg

from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.phones import phone_key
from kit.runtime import Runtime
from notify import resources
from notify.staff import webhooks
from notify.staff.delivering import CODE, DELIVERING, address_binding
from notify.staff.domain import CHANNELS, Channel

TRIES = 5  # of a code; then another one is asked for
PERSON = """
INSERT INTO staff (subject, unit, region, roles, line, language, quiet_since, quiet_until, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (subject) DO UPDATE SET unit = $2, region = $3, roles = $4, line = $5, language = $6, quiet_since = $7,
  quiet_until = $8, seen_at = $9
"""
THERE = """
INSERT INTO staff (subject, unit, region, roles, line, language, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
ADDRESS = """
INSERT INTO staff_addresses (subject, channel, value, secret, code, code_until, confirmed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (subject, channel) DO UPDATE SET value = $3, secret = $4, code = $5, code_until = $6, confirmed_at = $7,
  tries = 0
"""
# what waits goes nowhere any more by a way that is not wanted, or to an address of before
DROP = """
UPDATE staff_deliveries AS delivery SET state = 'cancelled', state_at = $2
WHERE subject = $1 AND state IN ('gathering', 'queued') AND (channel = $3::text OR ($3 IS NULL AND kind <> 'code'
  AND NOT EXISTS (SELECT FROM staff_choices AS choice
    WHERE choice.subject = $1 AND choice.kind = delivery.kind AND choice.channel = delivery.channel)))
"""
CODES = "SELECT count(*) FROM staff_deliveries WHERE subject = $1 AND kind = 'code' AND created_at > $2"
SEND_CODE = """
INSERT INTO staff_deliveries (id, subject, channel, kind, items, count, state, created_at, due_at, state_at)
VALUES ($1, $2, $3, 'code', '{}', 0, 'queued', $4, $4, $4)
"""
TRY = """
UPDATE staff_addresses SET tries = tries + 1 WHERE subject = $1 AND channel = $2 AND confirmed_at IS NULL
RETURNING subject, channel, code, code_until, tries
"""
CONFIRM = """
UPDATE staff_addresses SET confirmed_at = $3, code = NULL, code_until = NULL WHERE subject = $1 AND channel = $2
"""


@dataclass(frozen=True, slots=True)
class Preferences:
    """ways: kind of item -> channels beside the inbox; addresses: by channel, their values in clear."""

    language: str
    quiet_since: time | None
    quiet_until: time | None
    ways: Mapping[str, Sequence[str]]
    addresses: Sequence[tuple[str, str, datetime | None]]


@dataclass(frozen=True, slots=True)
class Wish:
    language: str
    quiet_since: time | None
    quiet_until: time | None
    ways: Mapping[str, Sequence[Channel]]


def offered(runtime: Runtime) -> list[Channel]:
    """Ways that this node has."""
    staff = resources.of(runtime).settings.staff
    closed = {"email": staff.mail is None, "webhook": not staff.webhooks.hosts}
    return [channel for channel in CHANNELS if not closed.get(channel)]


async def read(runtime: Runtime, session: Session, subject: str) -> Preferences:
    """Who has chosen nothing reads the inbox, in the language of the node."""
    person = await session.raw.fetchrow("SELECT * FROM staff WHERE subject = $1", subject)
    if person is None:
        return Preferences(resources.of(runtime).settings.language, None, None, {}, ())
    query = "SELECT kind, array_agg(channel ORDER BY channel) FROM staff_choices WHERE subject = $1 GROUP BY kind"
    ways = dict(tuple(row) for row in await session.raw.fetch(query, subject))
    rows = await session.raw.fetch("SELECT * FROM staff_addresses WHERE subject = $1 ORDER BY channel", subject)
    kept = [(row["channel"], _clear(runtime, row, "value"), row["confirmed_at"]) for row in rows]
    return Preferences(person["language"], person["quiet_since"], person["quiet_until"], ways, kept)


def _clear(runtime: Runtime, row: asyncpg.Record, column: str) -> str:
    return runtime.keyring.decrypt(row[column], address_binding(row["subject"], row["channel"], column))


async def save(runtime: Runtime, session: Session, principal: Principal, wish: Wish) -> None:
    now, subject = runtime.clock.now(), principal.subject
    await session.raw.execute(
        PERSON, subject, principal.unit, principal.region, sorted(principal.roles), principal.line, wish.language,
        wish.quiet_since, wish.quiet_until, now,
    )  # fmt: skip
    await session.raw.execute("DELETE FROM staff_choices WHERE subject = $1", subject)
    chosen = sorted({(kind, channel) for kind, channels in wish.ways.items() for channel in channels})
    await session.raw.execute(
        "INSERT INTO staff_choices (subject, kind, channel) SELECT $1, * FROM unnest($2::text[], $3::text[])",
        subject, [kind for kind, _ in chosen], [channel for _, channel in chosen],
    )  # fmt: skip
    await session.raw.execute(DROP, subject, now, None)


async def put_address(
    runtime: Runtime, session: Session, principal: Principal, channel: Channel, value: str
) -> str | None:
    """Where messages go from now on, once it is confirmed by the code that is sent there; of a webhook the secret that
    it is signed with is returned, this once. Raises Refused.
    """
    if channel not in offered(runtime):
        raise Refused("channel-not-offered", channel=channel)
    now, subject, secret, code = runtime.clock.now(), principal.subject, None, None
    staff = resources.of(runtime).settings.staff
    if channel == "webhook":
        webhooks.check(staff.webhooks, value)
        secret = webhooks.new_secret()
    else:
        code = f"{secrets.randbelow(1_000_000):06}"
    value = phone_key(value) if channel == "sms" else value
    await session.raw.execute(
        THERE, subject, principal.unit, principal.region, sorted(principal.roles), principal.line,
        resources.of(runtime).settings.language, now,
    )  # fmt: skip
    await session.raw.execute("SELECT FROM staff WHERE subject = $1 FOR UPDATE", subject)  # one code after the other
    if code and await session.raw.fetchval(CODES, subject, now - timedelta(hours=1)) >= staff.codes_an_hour:
        raise Refused("too-many-requests")
    await session.raw.execute(DROP, subject, now, channel)
    until = now + timedelta(minutes=staff.code_minutes) if code else None
    await session.raw.execute(
        ADDRESS, subject, channel, _sealed(runtime, subject, channel, "value", value),
        _sealed(runtime, subject, channel, "secret", secret), _sealed(runtime, subject, channel, "code", code), until,
        None if code else now,
    )  # fmt: skip
    if code:
        await session.raw.execute(SEND_CODE, runtime.ids.new(), subject, channel, now)
        session.wake.add(DELIVERING)
    _note(runtime, session, principal, "staff.address-set", channel)
    return secret


def _sealed(runtime: Runtime, subject: str, channel: str, column: str, text: str | None) -> bytes | None:
    return None if text is None else runtime.keyring.encrypt(text, address_binding(subject, channel, column))


def _note(runtime: Runtime, session: Session, principal: Principal, action: str, channel: str) -> None:
    audit.note(
        session, action, subject=runtime.ids.new(), at=runtime.clock.now(), actor=principal.subject,
        unit=principal.unit, reason=channel,
    )  # fmt: skip


async def confirm(runtime: Runtime, principal: Principal, channel: Channel, code: str) -> bool:
    """Whether this is the code that was sent there. A wrong one counts as a try, also where the answer is a refusal: so
    it is a transaction of its own.
    """
    async with runtime.database.apart() as session:
        row = await session.raw.fetchrow(TRY, principal.subject, channel)
        if row is None or row["code"] is None or row["tries"] > TRIES or row["code_until"] <= runtime.clock.now():
            return False
        if not secrets.compare_digest(_clear(runtime, row, "code"), code):
            return False
        await session.raw.execute(CONFIRM, principal.subject, channel, runtime.clock.now())
        return True


async def remove(runtime: Runtime, session: Session, principal: Principal, channel: Channel) -> None:
    now = runtime.clock.now()
    await session.raw.execute(
        "DELETE FROM staff_addresses WHERE subject = $1 AND channel = $2", principal.subject, channel
    )
    await session.raw.execute(DROP, principal.subject, now, channel)
    _note(runtime, session, principal, "staff.address-removed", channel)


async def lately(session: Session, subject: str, limit: int = 20) -> list[asyncpg.Record]:
    """What was sent to this person by other ways, the newest first."""
    query = "SELECT * FROM staff_deliveries WHERE subject = $1 AND kind <> $2 ORDER BY created_at DESC LIMIT $3"
    rows: list[Any] = await session.raw.fetch(query, subject, CODE, limit)
    return rows
