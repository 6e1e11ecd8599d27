"""What can be done with a round of quality review (专项评查): opening it draws its cases, closing it ends it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import resources
from documents.quality import store
from documents.quality.domain import MOST_CASES, Checklist, reviewer_of
from documents.quality.sampling import Drawn, Wanted, draw
from documents.quality.sealing import sealed, title_binding
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime


@dataclass(frozen=True, slots=True)
class RoundWanted:
    """units, reviewers: codes; none given: all units of this node in the leader's region, and the leader's own."""

    title: str = field(repr=False)
    checklist: str
    begins: date
    ends: date
    units: Sequence[str]
    reviewers: Sequence[str]
    size: int | None
    percent: int | None


async def open_round(runtime: Runtime, session: Session, leader: Principal, wanted: RoundWanted) -> Row[Any]:
    """Draw cases and give each to a unit that did not handle it; returns the round's row.

    Raises Refused: "checklist-unknown-here", "quality-unit-elsewhere", "quality-nothing-drawn", "quality-too-many".
    """
    checklist = resources.of(runtime).checklists.get(wanted.checklist)
    units = _units(runtime, leader, wanted.units or _own_units(runtime, leader))
    reviewers = _units(runtime, leader, wanted.reviewers or (leader.unit,))
    asked = Wanted(
        secrets.token_hex(16), wanted.begins, wanted.ends, units, [_anybody_of(runtime, code) for code in reviewers],
        wanted.size, wanted.percent,
    )  # fmt: skip
    drawn = await draw(session, leader, asked)
    if not drawn:
        raise Refused("quality-nothing-drawn")
    if len(drawn) > MOST_CASES:
        raise Refused("quality-too-many", most=MOST_CASES)
    round_id, at = runtime.ids.new(), runtime.clock.now()
    row = await store.add_round(
        session, [_given(place, each) for place, each in enumerate(drawn, 1)], id=round_id, unit=leader.unit,
        title=sealed(runtime, wanted.title, title_binding(round_id)), checklist=checklist.key, digest=checklist.digest,
        begins=wanted.begins, ends=wanted.ends, units=units, reviewers=reviewers, size=wanted.size,
        percent=wanted.percent, seed=asked.seed, population=sum({each.unit: each.of for each in drawn}.values()),
        opened_by=leader.subject, opened_at=at,
    )  # fmt: skip
    note(runtime, session, leader, round_id, "open-quality-round", seed=asked.seed, cases=str(len(drawn)))
    return row


def _units(runtime: Runtime, leader: Principal, codes: Sequence[str]) -> list[str]:
    """Those of this node in the leader's region: whose documents are here, and who can work here."""
    directory = resources.of(runtime).units.units
    for code in codes:
        unit = directory.get(code)
        if unit is None or unit.node != runtime.node or not lies_in(unit.region, leader.region):
            raise Refused("quality-unit-elsewhere", unit=code[:64])
    return sorted(set(codes))


def _own_units(runtime: Runtime, leader: Principal) -> list[str]:
    units = resources.of(runtime).units.units.values()
    return [each.code for each in units if each.node == runtime.node and lies_in(each.region, leader.region)]


def _anybody_of(runtime: Runtime, code: str) -> Principal:
    """Somebody of a unit, who holds no role: what only some there may read is not drawn for all of them."""
    directory = resources.of(runtime).units
    region = directory.units[code].region
    return Principal("", code, region, frozenset(), 0.0, directory.above(code, region))


def _given(place: int, each: Drawn) -> dict[str, Any]:
    return {
        "petition_id": each.petition_id, "position": place, "unit": each.unit, "handled_by": list(each.handled_by),
        "reviewer": reviewer_of(each.place, each.fit), "ended_on": each.ended_on,
    }  # fmt: skip


async def close_round(runtime: Runtime, session: Session, leader: Principal, round_id: UUID) -> Row[Any]:
    """End a round: nothing of it changes any more. Cases that the leader may not read (any longer) keep nobody.

    Raises Refused: "not-found", "not-allowed", "quality-cases-open", "quality-round-closed".
    """
    row = await found(session, round_id, leader, lock=True)
    if row.unit != leader.unit:
        raise Refused("not-allowed")
    if row.closed_at is not None:
        raise Refused("quality-round-closed")
    drawn = await store.list_cases(session, round_id, leader, 0, MOST_CASES)
    if waiting := sum(each.state != "concluded" for each in drawn):
        raise Refused("quality-cases-open", cases=waiting)
    await store.close_round(session, round_id, closed_by=leader.subject, closed_at=runtime.clock.now())
    note(runtime, session, leader, round_id, "close-quality-round")
    return await found(session, round_id, leader)


async def found(session: Session, round_id: UUID, reader: Principal, *, lock: bool = False) -> Row[Any]:
    """Raises Refused("not-found")."""
    row = await store.find_round(session, round_id, reader, lock=lock)
    if row is None:
        raise Refused("not-found")
    return row


def checklist_of(runtime: Runtime, row: Row[Any]) -> Checklist:
    """The one a round was opened with. Raises Refused("checklist-unknown-here")."""
    return resources.of(runtime).checklists.get(row.checklist)


def note(runtime: Runtime, session: Session, who: Principal, round_id: UUID, action: str, **detail: str) -> None:
    """Audit what was done with a round as a whole."""
    audit.note(
        session, action, subject=round_id, at=runtime.clock.now(), actor=who.subject, unit=who.unit, detail=detail
    )
