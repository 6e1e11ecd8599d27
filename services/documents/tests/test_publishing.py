"""What an office makes public: checked, reviewed in three steps or five, published, superseded, withdrawn."""

import hashlib
import json
import uuid
from typing import Any

import pytest
from services.documents.tests.conftest import OPINION
from services.documents.tests.releasing import (
    CLERK,
    COUNTY,
    FIRST,
    FOURTH,
    ORDINARY,
    ROOT,
    SECOND,
    SENSITIVE,
    TEXT,
    THIRD,
    Press,
    slug_of,
)  # fmt: skip
from services.documents.tests.test_office_papers import REPORT, Papers
from tests.support.nodes import token


@pytest.fixture
def press(desk: Any) -> Press:
    return Press(desk)


async def letter(desk: Any) -> None:
    """A paper of the case that names its petitioner."""
    sections = {"to_unit": "丙县住建局", "petitioner": "欧阳禾苗", "matter": "道路积水", "summary": "反映积水"}
    form = {"kind": "transfer-letter", "sections": sections}
    begun = await desk.running.request("POST", desk.path("drafts"), json=form)
    filing = desk.path("drafts", begun.json()["draft_id"]) + "/filing"
    assert (await desk.running.request("POST", filing, json={"version": 1})).status_code == 201


