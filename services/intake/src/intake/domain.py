"""The rules of registering a petition (信访事项). Standard library only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from kit.errors import Refused

CHANNELS = (
    "letter", "visit", "call", "fax", "web", "sms", "wechat", "forum", "mailbox", "superior", "screening",
)  # fmt: skip
KINDS = ("suggestion", "accusation", "appeal")  # Art 29-31
CHINA = timezone(timedelta(hours=8))
LANES = 32


@dataclass(frozen=True, slots=True)
class Petitioner:
    """Who raised it (信访人); every field may be missing, an anonymous petition has no petitioner at all."""

    name: str | None = None
    id_number: str | None = None
    phone: str | None = None
    address: str | None = None

    def __repr__(self) -> str:
        return "Petitioner(…)"


@dataclass(frozen=True, slots=True)
class Matter:
    """What was raised, as it was said."""

    channel: str
    kind: str
    title: str
    content: str
    category: str | None = None
    about_region: str | None = None
    accused_units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Petition:
    """A registered petition: never deleted, its number never reused."""

    id: UUID
    number: str
    region: str
    unit: str
    matter: Matter
    petitioners: tuple[Petitioner, ...]
    received_at: datetime
    registered_at: datetime
    registered_by: str
    external_id: str | None = None

    @property
    def phone(self) -> str | None:
        """Where the petitioner can be told."""
        return next((each.phone for each in self.petitioners if each.phone), None)


def register(
    *,
    petition_id: UUID,
    number: str,
    region: str,
    unit: str,
    by: str,
    matter: Matter,
    petitioners: tuple[Petitioner, ...],
    now: datetime,
    received_at: datetime | None = None,
    external_id: str | None = None,
) -> Petition:
    """Register what a unit received (Art 22). Raises Refused."""
    received = received_at or now
    if received > now + timedelta(minutes=5):
        raise Refused("received-in-the-future", field="received_at")
    # Art 30, 46(5): an accusation and its sender never reach the accused unit
    if unit in matter.accused_units:
        raise Refused("accused-unit", rule="Art 30")
    return Petition(
        id=petition_id,
        number=number,
        region=region,
        unit=unit,
        matter=matter,
        petitioners=petitioners,
        received_at=received.astimezone(UTC),
        registered_at=now,
        registered_by=by,
        external_id=external_id,
    )


def in_lane(count: int, lane: int) -> int:
    """The sequence number that the count-th petition of a day takes at a node of this lane.

    Nodes that share a 6-digit region (a county and its townships) write into separate lanes, so no two
    of them ever give the same number.
    """
    return count * LANES + lane
