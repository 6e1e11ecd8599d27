"""Texts that wait for a person while their holder may not read them: they get a reader, or an alarm (Art 30, 保密)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import Row, and_, case, func, or_, select

from contracts.units import Unit, UnitDirectory
from kit import audit
from kit.app import Job
from kit.db import Session
from kit.readers import MARK
from kit.runtime import Runtime
from notify import resources
from notify.desk import store
from notify.desk.domain import lines_of, reference_of
from notify.desk.tables import conversations
from notify.inbound.tables import inbound
from notify.tables import phones

AT_ONCE = 1000
UNREAD = Gauge("xinqiao_texts_without_reader", "Texts that wait for a person, and nobody at this node may read them")
READERS = """
SELECT DISTINCT unnest(readers) AS reader FROM petitions WHERE id IN (
  SELECT id FROM petitions WHERE phone_key = $1
  UNION SELECT petition_id FROM inbound WHERE phone_key = $1 AND petition_id IS NOT NULL)
ORDER BY reader
"""
# who works on it already goes on, with what has come since
WORKS = "SELECT operator FROM conversations WHERE phone_key = $1 AND unit = $2 AND closed_at IS NULL"
HOLD = "SELECT key FROM phones WHERE key = $1 FOR UPDATE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Unread:
    """Texts of a telephone. unit: whose they are; to: the first unit that may read them, null: none may, or it is not
    known yet whom the petition accuses.
    """

    key: bytes
    unit: str
    texts: int
    oldest: datetime
    to: Unit | None


async def look(runtime: Runtime, session: Session) -> list[Unread]:
    """Of all that wait: what is kept from every operator of the unit whose it is."""
    units, found = resources.of(runtime).units, []
    for row in await _doubtful(session, units, runtime.settings.node.office_unit):
        holder = units.units.get(row.unit)
        if holder is None or not await _reads(session, units, row.key, holder):
            to = await _reader(runtime, session, row.key)
            found.append(Unread(row.key, row.unit, row.texts, row.oldest, to))
    return found


async def _doubtful(session: Session, units: UnitDirectory, office: str) -> Sequence[Row[Any]]:
    """(key, unit, texts, oldest) of texts that are kept from the office, or are not the office's; the oldest first."""
    held = store.holder(office)
    unit = case((inbound.c.handed_to == held, held), else_=office)
    kept = and_(*(store.kept_from(line) for line in _lines(units, units.units[office])))
    query = (
        select(phones.c.key, unit.label("unit"), func.count().label("texts"),
               func.min(inbound.c.received_at).label("oldest"))
        .select_from(inbound)
        .join(phones, phones.c.key == inbound.c.phone_key)
        .outerjoin(conversations, conversations.c.phone_key == phones.c.key)
        .where(inbound.c.state == "unparsed", or_(held != office, kept))
        .group_by(phones.c.key, unit)
        .order_by(func.min(inbound.c.received_at))
        .limit(AT_ONCE)
    )  # fmt: skip
    return (await session.sql.execute(query)).all()


def _lines(units: UnitDirectory, unit: Unit) -> list[list[str]]:
    return lines_of(unit.code, units.above(unit.code, unit.region))


async def _reads(session: Session, units: UnitDirectory, key: bytes, unit: Unit) -> bool:
    return await store.may_read(session, key, _lines(units, unit))


async def _reader(runtime: Runtime, session: Session, key: bytes) -> Unit | None:
    """The first unit of this node that may read the conversation, else the first one elsewhere: the office, whom a
    confidential petition names as its readers, the next higher unit that it does not accuse, and so on.
    """
    first, units = None, resources.of(runtime).units
    async for unit in _candidates(runtime, session, key):
        if await _reads(session, units, key, unit):
            if unit.node == runtime.node:
                return unit
            first = first or unit
    return first


async def _candidates(runtime: Runtime, session: Session, key: bytes) -> AsyncIterator[Unit]:
    office, units = runtime.settings.node.office_unit, resources.of(runtime).units
    named = [row["reader"].partition(MARK)[0] for row in await session.raw.fetch(READERS, key)]
    for code in dict.fromkeys((office, *named, *units.superiors(office))):
        if code in units.units:
            yield units.units[code]


async def hand_on(runtime: Runtime, session: Session) -> int:
    """To who may read them, where he is of this node; returns how many telephones. What nobody here may read is counted
    for an alarm.
    """
    found, now = await look(runtime, session), runtime.clock.now()
    here = [each for each in found if each.to is not None and each.to.node == runtime.node]
    for each in sorted(here, key=lambda each: each.key):
        if each.to is not None and await session.raw.fetchval(HOLD, each.key) is not None:
            operator = await session.raw.fetchval(WORKS, each.key, each.to.code)
            await store.hand(session, each.key, each.to.code, operator, now, share=None)
            audit.note(
                session, "hand-conversation", subject=reference_of(each.key), at=now, unit=each.unit,
                reason="no-reader", detail={"to": each.to.code},
            )  # fmt: skip
    UNREAD.set(sum(each.texts for each in found) - sum(each.texts for each in here))
    return len(here)


JOBS = (Job("notify.texts-unread", timedelta(seconds=30), hand_on),)
