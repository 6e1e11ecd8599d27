"""What becomes of copies: what other nodes tell of them, and what units do with those that came. The node of the
receiving unit alone writes how a copy stands; the sender asks, and keeps what it is told, the highest version.
"""

from collections.abc import Mapping
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from contracts.dispatches import Dispatch, DispatchRecall, DispatchReceipt, DispatchUrge
from contracts.envelope import Envelope
from contracts.speech import post
from documents import access, resources
from documents.exchange import store
from documents.exchange.domain import UNREAD, State, after
from documents.exchange.tables import copies, dispatches
from documents.exchange.writing import copy_binding, title_binding
from documents.tables import petitions
from kit import audit
from kit.auth import Principal
from kit.bus import Handler, each
from kit.db import Session
from kit.errors import CATALOGUE, Refused
from kit.logs import log
from kit.runtime import Runtime

RECEIPT = "documents.dispatch-receipt.v1"
# only a row of which nothing is known yet, as the manifest makes it where it is faster: never that of a petition
CONTAINER = """
UPDATE petitions SET about = $2, registered_accused = $3, readers = '{}', frozen = true
WHERE id = $1 AND registered_sequence = 0 AND case_sequence = 0 AND readers IS NULL
  AND NOT EXISTS (SELECT FROM petition_scopes WHERE petition_id = $1)
RETURNING id
"""
SOURCE = """
INSERT INTO whereabouts (petition_id, sequence, writer, nodes, senders) VALUES ($1, 0, $2, ARRAY[$3], '{}')
ON CONFLICT DO NOTHING
"""


