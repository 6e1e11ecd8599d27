"""信访工作条例 第三十二条: the petitioner is served with the opinion; it is recorded how, also in closing."""

from typing import Any

from services.routing.tests.test_cases import COUNTY, LEADER, do, filed, opened

from routing.main import service
from tests.support.running import Running


async def approved(routing: Running) -> str:
    """A case at its fourth version, whose opinion is approved and not served."""
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    paper = await filed(routing, case, "opinion", outcome="support")
    await do(routing, case, "submit", version=2, outcome="support", papers=[paper])
    assert (await do(routing, case, "approve", LEADER, version=3)).json()["state"] == "opinion-approved"
    return case


async def test_what_was_not_served_is_not_closed_without_saying_how_it_is_served(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await approved(routing)
    silent = await do(routing, case, "close", version=4)
    assert (silent.status_code, [each["field"] for each in silent.json()["errors"]]) == (422, ["fields/method"])
    shown = (await do(routing, case, "close", version=4, fields={"method": "post", "receipt": "EX1"})).json()
    assert (shown["state"], shown["served_at"]) == ("closed", shown["closed_at"])


async def test_what_was_served_is_closed_with_nothing_more(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await approved(routing)
    shown = (await do(routing, case, "serve", version=4, fields={"method": "in-person"})).json()
    forms = {each["action"]: each["form"] for each in shown["actions"]}
    assert "required" not in forms["close"]
    assert (await do(routing, case, "close", version=5)).json()["state"] == "closed"


async def test_the_form_of_closing_demands_it_only_where_it_is_wanting(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await approved(routing)
    shown = (await routing.request("GET", f"/api/routing/v1/cases/{case}/actions", who=LEADER)).json()
    (close,) = [each["form"] for each in shown if each["action"] == "close"]
    assert close["required"] == ["method"]
    assert {"method", "receipt", "result"} == set(close["properties"])
