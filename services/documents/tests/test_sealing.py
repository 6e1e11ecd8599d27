"""From an approval to an official paper: number, PDF, signature, lock, register, event, audit; once, whatever fails."""

import asyncio
import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.documents.tests.sealing import NOTICE, UNIT, WORD, case_state
from tests.support.nodes import token
from tests.support.running import told

from documents import resources
from documents.seals import domain, registering, signing, store, working
from documents.storage.objects import Locked


async def test_an_approved_opinion_becomes_an_official_paper(office: Any) -> None:
    paper = await office.sealed_opinion()
    pdf = await office.pdf(paper)
    keys = resources.of(office.running.runtime).seal_keys
    verdict = await asyncio.to_thread(signing.verify, pdf, keys.roots())
    assert (verdict.whole, verdict.name) == (True, "丁镇信访办")
    (row,) = await office.register_of_seals()
    assert row["text"] == f"丁信〔{row['issued_on'].year}〕1号"
    assert row["sha256"] == hashlib.sha256(pdf).hexdigest()
    assert (row["unit"], row["case_version"], row["asked_by"]) == (UNIT, 7, None)
    sealed = (await office.running.events())[-1]
    assert (sealed.type, sealed.subject, sealed.version) == ("documents.paper.sealed.v1", office.desk.petition, 2)
    assert (sealed.data.paper_id, sealed.data.sha256, sealed.data.number) == (paper, row["sha256"], row["text"])
    assert await office.running.rows("SELECT 1 FROM seal_jobs") == []


async def test_the_audit_names_the_paper_its_number_and_its_hash(office: Any) -> None:
    await office.sealed_opinion()
    (row,) = await office.register_of_seals()
    (entry,) = await office.running.rows("SELECT * FROM audit WHERE action = 'seal-paper'")
    detail = json.loads(entry["detail"])
    assert (detail["sha256"], detail["number"], entry["unit"]) == (row["sha256"], row["text"], UNIT)


async def test_the_same_approval_told_again_seals_nothing_twice(office: Any) -> None:
    paper = await office.sealed_opinion()
    await office.approve(paper)
    await office.approve(paper, version=9)
    assert await office.work() == 0
    assert len(await office.register_of_seals()) == 1


@pytest.mark.parametrize(
    "changes",
    [{"node": "33.02.25"}, {"state": "in-approval"}, {"handler_unit": "330225100-cj"}],
    ids=["another node's approval", "not the last approver", "another unit's opinion"],
)
async def test_only_the_last_approval_of_the_own_unit_at_this_node_seals(office: Any, changes: Any) -> None:
    await office.approve(await office.opinion(), **changes)
    assert await office.work() == 0


async def test_an_approval_that_names_papers_of_another_petition_seals_none_of_them(office: Any) -> None:
    paper = await office.opinion()
    event = told("routing.case.opinion-approved.v1", case_state([paper]), subject=uuid.uuid4())
    await office.running.hear("documents.on-approval", event)
    assert await office.work() == 0


async def test_several_replicas_seal_each_paper_once_and_leave_no_gap(office: Any) -> None:
    papers = [await office.opinion() for _ in range(4)]
    await office.approve(*papers)
    runtime = office.running.runtime
    taken = await asyncio.gather(*(working.step(runtime) for _ in range(6)))
    assert sum(taken) == 4
    rows = await office.register_of_seals()
    assert sorted(row["number"] for row in rows) == [1, 2, 3, 4]
    assert {row["paper_id"] for row in rows} == set(papers)


async def test_a_unit_without_a_seal_waits_with_the_reason_and_is_sealed_once_it_has_one(desk: Any) -> None:
    from services.documents.tests.sealing import Office

    office = Office(desk)
    paper = await office.opinion()
    await office.approve(paper)
    assert await office.work() == 0  # it is not even tried
    state = await office.state(paper)
    assert (state["state"], state["why_zh"]) == ("waiting", "该单位没有可用的印章")
    assert await desk.running.rows("SELECT 1 FROM numbers") == []  # no number is spent on it
    await office.register()
    assert await office.work() == 1
    assert (await office.state(paper))["state"] == "sealed"


async def test_a_seal_that_was_registered_unseen_is_found_when_the_paper_is_tried_again(desk: Any) -> None:
    from services.documents.tests.sealing import Office

    office = Office(desk)
    paper = await office.opinion()
    runtime = office.running.runtime
    new = registering.drawn_seal(runtime, resources.of(runtime).units.units[UNIT], WORD, datetime.now(UTC))
    async with runtime.database.transaction() as session:
        await registering.register(runtime, session, new, by="operator")
        await office.approve(paper)  # does not see the seal yet
    assert await office.work() == 0
    (job,) = await office.running.rows("SELECT due_at - now() AS wait FROM seal_jobs")
    assert timedelta() < job["wait"] <= domain.LONGEST_WAIT
    await office.running.rows("UPDATE seal_jobs SET due_at = now()")  # that time has passed
    assert await office.work() == 1
    assert (await office.state(paper))["state"] == "sealed"


