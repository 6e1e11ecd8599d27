"""What operators do with conversations. Each function runs inside its caller's transaction."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from contracts.speech import post
from contracts.texts import TextPetition
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.outbox import current_traceparent
from kit.readers import EVERYBODY, reader
from kit.runtime import Runtime
from notify import resources
from notify.desk import domain, store
from notify.desk.domain import reference_of
from notify.desk.models import ConvertIn
from notify.inbound import usecases as texts_of
from notify.inbound.tables import text_binding
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from notify.phones import key_of, number_of

REPLY = "reply"  # the template of what an operator writes
COMPARED = 50  # texts of a telephone that an answer must not repeat
ROLES = ("clerk", "leader")


async def found(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> Row[Any]:
    """Raises Refused("not-found"), also for what is kept from who asks."""
    row = await store.find(session, who, office_of(runtime), reference)
    if row is None:
        raise Refused("not-found")
    return row


def office_of(runtime: Runtime) -> str:
    return runtime.settings.node.office_unit


async def find_phone(runtime: Runtime, session: Session, who: Principal, phone: str) -> UUID:
    """The conversation with a number that the operator has before him. Raises Refused("not-found")."""
    row = await store.find_phone(session, who, office_of(runtime), key_of(runtime.keyring, phone))
    if row is None:
        raise Refused("not-found")
    note(runtime, session, who, row.key, "find-conversation")
    return reference_of(row.key)


async def find_petition(runtime: Runtime, session: Session, who: Principal, petition_id: UUID) -> UUID:
    """Raises Refused("not-found")."""
    row = await store.find_petition(session, who, office_of(runtime), petition_id)
    if row is None:
        raise Refused("not-found")
    return reference_of(row.key)


async def take(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> None:
    """Work on it. Raises Refused: "not-found", "conversation-taken"."""
    row = await _mine(runtime, session, who, reference)
    note(runtime, session, who, row.key, "take-conversation")


async def _mine(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> Row[Any]:
    """Whoever does something with a conversation works on it from then on."""
    row = await found(runtime, session, who, reference)
    domain.check_taken(row.operator, who.subject, who.roles)
    await store.assign(session, row.key, row.unit, who.subject, runtime.clock.now())
    return row


async def hand(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, *, unit: str, operator: str | None
) -> None:
    """To another unit of this node, or another operator. Raises Refused: also "unknown-unit", "accused-unit"."""
    row = await found(runtime, session, who, reference)
    domain.check_taken(row.operator, who.subject, who.roles)
    await _check_unit(runtime, session, row.key, unit)
    await store.assign(session, row.key, unit, operator, runtime.clock.now())
    note(runtime, session, who, row.key, "hand-conversation", to=unit, operator=operator or "")


async def _check_unit(runtime: Runtime, session: Session, key: bytes, code: str) -> None:
    """Nobody is handed what would be kept from him: it would be before nobody's eyes."""
    units = resources.of(runtime).units
    unit = units.units.get(code)
    if unit is None or unit.node != runtime.node:
        raise Refused("unknown-unit", field="unit")
    line = [code, *units.above(code, unit.region), EVERYBODY, reader(code), *(reader(code, role) for role in ROLES)]
    kept = await store.kept_from(session, key, line)
    if kept["accused"] or kept["closed"]:
        raise Refused("accused-unit", field="unit")


