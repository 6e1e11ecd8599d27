"""Art 36: a terminated matter is recognised at every tier, also beside and below the office that had it, from the
service of the re-review opinion on; and nobody is told who came where.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from services.intake.tests.linked import AGAIN, LAND, PETITIONS, ZHANG, hear_state, opened, petition, register

from contracts.letters import TerminatedQuestion
from intake import resources
from intake.main import service
from intake.repeats import id_key
from kit.errors import Refused
from kit.lockbox import bucket
from tests.support.couriers import Couriers
from tests.support.nodes import token
from tests.support.running import Running, told

PROVINCE, CITY, COUNTY, TOWNSHIP = "33", "33.02", "33.02.25", "33.02.25.100"
OFFICE, TOWN = token("330225-xf", COUNTY), token("330225100-xf", TOWNSHIP)
BESIDE = token("330226-xf", "33.02.26")  # another county, served by the node of the city
SERVED = {"stage": "re-review", "served_at": "2026-01-05T00:00:00Z"}


class Tomorrow:
    """The clock of a node, some days ahead."""

    days = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


async def answer_waiting(node: Running) -> None:
    job = next(job for job in service.jobs if job.name == "intake.terminated-waiting")
    async with node.runtime.database.transaction() as session:
        await job.run(node.runtime, session)


class Nodes:
    """The registers of some nodes, and the links between them."""

    def __init__(self, **running: Running) -> None:
        self.at = running
        self.carry = Couriers(*running.values()).carry

    async def concluded(self, where: str, who: str, state: str = "served", **changes: Any) -> dict[str, Any]:
        """A matter registered there whose re-review opinion was served."""
        receipt = await register(self.at[where], who, **changes)
        await self.carry()
        node = self.at[where].runtime.node
        for running in self.at.values():
            more: dict[str, Any] = {"registered_region": node, "nodes": [node], **SERVED}
            await hear_state(running, receipt, state, by=node, **more)
        await self.carry()
        job = next(job for job in service.jobs if job.name == "intake.terminated-locked")
        for running in self.at.values():
            async with running.runtime.database.transaction() as session:
                await job.run(running.runtime, session)
        return receipt


async def nodes(start: Any, *paths: str) -> Nodes:
    names = {PROVINCE: "province", CITY: "city", COUNTY: "county", TOWNSHIP: "township"}
    return Nodes(**{names[path]: await start(service, path=path) for path in paths})


async def proposed(node: Running, who: str, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await node.request("GET", f"{PETITIONS}/{receipt['id']}/candidates", who=who)
    return [each for each in answer.json() if each["terminated"]]


async def letters(node: Running, kind: str, reader: Running) -> list[Any]:
    """Those of a kind, as who they are for opens them."""
    key = f"letter.{reader.runtime.node}.intake"
    found = [row["body"] for row in await node.sent("letters") if row["routing_key"] == key]
    return [each for each in (opened(body, reader.runtime.settings) for body in found) if each.type == kind]


@pytest.mark.parametrize("state", ["served", "terminated"])
async def test_an_office_beside_the_first_recognises_it_while_it_registers(start: Any, state: str) -> None:
    there = await nodes(start, CITY, TOWNSHIP)
    first = await there.concluded("township", TOWN, state)
    asked = {key: petition(**AGAIN)[key] for key in ("title", "content", "petitioners")}
    answer = await there.at["city"].request("POST", f"{PETITIONS}/candidates", who=BESIDE, json=asked)
    (found,) = answer.json()
    assert (found["number"], found["terminated"], found["likely"]) == (first["number"], True, True)
    assert found["title"] is None, "what was said is for those who may read it"
    await register(there.at["city"], BESIDE, **AGAIN, repeat_of=first["id"])
    assert (await there.at["city"].events())[-1].data.terminated_before


async def test_a_node_below_learns_it_after_it_registered_and_links_it(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    first = await there.concluded("county", OFFICE)
    again = await register(there.at["township"], TOWN, **AGAIN)
    assert await proposed(there.at["township"], TOWN, again) == []
    await there.carry()
    (found,) = await proposed(there.at["township"], TOWN, again)
    assert (found["number"], found["likely"], found["title"]) == (first["number"], True, None)
    assert [each["code"] for each in found["reasons"]] == ["same-id-number", "same-phone", "similar-text"]
    assert "不再受理" in found["advice"]["zh"]
    link = {"repeat_of": first["id"], "reason": "同一人同一事项"}
    linked = await there.at["township"].request("POST", f"{PETITIONS}/{again['id']}/link-repeat", who=TOWN, json=link)
    assert (linked.status_code, linked.json()["terminated_before"]) == (200, True)
    event = (await there.at["township"].events())[-1]
    assert (event.type, event.data.terminated_before) == ("intake.petition.linked.v1", True)


async def test_another_matter_of_the_same_person_is_told_as_unlike(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    await there.concluded("county", OFFICE)
    other = await register(there.at["township"], TOWN, **LAND)
    await there.carry()
    (found,) = await proposed(there.at["township"], TOWN, other)
    assert not found["likely"]


async def test_nobody_else_is_recognised_and_only_what_was_proposed_can_be_linked(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    first = await there.concluded("county", OFFICE)
    other = await register(
        there.at["township"], TOWN, **{**AGAIN, "petitioners": [{**ZHANG, "id_number": None, "phone": "13900002222"}]}
    )
    await there.carry()
    assert await proposed(there.at["township"], TOWN, other) == []
    link = {"repeat_of": first["id"], "reason": "同一人同一事项"}
    refused = await there.at["township"].request("POST", f"{PETITIONS}/{other['id']}/link-repeat", who=TOWN, json=link)
    assert refused.status_code == 404


async def test_the_question_names_nobody_and_the_answer_opens_only_to_who_knows_the_person(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    first = await there.concluded("county", OFFICE)
    await register(there.at["township"], TOWN, **AGAIN)
    await there.carry()
    province, township = there.at["province"], there.at["township"]
    (question,) = await letters(township, "intake.terminated-question.v1", province)
    assert set(question.data.model_dump()) == {"buckets"}
    assert bucket("id:" + id_key(str(ZHANG["id_number"]))) in question.data.buckets
    (answer,) = await letters(province, "intake.terminated-answer.v1", township)
    said = json.dumps(answer.data.model_dump(mode="json"), ensure_ascii=False)
    assert str(first["number"]) not in said
    assert "积水" not in said


async def test_no_accused_unit_is_told_of_it(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    await there.concluded("county", OFFICE, accused_units=["330225100-cj"])
    await register(there.at["township"], TOWN, **AGAIN)
    await there.carry()
    assert await letters(there.at["province"], "intake.terminated-answer.v1", there.at["township"]) == []


@pytest.mark.parametrize(("readers", "told"), [(["330225-xf:"], 0), (["*"], 1)])
async def test_the_node_at_the_top_tells_nobody_of_what_is_confidential(
    start: Any, readers: list[str], told: int
) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    first = await there.concluded("county", OFFICE)
    more = {"registered_region": COUNTY, "nodes": [COUNTY], "readers": readers, **SERVED}
    await hear_state(there.at["province"], first, "served", 6, by=COUNTY, **more)
    await register(there.at["township"], TOWN, **AGAIN)
    await there.carry()
    assert len(await letters(there.at["province"], "intake.terminated-answer.v1", there.at["township"])) == told


async def test_before_the_re_review_opinion_is_served_nothing_is_terminated(start: Any) -> None:
    there = await nodes(start, CITY, TOWNSHIP)
    receipt = await register(there.at["township"], TOWN)
    await hear_state(there.at["township"], receipt, "received", stage="re-review")
    assert await letters(there.at["township"], "intake.petition-file.v1", there.at["city"]) == []


async def test_a_node_that_asks_for_too_much_is_answered_on_a_later_day_and_nothing_is_lost(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    first = await there.concluded("county", OFFICE)
    province, township = there.at["province"], there.at["township"]
    clock = Tomorrow()
    province.runtime.clock = clock
    await province.rows("DELETE FROM terminated_asked")
    asked = "INSERT INTO terminated_asked (node, day, buckets) VALUES ($1, $2, 4999)"
    await province.rows(asked, TOWNSHIP, clock.now().date())
    receipt = await register(township, TOWN, **AGAIN)
    await there.carry()
    assert await proposed(township, TOWN, receipt) == []
    assert len(await province.rows("SELECT 1 FROM terminated_questions")) == 1
    await answer_waiting(province)
    assert len(await province.rows("SELECT 1 FROM terminated_questions")) == 1
    clock.days = 1
    await answer_waiting(province)
    assert await province.rows("SELECT 1 FROM terminated_questions") == []
    await there.carry()
    (found,) = await proposed(township, TOWN, receipt)
    assert found["number"] == first["number"]


async def test_what_comes_later_does_not_overtake_what_waits_and_other_nodes_are_answered(start: Any) -> None:
    there = await nodes(start, PROVINCE, COUNTY, TOWNSHIP)
    await there.concluded("county", OFFICE)
    province = there.at["province"]
    waits = "INSERT INTO terminated_questions (node, petition_id, buckets, asked_at) VALUES ($1, $2, $3, now())"
    await province.rows(waits, TOWNSHIP, uuid.uuid4(), [1] * 2000)
    await register(there.at["township"], TOWN, **AGAIN)
    await there.carry()
    assert len(await province.rows("SELECT 1 FROM terminated_questions")) == 2
    answers = len(await letters(province, "intake.terminated-answer.v1", there.at["county"]))
    await register(there.at["county"], OFFICE, **AGAIN)
    await there.carry()
    assert len(await letters(province, "intake.terminated-answer.v1", there.at["county"])) == answers + 1
    await answer_waiting(province)
    assert len(await letters(province, "intake.terminated-answer.v1", there.at["township"])) == 1


async def test_where_too_much_waits_the_question_is_parked_with_its_reason(start: Any) -> None:
    province = (await nodes(start, PROVINCE)).at["province"]
    held = resources.of(province.runtime)
    held.settings = held.settings.model_copy(update={"terminated_buckets_per_day": 2, "terminated_waiting": 1})
    questions = [
        told("intake.terminated-question.v1", TerminatedQuestion(buckets=[1, 2]), subject=uuid.uuid4(), node=TOWNSHIP)
        for _ in range(3)
    ]
    for question in questions[:2]:
        await province.hear("intake.letters", question)
    with pytest.raises(Refused, match="too-many-requests"):
        await province.hear("intake.letters", questions[2])
    assert len(await province.rows("SELECT 1 FROM terminated_questions")) == 1
    asked = "xinqiao_terminated_questions_total"
    counts = [REGISTRY.get_sample_value(asked, {"node": TOWNSHIP, "outcome": each}) for each in ("waits", "refused")]
    assert all(count is not None and count >= 1 for count in counts)
