"""Orders of the hotline (热线工单): what is called in is one; what nobody claims goes to another unit."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from services.routing.tests.test_cases import CASES, TOWN_HERE, do, registered
from services.routing.tests.test_upkeep import DEADLINES, NOW, run
from tests.support.nodes import token
from tests.support.running import Running

from kit.clock import ManualClock
from routing.main import service

EVERY = ["clerk", "handler", "leader", "supervisor"]
OFFICE, BUREAU = token("330225-xf", "33.02.25", EVERY), token("330225-js", "33.02.25", EVERY)
Begin = Callable[..., Awaitable[Running]]
DAY = timedelta(hours=24)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def begin(start: Any, clock: ManualClock) -> Begin:
    async def begun(path: str = "33.02.25") -> Running:
        running: Running = await start(service, path=path, clock=clock)
        return running

    return begun


async def called(routing: Running, unit: str = "330225-js", channel: str = "call", region: str = "33.02.25") -> str:
    """What somebody said on the telephone: nobody has screened it."""
    event = registered(unit, region, registered_at=NOW, received_at=NOW, route=None)
    event = event.model_copy(
        update={
            "data": event.data.model_copy(update={"channel": channel}),
            "source": f"/nodes/{routing.runtime.node}/intake",
        }
    )
    await routing.hear("routing.on-petition-registered", event)
    return str(event.subject)


async def seen(routing: Running, case: str) -> tuple[str, str]:
    (row,) = await routing.rows("SELECT state, holder_unit FROM cases WHERE id = $1", uuid.UUID(case))
    return row["state"], row["holder_unit"]


async def act(routing: Running, case: str, action: str, who: str, **body: Any) -> Any:
    (row,) = await routing.rows("SELECT version FROM cases WHERE id = $1", uuid.UUID(case))
    answer = await do(routing, case, action, who, version=row["version"], **body)
    assert answer.is_success, answer.text
    return answer.json()


async def alarms(routing: Running) -> list[tuple[str, str]]:
    warned = [event.data for event in await routing.events() if event.type == "routing.clock.warned.v1"]
    return [(each.clock, each.level) for each in warned if each.clock in {"unclaimed", "expiry-refused"}]


async def test_what_is_called_in_is_an_order_that_nobody_need_touch_for_its_time_to_run(
    begin: Begin, clock: ManualClock
) -> None:
    routing = await begin()
    called_in, written = await called(routing), await called(routing, channel="letter")
    shown = (await routing.request("GET", f"{CASES}/{called_in}", who=BUREAU)).json()
    assert (shown["procedure"], shown["state"]) == ("hotline-order/1", "screened")
    assert {each["name"] for each in shown["clocks"]} == {"office-decision", "unclaimed", "hotline-service"}
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, called_in) == ("offered", "330225-xf")
    # an appeal on paper must be screened, and nobody takes it from the unit
    assert await seen(routing, written) == ("registered", "330225-js")


async def test_what_the_default_unit_itself_does_not_claim_goes_to_the_unit_above(
    begin: Begin, clock: ManualClock
) -> None:
    routing = await begin()
    case = await called(routing, unit="330225-xf")
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("offered", "330200-xf")


async def test_a_claimed_order_stays_with_who_claimed_it(begin: Begin, clock: ManualClock) -> None:
    routing = await begin()
    case = await called(routing)
    assert (await act(routing, case, "claim", BUREAU))["state"] == "screened"
    again = await do(routing, case, "claim", BUREAU, version=2)
    assert again.json()["type"] == "urn:xinqiao:problem:nothing-to-claim"
    clock.advance(DAY * 10)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("screened", "330225-js")
    answered = await act(routing, case, "answer", BUREAU, fields={"answer": "已修好路灯"})
    assert answered["state"] == "answered"


async def test_an_order_that_arrives_or_comes_back_must_be_claimed_again(begin: Begin, clock: ManualClock) -> None:
    routing = await begin()
    case = await called(routing, unit="330225-xf")
    await act(routing, case, "claim", OFFICE)
    await act(routing, case, "transfer", OFFICE, to_unit="330225101-xf")
    await act(routing, case, "receive", TOWN_HERE)
    await act(routing, case, "object", TOWN_HERE, reason="not-ours", note="不在本镇")
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("objected", "330225101-xf")
    await act(routing, case, "refuse-objection", OFFICE, note="就在本镇")
    clock.advance(DAY)
    await run(routing, DEADLINES)
    # back up to who had sent it, who cannot object to that; then on
    assert await seen(routing, case) == ("offered", "330225-xf")
    await act(routing, case, "receive", OFFICE)
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("offered", "330200-xf")


@pytest.mark.parametrize("back", ["recall", "agree-objection"])
async def test_so_must_one_whose_hand_over_was_undone(begin: Begin, clock: ManualClock, back: str) -> None:
    routing = await begin()
    case = await called(routing)
    await act(routing, case, "claim", BUREAU)
    await act(routing, case, "transfer", BUREAU, to_unit="330225101-xf")
    if back == "agree-objection":
        await act(routing, case, "receive", TOWN_HERE)
        await act(routing, case, "object", TOWN_HERE, reason="not-ours", note="不在本镇")
    await act(routing, case, back, BUREAU)
    assert await seen(routing, case) == ("screened", "330225-js")
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("offered", "330225-xf")


async def test_that_nobody_is_left_to_take_an_order_is_told_once(begin: Begin, clock: ManualClock) -> None:
    routing = await begin("33")
    case = await called(routing, unit="330000-xf", region="33")
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert await seen(routing, case) == ("screened", "330000-xf")
    assert await alarms(routing) == [("unclaimed", "yellow"), ("unclaimed", "red"), ("expiry-refused", "red")]
    clock.advance(DAY)
    await run(routing, DEADLINES)
    assert len(await alarms(routing)) == 3