async def test_three_different_people_who_did_not_write_it_make_it_public(press: Press) -> None:
    publication = await press.begin()
    assert (await press.public()).json()["items"] == []
    assert slug_of(await press.review(publication, FIRST, "first")) == "version-conflict"  # not sent: no round yet
    await press.send(publication)
    assert slug_of(await press.save(publication, title="另一个")) == "publication-in-review"
    assert slug_of(await press.review(publication, SECOND, "final")) == "publication-other-step"
    await press.review(publication, FIRST, "first")
    assert slug_of(await press.review(publication, FIRST, "second")) == "not-allowed"
    await press.review(publication, SECOND, "second")
    assert slug_of(await press.review(publication, SECOND, "final")) == "reviewed-already"
    assert (await press.public(f"/{publication}")).status_code == 404
    await press.review(publication, THIRD, "final")
    (row,) = (await press.public()).json()["items"]
    assert (row["id"], row["title"], row["unit_name"]) == (publication, TEXT["title"], "丁镇信访办")
    answer = await press.public(f"/{publication}")
    assert answer.headers["cache-control"] == "public, max-age=60"
    told = answer.json()
    assert told["body"] == TEXT["body"]
    whole = {"kind": "answers", **TEXT, "correction": None, "paper_sha256": None}
    canonical = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert told["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    (entry,) = await press.desk.running.rows("SELECT * FROM audit WHERE action = 'publish'")
    detail = json.loads(entry["detail"])
    assert (detail["sha256"], detail["approved_by"], entry["actor"]) == (
        told["sha256"], "first second third", "third",
    )  # fmt: skip


async def test_whoever_wrote_or_explained_anything_reviews_nothing(press: Press) -> None:
    leader = token(roles=["leader", "clerk"], subject="writing-leader")
    publication = await press.begin(content={**TEXT, "body": "咨询电话0571-87654321。"})
    await press.save(publication, body="咨询电话0571-87654321,工作日可拨打。", who=leader)
    (hit,) = (await press.read(publication))["hits"]
    explaining = token(roles=["handler", "leader"], subject="explaining")
    said = {"mark": hit["mark"], "reason": "办公电话,本来就公开"}
    assert (await press.ask("POST", f"{publication}/explanations", who=explaining, json=said)).status_code == 200
    await press.send(publication, 2)
    for who in (token(roles=["leader", "handler"]), leader, explaining):
        assert slug_of(await press.review(publication, who, "first")) == "four-eyes-publication"
    assert not (await press.read(publication, who=leader))["may_review"]
    assert (await press.read(publication, who=FIRST))["may_review"]
    await press.approve(publication)


async def test_a_text_with_what_must_not_be_public_is_not_sent_until_each_is_removed_or_explained(press: Press) -> None:
    body = "来电13812345678,家住幸福路12号,身份证33022519800101123X。"
    publication = await press.begin(content={**TEXT, "body": body})
    found = await press.read(publication)
    assert {hit["rule"] for hit in found["hits"]} == {"phone", "address", "id_number"}
    refused = await press.send(publication)
    assert (slug_of(refused), refused.json()["hits"]) == ("publication-blocked", 3)
    assert "1381234" not in refused.text
    await press.save(publication, body="家住幸福路12号。")
    (hit,) = (await press.read(publication))["hits"]
    said = {"mark": hit["mark"], "reason": "是办公地址"}
    told = (await press.ask("POST", f"{publication}/explanations", json=said)).json()["hits"]
    assert [(each["reason"], each["explained_by"]) for each in told] == [("是办公地址", "tester")]
    await press.save(publication, 2, body="地址为幸福路12号一楼。")  # another place: explained is what was explained
    assert (await press.send(publication, 3)).status_code == 409
    assert slug_of(await press.ask("POST", f"{publication}/explanations", json=said)) == "no-such-hit"
    await press.save(publication, 3, body="家住幸福路12号。")
    assert (await press.send(publication, 4)).status_code == 200


async def test_an_example_is_checked_against_its_own_case(press: Press) -> None:
    desk = press.desk
    await letter(desk)
    case = str(desk.petition)
    assert (await press.ask("POST", json={"kind": "case-example", "content": TEXT})).status_code == 422
    text = {**TEXT, "body": "欧 阳禾苗反映门前积水。"}
    publication = await press.begin("case-example", petition_id=case, content=text)
    assert [hit["rule"] for hit in (await press.read(publication))["hits"]] == ["name"]
    answers = await press.begin("answers", content=text)
    assert (await press.read(answers))["hits"] == []  # that it is this case that tells


async def test_what_becomes_known_of_the_case_during_the_review_stops_the_last_step(press: Press) -> None:
    desk = press.desk
    publication = await press.begin(
        "case-example", petition_id=str(desk.petition), content={**TEXT, "body": "欧阳禾苗所在村。"}
    )
    await press.send(publication)
    await press.approve(publication, ORDINARY[:2])
    await letter(desk)
    assert slug_of(await press.review(publication, THIRD, "final")) == "publication-blocked"
    assert (await press.public()).json()["items"] == []


async def test_an_example_can_begin_with_a_paper_of_the_case_which_is_recorded(press: Press) -> None:
    paper = (await press.desk.file(facts="经查,来信人电话13812345678属实。")).json()["paper_id"]
    publication = await press.begin(
        "case-example", petition_id=str(press.desk.petition), case_paper_id=paper, content=None
    )
    found = await press.read(publication)
    assert OPINION["opinion"] in found["body"]
    assert [hit["rule"] for hit in found["hits"]] == ["phone"]
    read = await press.desk.running.rows("SELECT detail FROM audit WHERE action = 'read-paper'")
    assert json.loads(read[0]["detail"]) == {"paper": paper}


async def test_who_may_not_read_the_case_does_not_see_the_example_before_it_is_public(press: Press) -> None:
    case = uuid.uuid4()
    await press.desk.hears_of(case, accused_units=["330225100-cj"])
    publication = await press.begin("case-example", petition_id=str(case))
    accused = token("330225100-cj", roles=["leader"], subject="accused")
    assert (await press.ask("GET", publication, who=accused)).status_code == 404
    assert (await press.ask("GET", who=accused)).json()["items"] == []
    assert (await press.ask("POST", who=accused, json={
        "kind": "case-example", "content": TEXT, "petition_id": str(case),
    })).status_code == 404  # fmt: skip
    others = token("330225101-xf", "33.02.25.101", roles=["leader"], subject="other")
    ordinary = await press.begin()
    assert (await press.ask("GET", ordinary, who=others)).status_code == 404


async def test_what_is_sensitive_by_its_words_or_by_hand_takes_two_more_and_stays_so(press: Press) -> None:
    publication = await press.begin(content={**TEXT, "title": "征收补偿常见问题"})
    await press.send(publication)
    found = await press.read(publication)
    assert (found["sensitive"], [topic["zh"] for topic in found["topics"]]) == (True, ["征地拆迁"])
    assert [step["name"] for step in found["required"]] == ["first", "second", "extra-first", "extra-second", "final"]
    await press.review(publication, FIRST, "first", reason="先改标题")
    await press.save(publication, title="常见问题")  # the author takes the words out: it stays sensitive
    await press.send(publication, 2)
    await press.approve(publication, SENSITIVE[:-1], number=2)
    assert (await press.public()).json()["items"] == []
    await press.approve(publication, SENSITIVE[-1:], number=2)
    by_hand = await press.begin()
    await press.send(by_hand)
    await press.approve(by_hand, ORDINARY[:2])
    flagged = await press.ask("POST", f"{by_hand}/flag", who=COUNTY)
    assert (flagged.json()["sensitive"], flagged.json()["step"]["name"]) == (True, "extra-first")
    department = token("330225100-cj", roles=["clerk"], subject="somebody")
    assert (await press.ask("POST", f"{by_hand}/flag", who=department)).status_code == 403
    await press.approve(by_hand, SENSITIVE[2:])
    assert len((await press.public()).json()["items"]) == 2


async def test_a_return_says_why_and_all_steps_begin_again(press: Press) -> None:
    publication = await press.begin()
    await press.send(publication)
    await press.review(publication, FIRST, "first")
    without = await press.ask("POST", f"{publication}/decisions", who=SECOND, json={
        "round": 1, "step": "second", "decision": "return",
    })  # fmt: skip
    assert without.status_code == 422
    await press.review(publication, SECOND, "second", reason="写清楚期限")
    found = await press.read(publication)
    assert (found["state"], found["decisions"][-1]["reason"]) == ("draft", "写清楚期限")
    (stored,) = await press.desk.running.rows("SELECT reason FROM publication_decisions WHERE decision = 'return'")
    assert "期限".encode() not in stored["reason"]
    await press.save(publication, body="受理之日起六十日内书面答复。")
    await press.send(publication, 2)
    assert slug_of(await press.review(publication, SECOND, "second", number=1)) == "version-conflict"
    assert slug_of(await press.review(publication, SECOND, "second", number=2)) == "publication-other-step"
    await press.approve(publication, number=2)


async def test_reviewers_see_what_waits_for_them_and_only_that(press: Press) -> None:
    publication = await press.begin()
    await press.send(publication)

    async def turns() -> list[bool]:
        answers = [await press.ask("GET", "?turn=true", who=who) for who in (CLERK, FIRST, SECOND, COUNTY)]
        return [[row["id"] for row in answer.json()["items"]] == [publication] for answer in answers]

    assert await turns() == [False, True, True, False]  # a leader may do the first review too; the county the last
    await press.review(publication, SECOND, "first")
    assert await turns() == [False, False, False, False]
    assert len((await press.ask("GET", "?turn=true", who=THIRD)).json()["items"]) == 1
    assert slug_of(await press.review(publication, COUNTY, "second")) == "not-allowed"
    assert (await press.review(publication, THIRD, "second")).status_code == 200
    assert await turns() == [False, False, False, True]
    assert slug_of(await press.review(publication, FOURTH, "final")) == "not-allowed"


async def test_a_correction_supersedes_and_only_the_newest_is_public(press: Press) -> None:
    first = await press.published()
    assert slug_of(await press.save(first, title="改")) == "publication-out"
    content = {**TEXT, "body": "自受理之日起六十日内;情况复杂的可延长三十日。", "correction": "补充延长期限的情形。"}
    missing = await press.begin(supersedes=first, content=None)
    assert (await press.send(missing)).json()["errors"][0]["field"] == "body.content.correction"
    second = await press.published(supersedes=first, content=content)
    assert [row["id"] for row in (await press.public()).json()["items"]] == [second]
    assert (await press.public(f"/{first}")).status_code == 404
    assert (await press.public(f"/{second}")).json()["correction"] == content["correction"]
    assert (await press.read(first))["standing"] == "superseded"
    again = await press.ask("POST", json={"kind": "answers", "supersedes": first, "content": content})
    assert slug_of(again) == "publication-not-public"
    await press.ask("POST", f"{second}/withdrawal", who=SECOND, json={"reason": "政策调整"})
    assert (await press.public()).json()["items"] == []  # what it superseded does not come back


async def test_a_leader_withdraws_with_a_reason_and_it_stays_in_the_records(press: Press) -> None:
    publication = await press.published()
    reason = {"reason": "有人反映其中情况不实"}
    path = f"{publication}/withdrawal"
    assert (await press.ask("POST", path, json=reason)).status_code == 403
    department = token("330225100-cj", roles=["leader"], subject="department")
    assert slug_of(await press.ask("POST", path, who=department, json=reason)) == "not-allowed"
    assert (await press.ask("POST", path, who=COUNTY, json=reason)).json()["standing"] == "withdrawn"
    assert (await press.public(f"/{publication}")).status_code == 404
    assert (await press.public()).json()["items"] == []
    assert (await press.read(publication))["withdrawn_because"] == reason["reason"]
    assert slug_of(await press.ask("POST", path, who=SECOND, json=reason)) == "publication-not-public"


async def test_the_public_list_is_paged_by_key_and_by_kind(press: Press) -> None:
    made = [await press.published("rules" if number == 1 else "answers") for number in range(3)]
    one = (await press.public("?limit=2")).json()
    two = (await press.public(f"?limit=2&cursor={one['next']}")).json()
    assert [row["id"] for row in one["items"] + two["items"]] == made[::-1]
    assert two["next"] is None
    assert [row["id"] for row in (await press.public("?kind=rules")).json()["items"]] == [made[1]]
    assert (await press.public("?limit=1000")).status_code == 422


async def test_a_sealed_annual_report_is_published_with_its_pdf_and_its_text_is_checked(office: Any) -> None:
    press, papers = Press(office.desk), Papers(office)
    path = f"{ROOT}/public/publications"
    clean = await papers.approved("annual-report", REPORT)
    naming = await papers.approved("annual-report", {**REPORT, "other": "联系人电话13812345678。"})
    blocked = await press.begin("annual-report", paper_id=naming)
    assert [hit["rule"] for hit in (await press.read(blocked))["hits"]] == ["phone"]
    publication = await press.published("annual-report", paper_id=clean)
    told = (await press.public(f"/{publication}")).json()["paper"]
    pdf = await office.running.request("GET", f"{path}/{publication}/paper", who=None)
    assert hashlib.sha256(pdf.content).hexdigest() == told["sha256"]
    opinion = await office.sealed_opinion()
    refused = await press.ask("POST", json={"kind": "rules", "content": TEXT, "paper_id": str(opinion)})
    assert slug_of(refused) == "publication-paper"  # a paper of a case is never published
    plain = await press.published()
    assert (await press.public(f"/{plain}/paper")).status_code == 404
    await press.ask("POST", f"{publication}/withdrawal", who=SECOND, json={"reason": "数字有误"})
    assert (await press.public(f"/{publication}/paper")).status_code == 404


async def test_drafts_are_encrypted_and_the_same_content_twice_is_one_version(press: Press) -> None:
    publication = await press.begin()
    (row,) = await press.desk.running.rows("SELECT content FROM publication_versions")
    assert TEXT["body"].encode() not in row["content"]
    assert (await press.save(publication)).json()["version"] == 1
    assert (await press.save(publication, title="新标题")).json()["version"] == 2
    assert (await press.save(publication, title="新标题")).json()["version"] == 2  # sent again after a lost answer
    assert slug_of(await press.save(publication, title="别的")) == "version-conflict"
