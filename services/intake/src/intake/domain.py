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
    representative: bool = False

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
    route: int | None = None


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """group_from: head-count that makes a group petition (集体访); representatives: how many may speak for it."""

    group_from: int = 5
    representatives: int = 5


@dataclass(frozen=True, slots=True)
class Repeat:
    """of: the earlier petition of the same person and matter; terminated: that matter went through re-review."""

    of: UUID
    terminated: bool


@dataclass(frozen=True, slots=True)
class Petition:
    """A registered petition: never deleted, its number never reused. head_count: people that raised it, named or not;
    version: of its public state.
    """

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
    head_count: int = 0
    group: bool = False
    repeat: Repeat | None = None
    version: int = 1

    @property
    def group_visit(self) -> bool:
        """A group that came in person: the tiers above are told at once."""
        return self.group and self.matter.channel == "visit"

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
    group_size: int | None = None,
    repeat: Repeat | None = None,
    policy: GroupPolicy = GroupPolicy(),
) -> Petition:
    """Register what a unit received (Art 22). Raises Refused."""
    received = received_at or now
    _check(matter, received, now)
    head_count = heads(petitioners, group_size, policy)
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
        head_count=head_count,
        group=head_count >= policy.group_from,
        repeat=repeat,
    )


def _check(matter: Matter, received: datetime, now: datetime) -> None:
    if received > now + timedelta(minutes=5):
        raise Refused("received-in-the-future", field="received_at")
    if matter.route is not None and matter.kind != "appeal":
        raise Refused("route-of-no-appeal", field="route", rule="Art 31")


def heads(people: tuple[Petitioner, ...], group_size: int | None, policy: GroupPolicy) -> int:
    """How many people raised it. Raises Refused."""
    representatives = sum(person.representative for person in people)
    if representatives > policy.representatives:
        raise Refused("too-many-representatives", rule="Art 20", most=policy.representatives, given=representatives)
    if group_size is not None and group_size < len(people):
        raise Refused("group-smaller-than-named", field="group_size", named=len(people))
    return len(people) if group_size is None else group_size


def in_lane(count: int, lane: int) -> int:
    """The sequence number that the count-th petition of a day takes at a node of this lane.

    Nodes that share a 6-digit region (a county and its townships) write into separate lanes, so no two
    of them ever give the same number.
    """
    return count * LANES + lane
