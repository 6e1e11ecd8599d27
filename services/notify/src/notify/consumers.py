"""What notify hears."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.speech import parse_event, parse_letter
from kit.bus import Consumer, each
from kit.db import Session
from kit.runtime import Runtime
from notify import domain, usecases
from notify.callbacks import usecases as callbacks
from notify.inbound import usecases as texts
from notify.notices import usecases as notices
from notify.staff import usecases as staff


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Petitioners and units are told; what ended may be asked about."""
    await usecases.follow_cases(runtime, session, events)
    await staff.follow(runtime, session, events)
    await callbacks.follow(session, [e for e in events if domain.told_here(e.data.nodes, runtime.node)])


CONSUMERS = (
    Consumer(
        queue="notify.letters",
        decode=parse_letter,
        handlers={
            "notify.contact.v1": usecases.take_contacts,
            "notify.text-outcome.v1": texts.take_outcomes,
            "notify.recipients.v1": each(notices.take_recipients),
        },
        letters=True,
    ),
    Consumer(
        queue="notify.on-case",
        bindings=("routing.case.*.v1",),
        decode=parse_event,
        handlers={"*": on_case},
    ),
    Consumer(
        queue="notify.on-routing",
        bindings=("routing.request.*.v1", "routing.clock.*.v1", "intake.petition.supplemented.v1"),
        decode=parse_event,
        handlers={"*": staff.follow},
    ),
)
