"""What others are told of a message: an event for each state that it reaches, and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import asyncpg
from opentelemetry import context

from contracts.events import MessageState
from contracts.speech import emit
from kit import telemetry
from kit.db import Session
from kit.runtime import Runtime
from notify.outbound.domain import Lane


@dataclass(frozen=True, slots=True)
class Change:
    """A message has a new state. version: how often that has been told of it."""

    id: UUID
    petition_id: UUID | None
    lane: int
    template: str
    gateway: str | None
    state: str
    version: int
    parts: int
    traceparent: str

    @classmethod
    def of(cls, row: asyncpg.Record, state: str, version: int) -> Self:
        return cls(
            id=row["id"], petition_id=row["petition_id"], lane=row["lane"], template=row["template"],
            gateway=row["gateway"], parts=row["parts"], state=state, version=version, traceparent=row["traceparent"],
        )  # fmt: skip


def tell(runtime: Runtime, session: Session, changes: Sequence[Change], now: datetime) -> None:
    """Publish what concerns a petition, in the trace of what caused the message.

    A mass notice is one thing, told by itself: a hundred thousand events of its messages would tell nothing more.
    """
    for change in changes:
        if change.petition_id is None or change.lane == Lane.MASS:
            continue
        state = MessageState(
            message_id=change.id, template=change.template, gateway=change.gateway or "", status=change.state, at=now,
            parts=change.parts,
        )  # fmt: skip
        token = context.attach(telemetry.context_of(change.traceparent))
        try:
            emit(
                runtime, session, "notify.message.sent.v1", state, subject=change.petition_id, sequence=change.version
            )  # fmt: skip
        finally:
            context.detach(token)
