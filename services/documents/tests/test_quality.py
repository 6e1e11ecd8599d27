"""Case quality review as people do it: drawn, looked at by another unit, put right, concluded, reported."""

import csv
import io
import itertools
import uuid
from typing import Any

import pypdfium2
import pytest
from services.documents.tests.conftest import Desk
from services.documents.tests.reviewing import (
    COUNTY,
    DEPARTMENT,
    DEPARTMENT_LEADER,
    HANDLER,
    LEADER,
    LIFE,
    REGION,
    TOWNSHIP,
    Bureau,
    Review,
)
from tests.support.nodes import token

from documents.main import service

slug_of = Desk.slug_of


@pytest.fixture
async def bureau(start: Any) -> Bureau:
    return Bureau(await start(service, path=REGION))


@pytest.fixture
async def review(bureau: Bureau) -> Review:
    petition = await bureau.case()
    opened = await bureau.round()
    assert opened.status_code == 201, opened.text
    return Review(bureau, opened.json()["round_id"], petition)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join("".join(page.get_textpage().get_text_bounded() for page in document).split())
    finally:
        document.close()


async def test_a_case_is_drawn_answered_put_right_concluded_and_reported(review: Review) -> None:
    bureau = review.bureau
    version = await review.answer_all("review-rights", "attachments-kept")
    ordered = (await review.order(version)).json()
    assert (ordered["state"], ordered["rectification"]) == ("rectifying", "ordered")
    (mine,) = (await bureau.ask("GET", "/rectifications?open=true", who=DEPARTMENT_LEADER)).json()["items"]
    path = f"/rectifications/{mine['rectification_id']}"
    order = (await bureau.ask("GET", path, who=DEPARTMENT_LEADER)).json()
    assert [each["item"] for each in order["findings"]] == ["review-rights", "attachments-kept"]
    assert (order["may_answer"], order["may_decide"], order["steps"][0]["text"]) == (True, False, "请补正并反馈。")

    async def step(what: str, who: str, version: int, **more: Any) -> dict[str, Any]:
        body = {"version": version, "text": "已补正。", **more}
        told: dict[str, Any] = (await bureau.ask("POST", f"{path}/{what}", who=who, json=body)).json()
        return told

    await step("answers", DEPARTMENT_LEADER, 1)
    assert (await step("decisions", LEADER, 2, accepted=False))["state"] == "returned"
    await step("answers", DEPARTMENT_LEADER, 3)
    settled = await step("decisions", LEADER, 4, accepted=True)
    assert [each["step"] for each in settled["steps"]] == ["order", "answer", "return", "answer", "accept"]
    state = await review.read()
    concluded = (await review.conclude(state["version"])).json()
    assert (concluded["state"], concluded["grade"], concluded["conclusion"]) == (
        "concluded", "flawed", "程序总体规范。",
    )  # fmt: skip
    assert 0 < concluded["points"] < concluded["weight"]
    closed = await bureau.ask("POST", f"/rounds/{review.round_id}/closing")
    assert closed.json()["closed_at"] is not None


async def test_the_report_of_a_case_is_a_paper_of_the_petition_and_can_be_laid_out(review: Review) -> None:
    running = review.bureau.running
    version = await review.answer_all("notice-in-time")
    done = (await review.conclude(version)).json()
    papers = f"/api/documents/v1/petitions/{review.petition}/papers"
    (row,) = (await running.request("GET", papers, who=LEADER)).json()["items"]
    assert (row["paper_id"], row["kind"], row["unit"]) == (done["paper_id"], "quality-report", COUNTY)
    text = text_of((await running.request("GET", f"{papers}/{row['paper_id']}/preview", who=LEADER)).content)
    for said in ("案件评查报告", "丙县住建局", "第一季度评查", "收到之日起15日内书面告知是否受理", "较重", "基本合格"):
        assert said in text
    assert "county." not in text  # who reviewed it is nobody's business
    (event,) = await running.events()
    assert (event.type, event.data.kind) == ("documents.paper.filed.v1", "quality-report")


