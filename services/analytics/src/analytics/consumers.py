"""What analytics does with what it hears: everything."""

from collections.abc import Sequence

from analytics import usecases
from analytics.entries import entry_of, parse_any
from contracts.envelope import Envelope
from contracts.events import SERVICES
from kit.bus import Consumer
from kit.db import Session
from kit.runtime import Runtime


async def on_event(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await usecases.take_in(runtime, session, [entry_of(event) for event in events])


CONSUMERS = (
    Consumer(
        queue="analytics.on-event",
        bindings=tuple(f"{service}.#" for service in SERVICES),
        decode=parse_any,
        handlers={"*": on_event},
        batch=500,
        pace=0.05,
    ),
)
