"""The small tree of units that handles simulated petitions, who works there, and the rules routing really holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random

from contracts import units
from contracts.units import UnitDirectory
from kit.paths import ancestors, lies_in
from routing.decisions import Counting
from routing.domain import Actor
from routing.procedures.library import Library
from routing.resources import Resources
from routing.settings import Settings
from routing.timing.calendars import WorkingDays
from routing.timing.clocks import CountingPolicy
from routing.timing.counting import CHINA, china_day

NODE = "33"  # one node serves them all
# code, name, region: the first unit of a region is its petition office
TREE = (
    ("330000-xf", "省信访局", "33"),
    ("330000-rst", "省人力资源和社会保障厅", "33"),
    ("330000-zjt", "省住房和城乡建设厅", "33"),
    ("330200-xf", "市信访局", "33.02"),
    ("330200-jtj", "市交通运输局", "33.02"),
    ("330200-jyj", "市教育局", "33.02"),
    ("330225-xf", "东县信访局", "33.02.25"),
    ("330225-zjj", "东县住房和城乡建设局", "33.02.25"),
    ("330225-slj", "东县水利局", "33.02.25"),
    ("330225-nyj", "东县农业农村局", "33.02.25"),
    ("330226-xf", "西县信访局", "33.02.26"),
    ("330226-zjj", "西县住房和城乡建设局", "33.02.26"),
    ("330226-slj", "西县水利局", "33.02.26"),
    ("330225100-xf", "河口镇信访办公室", "33.02.25.100"),
    ("330225100-czb", "河口镇村镇建设办公室", "33.02.25.100"),
    ("330225100-nyb", "河口镇农业农村办公室", "33.02.25.100"),
    ("330225101-xf", "山前乡信访办公室", "33.02.25.101"),
    ("330226100-xf", "平桥镇信访办公室", "33.02.26.100"),
    ("330226100-czb", "平桥镇村镇建设办公室", "33.02.26.100"),
)
HOTLINE = "330200-xf"  # 12345 is the city's; what nobody claims in time goes to its default unit
DEFAULT_UNIT = "330200-jtj"
# who works in every unit; two handlers, so that a chain with a handler in it can have four eyes
STAFF = (("clerk", "clerk"), ("handler-1", "handler"), ("handler-2", "handler"), ("leader", "leader"),
         ("supervisor", "supervisor"))  # fmt: skip
OPENS, SHUTS = 9 * 60, 17 * 60  # minutes of the day between which offices act


@dataclass(frozen=True)
class World:
    """held: what routing itself holds while it runs: superiors, procedures and the calendar are the real ones."""

    held: Resources
    staff: dict[str, tuple[Actor, ...]]

    def place(self, code: str) -> units.Unit:
        return self.held.units.units[code]

    def line(self, code: str) -> set[str]:
        """A unit and all above it: what accuses one of these is kept from it (Art 30)."""
        return {code, *self.held.units.above(code, self.place(code).region)}

    def office(self, region: str) -> units.Unit:
        return next(unit for unit in self.held.units.units.values() if unit.region == region)

    def covers(self, above: str, code: str) -> bool:
        """Whether a unit is the petition office of a region in which the other one lies."""
        unit = self.place(above)
        return self.office(unit.region).code == above and lies_in(self.place(code).region, unit.region)

    def towards(self, holder: str, owner: str) -> str:
        """The next unit on the way to the one whose matter it is: down tier by tier, else up to a superior."""
        here, there = self.place(holder), self.place(owner)
        if self.covers(holder, owner):
            below = [region for region in ancestors(there.region) if lies_in(region, here.region)]
            return self.office(below[-2]).code if len(below) > 1 else owner
        above = self.held.units.superior(here)
        return above.code if above else owner

    def in_office_hours(self, at: datetime, rng: Random) -> datetime:
        """The moment itself, or one at the beginning of the next working day."""
        local = at.astimezone(CHINA)
        minute = local.hour * 60 + local.minute
        working = self.held.counting.calendar.working
        if working(local.date()) and OPENS <= minute < SHUTS:
            return at
        day = china_day(at) + timedelta(days=0 if minute < OPENS else 1)
        while not working(day):
            day += timedelta(days=1)
        begun = datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(minutes=OPENS)
        return (begun + timedelta(minutes=rng.randrange(SHUTS - OPENS))).astimezone(at.tzinfo)


@cache
def world() -> World:
    directory = UnitDirectory(units.Unit(*row, NODE) for row in TREE)
    held = Resources(
        directory, Settings(default_unit=DEFAULT_UNIT), Library.of_node(NODE, None),
        Counting(WorkingDays.read(), CountingPolicy()),
    )  # fmt: skip
    staff = {
        unit.code: tuple(
            Actor(f"{unit.code}.{who}", unit.code, unit.node, frozenset({role}), above) for who, role in STAFF
        )
        for unit, above in ((each, directory.above(each.code, each.region)) for each in directory.units.values())
    }
    return World(held, staff)