async def test_the_report_of_a_round_counts_units_items_severities_and_what_was_put_right(bureau: Bureau) -> None:
    first, second = await bureau.case(), await bureau.case()
    round_id = (await bureau.round()).json()["round_id"]
    for petition, findings in ((first, ("right-unit", "notice-kept")), (second, ())):
        review = Review(bureau, round_id, petition)
        await review.conclude(await review.answer_all(*findings), "sound" if not findings else "flawed")
    figures = (await bureau.ask("GET", f"/rounds/{round_id}/figures")).json()
    (unit,) = figures["units"]
    assert (unit["unit"], unit["cases"], unit["findings"], unit["grades"]) == (
        DEPARTMENT, 2, 2, {"flawed": 1, "sound": 1},
    )  # fmt: skip
    counted = {each["item"]: (each["applied"], each["findings"]) for each in figures["items"]}
    assert (counted["right-unit"], counted["served"]) == ((2, 1), (2, 0))
    text = text_of((await bureau.ask("GET", f"/rounds/{round_id}/report.pdf", expect=200)).content)
    for said in ("专项评查报告", "丙县住建局", "查出问题2个", "转送、交办给有权处理的单位", "草稿"):
        assert said in text
    lines = list(csv.DictReader(io.StringIO((await bureau.ask("GET", f"/rounds/{round_id}/report.csv")).text[1:])))
    assert sorted(each["item"] for each in lines) == ["", "notice-kept", "right-unit"]
    assert {each["unit_name"] for each in lines} == {"丙县住建局"}
    read = await bureau.running.rows("SELECT action FROM audit WHERE subject = $1 ORDER BY id", uuid.UUID(round_id))
    assert [row["action"] for row in read] == ["open-quality-round", "read-quality-report", "export-quality-findings"]


async def test_what_the_record_says_is_marked_and_confirmed_by_a_person(review: Review) -> None:
    state = await review.read()
    said = {item["item"]: (item["by_record"]["answer"], item["answer"]) for item in state["items"]}
    assert said["registered-in-time"] == ("pass", None)
    assert said["notice-in-time"] == ("pass", None)
    assert said["opinion-in-time"] == ("pass", None)
    assert said["opinion-complete"] == ("fail", None)  # no opinion was filed here
    assert said["hearing-kept"] == ("not-applicable", None)
    assert said["investigated"] == (None, None)
    assert len(state["unanswered"]) == len(state["items"]) - 1  # a remark need not be made
    refused = await review.conclude(state["version"])
    assert (refused.status_code, slug_of(refused)) == (409, "quality-unfinished")
    contradicts = {"item": "opinion-complete", "answer": "pass"}
    told = await review.answer(state["version"], contradicts)
    assert (told.status_code, told.json()["errors"][0]["field"]) == (422, "body.answers.opinion-complete.note")
    saved = (await review.answer(state["version"], {**contradicts, "note": "纸质意见书在卷"})).json()
    (item,) = (each for each in saved["items"] if each["item"] == "opinion-complete")
    assert (item["answer"], item["record"], item["note"]) == ("pass", "fail", "纸质意见书在卷")


async def test_the_same_answers_sent_again_change_nothing_and_older_ones_are_refused(review: Review) -> None:
    given = {"item": "investigated", "answer": "pass"}
    assert (await review.answer(1, given)).json()["version"] == 2
    assert (await review.answer(1, given)).json()["version"] == 2
    late = await review.answer(1, {"item": "investigated", "answer": "not-applicable"})
    assert (late.status_code, slug_of(late)) == (409, "version-conflict")


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"item": "investigated", "answer": "fail", "note": "未听取陈述"}, "severity"),
        ({"item": "investigated", "answer": "fail", "severity": "grave"}, "note"),
        ({"item": "investigated", "answer": "pass", "severity": "minor"}, "severity"),
        ({"item": "identity-kept", "answer": "not-applicable"}, "answer"),
        ({"item": "remarks", "answer": "note"}, "note"),
    ],
)
async def test_a_finding_has_severity_and_words(review: Review, given: dict[str, Any], part: str) -> None:
    refused = await review.answer(1, given)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [f"body.answers.{given['item']}.{part}"]


