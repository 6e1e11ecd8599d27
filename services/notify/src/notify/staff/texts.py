"""Alarms about texts of telephones, for those at whose desk they lie."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.desk import store
from notify.desk.domain import lines_of, reference_of
from notify.staff import usecases
from notify.staff.domain import Heard, addressees
from notify.staff.store import Item

MOST = 20  # conversations of a unit that are told one by one; more at once are one item, which leads to the desk
HELD = "SELECT phone_key, unit FROM conversations WHERE phone_key = ANY($1::bytea[]) AND closed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Late:
    """A text that still waits. event_id: of the event that tells of it; handed_to: the unit that was given it."""

    event_id: UUID
    phone_key: bytes
    handed_to: str | None


async def tell(runtime: Runtime, session: Session, kind: str, late: Sequence[Late]) -> None:
    """Whoever the table names of the unit at whose desk each text lies, with a link to its conversation; nobody of one
    that he may not read (desk/unread.py looks for who may).
    """
    if not late:
        return
    keys = list({each.phone_key for each in late})
    held = {(row["phone_key"], row["unit"]) for row in await session.raw.fetch(HELD, keys)}
    office = runtime.settings.node.office_unit
    by_unit: defaultdict[str, list[Late]] = defaultdict(list)
    for each in late:
        handed = each.handed_to is not None and (each.phone_key, each.handed_to) in held
        by_unit[(each.handed_to if handed else None) or office].append(each)
    made = [
        item
        for unit, texts in sorted(by_unit.items())
        for conversation, among in _grouped(await _open(runtime, session, unit, texts))
        for item in _items(runtime, kind, unit, conversation, among)
    ]
    await usecases.keep(runtime, session, made)


async def _open(runtime: Runtime, session: Session, code: str, texts: Sequence[Late]) -> list[Late]:
    units = resources.of(runtime).units
    lines = lines_of(code, units.above(code, units.units[code].region))
    kept = await store.kept(session, {each.phone_key for each in texts}, lines)
    return [each for each in texts if each.phone_key not in kept]


def _grouped(texts: Iterable[Late]) -> Iterator[tuple[UUID | None, Sequence[Late]]]:
    """By conversation; all in one, without its name, where there are too many."""
    of_phone: defaultdict[bytes, list[Late]] = defaultdict(list)
    for each in texts:
        of_phone[each.phone_key].append(each)
    if len(of_phone) > MOST:
        yield None, [each for among in of_phone.values() for each in among]
    else:
        yield from ((reference_of(key), among) for key, among in of_phone.items())


def _items(runtime: Runtime, kind: str, unit: str, conversation: UUID | None, texts: Sequence[Late]) -> Iterator[Item]:
    for to in addressees(Heard(kind, {"desk": (unit,)})):
        yield Item(
            id=runtime.ids.new(), event_id=texts[0].event_id, event_type=kind, unit=unit,
            region=resources.of(runtime).units.units[unit].region, roles=to.roles, kind=to.kind, petition_id=None,
            number="", conversation=conversation, about=str(len(texts)) if len(texts) > 1 else "", level="",
            reason=None, due_at=None, at=runtime.clock.now(),
        )  # fmt: skip
