"""What `xinqiao sms` does: with notify's own use cases, in one transaction, recorded under who is at the terminal."""

import getpass
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from uuid import UUID

from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.outbox import current_traceparent
from kit.personal import mask
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.inside import inside
from notify import phones, resources
from notify.desk import domain, showing, store, usecases, watching
from notify.desk.domain import reference_of
from notify.desk.models import Conversation
from notify.desk.usecases import REPLY
from notify.desk.watching import Fate
from notify.main import service
from notify.notices.wording import MAY_GO_OUT, OF_NODE
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft
from notify.phones import key_of, number_of

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
    """(text, template, version) of what is to be sent, signed. Raises Refused: "wording-unknown", "invalid-input"."""
    held = resources.of(runtime)
    if not template:
        return domain.signed(text, held.office), REPLY, 1
    words = held.wordings.texts.get((template, held.settings.language))
    if words is None:
        raise Refused("wording-unknown", names=sorted({name for name, _ in held.wordings.texts}))
    wanted = words.fields - OF_NODE
    if set(given) != wanted or not wanted <= MAY_GO_OUT:
        raise Refused("invalid-input", errors=[{"field": f"--set {name}=…"} for name in sorted(wanted ^ set(given))])
    values = {"office": held.office, "link": held.link, **given}
    try:
        told = held.wordings.render(words, values, number=given.get("number", ""), state=given.get("stage", ""))
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
    said = await store.said(session, row.key, before=None, limit=SHOWN)
    numbers = [each["number"] for each in await store.of_phone(session, row.key)]
    usecases.note(runtime, session, by, row.key, "read-conversation", texts=str(min(len(said), SHOWN)))
    return showing.conversation(runtime, row, said, SHOWN, numbers, by)


async def settle(runtime: Runtime, session: Session, message_id: UUID, fate: Fate) -> None:
    await watching.settle(runtime, session, message_id, fate, by=who(runtime).subject)


async def look(runtime: Runtime, session: Session, most: int) -> list[dict[str, Any]]:
    """What came and was made lately, with masked numbers and without texts."""
    rows = await watching.lately(session, watching.window(runtime.clock.now()), most)
    return [{**row, "phone": _masked(runtime, row), "conversation": reference_of(row["key"])} for row in rows]


async def depths(runtime: Runtime, session: Session) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """How much waits, and messages whose fate nobody knows."""
    found = await watching.depths(session, runtime.clock.now())
    doubted = await watching.unknowns(session, SHOWN)
    return found, [{**row, "phone": _masked(runtime, row)} for row in doubted]


def _masked(runtime: Runtime, row: Any) -> str:
    return mask(number_of(runtime.keyring, row["key"], row["number"]))
