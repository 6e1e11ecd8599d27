"""Notify and intake of a node together: recipients are what the ledger names, a text made a petition stands in it."""

from typing import Any

import pytest
from services.intake.tests.linked import register
from services.notify.tests.noticing import CLERK, LEADER, act, drafted, made, read
from services.notify.tests.texting import act as at_desk
from services.notify.tests.texting import conversation, waiting
from services.notify.tests.texting import read as opened
from services.routing.tests.test_cases import do
from tests.support.couriers import Couriers
from tests.support.nodes import token
from tests.support.running import Running

from intake import recipients
from intake.main import service as intake
from notify.main import service as notify
from routing.main import service as routing

COUNTY_OFFICE = token("330225-xf", "33.02.25", ["leader"], subject="county")


async def node(start: Any) -> tuple[Running, Running, Running, Couriers]:
    ledger, cases, messages = [await start(service) for service in (intake, routing, notify)]
    return ledger, cases, messages, Couriers(ledger, cases, messages)


async def raised(ledger: Running, count: int, **changes: Any) -> list[dict[str, Any]]:
    people = [[{"name": f"村民{n}", "phone": f"1380000{n:04d}"}] for n in range(count)]
    return [await register(ledger, route=6, petitioners=each, **changes) for each in people]


async def test_a_notice_goes_to_whom_the_ledger_names_page_by_page(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipients, "A_PAGE", 2)
    ledger, cases, messages, couriers = await node(start)
    receipts = await raised(ledger, 5)
    await register(ledger, channel="visit", petitioners=[{"name": "来访人", "phone": "13900000000"}])
    await couriers.carry()
    assert (await do(cases, receipts[4]["id"], "accept", token(), version=1)).status_code == 200
    await couriers.carry()
    chosen = {"channel": "letter", "state": "screened", "region": "330225100000"}
    notice = await drafted(messages, chosen=chosen)
    await couriers.carry()
    shown = await read(messages, notice)
    assert shown["gathering"] == {"complete": True, "pages": 2, "matched": 4, "reachable": 4, "recipients": 4}
    assert (await act(messages, notice, "submission", CLERK)).status_code == 200
    assert (await act(messages, notice, "decision", LEADER, decision="approve")).status_code == 200
    await made(messages)
    listed = (await read(messages, notice, "/recipients"))["items"]
    assert sorted(each["number"] for each in listed) == sorted(each["number"] for each in receipts[:4])


async def test_nobody_is_a_recipient_of_a_unit_that_he_accuses(start: Any) -> None:
    ledger, _, messages, couriers = await node(start)
    plain = await register(ledger, petitioners=[{"name": "村民甲", "phone": "13800000001"}])
    county = token("330225-xf", "33.02.25")
    # a clerk of the station may read the whole county, as some accounts do, but not what accuses the office above it
    station = token("330225100-cj", "33.02.25", ["clerk"])
    await register(
        ledger, county, kind="accusation", accused_units=["330225100-cj"],
        petitioners=[{"name": "村民乙", "phone": "13800000002"}],
    )  # fmt: skip
    await couriers.carry()
    for who, expected in ((station, 1), (COUNTY_OFFICE, 2)):
        notice = await drafted(messages, who=who)
        await couriers.carry()
        shown = (await messages.request("GET", f"/api/notify/v1/notices/{notice['id']}", who=who)).json()
        assert shown["gathering"]["recipients"] == expected
    (row,) = await messages.rows("SELECT number FROM petitions WHERE id = $1", plain["id"])
    assert row["number"] == plain["number"]


async def test_a_text_made_a_petition_by_hand_is_registered_and_answered_with_its_number(start: Any) -> None:
    ledger, _, messages, couriers = await node(start)
    reference = await conversation(messages, "1号,李四#东村#路灯坏了半年")
    (text,) = [each for each in (await opened(messages, reference))["said"] if each["way"] == "in"]
    body = {"text_id": text["id"], "name": "李四", "address": "东村", "content": "路灯坏了半年,无人维修"}
    assert (await at_desk(messages, reference, "petition", **body)).status_code == 202
    await couriers.carry()
    (petition,) = await ledger.rows("SELECT number, channel, content FROM petitions")
    assert (petition["channel"], petition["content"]) == ("sms", "路灯坏了半年,无人维修")
    told = await opened(messages, reference)
    assert told["petitions"] == [petition["number"]]
    assert (told["said"][0]["template"], told["said"][0]["hidden"]) == ("registered-by-text", "query-code")
    assert {each["state"] for each in told["said"] if each["way"] == "in"} == {"handled"}
    assert await waiting(messages) == []
