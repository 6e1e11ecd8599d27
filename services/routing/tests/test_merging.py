"""Cases merged into a lead, over HTTP and between nodes, on real databases."""

import asyncio
from typing import Any

from services.routing.tests.test_cases import CASES, COUNTY, OFFICE, TOWN_HERE, do, opened
from tests.support.couriers import Couriers
from tests.support.nodes import token
from tests.support.papers import filed
from tests.support.running import Running

from contracts.envelope import Envelope
from routing.main import service

BUREAU = token("330225-js", "33.02.25", ["clerk", "handler"])
TOWNSHIP = token("330225100-xf", "33.02.25.100", ["clerk", "handler"])
ANSWER = {"answer": "已修复"}


async def shown(routing: Running, case: str, who: str = OFFICE) -> dict[str, Any]:
    answer = await routing.request("GET", f"/api/routing/v1/cases/{case}", who=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def merged(routing: Running, count: int = 1) -> tuple[str, list[str]]:
    lead, *members = [await opened(routing) for _ in range(count + 1)]
    for member in members:
        answer = await do(routing, member, "merge", version=1, lead=lead)
        assert answer.status_code == 200, answer.text
    return lead, members


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def told_of(routing: Running, case: str) -> list[Envelope]:
    return [each for each in await routing.events() if str(each.subject) == case and "clock" not in each.type]


async def test_each_merged_case_ends_with_its_lead_by_a_version_of_its_own(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, members = await merged(routing, 3)
    await do(routing, lead, "answer", version=1, fields=ANSWER)
    number = (await shown(routing, lead))["number"]
    await Couriers(routing).carry()
    numbers = {number}
    for member in members:
        case = await shown(routing, member)
        assert (case["state"], case["merged_into"]) == ("answered", lead)
        assert (case["timeline"][-1]["action"], case["timeline"][-1]["reason"]) == ("answer", f"lead:{number}")
        assert [clock for clock in case["clocks"] if clock["stopped_at"] is None] == []
        assert [event.type for event in await told_of(routing, member)][-1] == "routing.case.answered.v1"
        numbers.add(case["number"])
    assert len(numbers) == 4


async def test_told_again_the_end_of_a_lead_has_no_second_effect(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    await do(routing, lead, "answer", version=1, fields=ANSWER)
    for _ in range(2):
        await routing.hear("routing.on-ending", *await told_of(routing, lead))
    assert (await shown(routing, member))["version"] == 3


async def test_the_lead_may_be_ended_at_another_node(start: Any) -> None:
    county, township = await start(service, **COUNTY), await start(service)
    couriers = Couriers(county, township)
    lead, members = await merged(county, 2)
    await do(county, lead, "transfer", version=1, to_unit="330225100-xf")
    await couriers.carry()
    await do(township, lead, "receive", TOWNSHIP, version=2)
    await do(township, lead, "answer", TOWNSHIP, version=3, fields=ANSWER)
    freed = await do(county, members[0], "unmerge", version=2)
    assert freed.json()["merged_into"] is None
    await couriers.carry()
    assert (await shown(county, members[0]))["state"] == "screened"
    assert (await shown(county, members[1]))["state"] == "answered"


async def test_what_its_own_petitioner_ended_ends_no_other_case(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    await do(routing, lead, "note-withdrawal", version=1)
    await Couriers(routing).carry()
    case = await shown(routing, member)
    assert (case["state"], case["merged_into"], case["timeline"][-1]["action"]) == ("screened", None, "unmerge")
    assert (await do(routing, member, "accept", version=3)).json()["state"] == "accepted"


async def test_a_merged_case_waits_and_is_itself_no_lead(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    other = await opened(routing)
    assert slug(await do(routing, member, "accept", version=2)) == "merged"
    chained = await do(routing, other, "merge", version=1, lead=member)
    assert (chained.status_code, slug(chained), chained.json()["lead"]) == (409, "merged", lead)


async def test_only_what_is_held_together_and_alike_is_merged(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case, elsewhere, answered, accused = [await opened(routing) for _ in range(3)] + [
        await opened(routing, accused_units=["330226-xf"])
    ]
    suggestion = await opened(routing, kind="suggestion", route=None)
    await do(routing, elsewhere, "transfer", version=1, to_unit="330225100-xf")
    await do(routing, answered, "answer", version=1, fields=ANSWER)
    for lead, why in (
        (elsewhere, "not-held-together"), (answered, "lead-ended"), (accused, "lead-of-another-kind"),
        (suggestion, "lead-of-another-kind"),
    ):  # fmt: skip
        refused = await do(routing, case, "merge", version=1, lead=lead)
        assert (refused.status_code, slug(refused), refused.json()["field"]) == (409, why, "lead")


async def test_what_was_terminated_before_hides_in_no_lead(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, again = await opened(routing), await opened(routing, terminated_before=True)
    assert slug(await do(routing, again, "merge", version=1, lead=lead)) == "not-terminated-before"


async def test_of_two_cases_merged_into_each_other_at_once_one_leads(start: Any) -> None:
    routing = await start(service, **COUNTY)
    one, two = await opened(routing), await opened(routing)
    answers = await asyncio.gather(
        do(routing, one, "merge", version=1, lead=two), do(routing, two, "merge", version=1, lead=one)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_who_was_answered_with_the_lead_asks_for_a_review_of_the_handlers_opinion(start: Any) -> None:
    """The county merged them, a township wrote the opinion: the county, above that, reviews it (Art 35)."""
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    leader = token("330225101-xf", "33.02.25.101", ["leader"], subject="town.leader")
    await do(routing, lead, "transfer", version=1, to_unit="330225101-xf")
    await do(routing, lead, "receive", TOWN_HERE, version=2)
    await do(routing, lead, "accept", TOWN_HERE, version=3)
    paper = await filed(routing, lead, "opinion", "330225101-xf", outcome="explain")
    submitted = {"version": 4, "outcome": "explain", "papers": [paper]}
    assert (await do(routing, lead, "submit", TOWN_HERE, **submitted)).status_code == 200
    await do(routing, lead, "approve", leader, version=5)
    await do(routing, lead, "serve", TOWN_HERE, version=6, fields={"method": "in-person"})
    await Couriers(routing).carry()
    case = await shown(routing, member)
    assert (case["state"], case["outcome"], case["holder_unit"]) == ("served", "explain", "330225-xf")
    assert {clock["name"] for clock in case["clocks"] if clock["stopped_at"] is None} == {"ask-review", "evaluation"}
    asked = await do(routing, member, "request-review", version=case["version"], fields={"by": "petitioner"})
    assert asked.status_code == 200, asked.text
    review = asked.json()
    assert (review["state"], review["stage"], review["holder_unit"]) == ("offered", "review", "330225-xf")
    assert (await shown(routing, lead))["stage"] == "handling"
    received = await do(routing, member, "receive", version=review["version"])
    assert (received.json()["state"], received.json()["merged_into"]) == ("received", None)


async def test_whom_the_lead_turns_out_to_accuse_learns_nothing_of_its_members_either(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, members = await merged(routing, 2)
    assert {(await routing.request("GET", f"{CASES}/{each}", who=BUREAU)).status_code for each in members} == {200}
    screened = await do(routing, lead, "screen", version=1, route=6, accused_units=["330225-js"])
    assert screened.status_code == 200, screened.text
    await Couriers(routing).carry()
    for member in members:
        case = await shown(routing, member)
        assert (case["accused_units"], case["merged_into"], case["version"]) == (["330225-js"], lead, 3)
        assert case["timeline"][-1]["reason"].startswith("lead:")
        assert (await routing.request("GET", f"{CASES}/{member}", who=BUREAU)).status_code == 404
        assert (await told_of(routing, member))[-1].data.accused_units == ["330225-js"]
    for _ in range(2):
        await routing.hear("routing.on-ending", *await told_of(routing, lead))
    alone = (await do(routing, members[0], "unmerge", version=3)).json()
    assert (alone["accused_units"], alone["merged_into"]) == (["330225-js"], None)
    given = await do(routing, members[0], "transfer", version=4, to_unit="330225-js")
    assert (given.status_code, slug(given)) == (403, "accused-unit")


async def test_a_lead_that_becomes_confidential_takes_along_what_was_merged_into_it(start: Any) -> None:
    """And lifts of them what came from it alone (docs/adr/0019)."""
    routing = await start(service, **COUNTY)
    lead, (follows, marked) = await merged(routing, 2)
    why, head = {"note": "信访人担心打击报复"}, token("330225-xf", "33.02.25", ["leader"])
    await do(routing, marked, "mark-confidential", head, version=2, **why)
    assert await status(routing, follows, BUREAU) == 200
    await do(routing, lead, "mark-confidential", head, version=1, **why)
    for _ in range(2):
        await Couriers(routing).carry()
    case = await shown(routing, follows)
    last = case["timeline"][-1]
    assert (last["action"], case["version"], last["reason"].startswith("lead:XF")) == ("mark-confidential", 3, True)
    for each in (lead, follows, marked):
        assert [await status(routing, each, who) for who in (BUREAU, OFFICE)] == [404, 200]
    refused = await do(routing, follows, "unmark-confidential", head, version=3, **why)
    assert slug(refused) == "merged", "it would tell what its lead hides"
    await do(routing, lead, "unmark-confidential", head, version=2, **why)
    await Couriers(routing).carry()
    assert [await status(routing, each, BUREAU) for each in (lead, follows, marked)] == [200, 200, 404]


async def test_told_late_a_mark_that_was_lifted_is_none(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    head, why = token("330225-xf", "33.02.25", ["leader"]), {"note": "信访人担心打击报复"}
    await do(routing, lead, "mark-confidential", head, version=1, **why)
    await do(routing, lead, "unmark-confidential", head, version=2, **why)
    for event in reversed(await told_of(routing, lead)):
        if "confidential" in event.type:
            await routing.hear("routing.on-ending", event)
    assert [(await shown(routing, member))[name] for name in ("confidential", "version")] == [False, 2]


async def test_unmerged_it_stays_confidential_until_a_person_lifts_that(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, (member,) = await merged(routing)
    head, why = token("330225-xf", "33.02.25", ["leader"]), {"note": "信访人担心打击报复"}
    await do(routing, lead, "mark-confidential", head, version=1, **why)
    await Couriers(routing).carry()
    await do(routing, member, "unmerge", version=3)
    await do(routing, lead, "unmark-confidential", head, version=2, **why)
    await Couriers(routing).carry()
    assert [await status(routing, each, BUREAU) for each in (lead, member)] == [200, 404]
    assert (await do(routing, member, "unmark-confidential", head, version=4, **why)).status_code == 200
    assert await status(routing, member, BUREAU) == 200


async def test_who_registered_a_member_reads_it_and_not_what_its_lead_is(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, member = await opened(routing), await opened(routing, unit="330225101-xf", region="33.02.25.101")
    await do(routing, member, "transfer", TOWN_HERE, version=1, to_unit="330225-xf")
    await do(routing, member, "receive", version=2)
    await do(routing, member, "merge", version=3, lead=lead)
    number = (await shown(routing, lead))["number"]
    for secret in (False, True):
        if secret:
            head = token("330225-xf", "33.02.25", ["leader"])
            await do(routing, lead, "mark-confidential", head, version=1, note="信访人担心打击报复")
            await Couriers(routing).carry()
        for who, told in ((OFFICE, True), (TOWN_HERE, not secret)):
            case = await shown(routing, member, who)
            assert case["merged_into"] == (lead if told else None)
            if secret:
                assert case["timeline"][-1]["reason"] == (f"lead:{number}" if told else "lead")
    assert await status(routing, lead, TOWN_HERE) == 404


async def status(routing: Running, case: str, who: str) -> int:
    return int((await routing.request("GET", f"{CASES}/{case}", who=who)).status_code)


async def test_what_was_said_of_a_member_itself_stays_beside_what_comes_from_its_lead(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, member = [await opened(routing, accused_units=["330226-xf"]) for _ in range(2)]
    await do(routing, member, "merge", version=1, lead=lead)
    await do(routing, lead, "screen", version=1, route=6, accused_units=["330225-js"])
    await Couriers(routing).carry()
    await do(routing, member, "unmerge", version=3)
    assert (await shown(routing, member))["accused_units"] == ["330226-xf", "330225-js"]


async def test_where_the_lead_accuses_the_holder_its_members_go_to_the_superior_and_stand_for_themselves(
    start: Any,
) -> None:
    county, city = await start(service, **COUNTY), await start(service, path="33.02")
    couriers = Couriers(county, city)
    lead, members = await merged(county, 2)
    await do(county, lead, "screen", version=1, route=6, accused_units=["330225-xf"])
    await couriers.carry()
    office = token("330200-xf", "33.02", ["clerk", "handler"])
    for case in (lead, *members):
        found = await shown(city, case, office)
        assert (found["holder_unit"], found["writer"], found["merged_into"]) == ("330200-xf", "33.02", None)
        assert found["accused_units"] == ["330225-xf"]
        assert (await county.request("GET", f"{CASES}/{case}", who=OFFICE)).status_code == 404
        accepted = await do(city, case, "accept", office, version=found["version"])
        assert accepted.json()["state"] == "accepted", accepted.text