async def take_dispatch(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """A copy for each of the units here that it is for; told twice it is the same one. Raises Refused for what is not
    the sending node's to send.
    """
    told: Dispatch = letter.data
    sender = resources.of(runtime).units.units.get(told.from_unit)
    if sender is None or sender.node != letter.node:
        raise Refused("message-unreadable", reason="the sending unit is not of the node that sends")
    known = await store.dispatch_of_any(session, letter.subject)
    if known is None:
        await _note(runtime, session, letter)
    elif known.node != letter.node:
        raise Refused("message-unreadable", reason="a dispatch of another node")
    for unit in told.to_units:
        await _arrive(runtime, session, letter, unit)


async def _note(runtime: Runtime, session: Session, letter: Envelope) -> None:
    told: Dispatch = letter.data
    units = resources.of(runtime).units.units
    await session.raw.execute("INSERT INTO petitions (id) VALUES ($1) ON CONFLICT DO NOTHING", letter.subject)
    if await session.raw.fetchval(CONTAINER, letter.subject, told.petition, told.accused_units) is None:
        raise Refused("message-unreadable", reason="the id is that of a petition")
    regions = [(letter.subject, units[unit].region) for unit in told.to_units if unit in units]
    await access.add_scopes(session, regions)
    await session.raw.execute(SOURCE, letter.subject, runtime.node, letter.node)
    kind = told.kind if told.kind in {"paper", "bulletin"} else "paper"
    await session.sql.execute(insert(dispatches).values(
        id=letter.subject, kind=kind, node=letter.node, unit=told.from_unit,
        title=runtime.keyring.encrypt(told.title, title_binding(letter.subject)), petition_id=told.petition,
        only=told.only, urgency=told.urgency, answer_by=told.answer_by, body=told.body, items=told.items,
        recipients=told.recipients, answers=told.answers, source=told.source, source_unit=told.source_unit,
        made_by=told.by, made_at=told.sent_at, sent_by=told.by, sent_at=told.sent_at,
    ))  # fmt: skip


async def _arrive(runtime: Runtime, session: Session, letter: Envelope, unit: str) -> None:
    told: Dispatch = letter.data
    await _remember(runtime, session, letter, unit)
    row = await _of_sender(session, letter, unit)
    if row is not None and row.from_unit is None:  # its first copy; what overtook it stands
        now = runtime.clock.now()
        columns: dict[str, Any] = {"from_unit": told.from_unit, "kind": told.kind, "sent_at": told.sent_at,
                                   "answer_by": told.answer_by}  # fmt: skip
        why = await _barred(runtime, session, told, unit)
        if row.state == "sent" and why is not None:
            reason = runtime.keyring.encrypt(CATALOGUE[why].zh, copy_binding(letter.subject, unit, "reason"))
            columns |= {"state": "returned", "version": row.version + 1, "ended_at": now, "reason": reason}
        elif row.state == "sent":
            columns |= {"state": after("sent", "arrive"), "version": row.version + 1, "arrived_at": now}
        row = await store.change(session, letter.subject, unit, **columns)
        detail = {"unit": unit, "node": letter.node, "state": row.state}
        audit.note(session, "take-dispatch", subject=letter.subject, at=now, detail=detail)
    if row is not None:
        tell(runtime, session, row)


async def _barred(runtime: Runtime, session: Session, told: Dispatch, unit: str) -> str | None:
    """Why a unit does not get it: slug of a refusal. What it is about may accuse more units than the sender knew."""
    units = resources.of(runtime).units
    found = units.units.get(unit)
    if found is None or found.node != runtime.node:
        return "unknown-unit"
    about = (await session.sql.execute(select(petitions).where(petitions.c.id == told.petition))).one_or_none()
    accused = {*told.accused_units, *(() if about is None else (*about.registered_accused, *about.case_accused))}
    if units.is_kept_from(found, accused):
        return "accused-unit"
    return "not-among-readers" if told.only is not None and unit not in told.only else None


async def _remember(runtime: Runtime, session: Session, letter: Envelope, unit: str) -> None:
    """A row for the copy, also of what has not come: a recall or an urge may overtake it."""
    row = {"dispatch_id": letter.subject, "to_unit": unit, "node": runtime.node, "from_node": letter.node}
    await session.sql.execute(insert(copies).values(row).on_conflict_do_nothing())


async def _of_sender(session: Session, letter: Envelope, unit: str) -> Row[Any] | None:
    """The copy, locked; None when another node sent it."""
    row = await store.copy_of_any(session, letter.subject, unit)
    if row is None or row.from_node != letter.node:
        log.error("exchange.not_the_sender", dispatch=str(letter.subject), node=letter.node)
        return None
    return row


async def take_recall(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """It wins where the unit has not signed for it yet; the answer is how the copy stands."""
    asked: DispatchRecall = letter.data
    for unit in asked.to_units:
        await _remember(runtime, session, letter, unit)
        row = await _of_sender(session, letter, unit)
        if row is not None:
            if row.state in UNREAD:
                row = await recalled(runtime, session, row)
            tell(runtime, session, row)


async def recalled(runtime: Runtime, session: Session, row: Row[Any], by: str | None = None) -> Row[Any]:
    """A copy of a unit of this node that nobody has read. Raises Refused."""
    state, now = after(row.state, "recall"), runtime.clock.now()
    audit.note(session, "recall-dispatch", subject=row.dispatch_id, at=now, actor=by, detail={"unit": row.to_unit})
    return await store.change(
        session, row.dispatch_id, row.to_unit, state=state, version=row.version + 1, ended_at=now, ended_by=by,
        urge_next_at=None,
    )  # fmt: skip


async def take_urge(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """How often it was urged, the highest counts."""
    told: DispatchUrge = letter.data
    await _remember(runtime, session, letter, told.to_unit)
    row = await _of_sender(session, letter, told.to_unit)
    if row is not None and row.urged < told.times:
        await store.change(session, letter.subject, told.to_unit, urged=told.times, urged_at=told.at)


async def take_receipt(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """How a copy of ours stands, of the node that has it; older than what is known, it says nothing."""
    told: DispatchReceipt = letter.data
    row = await store.copy_of_any(session, letter.subject, told.to_unit)
    if row is None or (row.node, row.from_node) != (letter.node, runtime.node):
        log.error("exchange.not_the_receiver", dispatch=str(letter.subject), node=letter.node)
        return
    if told.state not in get_args(State):
        raise Refused("message-unreadable", reason="a state that is not known here")
    if letter.version <= row.version:
        return
    unread = told.state in UNREAD
    columns = told.model_dump(exclude={"to_unit", "reason", "note"})
    for column in ("reason", "note"):
        words = getattr(told, column)
        columns[column] = words and runtime.keyring.encrypt(words, copy_binding(letter.subject, told.to_unit, column))
    columns |= {"version": letter.version, "urge_next_at": row.urge_next_at if unread else None}
    await store.change(session, letter.subject, told.to_unit, **columns)
    if told.state in {"returned", "recalled"}:
        await session.raw.execute(store.NODES, letter.subject, runtime.node)
    detail = {"unit": told.to_unit, "node": letter.node, "state": told.state}
    audit.note(session, "take-receipt", subject=letter.subject, at=runtime.clock.now(), detail=detail)


def words_of(runtime: Runtime, row: Row[Any]) -> Mapping[str, str | None]:
    """What was written on a copy, in clear: reason, note. The row has the id of the dispatch as dispatch_id or id."""
    dispatch_id = row.dispatch_id if hasattr(row, "dispatch_id") else row.id
    return {
        column: (stored := getattr(row, column))
        and runtime.keyring.decrypt(stored, copy_binding(dispatch_id, row.to_unit, column))
        for column in ("reason", "note")
    }


def tell(runtime: Runtime, session: Session, row: Row[Any]) -> None:
    """The sender's node learns how a copy stands, where it is another one."""
    if row.from_node == runtime.node:
        return
    receipt = DispatchReceipt(
        to_unit=row.to_unit, state=row.state, arrived_at=row.arrived_at, signed_at=row.signed_at,
        signed_by=row.signed_by, ended_at=row.ended_at, ended_by=row.ended_by, answered_at=row.answered_at,
        adoption=row.adoption, adopted_at=row.adopted_at, **words_of(runtime, row),
    )  # fmt: skip
    post(runtime, session, RECEIPT, receipt, to=row.from_node, subject=row.dispatch_id, sequence=row.version)


async def answered(runtime: Runtime, session: Session, who: Principal, dispatch_id: UUID) -> None:
    """The unit's own dispatch answers one that it has signed for. Raises Refused("not-found")."""
    row = await store.find_received(session, dispatch_id, who, lock=True)
    if row is None:
        raise Refused("not-found")
    if row.answered_at is None and row.state == "signed":
        await _tell_next(runtime, session, row, answered_at=runtime.clock.now())


async def _tell_next(runtime: Runtime, session: Session, row: Row[Any], **columns: Any) -> Row[Any]:
    """The next version of a copy that `find_received` has found and locked."""
    changed = await store.change(session, row.id, row.to_unit, version=row.version + 1, **columns)
    tell(runtime, session, changed)
    return changed


async def next_of(
    runtime: Runtime, session: Session, row: Row[Any], who: Principal, action: str, **columns: Any
) -> Row[Any]:
    """What the unit of a copy does with it: the next version, who may read it then, the audit."""
    changed = await _tell_next(runtime, session, row, **columns)
    await session.raw.execute(store.READERS, row.id, runtime.node)
    access.note(runtime, session, who, row.id, action)
    return changed


LETTERS: Mapping[str, Handler] = {
    "documents.dispatch.v1": each(take_dispatch),
    "documents.dispatch-receipt.v1": each(take_receipt),
    "documents.dispatch-recall.v1": each(take_recall),
    "documents.dispatch-urge.v1": each(take_urge),
}
