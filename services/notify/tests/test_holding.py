"""The lines of all gateways are held side by side: made from settings, none of them ends the others."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from services.notify.tests.cmpp_gateway import SECRET, gateway
from services.notify.tests.sms import Peer, numbers, queue, states, use
from services.notify.tests.vendor import SECRET as VENDOR_SECRET
from services.notify.tests.vendor import vendor
from tests.support.running import Running

from kit.clock import ManualClock
from kit.testing import eventually
from notify.gateways import holding
from notify.gateways import states as states_of_gateways
from notify.gateways.cmpp.gateway import CmppGateway
from notify.gateways.holding import hold, hold_gateways
from notify.gateways.http import HttpGateway
from notify.gateways.interface import Gateway, Health, InDoubt, NotSent, Part, Taking
from notify.gateways.opening import opened
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Cmpp, Http
from notify.main import service
from notify.outbound.sending import send_due


async def nobody(*_: object) -> None:
    return None


class Failing:
    """A gateway whose `run` raises what no gateway should."""

    name = "failing"

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, _: Taking) -> None:
        self.runs += 1
        if self.runs < 4:
            raise ZeroDivisionError


async def test_a_gateway_that_fails_is_held_again() -> None:
    failing: Any = Failing()
    await asyncio.wait_for(hold(failing, Taking(nobody, nobody), Pauses(0.001, 0.01)), 10)
    assert failing.runs == 4


async def test_all_gateways_of_the_settings_are_held_as_long_as_the_workers_run(start: Any) -> None:
    notify = await start(service)
    home = notify.runtime.settings.home
    (home / "cmpp.secret").write_text(f"{SECRET}\n")
    (home / "cloud.secret").write_text(VENDOR_SECRET)
    async with gateway() as mobile, vendor() as cloud:
        said = {"account": "900001", "host": "127.0.0.1", "port": mobile.port, "secret_file": "cmpp.secret"}
        lines: dict[str, Gateway] = notify.runtime.resources.gateways
        lines["mobile"] = opened(notify.runtime, Cmpp(kind="cmpp", name="mobile", **said))
        lines["cloud"] = opened(
            notify.runtime,
            Http(kind="http", name="cloud", url=cloud.url, account="xinfang", secret_file="cloud.secret"),
        )
        assert isinstance(lines["mobile"], CmppGateway)
        assert isinstance(lines["cloud"], HttpGateway)
        held = asyncio.create_task(hold_gateways(notify.runtime))

        async def all_up() -> bool:
            return all(each.health.up for each in lines.values())

        try:
            await eventually(all_up, within=10, every=0.01)
            ups = {name: REGISTRY.get_sample_value("xinqiao_sms_line_up", {"gateway": name}) for name in lines}
            assert set(ups.values()) == {1.0}
            mobile.refused = 3
            mobile.lines[-1].transport.abort()

            async def lost() -> bool:
                return REGISTRY.get_sample_value("xinqiao_sms_line_up", {"gateway": "mobile"}) == 0.0

            await eventually(lost, within=10, every=0.01)
            assert lines["cloud"].health.up
            assert notify.runtime.checks == {}  # no gateway keeps the service from being ready
        finally:
            held.cancel()
            await asyncio.gather(held, return_exceptions=True)


class Breaking(Peer):
    """Whoever waits for its answer when its line is let go is left in doubt."""

    async def submit(self, part: Part) -> str:
        try:
            return await super().submit(part)
        except NotSent:
            raise InDoubt("line-lost") from None

    async def run(self, taking: Taking) -> None:
        try:
            await super().run(taking)
        finally:
            assert self.gate is not None
            self.answers = lambda _: NotSent("gone")
            self.gate.set()


async def test_when_the_lines_are_let_go_nothing_more_is_begun_and_all_is_written_down(
    start: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(holding, "PATIENCE", 0.2)
    notify = await start(service)
    peer = Breaking(gate=asyncio.Event())
    use(notify, peer)
    lines = asyncio.create_task(hold_gateways(notify.runtime))
    ids = await queue(notify, *numbers(30))
    await send_due(notify.runtime)

    async def window_is_full() -> bool:
        return peer.most == 10

    await eventually(window_is_full, every=0.005)
    lines.cancel()
    await asyncio.gather(lines, return_exceptions=True)
    assert Counter(await states(notify, ids)) == {"unknown": 10, "queued": 20}
    assert await send_due(notify.runtime) == 0, "nothing is begun any more"


async def shown(notify: Running) -> dict[str, tuple[str, str | None]]:
    told = (await notify.request("GET", "/api/notify/v1/gateway-statistics")).json()["gateways"]
    return {each["gateway"]: (each["state"], each["reason"]) for each in told}


async def test_how_the_lines_are_is_known_where_nobody_holds_one(start: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(states_of_gateways, "LOOK", 0.005)
    clock = ManualClock()
    notify = await start(service, clock=clock)
    mobile, cloud = Peer("mobile", gate=asyncio.Event()), Peer("cloud", up=False)
    use(notify, mobile, cloud)
    assert await shown(notify) == {"mobile": ("unknown", None), "cloud": ("unknown", None)}
    lines = asyncio.create_task(hold_gateways(notify.runtime))

    async def written(expected: dict[str, tuple[str, str | None]]) -> bool:
        return await shown(notify) == expected

    try:
        await eventually(lambda: written({"mobile": ("up", None), "cloud": ("down", "lost")}), every=0.01)
        cloud.up, mobile.up = True, False
        await eventually(lambda: written({"mobile": ("down", "lost"), "cloud": ("up", None)}), every=0.01)
        clock.advance(timedelta(seconds=1))
        other = {"cloud": Health(up=False, since=clock.now(), reason="lost")}
        await states_of_gateways.note(notify.runtime, "another process", other)
        assert (await shown(notify))["cloud"] == ("up", None), "one line stands"
    finally:
        lines.cancel()
        await asyncio.gather(lines, return_exceptions=True)
    last = (await notify.rows("SELECT max(seen_at) FROM gateway_states WHERE name = 'mobile'"))[0][0]
    clock.advance(timedelta(minutes=2))
    told = (await notify.request("GET", "/api/notify/v1/gateway-statistics")).json()["gateways"]
    assert [(each["state"], each["up"]) for each in told] == [("unknown", None)] * 2
    assert datetime.fromisoformat(told[0]["since"]) == last


@pytest.mark.parametrize("content", [None, "", " \n"])
async def test_without_its_secret_a_gateway_is_not_opened(start: Any, content: str | None) -> None:
    notify = await start(service)
    if content is not None:
        (notify.runtime.settings.home / "cloud.secret").write_text(content)
    said = Http(kind="http", name="cloud", url="https://sms.example/v1", account="x", secret_file="cloud.secret")
    with pytest.raises((OSError, ValueError)):
        opened(notify.runtime, said)


def test_the_service_holds_them() -> None:
    assert hold_gateways in service.lines
