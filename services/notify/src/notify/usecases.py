"""What notify does with what it hears: it remembers whom to tell, and makes each message once."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.letters import Contact
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from notify import domain, resources, store
from notify.inbound import usecases as texts
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane


def draft(
    runtime: Runtime, petition_id: UUID, phone_key: bytes, happening: str, *, number: str, traceparent: str,
    query_code: str = "", case_stage: str = domain.HANDLING,
) -> Draft:  # fmt: skip
    """A message of one template, in the language of this node."""
    held, name = resources.of(runtime), domain.template_of(case_stage, happening)
    text = held.words.of(runtime.settings.node.office_unit, name, held.settings.language)
    values = {"office": held.office, "link": held.link, "number": number, "query_code": query_code}
    return Draft(
        id=runtime.ids.new(),
        phone_key=phone_key,
        petition_id=petition_id,
        case_stage=case_stage,
        happening=happening,
        template=name,
        version=text.version,
        language=text.language,
        text=text.render(values),
        traceparent=traceparent,
        lane=Lane.ANSWER if happening == domain.REGISTERED else Lane.NOTICE,  # who has just registered waits for it
        statutory=name in held.settings.outbound.statutory,
        unit=runtime.settings.node.office_unit,
    )


async def take_contacts(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """Keep how to reach petitioners, tell them number and query code, and the stages they missed.

    Of a petition that was made by hand of a text without a number there is nobody to tell. Raises
    Refused("sender-outside-link"): contacts come from the intake of this node only.
    """
    for letter in letters:
        if letter.node != runtime.node:
            raise Refused("sender-outside-link", sender=letter.node)
    await texts.note_registered(session, letters)
    letters = [letter for letter in letters if letter.data.phone]
    keys = await store.keep_contacts(session, runtime.keyring, letters)
    drafts = []
    for letter in letters:
        contact: Contact = letter.data
        if contact.text_id is not None:
            drafts.append(texts.confirmation(runtime, letter, keys[contact.phone]))
            continue
        drafts.append(
            draft(
                runtime, letter.subject, keys[contact.phone], domain.REGISTERED, number=contact.number,
                query_code=contact.query_code, traceparent=letter.traceparent,
            )
        )  # fmt: skip
    await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())
    await tell_stages(runtime, session, [letter.subject for letter in letters])


async def follow_cases(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep how far the cases of petitions registered here are, and tell the petitioners whose contact is known."""
    own = [event for event in events if domain.told_here(event.data.nodes, runtime.node)]
    if own:
        await store.keep_cases(session, own)
        await tell_stages(runtime, session, [event.subject for event in own])


async def tell_stages(runtime: Runtime, session: Session, petition_ids: Sequence[UUID]) -> None:
    """Queue a message for every stage reached and not told yet."""
    drafts = [
        draft(
            runtime,
            row["petition_id"],
            row["phone_key"],
            row["stage"],
            number=row["number"],
            traceparent=row["traceparent"],
            case_stage=row["case_stage"],
        )
        for row in await store.untold_stages(session, petition_ids)
    ]
    await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())
