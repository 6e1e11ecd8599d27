"""信访工作条例 第二十二条: whoever hands a case over at the same moment, one unit holds it afterwards."""

import asyncio
import uuid
from typing import Any

from services.routing.tests.test_cases import COUNTY, OFFICE, do, opened

from routing.main import service

UNITS = ("330225101-xf", "330225-js", "330225100-xf", "330226-xf")  # of three nodes


async def test_of_transfers_at_the_same_moment_by_two_processes_one_holder_is_left(start: Any) -> None:
    first = await start(service, **COUNTY)
    second = await start(service, **COUNTY, settings=first.runtime.settings)
    for _ in range(5):
        case = await opened(first)
        answers = await asyncio.gather(
            *(do(node, case, "transfer", version=1, to_unit=to) for to in UNITS for node in (first, second))
        )
        won = [answer.json() for answer in answers if answer.status_code == 200]
        lost = [answer.json() for answer in answers if answer.status_code != 200]
        assert len(won) == 1
        assert {(each["status"], each["type"]) for each in lost} == {(409, "urn:xinqiao:problem:version-conflict")}
        assert {each["current_version"] for each in lost} == {2}
        (row,) = await first.rows("SELECT holder_unit, version FROM cases WHERE id = $1", uuid.UUID(case))
        assert (row["holder_unit"], row["version"]) == (won[0]["holder_unit"], 2)
        steps = await first.rows("SELECT 1 FROM timeline WHERE case_id = $1", uuid.UUID(case))
        assert len(steps) == 2
        told = [event for event in await first.events() if str(event.subject) == case and event.version == 2]
        assert [event.data.holder_unit for event in told] == [won[0]["holder_unit"]]
        shown = (await first.request("GET", f"/api/routing/v1/cases/{case}", who=OFFICE)).json()
        assert shown["holder_unit"] == won[0]["holder_unit"]
