"""What `xinqiao sms` does: with notify's own use cases, in one transaction, recorded under who is at the terminal."""

import getpass
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.outbox import current_traceparent
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.inside import inside
from notify import phones, resources
from notify.desk import domain, showing, store, unread, usecases, watching
from notify.desk.domain import reference_of
from notify.desk.models import Conversation
from notify.desk.usecases import REPLY
from notify.desk.watching import Fate
from notify.main import service
from notify.notices.saying import said
from notify.notices.usecases import text_in
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft
from notify.phones import key_of
from notify.words.domain import OF_NODE

Answer = TypeVar("Answer")
SHOWN = 100


def opened(settings: NodeSettings) -> AbstractAsyncContextManager[Runtime]:
    """Notify of this node, with nothing running: what is queued here, its workers send."""
    return inside(settings, service, name="xinqiao-sms")


async def as_notify(settings: NodeSettings, work: Callable[[Runtime, Session], Awaitable[Answer]]) -> Answer:
    """Raises Refused; OSError or asyncpg.PostgresError when the database is away."""
    async with opened(settings) as runtime:
        async with runtime.database.transaction() as session:
            answer = await work(runtime, session)
        await runtime.database.notify({outgoing.CHANNEL, outgoing.MASS_CHANNEL})
        return answer


def who(runtime: Runtime) -> Principal:
    """Whoever is at the terminal reads what the node's office may, and no more."""
    office = resources.of(runtime).units.units[runtime.settings.node.office_unit]
    above = resources.of(runtime).units.above(office.code, office.region)
    return Principal(getpass.getuser(), office.code, office.region, frozenset({"clerk"}), 0, above)


def worded(runtime: Runtime, text: str, template: str, given: Mapping[str, str]) -> tuple[str, str, int]:
    """(text, template, version) of what is to be sent, signed. Raises Refused: "no-such-template", "invalid-input"."""
    held = resources.of(runtime)
    if not template:
        return domain.signed(text, held.office), REPLY, 1
    unit = runtime.settings.node.office_unit
    words = text_in(runtime, unit, template, held.settings.language)
    wanted = words.fields - OF_NODE
    if set(given) != wanted:
        raise Refused("invalid-input", errors=[{"field": f"--set {name}=…"} for name in sorted(wanted ^ set(given))])
    values = {"office": held.office, "link": held.link, **given}
    try:
        number, state = given.get("number", ""), given.get("stage", "")
        told = said(held.words, words, unit, values, number=number, state=state)
    except ValueError as error:
        raise Refused("invalid-input", errors=[{"field": "--set", "reason": str(error)}]) from error
    return told, words.name, words.version


async def send(runtime: Runtime, session: Session, phone: str, text: str, template: str, version: int) -> UUID:
    """Queue it as a notice: quiet hours, and who wants no messages, count here too."""
    now, by = runtime.clock.now(), who(runtime)
    keys = await phones.keep(session, runtime.keyring, [phone])
    draft = Draft(
        id=runtime.ids.new(), phone_key=keys[phone], template=template, version=version,
        language=resources.of(runtime).settings.language, text=text, traceparent=current_traceparent(),
        author=by.subject, unit=by.unit,
    )  # fmt: skip
    await outgoing.add(session, runtime.keyring, [draft], now)
    detail = {"conversation": str(reference_of(keys[phone])), "template": template}
    audit.note(session, "send-text", subject=draft.id, at=now, actor=by.subject, unit=by.unit, detail=detail)
    return draft.id


async def conversation(runtime: Runtime, session: Session, reference: UUID | None, phone: str) -> Conversation | None:
    """By its reference, by the number, or (neither) that of who wrote last; null: nobody has. The reading is recorded.

    Raises Refused("not-found"), also for what is kept from the office.
    """
    by, office = who(runtime), usecases.office_of(runtime)
    key = key_of(runtime.keyring, phone) if phone else await watching.last_phone(session)
    if reference is not None:
        row = await store.find(session, by, office, reference)
    elif key is None:
        return None
    else:
        row = await store.find_phone(session, by, office, key)
    if row is None:
        raise Refused("not-found")
    return await usecases.read(runtime, session, by, row, before=None, limit=SHOWN)


async def settle(runtime: Runtime, session: Session, message_id: UUID, fate: Fate) -> None:
    await watching.settle(runtime, session, message_id, fate, by=who(runtime).subject)


async def look(runtime: Runtime, session: Session, most: int) -> list[dict[str, Any]]:
    """What came and was made lately, with masked numbers and without texts."""
    rows = await watching.lately(session, watching.window(runtime.clock.now()), most)
    return [{**row, "phone": _masked(runtime, row), "conversation": reference_of(row["key"])} for row in rows]


async def depths(runtime: Runtime, session: Session) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """How much waits, and messages whose fate nobody knows. unread: texts that nobody here may read, by to whom one has
    to turn; null: nobody at all, or it is not known yet whom the petition accuses.
    """
    found = await watching.depths(session, runtime.clock.now())
    doubted = await watching.unknowns(session, SHOWN)
    kept: dict[str | None, tuple[int, datetime]] = {}
    for each in await unread.look(runtime, session):
        if each.to is None or each.to.node != runtime.node:
            name = None if each.to is None else f"{each.to.name} ({each.to.node})"
            count, oldest = kept.get(name, (0, each.oldest))
            kept[name] = (count + each.texts, min(oldest, each.oldest))
    return {**found, "unread": kept}, [{**row, "phone": _masked(runtime, row)} for row in doubted]


def _masked(runtime: Runtime, row: Any) -> str:
    return showing.masked(runtime.keyring, row["key"], row["number"])
