"""信访工作条例 第二十三条: who decides an objection or a dispute, in what time, and what waits meanwhile."""

from datetime import datetime
from typing import Any

import pytest
from services.routing.tests.cases import OFFICE, PROVINCE, TOWN
from services.routing.tests.test_cases import COUNTY, NOTICE, TOWN_HERE, do, opened
from services.routing.tests.test_cases import OFFICE as OFFICE_HERE

from contracts.units import Unit as Entry
from contracts.units import UnitDirectory
from routing.decisions import Counting
from routing.domain import Case
from routing.main import service
from routing.procedures.library import Library
from routing.resources import Resources
from routing.settings import Settings
from routing.timing.clocks import Clock
from tests.law import handling
from tests.law.handling import handed_over
from tests.law.limits import POLICY, at, calendar
from tests.support.nodes import token

TREE = Resources(
    UnitDirectory(
        Entry(code, code, region, "33")
        for code, region in (
            ("province", "33"), ("city", "33.02"), ("county", "33.02.25"), ("bureau", "33.02.25"),
            ("town", "33.02.25.100"),
        )
    ),
    Settings(), Library.shipped(), Counting(calendar(), POLICY),
)  # fmt: skip
NOT_OURS: dict[str, Any] = {"reason": "not-ours", "note": "不属本单位职责"}
TO_DO = "/api/routing/v1/to-do"


def clock(case: Case, name: str) -> Clock:
    return next(each for each in case.clocks if each.name == name)


@pytest.mark.parametrize(
    ("regions", "parties", "settles"),
    [
        (("33.02.25", "33.02.25"), {"bureau", "county"}, "city"),  # a bureau and its own office
        (("33.02.25", "33.02.25.100"), {"bureau", "town"}, "county"),
        (("33.02.25", "33.02.25.100"), {"county", "town"}, "city"),
        (("33.02", "33.02.25.100"), {"city", "town"}, "province"),
        (("33", "33.02"), {"province", "city"}, None),
    ],
)
def test_no_party_settles_its_own_dispute(regions: tuple[str, str], parties: set[str], settles: str | None) -> None:
    found = TREE.arbiter(*regions, parties=parties)
    assert (found and found.code) == settles


def test_an_objection_that_becomes_a_dispute_is_counted() -> None:
    disputed = handling.do(handed_over("2025-09-15 10:00"), "object", "2025-09-16 10:00", TOWN, arbiter=PROVINCE,
                           objections=1, **NOT_OURS)  # fmt: skip
    assert (disputed.state, disputed.objections, disputed.objected_units) == ("disputed", 1, (TOWN.code,))


def test_the_sender_has_so_many_days_to_answer_and_the_unit_is_not_late_meanwhile() -> None:
    case = handed_over("2025-09-15 10:00")
    objected = handling.do(case, "object", "2025-09-16 10:00", TOWN, **NOT_OURS)
    assert clock(objected, "objection-answer").due_at == at("2025-09-24 00:00")
    assert clock(objected, "unit-notice").paused_at == at("2025-09-16 10:00")
    refused = handling.do(objected, "refuse-objection", "2025-09-22 10:00", OFFICE)
    assert not clock(refused, "objection-answer").open
    # from the 16th to the 22nd, so seven days more than the 30th of September, and over the holidays
    assert clock(refused, "unit-notice").due_at == at("2025-10-10 00:00")


def test_the_common_superior_has_so_many_days_and_then_the_unit_to_sign_for_it() -> None:
    case = handed_over("2025-09-15 10:00")
    disputed = handling.do(case, "object", "2025-09-16 10:00", TOWN, arbiter=PROVINCE, objections=1, **NOT_OURS)
    assert {each.name for each in disputed.clocks if each.open and each.paused_at is None} == {"objection-answer"}
    sent = handling.do(disputed, "arbitrate", "2025-09-18 10:00", PROVINCE, to=TOWN, arbiter=PROVINCE)
    assert {each.name for each in sent.clocks if each.open} == {"receive-hand-over"}


async def listed(routing: Any, who: str) -> list[tuple[str, str]]:
    found = (await routing.request("GET", TO_DO, who=who)).json()["items"]
    return [(each["id"], each["state"]) for each in found]


async def test_what_a_unit_must_decide_is_on_its_list_and_on_no_other(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "transfer", version=1, to_unit="330225101-xf")
    await do(routing, case, "receive", TOWN_HERE, version=2)
    assert await listed(routing, TOWN_HERE) == [(case, "received")]
    objected = (await do(routing, case, "object", TOWN_HERE, version=3, **NOT_OURS)).json()
    assert await listed(routing, OFFICE_HERE) == [(case, "objected")]
    assert await listed(routing, TOWN_HERE) == []
    (answer,) = [each for each in objected["clocks"] if each["name"] == "objection-answer"]
    assert datetime.fromisoformat(objected["due_at"]) == datetime.fromisoformat(answer["due_at"])
    await do(routing, case, "refuse-objection", version=4, note="属你乡职责")
    assert await listed(routing, TOWN_HERE) == [(case, "received")]
    assert await listed(routing, OFFICE_HERE) == []


async def test_a_dispute_with_a_department_goes_past_its_office_and_is_told(start: Any) -> None:
    """The county sends it to its bureau, which objects; the county insists on a second one: the city decides."""
    routing = await start(service, **COUNTY)
    case, bureau = await opened(routing), token("330225-js", "33.02.25", ["clerk"])
    await do(routing, case, "transfer", version=1, to_unit="330225101-xf")
    await do(routing, case, "receive", TOWN_HERE, version=2)
    await do(routing, case, "object", TOWN_HERE, version=3, **NOT_OURS)
    await do(routing, case, "agree-objection", version=4)
    await do(routing, case, "transfer", version=5, to_unit="330225-js")
    await do(routing, case, "receive", bureau, version=6)
    disputed = (await do(routing, case, "object", bureau, version=7, **NOT_OURS)).json()
    assert (disputed["state"], disputed["asked"], disputed["writer"]) == ("disputed", "330200-xf", "33.02")
    assert disputed["objections"] == 2
    alarms = [event.data for event in await routing.events() if event.type == "routing.clock.warned.v1"]
    assert ("returned-too-often", "red") in [(each.clock, each.level) for each in alarms]


async def test_an_acceptance_says_how_and_when_the_petitioner_was_told(start: Any) -> None:
    """Otherwise the fifteen days would end with nobody told."""
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    silent = await do(routing, case, "accept", version=1, fields={})
    assert (silent.status_code, [each["field"] for each in silent.json()["errors"]]) == (
        422, ["fields/notice_at", "fields/notice_method"],
    )  # fmt: skip
    to_come = {**NOTICE, "notice_at": "2999-01-01T00:00:00Z"}
    assert (await do(routing, case, "accept", version=1, fields=to_come)).status_code == 422
    spoken = {**NOTICE, "notice_method": "phone"}
    assert (await do(routing, case, "accept", version=1, fields=spoken)).status_code == 422, "in writing"
    assert (await do(routing, case, "accept", version=1, fields=NOTICE)).json()["state"] == "accepted"
