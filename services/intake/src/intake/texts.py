"""What petitioners send by text (短信): petitions, more to a petition, ratings. Who sent it is the phone, so what needs
a query code elsewhere needs none here. Each letter of notify gets an answer, a refusal too.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.speech import post
from contracts.texts import Supplement, TextOutcome, TextPetition, TextRating
from intake import evaluation, ratings, resources, store, supplements, usecases
from intake.domain import Matter, Petitioner
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

BY = "sms"  # who registered it: nobody at a counter
LONGEST_TITLE = 30
SENTENCE = re.compile(r"[。!?！？;；\n]")
MADE_BEFORE = "SELECT id, number, region, external_id FROM petitions WHERE external_id = ANY($1::text[])"
BY_TEXT = "SELECT id FROM petitions WHERE id = ANY($1::uuid[]) AND registered_by = $2"
OF_NUMBER = """
SELECT p.id, p.registered_node FROM petitions AS p JOIN petitioners AS who ON who.petition_id = p.id
WHERE p.number = $1 AND who.phone_index = $2 LIMIT 1
"""


def title_of(content: str) -> str:
    """The first sentence, or how it begins."""
    first = next((part.strip() for part in SENTENCE.split(content) if part.strip()), content.strip())
    line = " ".join(first.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…"


def external_id(text_id: UUID) -> str:
    """Under which a petition is registered that was made of a text: never a second one of the same text."""
    return f"sms:{text_id}"


async def take_petitions(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """Register what was raised by text at the office of this node; each contact goes to notify at once, which answers.

    Raises Refused("sender-outside-link").
    """
    _check_own(runtime, letters)
    ids = [external_id(letter.subject) for letter in letters]
    rows = await session.raw.fetch(MADE_BEFORE, ids)
    made = {row["external_id"]: (row["id"], row["number"], row["region"]) for row in rows}
    for letter in letters:
        key = external_id(letter.subject)
        try:
            if key not in made:
                made[key] = await _register(runtime, session, letter)
        except Refused as error:
            _tell(runtime, session, letter, TextOutcome(outcome="refused", reason=error.slug))
        else:
            _send_contact(runtime, session, letter, *made[key])


async def _register(runtime: Runtime, session: Session, letter: Envelope) -> tuple[UUID, str, str]:
    text: TextPetition = letter.data
    office = resources.of(runtime).units.units[runtime.settings.node.office_unit]
    petition = await usecases.register_petition(
        runtime,
        session,
        matter=Matter("sms", "appeal", title_of(text.content), text.content),
        people=[Petitioner(name=text.name, phone=text.phone or None, address=text.address)],
        by=BY,
        unit=office.code,
        region=office.region,
        received_at=min(text.received_at, runtime.clock.now()),
        external_id=external_id(letter.subject),
    )
    await session.flush()  # one statement a petition, one transaction for all
    return petition.id, petition.number, petition.region


def _send_contact(
    runtime: Runtime, session: Session, letter: Envelope, petition_id: UUID, number: str, region: str
) -> None:
    text: TextPetition = letter.data
    contact = Contact(
        number=number, phone=text.phone, query_code=usecases.query_code(runtime, number), region=region,
        text_id=letter.subject,
    )  # fmt: skip
    post(runtime, session, "notify.contact.v1", contact, to=runtime.node, subject=petition_id, cause=letter)


async def made_of_texts(session: Session, events: Sequence[Envelope]) -> set[UUID]:
    """Those of these registrations whose contact notify has already."""
    by_text = [event.subject for event in events if event.data.channel == "sms"]
    if not by_text:
        return set()
    return {row["id"] for row in await session.raw.fetch(BY_TEXT, by_text, BY)}


async def take_supplement(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """From notify of this node: if the phone may. From an intake: it was found out there."""
    said: Supplement = letter.data
    if said.phone is None:
        if said.petition is None:
            raise Refused("message-unreadable", fields=["petition"])
        await supplements.keep(runtime, session, letter, said.petition)
        return
    _check_own(runtime, [letter])
    await _answer(runtime, session, letter, _add)


async def take_rating(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """By the rules of ratings on the web, with the phone instead of a query code."""
    _check_own(runtime, [letter])
    await _answer(runtime, session, letter, _rate)


async def _add(runtime: Runtime, session: Session, letter: Envelope) -> TextOutcome:
    said: Supplement = letter.data
    petition_id, _ = await _of_phone(runtime, session, said.number, said.phone or "")
    await supplements.keep(runtime, session, letter, petition_id)
    return TextOutcome(outcome="supplemented", number=said.number, petition=petition_id)


async def _rate(runtime: Runtime, session: Session, letter: Envelope) -> TextOutcome:
    said: TextRating = letter.data
    petition_id, node = await _of_phone(runtime, session, said.number, said.phone)
    if node != runtime.node:
        raise Refused("registered-elsewhere", node=node)
    if not {said.office, said.unit} <= set(evaluation.RATINGS):
        raise Refused("message-unreadable", fields=["office", "unit"])
    rated = await ratings.give(runtime, session, said.number, office=said.office, unit=said.unit, comment=None)
    until = rated.review.until if rated.review is not None else None
    return TextOutcome(outcome="rated", number=said.number, petition=petition_id, review_until=until)


async def _of_phone(runtime: Runtime, session: Session, number: str, phone: str) -> tuple[UUID, str]:
    """The petition, and where it was registered; to who did not raise it there is none. Raises
    Refused("not-the-contact").
    """
    index = store.phone_index(runtime.keyring, Petitioner(phone=phone))
    row = await session.raw.fetchrow(OF_NUMBER, number, index)
    if row is None:
        raise Refused("not-the-contact")
    return row["id"], row["registered_node"]


Deed = Callable[[Runtime, Session, Envelope], Awaitable[TextOutcome]]


async def _answer(runtime: Runtime, session: Session, letter: Envelope, deed: Deed) -> None:
    """What the rules refuse is told, like what was done; they refuse before anything is written."""
    try:
        outcome = await deed(runtime, session, letter)
    except Refused as error:
        outcome = TextOutcome(outcome="refused", reason=error.slug, number=letter.data.number)
    _tell(runtime, session, letter, outcome)


def _tell(runtime: Runtime, session: Session, letter: Envelope, outcome: TextOutcome) -> None:
    post(runtime, session, "notify.text-outcome.v1", outcome, to=runtime.node, subject=letter.subject, cause=letter)


def _check_own(runtime: Runtime, letters: Sequence[Envelope]) -> None:
    """Only notify of this node knows whose phone a text came from."""
    for letter in letters:
        if letter.node != runtime.node:
            raise Refused("sender-outside-link", sender=letter.node)