async def test_a_try_that_dies_after_the_number_was_taken_is_done_again_under_the_same_number(
    office: Any, monkeypatch: Any
) -> None:
    first, second = await office.opinion(), await office.opinion()
    await office.approve(first)
    keys = resources.of(office.running.runtime).seal_keys
    monkeypatch.setattr(keys, "sign", _fails)
    assert await office.work() == 1
    state = await office.state(first)
    assert (state["state"], state["why_en"]) == ("waiting", "Internal error")
    monkeypatch.undo()
    await office.approve(second)
    await office.work()
    await office.running.rows("UPDATE seal_jobs SET due_at = now() - interval '1 hour'")
    assert await office.work() == 1
    numbers = {row["paper_id"]: row["number"] for row in await office.register_of_seals()}
    assert numbers == {first: 1, second: 2}


def _fails(*_: object, **__: object) -> bytes:
    raise RuntimeError("the process was killed here")


async def test_whoever_comes_second_after_a_lease_ran_out_registers_nothing(office: Any) -> None:
    paper = await office.opinion()
    await office.approve(paper)
    runtime = office.running.runtime
    async with runtime.database.transaction() as session:
        claimed = await store.claim(session, runtime.wall.now(), timedelta(0))
    assert claimed is not None
    assert await office.work() == 1
    await working._make_official(runtime, claimed)
    assert len(await office.register_of_seals()) == 1
    assert len([event for event in await office.running.events() if "sealed" in event.type]) == 1


async def test_a_notice_is_sealed_when_a_leader_of_its_unit_says_so(office: Any) -> None:
    notice = await office.notice()
    assert (await office.ask(notice)).status_code == 202
    assert await office.work() == 1
    (row,) = await office.register_of_seals()
    assert (row["asked_by"], row["case_version"], row["kind"]) == ("leader", None, "notice")
    again = await office.ask(notice)
    assert (again.status_code, office.desk.slug_of(again)) == (409, "sealed-already")


async def test_nobody_but_a_leader_of_that_unit_uses_its_seal(office: Any) -> None:
    notice = await office.notice()
    for who, expected in (
        (token(roles=["clerk", "handler"]), (403, "not-allowed")),
        (token("330225100-cj", roles=["leader"]), (403, "not-your-seal")),
        (token("330225101-xf", "33.02.25.101", roles=["leader"]), (404, "not-found")),
    ):
        answer = await office.ask(notice, who=who)
        assert (answer.status_code, office.desk.slug_of(answer)) == expected
    assert await office.work() == 0


async def test_an_opinion_is_not_sealed_by_a_click(office: Any) -> None:
    answer = await office.ask(await office.opinion())
    assert (answer.status_code, office.desk.slug_of(answer)) == (409, "approval-needed")


async def test_an_accused_unit_and_those_below_neither_read_nor_see_the_number(office: Any) -> None:
    paper = await office.sealed_opinion()
    await office.desk.hears_of(office.desk.petition, accused_units=["330225100-cj"])
    await office.running.rows("UPDATE petitions SET registered_accused = '{330225100-cj}'")
    accused = token("330225100-cj", roles=["leader"])
    path = office.desk.path("papers") + f"/{paper}"
    for url in (f"{path}/sealed", f"{path}/seal", office.desk.path("sealed-papers")):
        assert (await office.running.request("GET", url, who=accused)).status_code == 404
    listed = await office.running.request("GET", f"/api/documents/v1/numbers?unit={UNIT}", who=accused)
    assert listed.json() == {"items": [], "next": None}
    mine = await office.running.request("GET", "/api/documents/v1/numbers")
    assert [row["state"] for row in mine.json()["items"]] == ["sealed"]


async def test_reading_an_official_paper_is_recorded(office: Any) -> None:
    paper = await office.sealed_opinion()
    await office.pdf(paper)
    (entry,) = await office.running.rows("SELECT * FROM audit WHERE action = 'read-sealed-paper'")
    assert json.loads(entry["detail"]) == {"paper": str(paper)}


async def test_the_numbers_are_listed_page_by_page_the_last_first(office: Any) -> None:
    for _ in range(3):
        await office.ask(await office.notice(**NOTICE))
    await office.work()
    path = "/api/documents/v1/numbers?limit=2"
    first = (await office.running.request("GET", path)).json()
    rest = (await office.running.request("GET", f"{path}&cursor={first['next']}")).json()
    assert [row["number"][-2] for row in first["items"] + rest["items"]] == ["3", "2", "1"]
    assert rest["next"] is None


async def test_the_object_of_a_sealed_paper_is_locked(office: Any) -> None:
    await office.sealed_opinion()
    (row,) = await office.register_of_seals()
    held = resources.of(office.running.runtime)
    until = await held.store.locked_until(row["object"])
    assert until is not None
    assert until - office.running.runtime.wall.now() > timedelta(days=29 * 365)
    with pytest.raises(Locked):
        await held.store.delete(row["object"])