async def test_a_unit_that_handled_a_case_never_reviews_it(bureau: Bureau) -> None:
    """Neither when cases are drawn, nor when it would act, nor by whoever writes the rows."""
    await bureau.case()
    alone = await bureau.round(who=DEPARTMENT_LEADER)
    assert (alone.status_code, slug_of(alone)) == (422, "quality-nothing-drawn")
    both = (await bureau.round(reviewers=[COUNTY, DEPARTMENT])).json()["round_id"]
    (case,) = await bureau.drawn(both)
    assert (case["unit"], case["reviewer"]) == (DEPARTMENT, COUNTY)
    review = Review(bureau, both, uuid.UUID(case["petition_id"]))
    refused = await review.answer(1, {"item": "investigated", "answer": "pass"}, who=DEPARTMENT_LEADER)
    assert (refused.status_code, slug_of(refused)) == (403, "quality-own-case")
    with pytest.raises(Exception, match="four_eyes"):
        await bureau.running.rows("UPDATE quality_cases SET reviewer = $1", DEPARTMENT)


async def test_a_unit_that_handled_it_after_the_drawing_is_kept_out_too(review: Review) -> None:
    await review.bureau.goes_on(review.petition, [("accept", COUNTY, 60)], first=20)
    refused = await review.answer(1, {"item": "investigated", "answer": "pass"})
    assert (refused.status_code, slug_of(refused)) == (403, "quality-own-case")


async def test_a_unit_of_the_round_that_was_not_given_the_case_does_not_review_it(bureau: Bureau) -> None:
    await bureau.case([*LIFE[:2], *((action, TOWNSHIP, day) for action, _, day in LIFE[2:])])
    round_id = (await bureau.round(reviewers=[COUNTY, DEPARTMENT])).json()["round_id"]
    (case,) = await bureau.drawn(round_id)
    other = {COUNTY: DEPARTMENT_LEADER, DEPARTMENT: LEADER}[case["reviewer"]]
    review = Review(bureau, round_id, uuid.UUID(case["petition_id"]))
    refused = await review.answer(1, {"item": "investigated", "answer": "pass"}, who=other)
    assert (refused.status_code, slug_of(refused)) == (403, "quality-other-reviewer")


async def test_who_takes_no_part_in_a_round_finds_nothing_of_it(review: Review) -> None:
    stranger = token(TOWNSHIP, "33.02.25.101", ["leader"])
    for path in ("", "/cases", "/figures", "/report.pdf", "/report.csv", f"/cases/{review.petition}"):
        for who in (stranger, DEPARTMENT_LEADER):
            await review.bureau.ask("GET", f"/rounds/{review.round_id}{path}", who=who, expect=404)
    assert (await review.bureau.ask("GET", "/rounds", who=stranger)).json()["items"] == []
    order = (await review.order(await review.answer_all("served"))).json()["rectification_id"]
    await review.bureau.ask("GET", f"/rectifications/{order}", who=stranger, expect=404)
    await review.bureau.ask("GET", f"/rectifications/{order}", who=DEPARTMENT_LEADER, expect=200)


async def test_a_case_that_comes_to_accuse_the_reader_is_gone_for_it_from_every_list_and_figure(review: Review) -> None:
    bureau = review.bureau
    order = (await review.order(await review.answer_all("served"))).json()["rectification_id"]
    await bureau.goes_on(review.petition, [("close", DEPARTMENT, 40)], first=30, accused=[DEPARTMENT, COUNTY])
    assert await bureau.drawn(review.round_id) == []
    await bureau.ask("GET", review.path, expect=404)
    figures = (await bureau.ask("GET", f"/rounds/{review.round_id}/figures")).json()
    assert (figures["total"]["cases"], figures["units"]) == (0, [])
    assert len((await bureau.ask("GET", f"/rounds/{review.round_id}/report.csv")).text.splitlines()) == 1
    for who in (LEADER, DEPARTMENT_LEADER):
        await bureau.ask("GET", f"/rectifications/{order}", who=who, expect=404)
        assert (await bureau.ask("GET", "/rectifications", who=who)).json()["items"] == []
    refused = await review.answer(2, {"item": "investigated", "answer": "pass"})
    assert refused.status_code == 404


