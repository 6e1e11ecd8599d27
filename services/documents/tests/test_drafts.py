"""Drafts over HTTP on a real database: written, compared, taken to Word and back, looked at, filed."""

import asyncio
import hashlib
import io
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pypdfium2
import pytest
from docx import Document
from services.documents.tests.conftest import registered
from tests.support.nodes import token
from tests.support.running import told

from contracts.case_events import CaseState, Clock
from contracts.examples import CASE
from documents.drafts.word import MEDIA_TYPE

NOTICE = {
    "addressee": "欧阳禾苗", "matter": "反映某某路积水", "received_on": "2026-01-05", "reasons": "不属于受理范围。",
}  # fmt: skip
LAST = {"last": {"action": "accept", "unit": "330225100-xf", "at": "2026-01-06T01:00:00Z"}}
SUPERVISOR = token(roles=["supervisor"])
CLERK = token(roles=["clerk"])


async def begun(desk: Any, kind: str = "decline-notice", who: str = "", **sections: Any) -> dict[str, Any]:
    body = {"kind": kind, "sections": sections}
    answer = await desk.running.request("POST", desk.path("drafts"), json=body, who=who)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def save(desk: Any, draft: dict[str, Any], version: int, who: str = "", **sections: Any) -> Any:
    path = desk.path("drafts", draft["draft_id"])
    return await desk.running.request("PUT", path, json={"version": version, "sections": sections}, who=who)


async def file(desk: Any, draft: dict[str, Any], version: int, who: str = "", key: str | None = None) -> Any:
    path = f"{desk.path('drafts', draft['draft_id'])}/filing"
    return await desk.running.request("POST", path, json={"version": version}, who=who, key=key)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join("".join(page.get_textpage().get_text_bounded() for page in document).split())
    finally:
        document.close()


async def test_the_kinds_are_listed_with_their_forms_and_whether_the_caller_may_draft_them(desk: Any) -> None:
    listed = (await desk.running.request("GET", "/api/documents/v1/paper-templates")).json()
    kinds = {each["kind"]: each for each in listed}
    assert len(kinds) == 18
    assert kinds["opinion"]["form"]["required"] == ["request", "facts", "opinion", "legal_basis", "outcome"]
    as_clerk = await desk.running.request("GET", "/api/documents/v1/paper-templates", who=CLERK)
    may = {each["kind"] for each in as_clerk.json() if each["may_draft"]}
    assert "decline-notice" in may
    assert not {"opinion", "supervision-letter"} & may


async def test_a_draft_grows_by_versions_each_of_which_is_kept(desk: Any) -> None:
    draft = await begun(desk, addressee="欧阳禾苗")
    assert {each["section"] for each in draft["missing"]} == {"matter", "reasons"}  # the date of receipt is known
    second = await save(desk, draft, 1, **NOTICE)
    assert (second.status_code, second.json()["version"], second.json()["missing"]) == (200, 2, [])
    leader = token(subject="leader", roles=["leader"])
    await save(desk, draft, 2, who=leader, **{**NOTICE, "reasons": "依法应当通过诉讼解决。"})
    path = desk.path("drafts", draft["draft_id"])
    versions = (await desk.running.request("GET", f"{path}/versions")).json()
    assert [(each["version"], each["saved_by"]) for each in versions] == [(3, "leader"), (2, "tester"), (1, "tester")]
    old = (await desk.running.request("GET", path, params={"version": 2})).json()
    assert (old["shown"], old["version"], old["sections"]["reasons"]) == (2, 3, "不属于受理范围。")
    assert (await desk.get("drafts", draft["draft_id"], params={"version": 9})).status_code == 404


