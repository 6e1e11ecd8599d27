"""What operators do with conversations. Each function runs inside its caller's transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
from sqlalchemy import Row

from contracts.envelope import LetterData
from contracts.speech import post
from contracts.texts import Supplement, TextPetition
from kit import audit
from kit.auth import Principal
from kit.crypto import Undecipherable
from kit.db import Session
from kit.errors import Refused
from kit.outbox import current_traceparent
from kit.runtime import Runtime
from notify import resources
from notify.desk import domain, showing, store
from notify.desk.domain import reference_of
from notify.desk.models import Conversation, ConvertIn
from notify.inbound import domain as texts
from notify.inbound import usecases as texts_of
from notify.inbound.facts import BLOCKED, Answer
from notify.inbound.handling import draft
from notify.inbound.tables import text_binding
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from notify.phones import key_of, nobody, number_of

REPLY = "reply"  # the template of what an operator writes
COMPARED = 50  # texts of a telephone that an answer must not repeat


async def found(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> Row[Any]:
    """Raises Refused("not-found"), also for what is kept from who asks."""
    row = await store.find(session, who, office_of(runtime), reference)
    if row is None:
        raise Refused("not-found")
    return row


def office_of(runtime: Runtime) -> str:
    return runtime.settings.node.office_unit


def _share(runtime: Runtime, who: Principal) -> str | None:
    return store.share_of(who, office_of(runtime))


async def read(
    runtime: Runtime, session: Session, who: Principal, row: Row[Any], *, before: UUID | None, limit: int
) -> Conversation:
    """What went to and fro, as far as it is the reader's. The reading is recorded."""
    share = _share(runtime, who)
    said = await store.said(session, row.key, share=share, before=before, limit=limit)
    numbers = [each["number"] for each in await store.of_phone(session, row.key, who.region) if each["in_scope"]]
    note(runtime, session, who, row.key, "read-conversation", texts=str(min(len(said), limit)))
    return showing.conversation(
        runtime, row, said, limit, numbers, who, newest=await store.newest(session, row.key, share),
        objection=await store.objects(session, row.key, share),
    )  # fmt: skip


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
    """Whoever does something with a conversation works on it from then on; the office takes back what it handed on."""
    row = await _free(runtime, session, who, reference)
    if row.unit != who.unit:
        note(runtime, session, who, row.key, "take-back-conversation", held=row.unit)
    share = _share(runtime, who)
    await store.assign(session, row.key, who.unit, who.subject, runtime.clock.now(), share=share)
    return row


