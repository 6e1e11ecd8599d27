"""The worker of texts: holds phones that have sent some, decides on these in order, writes all in one transaction.

What goes to intake is a letter in the outbox, what goes to the phone a draft in the queue: with the texts' new state,
or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from contracts.envelope import LetterData
from contracts.speech import post
from contracts.texts import Supplement as SupplementLetter
from contracts.texts import TextPetition, TextRating
from kit import audit, telemetry
from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from kit.ids import before
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.callbacks import usecases as callbacks
from notify.callbacks.usecases import Said
from notify.inbound import dialogues, joining, store
from notify.inbound.deciding import decide
from notify.inbound.domain import Digit, Petition, Supplement, parse
from notify.inbound.facts import (
    BLOCKED,
    ENDED,
    UNPARSED,
    Answer,
    Decision,
    Known,
    Letter,
    Past,
    Phone,
    Policy,
    Text,
)
from notify.inbound.saying import answered
from notify.inbound.store import Settled
from notify.inbound.tables import text_binding
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from notify.phones import number_of


@dataclass(frozen=True, slots=True)
class Held:
    """A text in hand: its row, what it says, whose it is."""

    row: asyncpg.Record
    text: Text
    phone: Phone


async def handle(runtime: Runtime) -> int:
    """One batch; returns how many texts were joined or handled.

    Where a batch cannot be written, each text of it is tried alone, and the one that cannot be written alone is an
    operator's: no text stops those behind it, and none is blamed for another one.
    """
    limit = resources.of(runtime).settings.texts.batch
    joined = await _join(runtime)
    try:
        return joined + await _handle(runtime, limit)
    except store.PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - one of the texts is to blame, whichever
        log.error("notify.texts_failed", error=type(error).__name__)
        return joined + await _alone(runtime, limit)


async def _join(runtime: Runtime) -> int:
    try:
        return await joining.join(runtime)
    except store.PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - the parts stay, and whole texts do not wait for them
        log.error("notify.parts_failed", error=type(error).__name__)
        return 0


async def _alone(runtime: Runtime, most: int) -> int:
    """One after the other, each in a transaction of its own, until the one to blame is found."""
    for done in range(most):
        rows: list[asyncpg.Record] = []
        try:
            async with runtime.database.transaction() as session:
                held = await store.hold(session, 1)
                rows = await store.texts(session, held, 1)
                if not rows:
                    return done
                await _act(runtime, session, await _hold(runtime, session, held, rows))
        except store.PASSING:
            raise
        except Exception as error:
            if not rows:
                raise
            log.error("notify.text_failed", error=type(error).__name__)
            await _give_up(runtime, rows[0])
            return done + 1
    return most


async def _give_up(runtime: Runtime, row: asyncpg.Record) -> None:
    """Somebody looks at it, and its phone is told so, unless it is just that which cannot be written."""
    try:
        await _fail(runtime, row, Answer("text-received"))
    except store.PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - without an answer it raises an alarm
        log.error("notify.text_unanswerable", error=type(error).__name__)
        await _fail(runtime, row, None)


async def _fail(runtime: Runtime, row: asyncpg.Record, answer: Answer | None) -> None:
    async with runtime.database.transaction() as session:
        if not await store.still_waits(session, row["id"]):
            return
        did, now = Decision(UNPARSED, "failed", Answer("text-received")), runtime.clock.now()
        await store.settle(session, [Settled(row["id"], did)], now)
        if answer is not None:
            told = draft(runtime, answer, key=row["phone_key"], text_id=row["id"], traceparent=row["traceparent"])
            await outgoing.add(session, runtime.keyring, [told], now)


async def _handle(runtime: Runtime, most: int) -> int:
    async with runtime.database.transaction() as session:
        held = await store.hold(session, most)
        rows = await store.texts(session, held, most) if held else []
        if rows:
            await _act(runtime, session, await _hold(runtime, session, held, rows))
        return len(rows)


async def _hold(
    runtime: Runtime, session: Session, held: Mapping[bytes, asyncpg.Record], rows: Sequence[asyncpg.Record]
) -> list[Held]:
    """With everything that is known of their phones."""
    said = {row["id"]: _said(runtime.keyring, row) for row in rows}
    taken = await _taken(runtime, session, rows, said)
    phones = await _phones(runtime, session, held, rows)
    return [
        Held(
            row,
            Text(row["id"], row["received_at"], row["digest"], said[row["id"]], row["id"] in taken, row["parts"]),
            phones[row["phone_key"]],
        )
        for row in rows
    ]  # fmt: skip


def _said(ring: Keyring, row: asyncpg.Record) -> str | None:
    """Null where it cannot be read whole."""
    if row["damaged"] or row["text"] is None:
        return None
    try:
        return ring.decrypt(row["text"], text_binding(row["id"], "text"))
    except Undecipherable:
        return None


async def _taken(
    runtime: Runtime, session: Session, rows: Sequence[asyncpg.Record], said: Mapping[UUID, str | None]
) -> set[UUID]:
    """Digits alone that answer a question of a call-back."""
    digits = [
        Said(row["phone_key"], meaning.value, row["received_at"], row["id"])
        for row in rows
        if isinstance(meaning := parse(said[row["id"]] or ""), Digit)
    ]
    taken = await callbacks.take_answers(runtime, session, digits) if digits else []
    return {each.text_id for each, was in zip(digits, taken, strict=True) if was and each.text_id}


async def _phones(
    runtime: Runtime, session: Session, held: Mapping[bytes, asyncpg.Record], rows: Sequence[asyncpg.Record]
) -> dict[bytes, Phone]:
    keys, policy = {row["phone_key"] for row in rows}, policy_of(runtime)
    since = min(row["received_at"] for row in rows) - policy.span
    # by the ids of the texts, not by the clock: that of a node that demonstrates is ahead of its ids
    floor = before(min(row["id"] for row in rows), policy.span + resources.of(runtime).settings.texts.parts_within)
    past, known = defaultdict(list), defaultdict(list)
    for row in reversed(await store.history(session, keys, since, policy.looks_back, floor)):
        past[row["key"]].append(Past(*tuple(row)[1:]))
    for row in await store.known(session, keys, ENDED):
        known[row["key"]].append(Known(row["id"], row["number"], row["state"], row["stage"], row["at"]))
    open_ones = await dialogues.open_ones(session, runtime.keyring, keys)
    questions = await dialogues.questions(session, runtime.keyring, keys)
    return {
        key: Phone(
            known=known[key], past=past[key], dialogue=open_ones.get(key), question=questions.get(key),
            blocked_until=held[key]["blocked_until"], blocked_for=held[key]["blocked_for"],
        )
        for key in keys
    }  # fmt: skip


async def _act(runtime: Runtime, session: Session, held: Sequence[Held]) -> None:
    policy, now = policy_of(runtime), runtime.clock.now()
    stood = {each.row["phone_key"]: (each.phone.dialogue, each.phone.question) for each in held}
    until = {each.row["phone_key"]: each.phone.blocked_until for each in held}
    made = [(each, decide(each.text, each.phone, policy)) for each in held]
    _note_blocks(runtime, session, made, until)
    numbers = await store.numbers(session, {each.row["phone_key"] for each, did in made if did.letter is not None})
    for each, did in made:
        if did.letter is not None:
            key = each.row["phone_key"]
            _post(runtime, session, each, did.letter, number_of(runtime.keyring, key, numbers[key]))
    await store.settle(session, [Settled(each.text.id, did) for each, did in made], now)
    phones = {each.row["phone_key"]: each.phone for each in held}
    await dialogues.keep(session, runtime.keyring, phones, stood)
    await store.change_phones(session, phones, now)
    await outgoing.add(session, runtime.keyring, _drafts(runtime, made), now)


def _note_blocks(
    runtime: Runtime, session: Session, made: Iterable[tuple[Held, Decision]], before: dict[bytes, datetime | None]
) -> None:
    """What nobody has ordered is in the audit as well: the text that was one too many, and until when. before: how long
    the phones were blocked.
    """
    for each, did in made:
        key, until = each.row["phone_key"], each.phone.blocked_until
        if did.state == BLOCKED and until is not None and until != before[key]:
            before[key] = until
            audit.note(
                session, "block-phone", subject=each.text.id, at=runtime.clock.now(), reason=each.phone.blocked_for,
                detail={"until": until.isoformat()},
            )  # fmt: skip


def _drafts(runtime: Runtime, made: Iterable[tuple[Held, Decision]]) -> list[Draft]:
    return [
        draft(
            runtime, did.answer, key=each.row["phone_key"], text_id=each.text.id, traceparent=each.row["traceparent"],
            petition_id=did.petition_id,
        )
        for each, did in made
        if did.answer is not None
    ]  # fmt: skip


def draft(runtime: Runtime, answer: Answer, *, key: bytes, text_id: UUID, traceparent: str, **more: Any) -> Draft:
    """What answers a text, in the language of this node; more: of the draft."""
    held = resources.of(runtime)
    text, told = answered(
        held.words, runtime.settings.node.office_unit, held.settings.language, answer, office=held.office,
        link=held.link, **more.pop("said", {}),
    )  # fmt: skip
    return Draft(
        id=runtime.ids.new(), phone_key=key, template=text.name, version=text.version, language=text.language,
        text=told, traceparent=traceparent, lane=Lane.ANSWER, answers=text_id, **more,
    )  # fmt: skip


def _post(runtime: Runtime, session: Session, held: Held, said: Letter, phone: str) -> None:
    """To intake of this node; in the trace of the text."""
    kind, data = _letter(said, phone, held.text)
    with telemetry.tracer.start_as_current_span("notify.text", telemetry.context_of(held.row["traceparent"])):
        post(runtime, session, kind, data, to=runtime.node, subject=held.text.id)


def _letter(said: Letter, phone: str, text: Text) -> tuple[str, LetterData]:
    match said:
        case Petition():
            return "intake.text-petition.v1", TextPetition(
                phone=phone, name=said.name or None, address=said.address or None, content=said.content or "",
                received_at=text.at,
            )  # fmt: skip
        case Supplement():
            return "intake.supplement.v1", SupplementLetter(
                phone=phone, number=said.number or "", content=said.content, received_at=text.at
            )
        case _:
            return "intake.text-rating.v1", TextRating(
                phone=phone, number=said.number or "", office=said.office or "", unit=said.unit or "",
                received_at=text.at,
            )  # fmt: skip


def policy_of(runtime: Runtime) -> Policy:
    policy: Policy = resources.of(runtime).settings.texts.policy
    return policy


HANDLER = Worker("notify.texts", store.CHANNEL, handle)