async def test_what_changed_between_two_versions_is_told_by_section(desk: Any) -> None:
    draft = await begun(desk, **NOTICE)
    changed = {"reasons": "不属于本机关受理范围。", "contact": "王小兰"}
    await save(desk, draft, 1, **{**draft["sections"], **changed})
    path = f"{desk.path('drafts', draft['draft_id'])}/differences"
    told = (await desk.running.request("GET", path, params={"before": 1, "after": 2})).json()
    assert [(each["section"], each["title_en"]) for each in told["sections"]] == [
        ("reasons", "Reasons"), ("contact", "Contact"),
    ]  # fmt: skip
    assert told["sections"][0]["changes"] == [
        {"kind": "same", "text": "不属于"}, {"kind": "added", "text": "本机关"}, {"kind": "same", "text": "受理范围。"},
    ]  # fmt: skip
    assert (await desk.running.request("GET", path, params={"before": 1, "after": 7})).status_code == 404
    assert (await desk.running.request("GET", path, params={"before": 0, "after": 1})).status_code == 422


async def test_of_two_who_save_over_one_version_one_is_told_of_the_other(desk: Any) -> None:
    draft = await begun(desk)
    answers = await asyncio.gather(*(save(desk, draft, 1, reasons=f"理由{number}") for number in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    refused = next(each for each in answers if each.status_code == 409)
    assert (desk.slug_of(refused), refused.json()["version"]) == ("version-conflict", 2)
    assert (await desk.get("drafts", draft["draft_id"])).json()["version"] == 2


async def test_a_version_that_is_sent_again_is_the_same_version(desk: Any) -> None:
    draft = await begun(desk)
    for _ in range(2):
        again = await save(desk, draft, 1, **NOTICE)
        assert (again.status_code, again.json()["version"]) == (200, 2)


async def test_what_is_wrong_is_told_when_it_is_saved_and_what_is_missing_when_it_is_filed(desk: Any) -> None:
    draft = await begun(desk)
    wrong = await save(desk, draft, 1, received_on="昨天", unheard="x", reasons=7)
    assert wrong.status_code == 422
    assert {each["field"] for each in wrong.json()["errors"]} == {
        "body.sections.received_on", "body.sections.unheard", "body.sections.reasons",
    }  # fmt: skip
    early = await file(desk, draft, 1)
    assert early.status_code == 422
    assert {"sections.addressee", "sections.matter", "sections.reasons"} <= {e["field"] for e in early.json()["errors"]}
    assert await desk.running.rows("SELECT 1 FROM papers") == []


async def test_a_draft_that_is_filed_becomes_the_paper_and_stays_as_it_is(desk: Any) -> None:
    draft = await begun(desk, **NOTICE)
    stale = await file(desk, draft, 7)
    assert (stale.status_code, desk.slug_of(stale)) == (409, "version-conflict")
    answer = await file(desk, draft, 1, key="filing-0001")
    assert answer.status_code == 201, answer.text
    paper = answer.json()
    assert (paper["kind"], paper["template"]) == ("decline-notice", "decline-notice/1")
    assert (await file(desk, draft, 1, key="filing-0001")).json() == paper
    read = (await desk.get("papers", paper["paper_id"])).json()
    assert read["sections"] == draft["sections"] | NOTICE
    canonical = json.dumps(read["sections"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert paper["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    (event,) = await desk.running.events()
    assert (event.type, event.data.kind, str(event.data.paper_id)) == (
        "documents.paper.filed.v1", "decline-notice", paper["paper_id"],
    )  # fmt: skip
    for again in (await file(desk, draft, 1), await save(desk, draft, 1, reasons="改")):
        assert (again.status_code, desk.slug_of(again)) == (409, "draft-filed")
    listed = (await desk.get("drafts")).json()["items"]
    assert [(each["draft_id"], each["paper_id"]) for each in listed] == [(draft["draft_id"], paper["paper_id"])]


async def test_an_opinion_of_a_review_is_filed_as_an_opinion_with_its_outcome(desk: Any) -> None:
    sections = {
        "addressee": "欧阳禾苗", "requested_on": "2026-04-02", "original_unit": "第一百镇人民政府", "request": "撤销",
        "facts": "属实", "decision": "change", "opinion": "变更", "legal_basis": "第三十五条", "outcome": "support",
    }  # fmt: skip
    draft = await begun(desk, "review-opinion", **sections)
    assert (await file(desk, draft, 1)).status_code == 201
    (event,) = await desk.running.events()
    assert (event.data.kind, event.data.outcome) == ("opinion", "support")


async def test_papers_without_a_short_form_are_filed_at_once_with_all_their_sections(desk: Any) -> None:
    path = desk.path("papers")
    letter = {"to_unit": "建设局", "petitioner": "欧阳禾苗", "received_on": "2026-01-05", "matter": "反映积水",
              "petition_number": "XF1", "summary": "积水。"}  # fmt: skip
    body = {"kind": "transfer-letter", "sections": letter}
    made = await desk.running.request("POST", path, json=body)
    assert (made.status_code, made.json()["template"]) == (201, "transfer-letter/1")
    lacking = await desk.running.request("POST", path, json={"kind": "transfer-letter", "sections": {}})
    assert lacking.status_code == 422
    assert {each["field"].removeprefix("body.sections.") for each in lacking.json()["errors"]} == set(letter)
    clerk = await desk.running.request("POST", path, who=CLERK, json={"kind": "supervision-letter", "sections": {}})
    assert clerk.status_code == 403


async def test_a_draft_begins_with_what_is_known_of_the_case(desk: Any) -> None:
    draft = await begun(desk, "extension-notice", matter="反映积水")
    assert draft["sections"] == {"petition_number": "XF33022520260105000001A", "matter": "反映积水"}
    ends = datetime(2026, 3, 7, 16, tzinfo=UTC)  # 24:00 of 7 March in China
    clock = Clock(name="handling", started_at="2026-01-06T01:00:00Z", due_at=ends)
    state = CaseState.model_validate(
        {**CASE, **LAST, "accepted_at": datetime(2026, 1, 5, 23, tzinfo=UTC), "clocks": [clock]}
    )
    event = told("routing.case.accepted.v1", state, subject=desk.petition, sequence=3)
    await desk.running.hear("documents.on-case", event)
    assert (await begun(desk, "extension-notice"))["sections"]["accepted_on"] == "2026-01-06"
    assert (await begun(desk, "acceptance-notice"))["sections"]["handling_due_on"] == "2026-03-07"
    older = told("routing.case.extended.v1", state.model_copy(update={"clocks": []}), subject=desk.petition, sequence=2)
    await desk.running.hear("documents.on-case", older)
    assert (await begun(desk, "acceptance-notice"))["sections"]["handling_due_on"] == "2026-03-07"


async def test_a_draft_and_a_filed_paper_can_be_looked_at_as_pdf(desk: Any) -> None:
    draft = await begun(desk, **NOTICE)
    path = f"{desk.path('drafts', draft['draft_id'])}/preview"
    shown = await desk.running.request("GET", path)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/pdf")
    assert shown.headers["cache-control"] == "no-store"
    text = text_of(shown.content)
    assert "草稿" in text
    assert "不属于受理范围。" in text
    paper = (await file(desk, draft, 1)).json()
    filed = await desk.running.request("GET", f"{desk.path('papers', paper['paper_id'])}/preview")
    assert "未盖章" in text_of(filed.content)
    short = (await desk.file()).json()
    old = await desk.running.request("GET", f"{desk.path('papers', short['paper_id'])}/preview")
    assert "支持其请求,三十日内修复。" in text_of(old.content)


async def test_a_draft_goes_to_word_and_comes_back_as_the_next_version(desk: Any) -> None:
    draft = await begun(desk, **NOTICE)
    path = f"{desk.path('drafts', draft['draft_id'])}/docx"
    taken = await desk.running.request("GET", path)
    assert (taken.status_code, taken.headers["content-type"]) == (200, MEDIA_TYPE)
    document = Document(io.BytesIO(taken.content))
    next(each for each in document.paragraphs if each.text == NOTICE["reasons"]).text = "改过的理由。"
    written = io.BytesIO()
    document.save(written)
    back = await desk.running.request("PUT", path, content=written.getvalue(), headers={"Content-Type": MEDIA_TYPE})
    assert back.status_code == 200, back.text
    assert (back.json()["version"], back.json()["sections"]["reasons"]) == (2, "改过的理由。")
    await save(desk, draft, 2, **NOTICE)
    stale = await desk.running.request("PUT", path, content=written.getvalue())  # the file says that it was version 1
    assert (stale.status_code, desk.slug_of(stale)) == (409, "version-conflict")
    versions = (await desk.running.request("GET", f"{desk.path('drafts', draft['draft_id'])}/versions")).json()
    assert [each["source"] for each in versions] == ["form", "docx", "form"]
    for content, slug in ((b"", "docx-unreadable"), (b"x" * 6 * 1024 * 1024, "too-large")):
        refused = await desk.running.request("PUT", path, content=content)
        assert desk.slug_of(refused) == slug


async def test_drafts_are_their_units_own_and_roles_decide_who_writes(desk: Any, neighbour: str) -> None:
    draft = await begun(desk, **NOTICE)
    county = token("330225-xf", "33.02.25", roles=["handler", "leader", "supervisor"])
    for who in (neighbour, county):
        for thing in ("", "/versions", "/preview", "/docx", "/differences?before=1&after=1"):
            path = desk.path("drafts", draft["draft_id"]) + thing
            assert (await desk.running.request("GET", path, who=who)).status_code == 404
        assert (await save(desk, draft, 1, who=who, reasons="x")).status_code == 404
        assert (await file(desk, draft, 1, who=who)).status_code == 404
    assert (await desk.get("drafts", who=neighbour)).status_code == 404
    assert (await desk.get("drafts", who=county)).json()["items"] == []
    opinion = await begun(desk, "opinion", request="x")
    assert (await save(desk, opinion, 1, who=CLERK, request="y")).status_code == 403
    refused = await desk.running.request("POST", desk.path("drafts"), json={"kind": "opinion"}, who=CLERK)
    assert refused.status_code == 403
    assert (await begun(desk, "supervision-letter", who=SUPERVISOR))["kind"] == "supervision-letter"
    for kind, status in (("annual-report", 403), ("nothing-known", 422), ("../etc", 422)):
        answer = await desk.running.request("POST", desk.path("drafts"), json={"kind": kind})
        assert answer.status_code == status


async def test_an_accused_unit_sees_no_draft_of_the_petition(desk: Any) -> None:
    draft = await begun(desk, **NOTICE)
    accused = {"accused_units": ["330225100-xf"]}
    await desk.running.hear(
        "documents.on-petition-registered",
        told("intake.petition.registered.v1", registered(**accused), subject=desk.petition, sequence=2),
    )
    assert (await desk.get("drafts", draft["draft_id"])).status_code == 404
    assert (await desk.get("drafts")).status_code == 404


async def test_every_reading_is_recorded_and_nothing_stands_in_clear(desk: Any) -> None:
    draft = await begun(desk, addressee="张三丰")
    path = desk.path("drafts", draft["draft_id"])
    for thing in ("", "/preview", "/docx", "/differences?before=1&after=1"):
        assert (await desk.running.request("GET", path + thing)).status_code == 200
    rows = await desk.running.rows("SELECT action, detail FROM audit ORDER BY id")
    assert [row["action"] for row in rows] == [
        "begin-draft", "read-draft", "preview-draft", "take-draft-to-word", "compare-draft",
    ]  # fmt: skip
    (kept,) = await desk.running.rows("SELECT * FROM draft_versions")
    assert "张三丰".encode() not in kept["content"]
    assert all("张三丰" not in row["detail"] for row in rows)


async def test_saved_versions_are_never_changed_or_deleted(desk: Any) -> None:
    await begun(desk)
    for statement in (
        "UPDATE draft_versions SET saved_by = 'x'",
        "DELETE FROM draft_versions",
        "TRUNCATE draft_versions CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await desk.running.rows(statement)


async def test_drafts_are_listed_page_by_page(desk: Any) -> None:
    made = [(await begun(desk))["draft_id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await desk.get("drafts", params=params)).json()
        seen += [each["draft_id"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == made
    assert (await desk.get("drafts", uuid.uuid4())).status_code == 404
