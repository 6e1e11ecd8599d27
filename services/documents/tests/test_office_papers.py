"""Papers of a unit that belong to no petition: drafted, approved by four eyes, sealed, registered, verified."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.nodes import token

ROOT = "/api/documents/v1"
LEADER = token(roles=["leader"], subject="leader")
TEXT = {"title": "关于做好汛期信访工作的通知", "to_units": ["各村"], "text": "请各村排查积水隐患。"}
REPORT = {
    "to_unit": "丁镇人民政府", "year": 2026, "statistics": "登记86件。", "handed_over": "转送12件。",
    "suggested": "建议3件。", "other": "无。",
}  # fmt: skip


@dataclass
class Papers:
    """A township office that writes papers of its own."""

    office: Any

    async def ask(self, method: str, path: str, *, who: str = "", **more: Any) -> httpx.Response:
        answer: httpx.Response = await self.office.running.request(method, f"{ROOT}/{path}", who=who, **more)
        return answer

    async def begin(self, kind: str = "circular", sections: Any = None, *, who: str = "") -> str:
        answer = await self.ask("POST", "office-drafts", who=who, json={"kind": kind, "sections": sections or TEXT})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["draft_id"])

    async def send(self, draft: str, version: int = 1, **more: Any) -> httpx.Response:
        return await self.ask("POST", f"office-drafts/{draft}/submission", json={"version": version, **more})

    async def decide(self, draft: str, version: int = 1, *, who: str = LEADER, **more: Any) -> httpx.Response:
        body = {"version": version, "decision": "approve", **more}
        return await self.ask("POST", f"office-drafts/{draft}/decision", who=who, json=body)

    async def approved(self, kind: str = "circular", sections: Any = None, **correction: Any) -> str:
        draft = await self.begin(kind, sections, who=LEADER if kind == "annual-report" else "")
        sent = await self.ask(
            "POST", f"office-drafts/{draft}/submission", json={"version": 1, **correction},
            who=LEADER if kind == "annual-report" else "",
        )  # fmt: skip
        assert sent.status_code == 200, sent.text
        other = token(roles=["leader"], subject="second")
        answer = await self.decide(draft, who=other)
        assert answer.status_code == 200, answer.text
        assert await self.office.work() == 1
        return str(answer.json()["paper_id"])


@pytest.fixture
def papers(office: Any) -> Papers:
    return Papers(office)


def slug_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


async def test_an_annual_report_is_drafted_approved_sealed_registered_and_verified_without_a_petition(
    papers: Papers,
) -> None:
    paper = await papers.approved("annual-report", REPORT)
    read = (await papers.ask("GET", f"office-papers/{paper}")).json()
    assert (read["kind"], read["state"], read["approved_by"]) == ("annual-report", "sealed", "second")
    assert read["sections"] == REPORT
    pdf = await papers.ask("GET", f"office-papers/{paper}/sealed")
    assert pdf.content.startswith(b"%PDF")
    listed = (await papers.ask("GET", "office-papers")).json()["items"]
    assert [(row["paper_id"], row["number"]) for row in listed] == [(paper, read["number"])]
    (number,) = (await papers.ask("GET", "numbers")).json()["items"]
    assert (number["number"], number["petition_id"], number["asked_by"]) == (read["number"], None, "second")
    code = read["verify_path"].rpartition("/")[2]
    told = (await papers.ask("GET", f"verifications/{code}", who=None)).json()  # type: ignore[arg-type]  # nobody
    assert (told["standing"], told["kind"]) == ("stands", "annual-report")
    entries = await papers.office.running.rows(
        "SELECT action, actor FROM audit WHERE action LIKE '%-paper' ORDER BY id"
    )
    assert [(row["action"], row["actor"]) for row in entries[:2]] == [
        ("approve-paper", "second"),
        ("seal-paper", "second"),
    ]
    assert await papers.office.running.events() == []  # events of papers are about petitions


async def test_office_papers_and_those_of_cases_share_one_series_without_gaps(papers: Papers) -> None:
    first = await papers.approved()
    await papers.office.sealed_opinion()
    second = await papers.approved()
    rows = await papers.office.running.rows("SELECT number, paper_id FROM numbers ORDER BY number")
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert [str(rows[0]["paper_id"]), str(rows[2]["paper_id"])] == [first, second]


async def test_nobody_approves_what_they_wrote_and_a_clerk_nothing(papers: Papers) -> None:
    mine = await papers.begin(who=LEADER)
    await papers.ask("POST", f"office-drafts/{mine}/submission", who=LEADER, json={"version": 1})
    assert slug_of(await papers.decide(mine)) == "four-eyes-paper"
    draft = await papers.begin()
    body = {"version": 1, "sections": {**TEXT, "text": "改过。"}}
    assert (await papers.ask("PUT", f"office-drafts/{draft}", who=LEADER, json=body)).status_code == 200
    await papers.send(draft, 2)
    assert slug_of(await papers.decide(draft, 2)) == "four-eyes-paper"
    assert (await papers.decide(draft, 2, who=token())).status_code == 403
    assert (await papers.decide(draft, 2, who=token(roles=["leader"], subject="second"))).status_code == 200
    assert not (await papers.ask("GET", f"office-drafts/{mine}", who=LEADER)).json()["may_decide"]


async def test_sql_makes_nobody_approve_their_own_and_undoes_no_decision(papers: Papers) -> None:
    draft = await papers.begin()
    await papers.send(draft)
    returned = (
        "INSERT INTO office_decisions (draft_id, version, decision, reason, decided_by, decided_at)"
        " VALUES ($1, 1, 'return', 'x', $2, now())"
    )
    with pytest.raises(asyncpg.RestrictViolationError):
        await papers.office.running.rows(returned, uuid.UUID(draft), "tester")
    await papers.office.running.rows(returned, uuid.UUID(draft), "leader")  # the guard can let somebody through
    for table in ("office_submissions", "office_decisions"):
        for statement in ("UPDATE {} SET version = 2", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await papers.office.running.rows(statement.format(table))


async def test_a_returned_draft_says_why_and_is_sent_again_only_changed(papers: Papers) -> None:
    draft = await papers.begin()
    assert slug_of(await papers.decide(draft)) == "draft-not-sent"
    await papers.send(draft)
    assert (await papers.decide(draft, decision="return")).status_code == 422
    assert (await papers.decide(draft, decision="return", reason="标题不规范")).json()["state"] == "returned"
    read = (await papers.ask("GET", f"office-drafts/{draft}")).json()
    assert (read["history"][0]["reason"], read["history"][0]["decided_by"]) == ("标题不规范", "leader")
    stored = await papers.office.running.rows("SELECT reason FROM office_decisions")
    assert "标题".encode() not in stored[0]["reason"]
    assert slug_of(await papers.send(draft)) == "draft-sent"
    body = {"version": 1, "sections": {**TEXT, "title": "关于汛期信访工作的通知"}}
    assert (await papers.ask("PUT", f"office-drafts/{draft}", json=body)).json()["state"] == "open"
    assert (await papers.send(draft, 2)).json()["state"] == "waiting"
    assert (await papers.decide(draft, 2)).json()["state"] == "approved"


async def test_what_is_saved_after_it_was_sent_is_not_what_is_approved(papers: Papers) -> None:
    draft = await papers.begin()
    await papers.send(draft)
    body = {"version": 1, "sections": {**TEXT, "text": "另一个内容。"}}
    await papers.ask("PUT", f"office-drafts/{draft}", json=body)
    assert slug_of(await papers.decide(draft)) == "version-conflict"
    assert slug_of(await papers.decide(draft, 2)) == "draft-not-sent"


async def test_everything_that_is_missing_is_told_before_it_is_sent(papers: Papers) -> None:
    draft = await papers.begin(sections={"title": "通知"})
    answer = await papers.send(draft)
    assert [each["field"] for each in answer.json()["errors"]] == ["sections.text", "sections.to_units"]


async def test_a_correction_supersedes_and_both_stand_in_the_register(papers: Papers) -> None:
    first = await papers.approved()
    second = await papers.approved(supersedes=first, reason="日期有误")
    rows = {row["paper_id"]: row for row in (await papers.ask("GET", "office-papers")).json()["items"]}
    assert (rows[first]["state"], rows[first]["superseded_by"]) == ("superseded", second)
    assert rows[second]["supersedes"] == first
    draft = await papers.begin()
    assert slug_of(await papers.send(draft, supersedes=first, reason="再改")) == "superseded-already"
    assert slug_of(await papers.send(draft, supersedes=str(uuid.uuid4()), reason="x")) == "not-a-correction"


async def test_a_folder_is_no_petition_and_a_petition_no_folder(papers: Papers) -> None:
    """Nothing that is done with petitions reaches a unit's papers by the folder's id, nor the other way round."""
    paper = await papers.approved()
    (row,) = await papers.office.running.rows("SELECT id FROM petitions WHERE office_unit IS NOT NULL")
    office, folder = papers.office, row["id"]
    base = f"petitions/{folder}"
    for path in ("files", "papers", f"papers/{paper}", f"papers/{paper}/sealed", "sealed-papers", "drafts", "bundles"):
        assert (await papers.ask("GET", f"{base}/{path}")).status_code == 404, path
    assert (await office.desk.put(petition=folder)).status_code == 404
    asked = await papers.ask("POST", f"{base}/papers/{paper}/seal", who=LEADER, json={})
    assert asked.status_code == 404
    notice = {"kind": "notice", "text": "正文"}
    assert (await papers.ask("POST", f"{base}/papers", json=notice)).status_code == 404
    opinion = await office.sealed_opinion()
    for path in ("", "/sealed", "/preview"):
        assert (await papers.ask("GET", f"office-papers/{opinion}{path}")).status_code == 404
    begun = await papers.ask("POST", "office-drafts", json={"kind": "opinion"})
    assert begun.status_code == 403
    unit = await papers.ask("POST", f"petitions/{office.desk.petition}/drafts", json={"kind": "circular"})
    assert unit.status_code == 403


async def test_papers_are_read_in_the_units_region_and_above_and_drafts_in_the_unit(papers: Papers) -> None:
    draft = await papers.begin()
    paper = await papers.approved()
    department = token("330225100-cj", "33.02.25.100")
    county, neighbour = token("330225-xf", "33.02.25"), token("330225101-xf", "33.02.25.101")
    for who, status, seen in ((department, 200, 1), (county, 200, 1), (neighbour, 404, 0)):
        assert (await papers.ask("GET", f"office-papers/{paper}", who=who)).status_code == status
        listed = await papers.ask("GET", "office-papers?unit=330225100-xf", who=who)
        assert len(listed.json()["items"]) == seen
        assert (await papers.ask("GET", f"office-drafts/{draft}", who=who)).status_code == 404
    assert (await papers.ask("GET", "office-drafts", who=department)).json() == {"items": [], "next": None}


async def test_drafts_and_papers_are_listed_page_by_page_and_what_waits_by_itself(papers: Papers) -> None:
    drafts = [await papers.begin() for _ in range(3)]
    await papers.send(drafts[1])
    first = (await papers.ask("GET", "office-drafts?limit=2")).json()
    rest = (await papers.ask("GET", f"office-drafts?limit=2&cursor={first['next']}")).json()
    assert [row["draft_id"] for row in first["items"] + rest["items"]] == drafts[::-1]
    waiting = (await papers.ask("GET", "office-drafts?waiting=true")).json()["items"]
    assert [(row["draft_id"], row["state"]) for row in waiting] == [(drafts[1], "waiting")]
    made = [await papers.approved() for _ in range(2)]
    one = (await papers.ask("GET", "office-papers?limit=1")).json()
    two = (await papers.ask("GET", f"office-papers?limit=1&cursor={one['next']}")).json()
    assert [one["items"][0]["paper_id"], two["items"][0]["paper_id"], two["next"]] == [*made[::-1], None]


async def test_drafting_works_as_for_a_case_compare_preview_and_word(papers: Papers) -> None:
    draft = await papers.begin()
    body = {"version": 1, "sections": {**TEXT, "text": "请各村排查积水和滑坡隐患。"}}
    await papers.ask("PUT", f"office-drafts/{draft}", json=body)
    found = (await papers.ask("GET", f"office-drafts/{draft}/differences?before=1&after=2")).json()
    assert [each["section"] for each in found["sections"]] == ["text"]
    assert (await papers.ask("GET", f"office-drafts/{draft}/preview")).content.startswith(b"%PDF")
    taken = await papers.ask("GET", f"office-drafts/{draft}/docx")
    back = await papers.ask("PUT", f"office-drafts/{draft}/docx", content=taken.content)
    assert (back.status_code, back.json()["version"]) == (200, 2)  # nothing was changed in it
    assert len((await papers.ask("GET", f"office-drafts/{draft}/versions")).json()) == 2
    entries = await papers.office.running.rows("SELECT detail FROM audit WHERE action = 'take-draft-to-word'")
    assert json.loads(entries[0]["detail"])["draft"] == draft


async def test_without_a_seal_nothing_is_approved(desk: Any) -> None:
    from services.documents.tests.sealing import Office

    papers = Papers(Office(desk))
    draft = await papers.begin()
    await papers.send(draft)
    assert slug_of(await papers.decide(draft)) == "no-seal"
    assert (await papers.ask("GET", f"office-drafts/{draft}")).json()["state"] == "waiting"
