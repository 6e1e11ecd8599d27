"""What can be done with mass notices. Each function runs inside its caller's transaction."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from contracts.notices import Recipients, RecipientsAsked
from contracts.speech import post
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.outbox import current_traceparent
from kit.runtime import Runtime
from notify import resources
from notify.notices import domain, store
from notify.notices.domain import Standing
from notify.notices.models import ChosenIn, NoticeIn
from notify.outbound import outgoing
from notify.words.domain import DAYS, Text

CHANNEL = "notices"  # who makes messages waits on it
CHINA = timezone(timedelta(hours=8))
DAY = timedelta(days=1)


async def found(session: Session, notice_id: UUID, who: Principal, *, lock: bool = False) -> Row[Any]:
    """One of the unit's own. Raises Refused("not-found")."""
    row = await store.find(session, notice_id, who.unit, lock=lock)
    if row is None:
        raise Refused("not-found")
    return row


def standing_of(row: Row[Any]) -> Standing:
    return Standing(row.state, row.version, frozenset(row.writers), row.gathered_at is not None, row.recipients)


async def draft(runtime: Runtime, session: Session, who: Principal, asked: NoticeIn) -> UUID:
    """Write a notice, and have its recipients looked up. Raises Refused: "no-such-template", "invalid-input"."""
    notice_id, now = runtime.ids.new(), runtime.clock.now()
    content = _content(runtime, who, asked, now)
    await store.add(session, {
        **content, "id": notice_id, "unit": who.unit, "state": "draft", "version": 1, "author": who.subject,
        "writers": [who.subject], "traceparent": current_traceparent(), "created_at": now,
    })  # fmt: skip
    _ask(runtime, session, notice_id, content)
    _note(runtime, session, who, notice_id, "draft-notice", 1, template=asked.template)
    return notice_id


async def change(runtime: Runtime, session: Session, who: Principal, notice_id: UUID, asked: NoticeIn, at: int) -> None:
    """Another text or other filters; the recipients are looked up anew. Raises Refused, as `draft` too."""
    row, now = await _at(session, notice_id, who, at), runtime.clock.now()
    after = domain.change(standing_of(row), who.subject)
    content = _content(runtime, who, asked, now)
    await store.forget_recipients(session, notice_id)
    fresh = {"pages": 0, "matched": 0, "reachable": 0, "recipients": 0, "gathered_at": None, "reason": None}
    await store.save(session, notice_id, {**content, **fresh, **_standing(after, now)})
    _ask(runtime, session, notice_id, content)
    _note(runtime, session, who, notice_id, "change-notice", after.version, template=asked.template)


async def submit(runtime: Runtime, session: Session, who: Principal, notice_id: UUID, at: int) -> None:
    """Ask for approval. Raises Refused."""
    row = await _at(session, notice_id, who, at)
    after, now = domain.submit(standing_of(row), who.subject), runtime.clock.now()
    told = {"submitted_by": who.subject, "decided_by": None, "reason": None}
    await store.save(session, notice_id, {**_standing(after, now), **told})
    _note(runtime, session, who, notice_id, "submit-notice", after.version, recipients=str(row.recipients))


async def decide(
    runtime: Runtime, session: Session, who: Principal, notice_id: UUID, at: int,
    decision: Literal["approve", "return"], reason: str | None,
) -> None:  # fmt: skip
    """Approve it, and it begins; or return it, with the reason. Raises Refused."""
    row = await _at(session, notice_id, who, at)
    after, now = domain.decide(standing_of(row), decision, who.subject), runtime.clock.now()
    told: dict[str, Any] = {"decided_by": who.subject, "reason": reason}
    if decision == "approve":
        told["started_at"] = now
        session.wake.add(CHANNEL)
    await store.save(session, notice_id, {**_standing(after, now), **told})
    _note(runtime, session, who, notice_id, f"{decision}-notice", after.version, recipients=str(row.recipients))


async def control(
    runtime: Runtime, session: Session, who: Principal, notice_id: UUID, action: Literal["pause", "resume", "stop"]
) -> None:
    """Whoever makes messages of it has finished its batch when the row is ours, and sees this when it comes again.

    Raises Refused.
    """
    row = await found(session, notice_id, who, lock=True)
    after, now = domain.control(standing_of(row), action), runtime.clock.now()
    ended = {"ended_at": now} if action == "stop" else {}
    await store.save(session, notice_id, {**_standing(after, now), **ended})
    if action == "resume":
        await store.release(session, notice_id, now)
        session.wake |= {CHANNEL, outgoing.MASS_CHANNEL}
        held = 0
    else:
        held = await store.hold_back(session, now, notice_id)
    _note(runtime, session, who, notice_id, f"{action}-notice", after.version, held_back=str(held))


