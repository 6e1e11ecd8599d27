"""The lines of all gateways are held side by side: made from settings, none of them ends the others."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from services.notify.tests.cmpp_gateway import SECRET, gateway
from services.notify.tests.vendor import SECRET as VENDOR_SECRET
from services.notify.tests.vendor import vendor

from kit.testing import eventually
from notify.gateways.cmpp.gateway import CmppGateway
from notify.gateways.holding import hold, hold_gateways
from notify.gateways.http import HttpGateway
from notify.gateways.interface import Gateway, Taking
from notify.gateways.opening import opened
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Cmpp, Http
from notify.main import service


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
