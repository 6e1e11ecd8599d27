"""A correction: another paper that names what it supersedes, and why; both stay, and the newer one comes first."""

import uuid
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from services.documents.tests.sealing import LEADER
from tests.support.nodes import token

from documents import resources
from kit.limits import Allowance

REASON = "原文书中日期有误"


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(BytesIO(pdf))
    try:
        return "".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "")
    finally:
        document.close()


async def listed(office: Any) -> list[dict[str, Any]]:
    answer = await office.running.request("GET", office.desk.path("sealed-papers"))
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def standing(office: Any, row: dict[str, Any]) -> dict[str, Any]:
    code = row["verify_path"].rsplit("/", 1)[1]
    answer = await office.running.request("GET", f"/api/documents/v1/verifications/{code}", who=None)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_corrected_opinion_stands_first_and_the_old_one_says_that_it_is_superseded(office: Any) -> None:
    old = await office.sealed_opinion()
    new = await office.opinion(facts="经查,道路系镇里管养,积水属实,日期更正。")
    assert (await office.ask(new, supersedes=str(old), reason=REASON)).status_code == 202
    assert await office.work() == 1
    first, second = await listed(office)
    assert (first["paper_id"], first["supersedes"], first["reason"]) == (str(new), str(old), REASON)
    assert (second["paper_id"], second["superseded_by"]) == (str(old), str(new))
    assert second["superseded_by_number"] == first["number"] != second["number"]
    told = text_of(await office.pdf(new))
    assert f"更正并取代{second['number']}" in told
    assert REASON in told
    assert "已被取代" not in text_of(await office.pdf(old))  # it is as it was
    assert (await office.state(old))["state"] == "superseded"
    page = await standing(office, second)
    assert (page["standing"], page["superseded_by_number"]) == ("superseded", first["number"])
    assert (await standing(office, first))["standing"] == "stands"
    event = (await office.running.events())[-1]
    assert event.data.supersedes == old


async def test_a_correction_gives_its_reason_and_decides_nothing_else(office: Any) -> None:
    old = await office.sealed_opinion()
    other_outcome, notice = await office.opinion(outcome="not-support"), await office.notice()
    new = await office.opinion()
    for paper, body, expected in (
        (new, {"supersedes": str(old)}, "invalid-input"),
        (new, {"reason": REASON}, "invalid-input"),
        (new, {"supersedes": str(old), "reason": "  "}, "invalid-input"),
        (other_outcome, {"supersedes": str(old), "reason": REASON}, "not-a-correction"),
        (notice, {"supersedes": str(old), "reason": REASON}, "not-a-correction"),
        (new, {"supersedes": str(new), "reason": REASON}, "not-a-correction"),
        (new, {"supersedes": str(uuid.uuid4()), "reason": REASON}, "not-a-correction"),
    ):
        answer = await office.ask(paper, **body)
        assert office.desk.slug_of(answer) == expected
    assert await office.work() == 0


async def test_who_wrote_the_correction_of_an_opinion_does_not_seal_it(office: Any) -> None:
    old = await office.sealed_opinion()
    new = await office.opinion(who=LEADER)
    body = {"supersedes": str(old), "reason": REASON}
    answer = await office.ask(new, **body)
    assert (answer.status_code, office.desk.slug_of(answer)) == (403, "four-eyes-seal")
    other = token(roles=["leader"], subject="deputy")
    assert (await office.ask(new, who=other, **body)).status_code == 202


async def test_a_paper_is_superseded_once_and_its_correction_can_be_corrected(office: Any) -> None:
    old = await office.sealed_opinion()
    new, third = await office.opinion(), await office.opinion()
    await office.ask(new, supersedes=str(old), reason=REASON)
    for _ in range(2):  # while it waits, and when it is done
        answer = await office.ask(third, supersedes=str(old), reason=REASON)
        assert office.desk.slug_of(answer) == "superseded-already"
        await office.work()
    assert (await office.ask(third, supersedes=str(new), reason=REASON)).status_code == 202
    await office.work()
    assert [row["paper_id"] for row in await listed(office)] == [str(third), str(new), str(old)]


async def test_the_reason_stands_nowhere_in_clear(office: Any) -> None:
    old = await office.sealed_opinion()
    await office.ask(await office.opinion(), supersedes=str(old), reason="张三丰的住址写错")
    await office.work()
    (row,) = await office.running.rows("SELECT correction FROM sealed_papers WHERE correction IS NOT NULL")
    assert "张三丰".encode() not in row["correction"]
    assert all("张三丰".encode() not in sent["body"] for sent in await office.running.sent())
    audited = await office.running.rows("SELECT detail FROM audit")
    assert all("张三丰" not in (entry["detail"] or "") for entry in audited)


@pytest.mark.parametrize("code", ["short", "A" * 16, "0" * 16, "../../etc", "A" * 17])
async def test_a_code_that_nobody_was_given_leads_nowhere(office: Any, code: str) -> None:
    await office.sealed_opinion()
    answer = await office.running.request("GET", f"/api/documents/v1/verifications/{code}", who=None)
    assert answer.status_code in {404, 422}


async def test_the_public_page_is_told_neither_content_nor_persons_nor_the_petition(office: Any) -> None:
    await office.sealed_opinion(facts="张三丰家住一村")
    (row,) = await listed(office)
    assert set(await standing(office, row)) == {
        "number", "unit_name", "kind", "issued_on", "sha256", "standing", "superseded_by_number",
    }  # fmt: skip


async def test_looks_at_the_public_page_are_bounded(office: Any) -> None:
    resources.of(office.running.runtime).verifications = Allowance(1)
    path = f"/api/documents/v1/verifications/{'A' * 16}"
    answers = [(await office.running.request("GET", path, who=None)).status_code for _ in range(2)]
    assert answers == [404, 429]
