"""A unit that is asked for support (协办) reads the petition's text, not who raised it, until the request ends."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from services.intake.tests.linked import PETITIONS, PUDDLE, ZHANG, hear_state, opened, register
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import LastAction, RequestState
from intake.main import service
from kit.errors import Refused

COUNTY, CITY = "33.02.25", "33.02"
AT = datetime(2026, 1, 5, tzinfo=UTC)
OFFICE = token("330225-xf", COUNTY)
ASKED = token("330226-xf", "33.02.26")  # a county that the city's node serves


def asked(receipt: dict[str, Any], status: str = "sent", version: int = 1, **changes: Any) -> Envelope:
    """A request of the county's office, as routing tells of it; the same for the same petition."""
    state = RequestState.model_validate({
        "id": uuid.uuid5(uuid.UUID(receipt["id"]), "support"), "number": receipt["number"], "kind": "support",
        "from_unit": "330225-xf", "from_node": COUNTY, "from_region": COUNTY, "to_unit": "330226-xf", "to_node": CITY,
        "to_region": "33.02.26", "status": status, "round": 1, "wants_answer": True, "sent_at": AT,
        "last": LastAction(action=status, unit="330225-xf", at=AT), **changes,
    })  # fmt: skip
    kind = f"routing.request.{status}.v1"
    return told(kind, state, subject=uuid.UUID(receipt["id"]), sequence=version, node=COUNTY)


async def letters(sender: Running, receiver: Running) -> list[Envelope]:
    """Files that the one has sent to the other."""
    key = f"letter.{receiver.runtime.node}.intake"
    sent = [row["body"] for row in await sender.sent("letters") if row["routing_key"] == key]
    found = [opened(body, receiver.runtime.settings) for body in sent]
    return [letter for letter in found if letter.type == "intake.support-file.v1"]


async def read(intake: Running, receipt: dict[str, Any], who: str = ASKED) -> Any:
    return await intake.request("GET", f"{PETITIONS}/{receipt['id']}", who=who)


@pytest.fixture
async def county(start: Any) -> Running:
    running: Running = await start(service, path=COUNTY)
    return running


@pytest.fixture
async def city(start: Any) -> Running:
    running: Running = await start(service, path=CITY)
    return running


async def test_the_asked_unit_reads_the_text_and_where_the_case_stands_but_no_petitioner(
    county: Running, city: Running
) -> None:
    receipt = await register(county, OFFICE)
    await hear_state(county, receipt, "accepted")
    await county.hear("intake.on-request", asked(receipt))
    (letter,) = await letters(county, city)
    assert not any(value in letter.model_dump_json() for value in ZHANG.values())
    await city.hear("intake.on-request", asked(receipt))
    assert (await read(city, receipt)).status_code == 404, "the file is not here yet"
    await city.hear("intake.letters", letter)
    seen = (await read(city, receipt)).json()
    assert {name: seen[name] for name in PUDDLE} == PUDDLE
    assert (seen["number"], seen["state"], seen["petitioners"]) == (receipt["number"], "accepted", [])


async def test_nobody_else_at_that_node_reads_it_by_the_request(county: Running, city: Running) -> None:
    receipt = await register(county, OFFICE)
    await county.hear("intake.on-request", asked(receipt))
    await city.hear("intake.on-request", asked(receipt))
    await city.hear("intake.letters", *await letters(county, city))
    assert (await read(city, receipt)).status_code == 200
    for other in (token("330226-js", "33.02.26"), token("330225100-xf"), token("330200-xf", CITY)):
        assert (await read(city, receipt, other)).status_code == 404
    assert (await city.request("GET", PETITIONS, who=ASKED)).json()["items"] == []
    identity = await city.request(
        "POST", f"{PETITIONS}/{receipt['id']}/identity-readings", who=ASKED, json={"purpose": "核对信访人身份"}
    )
    assert identity.status_code == 404