async def close(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> None:
    """Nothing more is to be answered; a text that comes later opens it again. Raises Refused."""
    row, now = await found(runtime, session, who, reference), runtime.clock.now()
    domain.check_taken(row.operator, who.subject, who.roles)
    texts = await store.deal_with(session, row.key, who.subject, now)
    await store.assign(session, row.key, row.unit, row.operator, now, closed=True)
    note(runtime, session, who, row.key, "close-conversation", texts=str(len(texts)))


async def reply(runtime: Runtime, session: Session, who: Principal, reference: UUID, text: str) -> UUID:
    """Answer by text; what waited for it is answered. Raises Refused: also "reply-quotes", "reply-names-accused"."""
    row, now = await _mine(runtime, session, who, reference), runtime.clock.now()
    held, ring = resources.of(runtime), runtime.keyring
    raised = await store.of_phone(session, row.key)
    texts = await store.texts(session, row.key, COMPARED)
    heard = [ring.decrypt(each["text"], text_binding(each["id"], "text")) for each in texts]
    accused = {unit for each in raised for unit in each["accused_units"] or ()}
    names = [held.units.units[code].name for code in accused if code in held.units.units]
    domain.check_reply(text, heard, [each["number"] for each in raised], names)
    newest = await store.newest(session, row.key)
    await store.deal_with(session, row.key, who.subject, now, answered=newest)
    message_id = await _send(runtime, session, who, row.key, domain.signed(text, held.office), newest)
    note(runtime, session, who, row.key, "reply", message=str(message_id))
    return message_id


async def _send(
    runtime: Runtime, session: Session, who: Principal, key: bytes, text: str, answers: UUID | None,
    template: str = REPLY,
) -> UUID:  # fmt: skip
    settings = resources.of(runtime).settings
    draft = Draft(
        id=runtime.ids.new(), phone_key=key, template=template, version=1, language=settings.language, text=text,
        traceparent=current_traceparent(), lane=Lane.ANSWER, answers=answers,
        author=who.subject, unit=who.unit,
    )  # fmt: skip
    await outgoing.add(session, runtime.keyring, [draft], runtime.clock.now())
    return draft.id


async def convert(runtime: Runtime, session: Session, who: Principal, reference: UUID, asked: ConvertIn) -> None:
    """Make a petition of a text by hand: intake gets the letter that it gets of one that was parsed, and the petitioner
    the same answer. Raises Refused: also "text-converted".
    """
    row, now = await _mine(runtime, session, who, reference), runtime.clock.now()
    received_at = await store.convert(session, row.key, asked.text_id, who.subject, now)
    if received_at is None:
        raise Refused("text-converted")
    petition = TextPetition(
        phone=number_of(runtime.keyring, row.key, row.number), name=asked.name, address=asked.address,
        content=asked.content, received_at=received_at,
    )  # fmt: skip
    post(runtime, session, "intake.text-petition.v1", petition, to=runtime.node, subject=asked.text_id)
    note(runtime, session, who, row.key, "convert-text", text=str(asked.text_id))


async def block(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, *, hours: int, reason: str
) -> None:
    """Its texts are kept and not acted on for a while. Raises Refused."""
    row = await _mine(runtime, session, who, reference)
    until = runtime.clock.now() + timedelta(hours=hours)
    await texts_of.block(runtime, session, await _newest(session, row.key), until=until, reason=reason, by=who)


async def unblock(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> None:
    row = await _mine(runtime, session, who, reference)
    await texts_of.free(runtime, session, await _newest(session, row.key), reason="by-operator", by=who)


async def _newest(session: Session, key: bytes) -> UUID:
    """Raises Refused("not-found") where the telephone has never written."""
    text_id = await store.newest(session, key)
    if text_id is None:
        raise Refused("not-found")
    return text_id


async def decide(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, decision: Literal["lift", "keep"]
) -> None:
    """On the objection of a blocked telephone, which is told. Raises Refused: also "no-objection"."""
    row, held = await _mine(runtime, session, who, reference), resources.of(runtime)
    newest, now = await store.newest(session, row.key), runtime.clock.now()
    objections = await store.deal_with(session, row.key, who.subject, now, answered=newest, meaning="appeal")
    if not objections:
        raise Refused("no-objection")
    if decision == "lift":
        await texts_of.free(runtime, session, max(objections), reason="objection", by=who)
    text = domain.DECIDED[decision, held.settings.language].format(office=held.office)
    await _send(runtime, session, who, row.key, text, max(objections), f"objection-{decision}")
    note(runtime, session, who, row.key, "decide-objection", decision=decision)


def note(runtime: Runtime, session: Session, who: Principal, key: bytes, action: str, **detail: str) -> None:
    """Audit an action or a reading, under the reference that stands for the number."""
    audit.note(
        session, action, subject=reference_of(key), at=runtime.clock.now(), actor=who.subject, unit=who.unit,
        detail=detail,
    )  # fmt: skip
