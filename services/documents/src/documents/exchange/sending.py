"""Sending a dispatch: a copy for each unit; one letter for each other node, and the manifest of what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from contracts.dispatches import Dispatch
from contracts.events import BulletinState
from contracts.speech import emit, post
from documents import access, resources
from documents.exchange import store
from documents.exchange.contents import contents
from documents.exchange.domain import MOST_ITEMS, Urgency, check_kept, check_recipients, next_urge
from documents.exchange.receiving import answered
from documents.exchange.tables import dispatches
from documents.exchange.writing import draft_of, title_binding
from documents.moving import telling
from documents.moving.domain import FILE, units_of
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

DISPATCH, BULLETIN_SENT = "documents.dispatch.v1", "documents.bulletin.sent.v1"


@dataclass(frozen=True, slots=True)
class Sending:
    """recipients: units; none of a bulletin, which goes to the office above. body: the file or paper that is the text;
    attachments: the files that go with it, None: all.
    """

    title: str | None
    recipients: Sequence[str]
    body: UUID | None
    attachments: Sequence[UUID] | None = None
    urgency: Urgency = "ordinary"
    answer_by: datetime | None = None

    def __repr__(self) -> str:
        return f"Sending({len(self.recipients)} recipients)"


async def send(runtime: Runtime, session: Session, writer: Principal, dispatch_id: UUID, asked: Sending) -> None:
    """Send it, for ever. Raises Refused: "not-found", "dispatch-sent", "body-missing", "seal-pending", "unknown-unit",
    "unknown-node", "accused-unit", "not-among-readers", "no-superior-office", "invalid-input".
    """
    if asked.answer_by is not None and asked.answer_by <= runtime.clock.now():
        reason = "it has passed already (须晚于现在)"
        raise Refused("invalid-input", errors=[{"field": "body.answer_by", "reason": reason}])
    draft, held = await draft_of(session, dispatch_id, writer), resources.of(runtime)
    recipients = list(asked.recipients) if draft.kind == "paper" else [_superior(runtime, writer)]
    check_recipients(recipients, writer.unit, held.units.units)
    accused, only = await _bounds(session, draft)
    kept = {unit for unit in recipients if held.units.is_kept_from(held.units.units[unit], accused)}
    check_kept(recipients, kept, only)
    items = await _items(runtime, session, dispatch_id, asked)
    now = runtime.clock.now()
    values: dict[str, Any] = {
        "recipients": recipients, "body": items[0], "items": items, "urgency": asked.urgency,
        "answer_by": asked.answer_by, "only": only, "sent_by": writer.subject, "sent_at": now,
    }  # fmt: skip
    if asked.title is not None:
        values["title"] = runtime.keyring.encrypt(asked.title, title_binding(dispatch_id))
    change = update(dispatches).where(dispatches.c.id == dispatch_id).values(values).returning(dispatches)
    row = (await session.sql.execute(change)).one()
    await session.raw.execute(store.FREEZE, dispatch_id)
    regions = [(dispatch_id, held.units.units[unit].region) for unit in recipients]
    await access.add_scopes(session, regions)
    await _add_copies(runtime, session, row)
    await _post(runtime, session, row, sorted(accused))
    if row.answers is not None:
        await answered(runtime, session, writer, row.answers)
    access.note(runtime, session, writer, dispatch_id, "send-dispatch", recipients=" ".join(recipients)[:1500])


def _superior(runtime: Runtime, writer: Principal) -> str:
    units = resources.of(runtime).units
    unit = units.units.get(writer.unit)
    above = None if unit is None else units.superior(unit)
    if above is None:
        raise Refused("no-superior-office")
    return above.code


async def _bounds(session: Session, draft: Row[Any]) -> tuple[set[str], list[str] | None]:
    """Units that what it is about accuses, and units that alone may read that; None: all."""
    query = select(petitions).where(petitions.c.id.in_([draft.id, draft.petition_id]))
    rows = {row.id: row for row in await session.sql.execute(query)}
    accused = {unit for row in rows.values() for unit in (*row.registered_accused, *row.case_accused)}
    about = rows.get(draft.petition_id)
    if about is None or about.readers is None:
        return accused, draft.only
    only = units_of(about.readers)
    return accused, None if only is None else sorted(only)


async def _items(runtime: Runtime, session: Session, dispatch_id: UUID, asked: Sending) -> list[UUID]:
    """The body first. Raises Refused: "body-missing", "seal-pending", "invalid-input"."""
    found = await contents(runtime.keyring, session, dispatch_id)
    body = next((item for item in found.values() if asked.body and asked.body in {item.id, item.paper_id}), None)
    if body is None:
        raise Refused("body-missing")
    if body.pending:
        raise Refused("seal-pending")
    others = [item.id for item in found.values() if item.kind == FILE and item.id != body.id]
    chosen = others if asked.attachments is None else list(dict.fromkeys(asked.attachments))
    if not {*chosen} <= {*others} or len(chosen) >= MOST_ITEMS:
        reason = f"up to {MOST_ITEMS} files of this dispatch (须为本文所附文件,不超过 {MOST_ITEMS} 个)"
        raise Refused("invalid-input", errors=[{"field": "body.attachments", "reason": reason}])
    return [body.id, *chosen]


async def _add_copies(runtime: Runtime, session: Session, row: Row[Any]) -> None:
    """Of a unit of this node the copy is there at once."""
    units, policy = resources.of(runtime).units.units, resources.of(runtime).settings.exchange
    urge_next_at = next_urge(row.sent_at, 0, policy.hours(row.urgency), policy.most_urges)
    made: list[dict[str, Any]] = []
    for unit in row.recipients:
        here = units[unit].node == runtime.node
        made.append({
            "dispatch_id": row.id, "to_unit": unit, "node": units[unit].node, "from_node": runtime.node,
            "from_unit": row.unit, "kind": row.kind, "state": "arrived" if here else "sent", "version": int(here),
            "sent_at": row.sent_at, "arrived_at": row.sent_at if here else None, "urge_next_at": urge_next_at,
            "answer_by": row.answer_by,
        })  # fmt: skip
        if row.kind == "bulletin":
            state = BulletinState(unit=row.unit, to_unit=unit, sent_at=row.sent_at)
            emit(runtime, session, BULLETIN_SENT, state, subject=row.id, sequence=1)
    await store.add_copies(session, made)


async def _post(runtime: Runtime, session: Session, row: Row[Any], accused: list[str]) -> None:
    units = resources.of(runtime).units.units
    by_node: dict[str, list[str]] = {}
    for unit in row.recipients:
        by_node.setdefault(units[unit].node, []).append(unit)
    by_node.pop(runtime.node, None)
    await session.raw.execute(store.NODES, row.id, runtime.node)
    for node, there in sorted(by_node.items()):
        letter = Dispatch(
            kind=row.kind, title=runtime.keyring.decrypt(row.title, title_binding(row.id)), from_unit=row.unit,
            recipients=row.recipients, to_units=there, petition=row.petition_id, accused_units=accused, only=row.only,
            urgency=row.urgency, answer_by=row.answer_by, body=row.body, items=row.items, answers=row.answers,
            source=row.source, source_unit=row.source_unit, by=row.sent_by, sent_at=row.sent_at,
        )  # fmt: skip
        post(runtime, session, DISPATCH, letter, to=node, subject=row.id)
        await telling.tell(runtime, session, row.id, node, items=row.items)
