"""The worker of texts: holds phones that have sent some, decides on these in order, writes all in one transaction.

What goes to intake is a letter in the outbox, what goes to the phone a draft in the queue: with the texts' new state,
or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from contracts.envelope import LetterData
from contracts.speech import post
from contracts.texts import Supplement as SupplementLetter
from contracts.texts import TextPetition, TextRating
from kit import telemetry
from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.callbacks import usecases as callbacks
from notify.callbacks.usecases import Said
from notify.inbound import dialogues, joining, store
from notify.inbound.answers import Book
from notify.inbound.deciding import (
    DAY,
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
    decide,
)
from notify.inbound.domain import Digit, Petition, Supplement, parse
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

    Where a batch cannot be written, each text of it is tried alone, and one that cannot be written alone is an
    operator's: no text stops those behind it.
    """
    limit = resources.of(runtime).settings.texts.batch
    joined = await joining.join(runtime)
    try:
        return joined + await _handle(runtime, limit, limit)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - one of the texts is to blame, whichever
        log.error("notify.texts_failed", error=type(error).__name__)
        return joined + await _alone(runtime)


async def _alone(runtime: Runtime) -> int:
    try:
        return await _handle(runtime, 1, 1)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - it is kept, and somebody looks at it
        log.error("notify.text_failed", error=type(error).__name__)
        async with runtime.database.transaction() as session:
            held = await store.hold(session, 1)
            rows = await store.texts(session, held, 1)
            failed = [Settled(row["id"], Decision(UNPARSED, "failed", Answer("received"))) for row in rows]
            await store.settle(session, failed, runtime.clock.now())
        return len(rows)


async def _handle(runtime: Runtime, phones: int, texts: int) -> int:
    async with runtime.database.transaction() as session:
        held = await store.hold(session, phones)
        rows = await store.texts(session, held, texts) if held else []
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
            row, Text(row["id"], row["received_at"], row["digest"], said[row["id"]], row["id"] in taken),
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
    keys = {row["phone_key"] for row in rows}
    since = min(row["received_at"] for row in rows) - DAY
    past, known = defaultdict(list), defaultdict(list)
    for row in await store.history(session, keys, since, policy_of(runtime).looks_back):
        past[row["key"]].append(Past(row["received_at"], row["digest"], row["state"], row["meaning"]))
    for row in await store.known(session, keys, ENDED):
        known[row["key"]].append(Known(row["id"], row["number"], row["state"], row["stage"], row["at"]))
    open_ones = await dialogues.open_ones(session, runtime.keyring, keys)
    return {
        key: Phone(
            known=known[key], past=past[key], dialogue=open_ones.get(key),
            blocked_until=held[key]["blocked_until"], blocked_for=held[key]["blocked_for"],
        )
        for key in keys
    }  # fmt: skip


async def _act(runtime: Runtime, session: Session, held: Sequence[Held]) -> None:
    policy, now = policy_of(runtime), runtime.clock.now()
    before = {each.row["phone_key"]: each.phone.dialogue for each in held}
    made = [(each, decide(each.text, each.phone, policy)) for each in held]
    numbers = await store.numbers(session, {each.row["phone_key"] for each, did in made if did.letter is not None})
    for each, did in made:
        if did.letter is not None:
            key = each.row["phone_key"]
            _post(runtime, session, each, did.letter, number_of(runtime.keyring, key, numbers[key]))
    await store.settle(session, [Settled(each.text.id, did) for each, did in made], now)
    phones = {each.row["phone_key"]: each.phone for each in held}
    await dialogues.keep(session, runtime.keyring, phones, before)
    await store.change_phones(session, phones, now)
    await outgoing.add(session, runtime.keyring, _drafts(runtime, made), now)


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
    book: Book = held.book
    said: dict[str, str] = more.pop("said", {})
    return Draft(
        id=runtime.ids.new(), phone_key=key, template=answer.template, version=book.answers[answer.template].version,
        language=book.language, text=book.render(answer, held.office, link=held.link, **said),
        traceparent=traceparent, lane=Lane.ANSWER, answers=text_id, **more,
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
