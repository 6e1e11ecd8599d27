"""Filing and reading papers, over HTTP, on a real database."""

import hashlib
import json
import uuid
from typing import Any

import pytest
from tests.support.nodes import token

from contracts.events import PaperState

SECTIONS = ("request", "facts", "opinion", "legal_basis", "outcome")


async def test_a_filed_opinion_is_listed_read_and_told(desk: Any) -> None:
    answer = await desk.file()
    assert answer.status_code == 201
    paper = answer.json()
    read = (await desk.get("papers", paper["paper_id"])).json()
    text = {name: read[name] for name in SECTIONS}
    assert text["opinion"] == "支持其请求,三十日内修复。"
    canonical = json.dumps(text, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert paper["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert (await desk.get("papers")).json() == {"items": [paper], "next": None}
    (event,) = await desk.running.events()
    state: PaperState = event.data
    assert (event.type, event.subject, event.version) == ("documents.paper.filed.v1", desk.petition, 1)
    assert (str(state.paper_id), state.kind, state.sha256) == (paper["paper_id"], "opinion", paper["sha256"])


async def test_files_and_papers_of_a_petition_share_one_growing_sequence(desk: Any) -> None:
    other = uuid.uuid4()
    await desk.hears_of(other)
    await desk.put()
    await desk.file()
    await desk.put(petition=other)
    await desk.put()
    told = [(event.subject, event.version) for event in await desk.running.events()]
    assert told == [(desk.petition, 1), (desk.petition, 2), (other, 1), (desk.petition, 3)]


@pytest.mark.parametrize("section", [*SECTIONS, "kind"])
@pytest.mark.parametrize("value", [None, "", "   ", 7, "nul\x00"])
async def test_an_opinion_lacks_none_of_its_sections(desk: Any, section: str, value: object) -> None:
    answer = await desk.file(**{section: value})
    assert answer.status_code == 422
    where = "body" if section == "kind" else f"body.opinion.{section}"  # the kind says which sections there are
    assert [error["field"] for error in answer.json()["errors"]] == [where]
    assert await desk.running.rows("SELECT 1 FROM papers") == []


async def test_a_section_may_not_be_endless_and_nothing_unknown_is_taken(desk: Any) -> None:
    for change in ({"facts": "长" * 20_001}, {"signature": "x"}, {"kind": "notice"}, {"outcome": "perhaps"}):
        answer = await desk.file(**change)
        assert answer.status_code == 422


async def test_a_notice_is_filed_and_read_like_any_paper(desk: Any) -> None:
    body = {"kind": "decline-notice", "text": "经审查,该事项不予受理。"}
    made = await desk.running.request("POST", desk.path("papers"), json=body)
    assert made.status_code == 201
    read = (await desk.running.request("GET", f"{desk.path('papers')}/{made.json()['paper_id']}")).json()
    assert (read["kind"], read["text"], read["facts"]) == ("decline-notice", "经审查,该事项不予受理。", None)


async def test_an_opinion_sent_again_with_the_same_key_is_filed_once(desk: Any) -> None:
    path, body = desk.path("papers"), {"kind": "opinion", **dict.fromkeys(SECTIONS[:4], "文字"), "outcome": "explain"}
    first = await desk.running.request("POST", path, key="opinion-0001", json=body)
    again = await desk.running.request("POST", path, key="opinion-0001", json=body)
    other = await desk.running.request("POST", path, key="opinion-0001", json={**body, "facts": "其他"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == again.json()
    assert len(await desk.running.events()) == 1


async def test_a_clerk_files_the_notices_of_the_office_and_reads_opinions_but_writes_none(desk: Any) -> None:
    clerk = token(roles=["clerk"])
    paper = (await desk.file()).json()
    assert (await desk.file(who=clerk)).status_code == 403
    assert (await desk.get("papers", paper["paper_id"], who=clerk)).status_code == 200
    for kind in ("decline-notice", "refusal-again-notice"):  # whoever may decline it may write that it is declined
        body = {"kind": kind, "text": "经审查,该事项不予受理。"}
        assert (await desk.running.request("POST", desk.path("papers"), who=clerk, json=body)).status_code == 201
    supervisor = token(roles=["supervisor"])
    assert (await desk.running.request("POST", desk.path("papers"), who=supervisor, json=body)).status_code == 403


async def test_what_an_opinion_says_is_told_and_of_a_notice_there_is_nothing_to_tell(desk: Any) -> None:
    await desk.file(outcome="not-support")
    await desk.running.request("POST", desk.path("papers"), json={"kind": "notice", "text": "告知书正文"})
    opinion, notice = await desk.running.events()
    assert (opinion.data.outcome, opinion.data.unit, notice.data.outcome) == ("not-support", "330225100-xf", None)


async def test_the_text_of_a_paper_stands_nowhere_in_clear(desk: Any) -> None:
    await desk.file(facts="张三丰家住一村")
    (row,) = await desk.running.rows("SELECT * FROM papers")
    (sent,) = await desk.running.sent()
    assert "张三丰".encode() not in row["content"]
    assert "张三丰" not in sent["body"].decode()


async def test_every_reading_of_a_paper_is_recorded(desk: Any) -> None:
    paper = (await desk.file()).json()
    await desk.get("papers", paper["paper_id"])
    await desk.get("papers", uuid.uuid4())
    filed, reading = await desk.running.rows("SELECT * FROM audit ORDER BY id")
    assert (filed["action"], filed["after"], reading["action"]) == ("file-paper", 1, "read-paper")
    assert json.loads(filed["detail"]) == {"paper": paper["paper_id"], "sha256": paper["sha256"]}
    assert (reading["detail"], reading["actor"], reading["unit"]) == (
        f'{{"paper":"{paper["paper_id"]}"}}',
        "tester",
        "330225100-xf",
    )
