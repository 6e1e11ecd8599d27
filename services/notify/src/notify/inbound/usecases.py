"""What others do with texts: intake tells what became of them; operators block and free phones. In the caller's
transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

import asyncpg

from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.texts import TextOutcome
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from notify import domain
from notify.inbound.facts import HANDLED, UNPARSED, WAITING, Answer, Known
from notify.inbound.handling import draft
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft
from notify.words.domain import CHINA

BY_TEXT = "registered-by-text"
NOON = time(12)
# what intake says of a text -> what the phone is told; whatever else it says is for an operator
TOLD: Mapping[tuple[str, str | None], str] = {
    ("supplemented", None): "supplemented",
    ("rated", None): "rated",
    ("refused", "not-the-contact"): "unknown-number",
    ("refused", "not-answered-yet"): "not-answered-yet",
    ("refused", "rated-already"): "rated-already",
    ("refused", "rating-expired"): "rating-expired",
}
TEXTS = "SELECT id, phone_key, traceparent FROM inbound WHERE id = ANY($1::uuid[]) AND state = $2 FOR UPDATE"
# with the text that had said it, where only a later one said of which petition
OUTCOMES = """
UPDATE inbound SET state = told.state, petition_id = coalesce(told.petition, inbound.petition_id)
FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS told (id, state, petition) JOIN inbound AS last ON last.id = told.id
WHERE inbound.id = told.id OR inbound.thread = last.thread AND inbound.state = 'asking'
"""
# with all texts of the dialogue that it was made of
REGISTERED = """
UPDATE inbound SET state = 'handled', petition_id = told.petition
FROM unnest($1::uuid[], $2::uuid[]) AS told (id, petition) JOIN inbound AS last ON last.id = told.id
WHERE (inbound.id = told.id OR inbound.thread = last.thread) AND inbound.state IN ('waiting', 'asking')
"""
BLOCK = (
    "UPDATE phones SET blocked_until = $2, blocked_for = $3 WHERE key = (SELECT phone_key FROM inbound WHERE id = $1)"
)


async def take_outcomes(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """What became of texts: their phones are answered. Raises Refused("sender-outside-link")."""
    _check_own(runtime, letters)
    rows = await session.raw.fetch(TEXTS, [letter.subject for letter in letters], WAITING)
    texts = {row["id"]: row for row in rows}
    answered = [(texts[letter.subject], letter.data) for letter in letters if letter.subject in texts]
    if not answered:
        return
    states = [(row["id"], HANDLED if _told(said) else UNPARSED, said.petition) for row, said in answered]
    await session.raw.execute(OUTCOMES, *zip(*states, strict=True))
    drafts = [_draft(runtime, row, said) for row, said in answered]
    await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())


def _check_own(runtime: Runtime, letters: Sequence[Envelope]) -> None:
    """Only intake of this node knows what became of a text that came here."""
    for letter in letters:
        if letter.node != runtime.node:
            raise Refused("sender-outside-link", sender=letter.node)


def _told(said: TextOutcome) -> str | None:
    return TOLD.get((said.outcome, said.reason))


def _draft(runtime: Runtime, row: asyncpg.Record, said: TextOutcome) -> Draft:
    template = _told(said) or "text-received"
    if template == "rated" and said.review_until is not None:
        template = "rated-review"
    known = () if said.number is None else (Known(said.petition or row["id"], said.number),)
    day = None if said.review_until is None else datetime.combine(said.review_until, NOON, CHINA)
    return draft(
        runtime, Answer(template, known, day), key=row["phone_key"], text_id=row["id"],
        traceparent=row["traceparent"], petition_id=said.petition,
    )  # fmt: skip


async def note_registered(session: Session, letters: Sequence[Envelope]) -> None:
    """Texts that have become petitions, as the contact letters tell."""
    made = [(letter.data.text_id, letter.subject) for letter in letters if letter.data.text_id is not None]
    if made:
        await session.raw.execute(REGISTERED, *zip(*made, strict=True))


def confirmation(runtime: Runtime, letter: Envelope, key: bytes) -> Draft:
    """Number and query code, as the answer to the text that the petition was made of; of each petition once."""
    contact: Contact = letter.data
    answer = Answer(BY_TEXT, (Known(letter.subject, contact.number),))
    more: dict[str, Any] = {"case_stage": domain.HANDLING, "happening": domain.REGISTERED, "statutory": True}
    return draft(
        runtime, answer, key=key, text_id=contact.text_id or letter.subject, traceparent=letter.traceparent,
        petition_id=letter.subject, said={"query_code": contact.query_code},
        **more,
    )  # fmt: skip


async def block(
    runtime: Runtime, session: Session, text_id: UUID, *, until: datetime, reason: str, by: Principal
) -> None:
    """Texts of the phone that sent this one are kept, and not acted on, until then. reason: a code, for the audit and
    the list; the phone may appeal. Raises Refused("not-found").
    """
    await _set_block(runtime, session, text_id, until, reason, by, "block-phone")


async def free(runtime: Runtime, session: Session, text_id: UUID, *, reason: str, by: Principal) -> None:
    """The phone that sent this text is blocked no more. Raises Refused("not-found")."""
    await _set_block(runtime, session, text_id, None, reason, by, "free-phone")


async def _set_block(
    runtime: Runtime, session: Session, text_id: UUID, until: datetime | None, reason: str, by: Principal, action: str
) -> None:
    done: str = await session.raw.execute(BLOCK, text_id, until, reason if until else None)
    if done == "UPDATE 0":
        raise Refused("not-found")
    audit.note(
        session, action, subject=text_id, at=runtime.clock.now(), actor=by.subject, unit=by.unit, reason=reason,
        detail=None if until is None else {"until": until.isoformat()},
    )  # fmt: skip
