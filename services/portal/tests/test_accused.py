"""What accuses a unit is on no page of that unit, or of one below it (Art 30)."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from services.portal.tests.browsing import Browser, Node, browsing
from services.portal.tests.casework import MATTER, PERSON, registered
from tests.support.nodes import UNITS
from tests.support.running import Running

from contracts.units import UnitDirectory
from kit.app import build_app
from portal.choices import units_near
from portal.domain import Account
from portal.main import service

OFFICE, STATION, BUREAU = "330225100-xf", "330225100-cj", "330225-js"
LETTER: dict[str, Any] = {**MATTER, **PERSON}


def pages_of_staff(case: str) -> list[str]:
    """Every page a person can open by its address, those of the case among them."""
    routes = [route for route in build_app(service).routes if isinstance(route, APIRoute)]
    staff = [each.path for each in routes if "GET" in (each.methods or ()) and each.path.startswith("/staff")]
    return [re.sub(r"\{\w+\}", str(uuid.uuid4()), path.replace("{case_id}", case)) for path in staff]


@pytest.mark.parametrize(("accused", "hidden"), [((), False), ((OFFICE,), True), ((STATION,), True), ((BUREAU,), True)])
async def test_no_page_tells_the_accused_unit_or_one_below_it(
    desk: Browser, behind: Node, node: tuple[Running, Node], accused: tuple[str, ...], hidden: bool
) -> None:
    await desk.open("/staff/register")
    answer = await desk.send("/staff/register", **LETTER, accused_units=list(accused))
    assert "query-code" in answer.text
    await behind.settle()
    (row,) = await behind.running["intake"].rows("SELECT id FROM petitions")
    case = str(row["id"])
    async with browsing(node[0]) as station:
        await station.sign_in("builder")
        told = []
        for path in pages_of_staff(case):
            page = await station.open(path)
            assert page.status_code in {200, 303, 404, 403}, path
            # a page that is not found names its own address, as the link to the other language
            if MATTER["title"] in page.text or (page.is_success if case in path else case in page.text):
                told.append(path)
        assert bool(told) is not hidden, told


async def test_who_registers_what_accuses_the_own_unit_is_given_the_receipt_alone(desk: Browser, behind: Node) -> None:
    await desk.open("/staff/register")
    assert f'value="{OFFICE}"' in desk.page  # the own unit can be named
    answer = await desk.send("/staff/register", **LETTER, accused_units=[OFFICE])
    assert "只留回执" in answer.text
    assert "/staff/cases/" not in answer.text
    await behind.settle()
    (row,) = await behind.running["routing"].rows("SELECT id, holder_unit, writer FROM cases")
    assert (row["holder_unit"], row["writer"]) == ("330225-xf", "33.02.25")
    assert (await desk.open(f"/staff/cases/{row['id']}")).status_code == 404


async def test_who_registers_what_accuses_a_unit_beside_goes_on_with_it(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind, accused_units=[STATION])
    page = await desk.open(case)
    assert page.status_code == 200
    assert f'value="{STATION}"' not in page.text  # and is not offered to hand it there


def test_units_below_the_accused_are_not_offered(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    clerk = Account("a", "甲", "330200-xf", "33.02", ("clerk",))
    offered = units_near(UnitDirectory.read(tmp_path / "units.csv"), clerk, ["330200-xf"], ["330225-xf"])
    assert {unit.code for units in offered.values() for unit in units} == {"330000-xf", "330226-xf"}