async def _free(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> Row[Any]:
    """One that nobody of the caller's unit works on, or he himself. Raises Refused."""
    row = await found(runtime, session, who, reference)
    if row.unit == who.unit:
        domain.check_taken(row.operator, who.subject, who.roles)
    return row


async def hand(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, *, unit: str, operator: str | None,
    seen: UUID | None,
) -> None:  # fmt: skip
    """What has been said so far to another unit of this node, or another operator; texts that come later are the
    office's first, for they may accuse that very unit (Art 30).

    Raises Refused: also "unknown-unit", "accused-unit", "unit-not-concerned", "newer-text".
    """
    row, share = await _free(runtime, session, who, reference), _share(runtime, who)
    await _check_unit(runtime, session, row.key, unit)
    if seen is not None and await store.newest(session, row.key, share) != seen:
        raise Refused("newer-text")
    await store.hand(session, row.key, unit, operator, runtime.clock.now(), share=share)
    note(runtime, session, who, row.key, "hand-conversation", to=unit, operator=operator or "")


async def _check_unit(runtime: Runtime, session: Session, key: bytes, code: str) -> None:
    """Nobody is handed what would be kept from him, it would be before nobody's eyes; nor what is none of his."""
    units = resources.of(runtime).units
    unit = units.units.get(code)
    if unit is None or unit.node != runtime.node:
        raise Refused("unknown-unit", field="unit")
    if not await store.may_read(session, key, domain.lines_of(code, units.above(code, unit.region))):
        raise Refused("accused-unit", field="unit")
    if code != office_of(runtime) and not await store.concerns(session, key, unit.region):
        raise Refused("unit-not-concerned", field="unit")


async def close(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> None:
    """Nothing more is to be answered; a text that comes later opens it again, at the office. An objection against a
    block waits until it is decided on. Raises Refused.
    """
    row, now, share = await _free(runtime, session, who, reference), runtime.clock.now(), _share(runtime, who)
    dealt_with = await store.deal_with(session, row.key, who.subject, now, share=share)
    await store.assign(session, row.key, who.unit, row.operator, now, share=share, closed=True)
    note(runtime, session, who, row.key, "close-conversation", texts=str(len(dealt_with)))


async def reply(runtime: Runtime, session: Session, who: Principal, reference: UUID, text: str) -> UUID:
    """Answer by text; what waited for it is answered, but for an objection. Raises Refused: also "reply-quotes",
    "reply-names-accused", "no-number".
    """
    row, now = await _mine(runtime, session, who, reference), runtime.clock.now()
    held, ring, share = resources.of(runtime), runtime.keyring, _share(runtime, who)
    raised = await store.of_phone(session, row.key, who.region)
    stored = await store.texts(session, row.key, share, COMPARED)
    heard = [showing.readable(ring, each["text"], text_binding(each["id"], "text")) for each in stored]
    accused = {unit for each in raised for unit in each["accused_units"] or ()}
    names = [held.units.units[code].name for code in accused if code in held.units.units]
    domain.check_reply(text, [each for each in heard if each], [each["number"] for each in raised], names)
    await store.deal_with(session, row.key, who.subject, now, share=share)
    newest = await store.newest(session, row.key, share)
    message_id = await _send(runtime, session, who, row.key, domain.signed(text, held.office), newest)
    note(runtime, session, who, row.key, "reply", message=str(message_id))
    return message_id


async def _send(
    runtime: Runtime, session: Session, who: Principal, key: bytes, text: str, answers: UUID | None,
    template: str = REPLY, version: int = 1,
) -> UUID:  # fmt: skip
    if key == nobody(runtime.keyring):
        raise Refused("no-number")
    settings = resources.of(runtime).settings
    draft = Draft(
        id=runtime.ids.new(), phone_key=key, template=template, version=version, language=settings.language, text=text,
        traceparent=current_traceparent(), lane=Lane.ANSWER, answers=answers,
        author=who.subject, unit=who.unit,
    )  # fmt: skip
    await outgoing.add(session, runtime.keyring, [draft], runtime.clock.now())
    return draft.id


async def convert(runtime: Runtime, session: Session, who: Principal, reference: UUID, asked: ConvertIn) -> None:
    """Make a petition of a text by hand: intake gets the letter that it gets of one that was parsed, and the petitioner
    the same answer. Raises Refused: also "text-converted", "text-unreadable".
    """

    def petition(phone: str, came: asyncpg.Record) -> LetterData:
        return TextPetition(
            phone=phone, name=asked.name, address=asked.address, content=asked.content,
            received_at=came["received_at"],
        )  # fmt: skip

    await _to_intake(runtime, session, who, reference, asked.text_id, "petition", petition)


async def supplement(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, text_id: UUID, number: str
) -> None:
    """Add a text, as it is, to a petition of this telephone: intake gets the letter that it gets of a `BC`, finds out
    whether the telephone may, and the petitioner is answered. Raises Refused as `convert`.
    """

    def letter(phone: str, came: asyncpg.Record) -> LetterData:
        said = None
        if came["text"] is not None:
            said = showing.readable(runtime.keyring, came["text"], text_binding(text_id, "text"))
        content = texts.supplemented(said or "")
        if not content:
            raise Refused("text-unreadable")
        return Supplement(phone=phone, number=number, content=content, received_at=came["received_at"])

    await _to_intake(runtime, session, who, reference, text_id, "supplement", letter)


async def _to_intake(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, text_id: UUID,
    meaning: Literal["petition", "supplement"], letter: Callable[[str, asyncpg.Record], LetterData],
) -> None:  # fmt: skip
    row, now, share = await _mine(runtime, session, who, reference), runtime.clock.now(), _share(runtime, who)
    came = await store.to_intake(session, row.key, text_id, who.subject, now, meaning=meaning, share=share)
    if came is None:
        raise Refused("text-converted")
    try:
        phone = number_of(runtime.keyring, row.key, row.number)
    except Undecipherable as error:
        raise Refused("text-unreadable") from error
    kind = "intake.text-petition.v1" if meaning == "petition" else "intake.supplement.v1"
    post(runtime, session, kind, letter(phone, came), to=runtime.node, subject=text_id)
    note(runtime, session, who, row.key, "convert-text", text=str(text_id), to=meaning)


async def block(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, *, hours: int, reason: str
) -> None:
    """Its texts are kept and not acted on for a while; the telephone is told, and how to object. Raises Refused: also
    "block-too-long", "block-needs-leader".
    """
    row, now = await _mine(runtime, session, who, reference), runtime.clock.now()
    until, policy = now + timedelta(hours=hours), resources.of(runtime).settings.texts
    prolongs = showing.is_blocked(row, now) and until > row.blocked_until
    domain.check_block(hours, who.roles, policy.block_most_hours, policy.block_alone_hours, prolongs=prolongs)
    newest = await _newest(session, row.key)
    await texts_of.block(runtime, session, newest, until=until, reason=reason, by=who)
    told = draft(
        runtime, Answer(BLOCKED, date=until), key=row.key, text_id=newest, traceparent=current_traceparent(),
        author=who.subject, unit=who.unit,
    )  # fmt: skip
    await outgoing.add(session, runtime.keyring, [told], now)


async def unblock(runtime: Runtime, session: Session, who: Principal, reference: UUID) -> None:
    row = await _mine(runtime, session, who, reference)
    await texts_of.free(runtime, session, await _newest(session, row.key), reason="by-operator", by=who)


async def _newest(session: Session, key: bytes) -> UUID:
    """Raises Refused("not-found") where the telephone has never written."""
    text_id = await store.newest(session, key, None)
    if text_id is None:
        raise Refused("not-found")
    return text_id


async def decide(
    runtime: Runtime, session: Session, who: Principal, reference: UUID, decision: Literal["lift", "keep"]
) -> None:
    """On the objection of a blocked telephone, which is told. Raises Refused: also "no-objection"."""
    row, held = await _mine(runtime, session, who, reference), resources.of(runtime)
    now, share = runtime.clock.now(), _share(runtime, who)
    objections = await store.deal_with(session, row.key, who.subject, now, share=share, objections=True)
    if not objections:
        raise Refused("no-objection")
    if decision == "lift":
        await texts_of.free(runtime, session, max(objections), reason="objection", by=who)
    text = held.words.of(who.unit, f"objection-{decision}", held.settings.language)
    told = text.render({"office": held.office, "link": held.link})
    await _send(runtime, session, who, row.key, told, max(objections), text.name, text.version)
    note(runtime, session, who, row.key, "decide-objection", decision=decision)


def note(runtime: Runtime, session: Session, who: Principal, key: bytes, action: str, **detail: str) -> None:
    """Audit an action or a reading, under the reference that stands for the number."""
    audit.note(
        session, action, subject=reference_of(key), at=runtime.clock.now(), actor=who.subject, unit=who.unit,
        detail=detail,
    )  # fmt: skip
