"""保密: who has nothing to do with a confidential case finds its petition by no route; docs/adr/0019."""

import uuid
from typing import Any

import pytest
from services.intake.tests.linked import AGAIN, PETITIONS, PUDDLE, ZHANG, hear_state, register
from services.intake.tests.test_accused import known_of, raised
from services.intake.tests.test_following import case
from tests.support.confidence import OPEN, TOWNSHIP, readable_by
from tests.support.nodes import token
from tests.support.running import Running

from intake.main import service
from kit.readers import reader

OFFICE, HEAD = token("330225100-xf", "33.02.25.100"), token("330225-xf", "33.02.25", ["leader"])
# all may read the whole county, as some accounts do: another township, a station, the clerk of the office above
BESIDE, STATION = token("330225101-xf", "33.02.25"), token("330225100-cj", "33.02.25")
CLERK = token("330225-xf", "33.02.25")
OTHERS = (BESIDE, STATION, CLERK)


async def keep(
    intake: Running, receipt: dict[str, Any], readers: tuple[str, ...] | None = TOWNSHIP, at: int = 6,
    state: str = "received",
) -> None:  # fmt: skip
    await hear_state(intake, receipt, state, at, readers=None if readers is None else list(readers))


@pytest.mark.parametrize("who", OTHERS)
async def test_no_route_tells_who_has_nothing_to_do_with_it(start: Any, who: str) -> None:
    intake = await start(service)
    people = [{**ZHANG, "name": f"张{n}"} for n in range(5)]
    receipt = await register(intake, OFFICE, channel="visit", petitioners=people)
    (alarm,) = [event for event in await intake.events() if event.type == "intake.group.alarm.v1"]
    await intake.hear("intake.on-petition-changed", alarm)
    assert len(await known_of(intake, who, receipt["id"])) == 7
    await keep(intake, receipt)
    assert await known_of(intake, who, receipt["id"]) == []
    for reads in (OFFICE, HEAD):
        assert len(await known_of(intake, reads, receipt["id"])) == 7
    purpose = {"purpose": "核实来信内容"}
    one = f"{PETITIONS}/{receipt['id']}"
    assert (await intake.request("POST", f"{one}/identity-readings", who=who, json=purpose)).status_code == 404
    own = await register(intake, who, **AGAIN)
    link = {"repeat_of": receipt["id"], "reason": "同一人"}
    answer = await intake.request("POST", f"{PETITIONS}/{own['id']}/link-repeat", who=who, json=link)
    assert answer.status_code == 404
    await keep(intake, receipt, None, 7)
    assert await known_of(intake, who, receipt["id"]) == [], "an older node says nothing, so it stays"
    await keep(intake, receipt, OPEN, 8)
    assert len(await known_of(intake, who, receipt["id"])) == 7


async def test_who_may_read_it_sees_in_the_list_that_it_is_confidential(start: Any) -> None:
    intake = await start(service)
    for readers, confidential in ((None, False), (TOWNSHIP, True), (OPEN, False)):
        receipt = await register(intake, OFFICE)
        await keep(intake, receipt, readers)
        (row,) = (await intake.request("GET", f"{PETITIONS}?ids={receipt['id']}", who=OFFICE)).json()["items"]
        shown = (await intake.request("GET", f"{PETITIONS}/{receipt['id']}", who=OFFICE)).json()
        assert (row["confidential"], shown["confidential"]) == (confidential, confidential)


async def test_of_events_that_come_in_one_batch_the_last_that_names_readers_counts(start: Any) -> None:
    county, subject = await start(service, path="33.02.25"), uuid.uuid4()
    await county.hear("intake.on-petition-registered", raised(subject))
    told = case("screen", subject=subject, node="33.02.25.100", state="screened")
    batch = [readable_by(told, None, 4), readable_by(told, TOWNSHIP, 3), readable_by(told, OPEN, 2)]
    await county.hear("intake.on-case", *batch)
    assert await known_of(county, BESIDE, str(subject)) == []
    assert await known_of(county, HEAD, str(subject))


async def test_no_proposal_and_no_link_names_it(start: Any) -> None:
    intake = await start(service)
    first = await register(intake, OFFICE)
    second = await register(intake, OFFICE, **AGAIN, repeat_of=first["id"])
    sought = {**PUDDLE, "petitioners": [ZHANG]}
    await keep(intake, first)
    for who, named in ((BESIDE, False), (OFFICE, True)):
        answer = await intake.request("POST", f"{PETITIONS}/candidates", who=who, json=sought)
        assert (first["id"] in answer.text) is named
        one = f"{PETITIONS}/{second['id']}"
        for path in (one, f"{one}/links", PETITIONS):
            assert (first["id"] in (await intake.request("GET", path, who=who)).text) is named


async def test_a_merged_petition_does_not_name_a_lead_that_only_others_may_read(start: Any) -> None:
    intake = await start(service)
    lead, member = await register(intake, OFFICE), await register(intake, OFFICE)
    await hear_state(intake, member, "received", 6, merged_into=lead["id"], readers=list(OPEN))
    await keep(intake, lead)
    one = f"{PETITIONS}/{member['id']}"
    for who, named in ((BESIDE, False), (OFFICE, True)):
        for path in (one, f"{one}/links", PETITIONS):
            assert (lead["id"] in (await intake.request("GET", path, who=who)).text) is named


async def test_one_that_follows_its_confidential_lead_is_read_by_who_has_to_do_with_it_and_does_not_name_that(
    start: Any,
) -> None:
    """The one was registered by another township's office than the lead, and goes on to be read there."""
    intake = await start(service)
    lead, member = await register(intake, OFFICE), await register(intake, OFFICE)
    both = [*TOWNSHIP, reader("330225101-xf")]
    for readers, at in ((None, 6), (both, 7)):
        await hear_state(intake, member, "received", at, merged_into=lead["id"], readers=readers)
        for who, found in ((OFFICE, True), (BESIDE, True), (STATION, readers is None), (CLERK, readers is None)):
            assert bool(await known_of(intake, who, member["id"])) is found
    await keep(intake, lead)
    one = f"{PETITIONS}/{member['id']}"
    for who, named in ((BESIDE, False), (OFFICE, True)):
        for path in (one, f"{one}/links", PETITIONS):
            answer = await intake.request("GET", path, who=who)
            assert (answer.status_code, lead["id"] in answer.text) == (200, named)
            assert named or lead["number"] not in answer.text


async def test_a_matter_that_went_through_re_review_is_told_to_its_readers_alone(start: Any) -> None:
    intake = await start(service)
    first, elsewhere = await register(intake, OFFICE), token("330225101-xf", "33.02.25.101")
    sought = {**PUDDLE, "petitioners": [ZHANG]}
    for at, (readers, shown) in enumerate(((None, 1), (TOWNSHIP, 0), (OPEN, 1)), start=6):
        await keep(intake, first, readers, at, "terminated")
        for who, found in ((OFFICE, 1), (elsewhere, shown)):
            answer = await intake.request("POST", f"{PETITIONS}/candidates", who=who, json=sought)
            assert [each["number"] for each in answer.json()] == [first["number"]] * found
