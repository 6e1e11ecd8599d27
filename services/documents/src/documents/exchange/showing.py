"""Dispatches as people are shown them: names of units, titles and words in clear, what of it may be read."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.exchange import store
from documents.exchange.contents import Item, contents, in_order
from documents.exchange.domain import UNREAD, is_overdue
from documents.exchange.models import (
    CopyOut,
    CountRow,
    Counts,
    DispatchOut,
    ItemOut,
    ReceivedRow,
    SentRow,
    UnitOut,
    UnreadRow,
)
from documents.exchange.receiving import words_of
from documents.exchange.writing import title_binding
from documents.moving.domain import FILE, PAPER
from documents.seals.domain import CHINA
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

LONGEST = timedelta(days=366 * 5)


async def read(runtime: Runtime, session: Session, reader: Principal, dispatch_id: UUID) -> DispatchOut:
    """As `show`; the reading is recorded. Raises Refused("not-found")."""
    shown = await show(runtime, session, reader, dispatch_id)
    access.note(runtime, session, reader, dispatch_id, "read-dispatch")
    return shown


async def show(runtime: Runtime, session: Session, reader: Principal, dispatch_id: UUID) -> DispatchOut:
    """For its sender, or for a unit it went to. Raises Refused("not-found")."""
    await session.flush()
    own = await store.find_own(session, dispatch_id, reader)
    row = own or await store.find_received(session, dispatch_id, reader)
    if row is None:
        raise Refused("not-found")
    opened = own is not None or row.state == "signed"
    items = None
    if opened:
        found = await contents(runtime.keyring, session, dispatch_id)
        items = list(found.values()) if row.sent_at is None else in_order(found, row.items)
    copies = await store.copies_of(session, dispatch_id) if own is not None else []
    return DispatchOut(
        **_told(runtime, row), petition_id=row.petition_id, made_by=row.made_by, made_at=row.made_at,
        sent_by=row.sent_by, recipients=[_unit(runtime, code) for code in row.recipients], body=row.body,
        items=None if items is None else [_item(dispatch_id, item) for item in items], answers=row.answers,
        source=row.source, source_unit=row.source_unit and _unit(runtime, row.source_unit), own=own is not None,
        copies=[_copy(runtime, copy, row) for copy in copies],
        copy_=None if own is not None else _copy(runtime, row, row),
    )  # fmt: skip


def _unit(runtime: Runtime, code: str) -> UnitOut:
    found = resources.of(runtime).units.units.get(code)
    return UnitOut(code=code, name=code if found is None else found.name)


def _told(runtime: Runtime, row: Row[Any]) -> dict[str, Any]:
    """Of a dispatch; what was recalled keeps its title to itself."""
    recalled = getattr(row, "state", None) == "recalled"
    return {
        "dispatch_id": row.id, "kind": row.kind, "unit": row.unit, "unit_name": _unit(runtime, row.unit).name,
        "title": None if recalled else runtime.keyring.decrypt(row.title, title_binding(row.id)),
        "urgency": row.urgency, "answer_by": row.answer_by, "sent_at": row.sent_at,
    }  # fmt: skip


def _item(dispatch_id: UUID, item: Item) -> ItemOut:
    of = f"/api/documents/v1/petitions/{dispatch_id}"
    path = {FILE: f"{of}/files/{item.id}", PAPER: f"{of}/papers/{item.id}"}
    return ItemOut(
        item_id=item.id, kind=item.kind, what=item.what, name=item.name, bytes=item.bytes, here=item.here,
        pending=item.pending, paper_id=item.paper_id, path=path.get(item.kind, f"{of}/papers/{item.paper_id}/sealed"),
    )  # fmt: skip


def _copy(runtime: Runtime, copy: Row[Any], dispatch: Row[Any]) -> CopyOut:
    asked = getattr(copy, "recall_asked_at", None) is not None
    recall = None if not asked or copy.state == "recalled" else "asked" if copy.state in UNREAD else "lost"
    return CopyOut(
        unit=copy.to_unit, unit_name=_unit(runtime, copy.to_unit).name, state=copy.state, arrived_at=copy.arrived_at,
        signed_at=copy.signed_at, signed_by=copy.signed_by, ended_at=copy.ended_at, ended_by=copy.ended_by,
        recall=recall, urged=copy.urged, urged_at=copy.urged_at, answered_at=copy.answered_at,
        overdue=_overdue(runtime, dispatch.answer_by, copy), adoption=copy.adoption, adopted_at=copy.adopted_at,
        **words_of(runtime, copy),
    )  # fmt: skip


def _overdue(runtime: Runtime, answer_by: datetime | None, copy: Row[Any]) -> bool:
    return is_overdue(answer_by, copy.answered_at, copy.state, runtime.clock.now())


def sent_row(runtime: Runtime, row: Row[Any]) -> SentRow:
    return SentRow(
        **_told(runtime, row), petition_id=row.petition_id, recipients=len(row.recipients), unread=row.unread,
        ended=row.ended, answered=row.answered,
    )  # fmt: skip


def received_row(runtime: Runtime, row: Row[Any]) -> ReceivedRow:
    return ReceivedRow(
        **_told(runtime, row), state=row.state, arrived_at=row.arrived_at, urged=row.urged,
        answered_at=row.answered_at, overdue=_overdue(runtime, row.answer_by, row), adoption=row.adoption,
    )  # fmt: skip


def unread_row(runtime: Runtime, row: Row[Any]) -> UnreadRow:
    units = [_unit(runtime, code) for code in sorted(row.units)]
    return UnreadRow(**_told(runtime, row), units=units, urged=row.urged)


async def counts(runtime: Runtime, session: Session, reader: Principal, since: date, until: date) -> Counts:
    """Raises Refused("invalid-input") for a period that ends before it begins, or has more than five years."""
    if not timedelta(0) <= until - since <= LONGEST:
        reason = "from the first day to the last, five years at most (起止日期有误,最长五年)"
        raise Refused("invalid-input", errors=[{"field": "query.until", "reason": reason}])
    start = datetime.combine(since, time(), CHINA)
    rows = await store.counts(session, reader.unit, start, datetime.combine(until + timedelta(days=1), time(), CHINA))
    return Counts(since=since, until=until, rows=[
        CountRow(
            unit=_unit(runtime, row["from_unit"]), to_unit=_unit(runtime, row["to_unit"]), own=row["own"],
            **{name: row[name] for name in ("sent", "adopted", "by_instruction", "merged", "not_adopted")},
        )
        for row in rows
    ])  # fmt: skip
