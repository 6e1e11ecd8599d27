"""Telephones that text this node, and what they are told."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
from services.notify.tests.stories import NODE, NOW, hear
from tests.support.running import Running
from tests.support.running import told as letter

from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.speech import parse_letter
from contracts.texts import TextOutcome
from kit.clock import ManualClock
from notify.gateways.interface import Incoming, Joint
from notify.inbound.handling import handle
from notify.inbound.keeping import keep
from notify.inbound.tables import text_binding
from notify.main import service
from notify.outbound.outgoing import text_binding as message_binding
from notify.phones import key_of

PHONE, OTHER = "13812345678", "13900001111"
RAISED = "张三#某镇某村#门前道路积水三个月无人管"
NUMBER, OLDER = "XF330225202601050000035", "XF330225202512300000027"
SENT = datetime(2026, 1, 5, tzinfo=UTC)


def text(
    said: str | None, *, phone: str = PHONE, gateway_id: str | None = None, raw: bytes = b"", joint: Joint | None = None
) -> Incoming:
    return Incoming(gateway_id=gateway_id, to="10690033", at=SENT, phone=phone, text=said, raw=raw, joint=joint)


async def sends(notify: Running, *said: str, phone: str = PHONE) -> None:
    """One after the other, as a gateway brings them."""
    for each in said:
        await keep(notify.runtime, "mobile", text(each, phone=phone))


async def handle_all(notify: Running) -> None:
    while await handle(notify.runtime):
        pass


async def texts(notify: Running, what: str = "state, meaning") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await notify.rows(f"SELECT {what} FROM inbound ORDER BY id")]  # noqa: S608 - of our own tests


async def told(notify: Running, phone: str = PHONE) -> list[tuple[str, str]]:
    """(template, text) of everything that is queued for a phone, in order."""
    ring = notify.runtime.keyring
    rows = await notify.rows("SELECT * FROM messages WHERE phone_key = $1 ORDER BY id", key_of(ring, phone))
    return [(row["template"], ring.decrypt(row["text"], message_binding(row["id"]))) for row in rows]


async def asked(notify: Running, *said: str, phone: str = PHONE) -> list[str]:
    """What a phone is told when it sends this, by template."""
    before = len(await told(notify, phone))
    await sends(notify, *said, phone=phone)
    await handle_all(notify)
    return [template for template, _ in (await told(notify, phone))[before:]]


def opened(notify: Running, row: asyncpg.Record) -> Envelope:
    return parse_letter(notify.runtime.sealer.open(row["body"])[1])


async def letters(notify: Running) -> list[Envelope]:
    """What went to intake."""
    return [opened(notify, row) for row in await notify.sent("letters")]


async def said_of(notify: Running) -> list[str | None]:
    """The texts in clear."""
    ring = notify.runtime.keyring
    rows = await notify.rows("SELECT id, text FROM inbound ORDER BY id")
    return [row["text"] and ring.decrypt(row["text"], text_binding(row["id"], "text")) for row in rows]


def parts_of(said: Sequence[str | None], reference: int = 7, **more: Any) -> list[Incoming]:
    """The parts of a long message; of null the octets are no text."""
    raw = b"\xd8\x00"
    return [
        text(each, joint=Joint(reference, len(said), number), raw=b"" if each is not None else raw, **more)
        for number, each in enumerate(said, start=1)
    ]


def in_clear(rows: Sequence[asyncpg.Record]) -> str:
    """Everything that stands in rows, as somebody who copies the tables would see it."""
    return json.dumps([[str(value) for value in row] for row in rows], ensure_ascii=False)


async def begin(start: Any, **options: Any) -> tuple[Running, ManualClock]:
    clock = ManualClock(NOW)
    return await start(service, clock=clock, **options), clock


async def outcome(notify: Running, text_id: uuid.UUID, said: str, node: str = NODE, **more: Any) -> None:
    data = TextOutcome(outcome=said, **more)
    await hear(notify, letter("notify.text-outcome.v1", data, subject=text_id, node=node))


async def registered(notify: Running, text_id: uuid.UUID, number: str = NUMBER, phone: str = PHONE) -> uuid.UUID:
    """As intake tells of a petition that was made of a text."""
    petition = uuid.uuid4()
    contact = Contact(number=number, phone=phone, query_code="23456789AB", region=NODE, text_id=text_id)
    await hear(notify, letter("notify.contact.v1", contact, subject=petition))
    return petition


def contact_of(number: str) -> Contact:
    return Contact(number=number, phone=PHONE, query_code="23456789AB", region=NODE)
