"""What comes in: a seeded stream of petitions, plausible in kind, route, channel, and in whose matter it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from kit.paths import ancestors
from node.simulating.world import HOTLINE, World
from routing.timing.counting import midnight

T = TypeVar("T")

KINDS = (("appeal", 78), ("suggestion", 14), ("accusation", 8))
ROUTES = ((6, 62), (4, 11), (5, 10), (1, 9), (2, 5), (3, 3))
CHANNELS = (("web", 34), ("call", 24), ("visit", 17), ("letter", 14), ("superior", 4), ("wechat", 4), ("mailbox", 3))
HOTLINE_ORDERS = (("hotline-order", 55), ("hotline-urgent", 25), ("hotline-inquiry", 20))
# with a route of its own an appeal need not be screened; most are registered without one
SCREENED_AT_ONCE = 0.35
REPEATS = 0.08
TERMINATED_BEFORE = 0.015
WRONG_SENDER = 0.14
TO_THE_ACCUSED = 0.2  # of accusations are brought to the office of the accused place


@dataclass(frozen=True, slots=True)
class Petition:
    """route: the right one, whoever screens finds it; registered_route: what registration said; procedure: the one that
    screening chooses, None for the default; owner: the unit whose matter it is; confusing: it is first sent astray.
    """

    id: UUID
    number: str
    at: datetime
    channel: str
    kind: str
    route: int | None
    registered_route: int | None
    procedure: str | None
    unit: str
    owner: str
    accused: tuple[str, ...]
    repeat: bool
    terminated_before: bool
    confusing: bool


def one_of(rng: Random, weighted: Sequence[tuple[T, float]]) -> T:
    return rng.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]


def stream(rng: Random, world: World, start: date, days: int, petitions: int) -> Iterator[Petition]:
    """So many petitions, spread over the days, fewer on days without work; in order of time."""
    calendar = world.held.counting.calendar
    dates = [start + timedelta(days=n) for n in range(days)]
    weights = [1.0 if calendar.working(day) else 0.25 for day in dates]
    moments = sorted(
        midnight(day) + timedelta(seconds=rng.randrange(8 * 3600, 20 * 3600))
        for day in rng.choices(dates, weights, k=petitions)
    )
    for count, at in enumerate(moments, start=1):
        yield _petition(rng, world, at, count)


def _petition(rng: Random, world: World, at: datetime, count: int) -> Petition:
    kind, channel = one_of(rng, KINDS), one_of(rng, CHANNELS)
    accused = (_anybody(rng, world),) if kind == "accusation" else ()
    owner, unit = _units(rng, world, channel, accused)
    route = one_of(rng, ROUTES) if kind == "appeal" else None
    terminated = kind == "appeal" and rng.random() < TERMINATED_BEFORE
    return Petition(
        id=UUID(int=rng.getrandbits(128), version=4), number=f"SIM{count:07d}", at=at, channel=channel, kind=kind,
        route=route, registered_route=route if rng.random() < SCREENED_AT_ONCE else None,
        procedure=_procedure(rng, channel, kind, route), unit=unit, owner=owner, accused=accused,
        repeat=terminated or rng.random() < REPEATS, terminated_before=terminated,
        confusing=rng.random() < WRONG_SENDER,
    )  # fmt: skip


def _procedure(rng: Random, channel: str, kind: str, route: int | None) -> str | None:
    if channel == "call" and kind != "accusation":
        return one_of(rng, HOTLINE_ORDERS)
    if route == 6 and rng.random() < 0.3:
        return one_of(rng, (("simple", 7), ("screening-mediation", 3)))
    if kind == "suggestion" and rng.random() < 0.25:
        return "simple"
    if route in {4, 5} and rng.random() < 0.5:
        return "administrative-flow"
    return None


def _anybody(rng: Random, world: World) -> str:
    """Not the highest office: who accuses it goes to an organ outside this tree."""
    return rng.choice([code for code in world.held.units.units if code != world.office("33").code])


def _units(rng: Random, world: World, channel: str, accused: tuple[str, ...]) -> tuple[str, str]:
    """Whose matter it is, and the petition office that registers it: of that place or above it, or of the accused."""
    free = [code for code in world.held.units.units if not _of_the_accused(world, code, accused)]
    owner = rng.choices(free, [_share(world, code) for code in free])[0]
    if accused and rng.random() < TO_THE_ACCUSED:
        return owner, world.office(world.place(accused[0]).region).code
    offices = [world.office(region).code for region in ancestors(world.place(owner).region)]
    if channel == "call" and HOTLINE in offices:
        return owner, HOTLINE
    return owner, rng.choice(offices)


def _share(world: World, code: str) -> float:
    """Townships and counties have most of the matters."""
    return {1: 0.4, 2: 0.8, 3: 2.0, 4: 3.0}[world.place(code).region.count(".") + 1]


def _of_the_accused(world: World, code: str, accused: tuple[str, ...]) -> bool:
    """The accused unit, and those below it (Art 30)."""
    return not world.line(code).isdisjoint(accused)