async def test_only_leaders_open_order_and_conclude_and_clerks_answer_nothing(review: Review) -> None:
    assert (await review.bureau.round(who=HANDLER)).status_code == 403
    version = await review.answer_all("served")
    assert (await review.order(version, who=HANDLER)).status_code == 403
    assert (await review.conclude(version, who=HANDLER)).status_code == 403
    clerk = token(COUNTY, REGION, ["clerk"])
    assert (await review.answer(version, {"item": "served", "answer": "pass"}, who=clerk)).status_code == 403


async def test_nothing_is_put_right_where_nothing_was_found_and_a_grave_finding_is_not_sound(bureau: Bureau) -> None:
    review = Review(bureau, "", await bureau.case())
    review.round_id = (await bureau.round()).json()["round_id"]
    version = await review.answer_all()
    assert slug_of(await review.order(version)) == "quality-no-finding"
    version = await review.answer_all("investigated", severity="grave")
    assert (await review.conclude(version, "sound")).json()["errors"][0]["field"] == "body.grade"
    assert (await review.order(version, due_on="2026-01-01")).json()["errors"][0]["field"] == "body.due_on"
    assert (await review.order(version, items=["served"])).json()["errors"][0]["field"] == "body.items"
    assert (await review.conclude(version, "unsound")).status_code == 200
    again = await review.answer(version + 1, {"item": "investigated", "answer": "pass"})
    assert (again.status_code, slug_of(again)) == (409, "quality-not-now")


async def test_a_case_whose_findings_are_being_put_right_is_not_concluded_and_its_round_not_closed(
    review: Review,
) -> None:
    ordered = (await review.order(await review.answer_all("served"))).json()
    assert slug_of(await review.conclude(ordered["version"])) == "quality-not-now"
    assert slug_of(await review.bureau.ask("POST", f"/rounds/{review.round_id}/closing")) == "quality-cases-open"
    path = f"/rectifications/{ordered['rectification_id']}"
    body = {"version": 1, "text": "已补正。"}
    wrong = await review.bureau.ask("POST", path + "/answers", who=LEADER, json=body)
    assert wrong.status_code == 403  # it is the unit's to answer
    early = await review.bureau.ask("POST", path + "/decisions", json={**body, "accepted": True})
    assert slug_of(early) == "quality-not-now"


async def test_texts_lie_encrypted_and_in_no_event_or_audit(review: Review) -> None:
    version = await review.answer_all("served")
    await review.order(version)
    rows = await review.bureau.running.rows(
        "SELECT title AS text FROM quality_rounds UNION ALL SELECT note FROM quality_answers WHERE note IS NOT NULL"
        " UNION ALL SELECT text FROM rectification_steps"
    )
    assert len(rows) > 3
    for row, word in itertools.product(rows, ("评查", "有问题", "补正")):
        assert word.encode() not in row["text"]
    said = "".join(str(row["detail"]) for row in await review.bureau.running.rows("SELECT detail FROM audit"))
    assert "有问题" not in said


async def test_checklists_are_listed_with_their_items(bureau: Bureau) -> None:
    (checklist,) = (await bureau.ask("GET", "/checklists")).json()
    assert checklist["checklist"] == "case-handling/1"
    assert {item["group"] for item in checklist["items"]} == {each["group"] for each in checklist["groups"]}
    unknown = await bureau.round(checklist="case-handling/99")
    assert slug_of(unknown) == "checklist-unknown-here"
