"""What units do with dispatches that were sent: sign for them, return them, adopt a bulletin; recall and urge."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.dispatches import DispatchRecall, DispatchUrge
from contracts.events import BulletinState
from contracts.speech import emit, post
from documents import access
from documents.exchange import store
from documents.exchange.domain import UNREAD, WHY_NOT, Mark, after
from documents.exchange.receiving import next_of, recalled
from documents.exchange.writing import copy_binding, signed_for
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

RECALL, URGE, MARKED = "documents.dispatch-recall.v1", "documents.dispatch-urge.v1", "documents.bulletin.marked.v1"


async def _came(session: Session, dispatch_id: UUID, who: Principal) -> Row[Any]:
    """The copy of the unit, locked. Raises Refused("not-found")."""
    row = await store.find_received(session, dispatch_id, who, lock=True)
    if row is None:
        raise Refused("not-found")
    return row


async def sign(runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID) -> None:
    """Sign for it (签收): from then on the unit can read it, and the sender cannot recall it. Twice is once.

    Raises Refused: "not-found", "dispatch-recalled", "dispatch-returned".
    """
    row = await _came(session, dispatch_id, who)
    if row.state != "signed":
        state = after(row.state, "sign")
        signed = {"signed_at": runtime.clock.now(), "signed_by": who.subject, "urge_next_at": None}
        await next_of(runtime, session, row, who, "sign-dispatch", state=state, **signed)


async def return_(runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID, reason: str) -> None:
    """Return it (退文), with the reason; the unit reads it no more.

    Raises Refused: "not-found", "dispatch-recalled", "dispatch-returned", "dispatch-answered".
    """
    row = await _came(session, dispatch_id, who)
    if row.answered_at is not None:
        raise Refused("dispatch-answered")
    state = after(row.state, "return")
    told = runtime.keyring.encrypt(reason, copy_binding(dispatch_id, row.to_unit, "reason"))
    ended = {"ended_at": runtime.clock.now(), "ended_by": who.subject, "urge_next_at": None}
    await next_of(runtime, session, row, who, "return-dispatch", state=state, reason=told, **ended)


async def adopt(
    runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID, mark: Mark, note: str | None
) -> None:
    """Say what became of a bulletin (采用情况); said again, the last counts.

    Raises Refused: "not-found", "not-a-bulletin", "dispatch-unread", "dispatch-returned".
    """
    await _came(session, dispatch_id, who)
    row = await signed_for(session, dispatch_id, who)
    if row.kind != "bulletin":
        raise Refused("not-a-bulletin")
    told = note and runtime.keyring.encrypt(note, copy_binding(dispatch_id, row.to_unit, "note"))
    changed = await next_of(
        runtime, session, row, who, "adopt-bulletin", adoption=mark, note=told, adopted_at=runtime.clock.now()
    )
    state = BulletinState(unit=row.unit, to_unit=row.to_unit, sent_at=row.sent_at, adoption=mark)
    emit(runtime, session, MARKED, state, subject=dispatch_id, sequence=changed.version)


async def _unread_of(session: Session, dispatch_id: UUID, who: Principal, units: Collection[str]) -> Sequence[Row[Any]]:
    """Copies that nobody has signed for, of these units or all, locked. Raises Refused: "not-found", "unknown-unit"."""
    row = await store.find_own(session, dispatch_id, who, lock=True)
    if row is None or row.sent_at is None:
        raise Refused("not-found")
    strange = [unit for unit in units if unit not in row.recipients]
    if strange:
        raise Refused("unknown-unit", unit=strange[0][:64])
    rows = await store.copies_of(session, dispatch_id, lock=True)
    return [row for row in rows if row.state in UNREAD and (not units or row.to_unit in units)]


async def recall(runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID, units: Collection[str]) -> None:
    """Take back what was not signed for (撤回): at once from units of this node; the nodes of others are asked, and
    whoever signed meanwhile keeps it. Raises Refused: "not-found", "unknown-unit", "dispatch-read".
    """
    rows = await _unread_of(session, dispatch_id, who, units)
    if not rows:
        states = {row.state for row in await store.copies_of(session, dispatch_id)}
        raise Refused(WHY_NOT["signed" if "signed" in states else min(states)])
    now, asked = runtime.clock.now(), dict[str, list[str]]()
    for row in rows:
        await store.change(session, dispatch_id, row.to_unit, recall_asked_at=row.recall_asked_at or now)
        if row.node == runtime.node:
            await recalled(runtime, session, row, who.subject)
        elif row.recall_asked_at is None:
            asked.setdefault(row.node, []).append(row.to_unit)
    for node, there in sorted(asked.items()):
        post(runtime, session, RECALL, DispatchRecall(to_units=there, asked_at=now), to=node, subject=dispatch_id)
    detail = " ".join(row.to_unit for row in rows)[:1500]
    access.note(runtime, session, who, dispatch_id, "ask-recall", units=detail)


async def urge(runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID, units: Collection[str]) -> int:
    """Urge who has not signed for it (催办); returns how many.

    Raises Refused: "not-found", "unknown-unit", "nothing-unread".
    """
    rows = await _unread_of(session, dispatch_id, who, units)
    if not rows:
        raise Refused("nothing-unread")
    for row in rows:
        await urged(runtime, session, row)
    detail = " ".join(row.to_unit for row in rows)[:1500]
    access.note(runtime, session, who, dispatch_id, "urge-dispatch", units=detail)
    return len(rows)


async def urged(runtime: Runtime, session: Session, row: Any, **columns: Any) -> None:
    """Count it, and tell the other node. row: a copy of ours, locked."""
    now = runtime.clock.now()
    await store.change(session, row.dispatch_id, row.to_unit, urged=row.urged + 1, urged_at=now, **columns)
    if row.node != runtime.node:
        told = DispatchUrge(to_unit=row.to_unit, times=row.urged + 1, at=now)
        post(runtime, session, URGE, told, to=row.node, subject=row.dispatch_id)
