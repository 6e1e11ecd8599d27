"""What notify hears."""

from contracts.speech import parse_event, parse_letter
from kit.bus import Consumer
from notify import usecases

CONSUMERS = (
    Consumer(
        queue="notify.letters",
        decode=parse_letter,
        handlers={"notify.contact.v1": usecases.take_contacts},
        letters=True,
    ),
    Consumer(
        queue="notify.on-case",
        bindings=("routing.case.*.v1",),
        decode=parse_event,
        handlers={"*": usecases.follow_cases},
    ),
)
