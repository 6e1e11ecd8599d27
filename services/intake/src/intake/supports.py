"""Units that are asked for support (协办) have the petition's text, not its petitioners, until the request ends."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from contracts.events import RequestState
from contracts.letters import SupportFile
from contracts.speech import post
from intake import resources, supports_store
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

ENDED = ("closed", "cancelled")


async def follow(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Requests for support from and to units of this node: who may read what, and until when."""
    concerned = [event for event in events if event.data.kind == "support" and _concerns(runtime.node, event.data)]
    if not concerned:
        return
    await supports_store.follow(session, [_row(event) for event in concerned])
    for petition_id in sorted({event.subject for event in concerned}):
        await lend(runtime, session, petition_id)


def _concerns(node: str, state: RequestState) -> bool:
    return node in {state.from_node, state.to_node}


def _row(event: Envelope) -> tuple[Any, ...]:
    state: RequestState = event.data
    return (
        state.id, event.subject, event.version, state.from_node, state.to_node, state.to_unit,
        json.dumps(state.accused_units), state.status not in ENDED,
    )  # fmt: skip


async def lend(runtime: Runtime, session: Session, petition_id: UUID) -> None:
    """Send the file to whoever supports a unit of this node and has none; later, if it is not here yet."""
    row = await supports_store.petition(session, petition_id)
    if row is None or row.title is None:
        return
    for asked in await supports_store.lend(session, petition_id, runtime.node, runtime.clock.now()):
        file = _file(row, asked["request_id"], asked["to_unit"])
        post(runtime, session, "intake.support-file.v1", file, to=asked["to_node"], subject=petition_id)


def _file(row: Row[Any], request_id: UUID, to_unit: str) -> SupportFile:
    return SupportFile(
        request=request_id, to_unit=to_unit, number=row.number, region=row.region, unit=row.unit, channel=row.channel,
        kind=row.kind, category=row.category, about_region=row.about_region, title=row.title, content=row.content,
        petitioner_count=row.petitioner_count, is_group=row.is_group, accused_units=row.accused_units,
        received_at=row.received_at, registered_at=row.registered_at, route=row.route, state=row.state,
        holder_unit=row.holder_unit,
    )  # fmt: skip


async def take(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Keep what a unit of this node needs to support another one. Raises Refused("unknown-unit")."""
    file: SupportFile = letter.data
    unit = resources.of(runtime).units.units.get(file.to_unit)
    if unit is None or unit.node != runtime.node:
        raise Refused("unknown-unit", field="to_unit")
    await supports_store.take(session, letter, runtime.node)
