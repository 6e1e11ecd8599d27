"""Drawing, asking, and what is answered. Each function runs in its caller's transaction."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.callbacks import CallbackState
from contracts.envelope import Envelope
from contracts.speech import emit
from kit import audit
from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.callbacks import domain, store
from notify.callbacks.domain import ANSWERS, ASKED, ENDED, THANKS, Period
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane

CLOSED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """A digit alone, from a telephone. text_id: the text that it was."""

    phone_key: bytes
    digit: int
    at: datetime
    text_id: UUID | None = None


async def follow(session: Session, events: Sequence[Envelope]) -> None:
    """Remember which cases ended, of petitions that this node tells."""
    ended = [event for event in events if event.data.state in ENDED]
    if ended:
        await store.keep_ended(session, ended)


async def ask(runtime: Runtime, session: Session) -> int:
    """Draw for the period that is over, once, and ask; returns how many were asked."""
    settings, now = resources.of(runtime).settings.callbacks, runtime.clock.now()
    period = domain.last_period(now, settings.days)
    if settings.percent == 0:
        return 0
    round_id, seed = runtime.ids.new(), secrets.token_hex(16)
    since = await store.begin_round(session, round_id, period, settings.percent, seed, now)
    if since is None:
        return 0
    rows = await store.draw(
        session, round_id, Period(since, period.until), seed=seed, percent=settings.percent, now=now,
        closes_at=now + timedelta(days=settings.answer_days),
    )  # fmt: skip
    drafts = [_draft(runtime, row, ASKED, Lane.NOTICE) for row in rows]
    await outgoing.add(session, runtime.keyring, drafts, now)
    audit.note(
        session, "callbacks.draw", subject=round_id, at=now,
        detail={"seed": seed, "drawn": len(rows), "percent": settings.percent, "until": period.until.isoformat()},
    )  # fmt: skip
    return len(rows)


def _draft(runtime: Runtime, row: Any, name: str, lane: Lane, text_id: UUID | None = None) -> Draft:
    """The question is a notice of its petition, so that there is never a second one; what thanks answers a text."""
    held = resources.of(runtime)
    text = held.words.of(runtime.settings.node.office_unit, name, held.settings.language)
    asked = name == ASKED
    return Draft(
        id=runtime.ids.new(),
        phone_key=row["phone_key"],
        template=name,
        version=text.version,
        language=text.language,
        text=text.render({"office": held.office, "link": held.link, "number": row["number"]}),
        traceparent="",
        lane=lane,
        petition_id=row["petition_id"],
        case_stage="handling" if asked else None,
        happening=ASKED if asked else None,
        answers=text_id,
    )


async def take_answers(runtime: Runtime, session: Session, said: Sequence[Said]) -> list[bool]:
    """For each text whether it answered a question that is open; then it is kept, thanked for and published. Of several
    texts of one telephone the first one is the answer.
    """
    first: dict[bytes, Said] = {}
    for each in sorted(said, key=lambda each: each.at):
        if each.digit in ANSWERS:
            first.setdefault(each.phone_key, each)
    if not first:
        return [False] * len(said)
    told = [(each.phone_key, ANSWERS[each.digit], each.at) for each in first.values()]
    rows = await store.answer(session, told)
    thanks = [
        _draft(runtime, row, THANKS, Lane.ANSWER, first[row["phone_key"]].text_id)
        for row in sorted(rows, key=lambda row: row["petition_id"])
    ]
    await outgoing.add(session, runtime.keyring, thanks, runtime.clock.now())
    for row in rows:
        _publish(runtime, session, "notify.callback.answered.v1", row, row["answered_at"])
    taken = {row["phone_key"] for row in rows}
    return [first.get(each.phone_key) is each and each.phone_key in taken for each in said]


async def take_answer(
    runtime: Runtime, session: Session, phone_key: bytes, digit: int, at: datetime, text_id: UUID | None = None
) -> bool:
    """The same for one text."""
    (taken,) = await take_answers(runtime, session, [Said(phone_key, digit, at, text_id)])
    return taken


async def close(runtime: Runtime, session: Session) -> int:
    """Tell, once each, that a question was not answered in time; returns how many."""
    now = runtime.clock.now()
    rows = await store.close(session, now, CLOSED_AT_ONCE)
    for row in rows:
        _publish(runtime, session, "notify.callback.unanswered.v1", row, now)
    return len(rows)


def _publish(runtime: Runtime, session: Session, kind: str, row: Any, at: datetime) -> None:
    """Codes and dates; whose telephone it was stays here."""
    unit = resources.of(runtime).units.units.get(row["unit"])
    state = CallbackState(
        number=row["number"], unit=row["unit"], region=unit.region if unit else runtime.node,
        ended_at=row["ended_at"], asked_at=row["asked_at"], answer=row["answer"], at=at,
    )  # fmt: skip
    emit(runtime, session, kind, state, subject=row["petition_id"], sequence=1)
