"""Papers that an action needs before it, written at the page of the case."""

import json
from html import unescape
from pathlib import Path

from services.portal.tests.browsing import Browser, Node, browsing, check_accessible
from services.portal.tests.casework import act, actions, key_of, registered
from services.portal.tests.test_actions import without_words
from tests.support.running import Running

from portal.wording import Wording

DOCUMENTS = Path(__file__).parents[3] / "docs" / "openapi" / "documents.json"


def kinds() -> set[str]:
    shapes = json.loads(DOCUMENTS.read_text(encoding="utf-8"))["components"]["schemas"]
    return set(shapes["NoticeIn"]["properties"]["kind"]["enum"])


def test_every_kind_of_notice_can_be_written() -> None:
    assert {value for value, _ in Wording("zh").choices("paper_form")} == kinds()
    assert without_words("paper", kinds()) == set()


async def test_a_notice_that_is_filed_opens_the_way_for_its_action(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    assert "还缺：不予受理告知书" in page
    assert "decline" not in actions(page)
    check_accessible(page)
    key = key_of(page, case, "papers")
    answer = await desk.send(f"{case}/papers", key, kind="decline-notice", text="经审查,不属于受理范围。")
    assert answer.headers["location"] == f"{case}?done=paper"
    await behind.settle()
    page = unescape((await desk.open(answer.headers["location"])).text)
    assert "文书已归档" in page
    assert "decline" in actions(page)
    page = unescape(await act(desk, behind, case, "decline", **{"fields.string.reason": "not-authorised"}))
    paper = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    assert ">不予受理告知书</a>" in paper
    link = paper.partition('<p>文书：<a href="')[2].partition('"')[0]
    assert "经审查,不属于受理范围。" in unescape((await desk.open(link)).text)


async def test_what_a_paper_lacks_is_told_at_its_field(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    answer = await desk.send(f"{case}/papers", kind="decline-notice", text="", legal_basis="第二十三条")
    assert answer.status_code == 422
    assert 'href="#paper.text"' in answer.text
    assert "第二十三条</textarea>" in answer.text
    async with browsing(node[0]) as analyst:
        await analyst.sign_in("analyst")
        await analyst.open("/staff/statistics")
        assert (await analyst.send(f"{case}/papers", kind="notice", text="x")).status_code == 403