async def take_recipients(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """A page of the ledger's answer; the next is asked for. Pages of an earlier look-up, and repeated ones, are let go.

    Raises Refused("sender-outside-link").
    """
    if letter.node != runtime.node:
        raise Refused("sender-outside-link", sender=letter.node)
    told: Recipients = letter.data
    notice = await store.gathering(session, letter.subject)
    if notice is None or (notice.state, notice.query, notice.pages) != ("draft", told.query, told.page):
        return
    await store.take(session, notice, told, None if told.next else runtime.clock.now())
    if told.next:
        asked = _asked(notice.query, notice.scope, notice.line, notice.chosen)
        asked = asked.model_copy(update={"page": told.page + 1, "after": told.next})
        _post(runtime, session, notice.id, asked, letter)


async def _at(session: Session, notice_id: UUID, who: Principal, version: int) -> Row[Any]:
    """Locked, as who decides has seen it. Raises Refused: "not-found", "version-conflict"."""
    row = await found(session, notice_id, who, lock=True)
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    return row


def _standing(standing: Standing, now: datetime) -> dict[str, Any]:
    return {"state": standing.state, "version": standing.version, "writers": sorted(standing.writers), "state_at": now}


def _content(runtime: Runtime, who: Principal, asked: NoticeIn, now: datetime) -> dict[str, Any]:
    text = text_in(runtime, who.unit, asked.template, asked.language)
    days = {name: day.isoformat() for name, day in asked.given.items()}
    fields = sorted((text.fields & DAYS) ^ days.keys())
    if fields:
        reason = "this text names other days (该模板所需日期不同)"
        raise Refused("invalid-input", errors=[{"field": f"body.given.{name}", "reason": reason} for name in fields])
    held = resources.of(runtime)
    return {
        "title": asked.title, "template": text.name, "template_version": text.version, "language": text.language,
        "text": text.text, "given": {"office": held.office, "link": held.link, **days},
        "chosen": _filters(asked.chosen), "scope": who.region, "line": who.line, "query": runtime.ids.new(),
        "state_at": now,
    }  # fmt: skip


def text_in(runtime: Runtime, unit: str, template: str, language: str) -> Text:
    """In the words of the unit. Raises Refused("no-such-template")."""
    words = resources.of(runtime).words
    with suppress(KeyError):
        text = words.of(unit, template, language)
        if text.use == "mass":
            return text
    raise Refused("no-such-template", field="template")


def _filters(chosen: ChosenIn) -> dict[str, str]:
    """What was chosen, as it is kept and shown. Raises Refused("invalid-input")."""
    try:
        region = {} if chosen.path is None else {"region": chosen.path}
    except ValueError as error:
        errors = [{"field": "body.chosen.region", "reason": f"{error} (不是行政区划代码)"}]
        raise Refused("invalid-input", errors=errors) from error
    return {**chosen.model_dump(mode="json", exclude_none=True), **region}


def _asked(query: UUID, scope: str, line: list[str], chosen: Mapping[str, str]) -> RecipientsAsked:
    named = {name: chosen.get(name) for name in ("region", "channel", "kind", "category", "state", "unit")}
    begins, ends = chosen.get("registered_from"), chosen.get("registered_to")
    return RecipientsAsked(
        query=query, scope=scope, line=line, **named, registered_from=begins and _midnight(begins),
        registered_until=ends and _midnight(ends) + DAY,
    )  # fmt: skip


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), CHINA)


def _ask(runtime: Runtime, session: Session, notice_id: UUID, content: Mapping[str, Any]) -> None:
    asked = _asked(content["query"], content["scope"], content["line"], content["chosen"])
    _post(runtime, session, notice_id, asked)


def _post(
    runtime: Runtime, session: Session, notice_id: UUID, asked: RecipientsAsked, cause: Envelope | None = None
) -> None:
    """To the intake of this node, which holds the ledger."""
    post(runtime, session, "intake.recipients-asked.v1", asked, to=runtime.node, subject=notice_id, cause=cause)


def _note(
    runtime: Runtime, session: Session, who: Principal, notice_id: UUID, action: str, version: int, **detail: str
) -> None:
    audit.note(
        session, action, subject=notice_id, at=runtime.clock.now(), actor=who.subject, unit=who.unit,
        before=version - 1, after=version, detail=detail,
    )  # fmt: skip