@pytest.mark.parametrize("end", ["closed", "cancelled"])
async def test_when_the_request_ends_nothing_is_read_or_kept_any_more(county: Running, city: Running, end: str) -> None:
    receipt = await register(county, OFFICE)
    await county.hear("intake.on-request", asked(receipt))
    (letter,) = await letters(county, city)
    await city.hear("intake.on-request", asked(receipt))
    await city.hear("intake.letters", letter)
    for status, version in (("received", 2), ("answered", 3)):
        await city.hear("intake.on-request", asked(receipt, status, version))
        assert (await read(city, receipt)).status_code == 200
    await city.hear("intake.on-request", asked(receipt, end, 4))
    await city.hear("intake.on-request", asked(receipt, "returned", 3))  # late: it changes nothing
    await city.hear("intake.letters", letter)
    assert (await read(city, receipt)).status_code == 404
    assert [row["file"] for row in await city.rows("SELECT file FROM supports")] == [None]


async def test_the_file_may_come_before_the_request_and_twice(county: Running, city: Running) -> None:
    receipt = await register(county, OFFICE)
    for _ in range(2):
        await county.hear("intake.on-request", asked(receipt))
    (letter,) = await letters(county, city)
    for _ in range(2):
        await city.hear("intake.letters", letter)
    assert (await read(city, receipt)).status_code == 404, "nobody has asked yet"
    await city.hear("intake.on-request", asked(receipt))
    assert (await read(city, receipt)).status_code == 200


async def test_a_petition_file_that_comes_later_than_the_request_is_passed_on_when_it_comes(
    start: Any, county: Running, city: Running
) -> None:
    township = await start(service)
    receipt = await register(township)
    await county.hear("intake.on-request", asked(receipt))
    assert await letters(county, city) == []
    await hear_state(township, receipt, "offered", hand_over={
        "id": uuid.uuid4(), "kind": "transfer", "from_unit": "330225100-xf", "from_node": "33.02.25.100",
        "from_region": "33.02.25.100", "from_state": "screened", "to_unit": "330225-xf", "to_node": COUNTY,
        "to_region": COUNTY, "offered_at": AT,
    })  # fmt: skip
    (row,) = [row for row in await township.sent("letters") if row["routing_key"] == f"letter.{COUNTY}.intake"]
    await county.hear("intake.letters", opened(row["body"], county.runtime.settings))
    (letter,) = await letters(county, city)
    assert letter.data.title == PUDDLE["title"]


async def test_a_unit_of_another_region_at_the_same_node_reads_it_too(county: Running) -> None:
    receipt = await register(county, OFFICE)
    here: dict[str, Any] = {"to_unit": "330225101-xf", "to_node": COUNTY, "to_region": "33.02.25.101"}
    neighbour = token("330225101-xf", "33.02.25.101")
    await county.hear("intake.on-request", asked(receipt, **here))
    assert (await read(county, receipt, neighbour)).status_code == 404
    await county.hear("intake.letters", *await letters(county, county))
    assert (await read(county, receipt, neighbour)).status_code == 200


@pytest.mark.parametrize(("accused", "status"), [("330226-xf", 404), ("330200-xf", 404), ("330225-js", 200)])
async def test_the_accused_unit_and_those_below_it_read_nothing_however_they_are_asked(
    county: Running, city: Running, accused: str, status: int
) -> None:
    receipt = await register(county, OFFICE)
    event = asked(receipt, accused_units=[accused])
    await county.hear("intake.on-request", event)
    await city.hear("intake.on-request", event)
    await city.hear("intake.letters", *await letters(county, city))
    assert (await read(city, receipt)).status_code == status


async def test_only_the_node_that_asks_can_send_the_file(county: Running, city: Running) -> None:
    receipt = await register(county, OFFICE)
    await county.hear("intake.on-request", asked(receipt))
    (letter,) = await letters(county, city)
    forged = letter.model_copy(update={"source": "/nodes/33.02.25.100/intake"})
    await city.hear("intake.on-request", asked(receipt))
    await city.hear("intake.letters", forged)
    assert (await read(city, receipt)).status_code == 404
    lost = letter.model_copy(update={"data": letter.data.model_copy(update={"to_unit": "330225-xf"})})
    with pytest.raises(Refused, match="unknown-unit"):
        await city.hear("intake.letters", lost)


async def test_what_is_asked_of_others_in_other_ways_lends_nothing(county: Running, city: Running) -> None:
    receipt = await register(county, OFFICE)
    await county.hear("intake.on-request", asked(receipt, kind="suggest", to_unit="330200-xf"))
    await county.hear("intake.on-request", asked(receipt, from_node="33", to_node=CITY))
    assert await letters(county, city) == []
    assert await county.rows("SELECT 1 FROM supports") == []
