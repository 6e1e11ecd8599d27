"""Many opinions approved or returned at once: chosen on one page, with one password, each with its own result."""

import re
from html import unescape
from typing import Any

from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible
from services.portal.tests.casework import act, registered, sent_on, submit
from tests.support.running import Running

from portal import resources

PAGE = "/staff/approvals"


async def sent(desk: Browser, behind: Node, **typed: str) -> str:
    case = await registered(desk, behind, **typed)
    await act(desk, behind, case, "accept")
    await submit(desk, behind, case)
    return case


def boxes(page: str) -> dict[str, str]:
    """What is to be ticked, by title."""
    found = re.findall(r'name="case" value="([^"]+)"[^>]*> <span>([^<]+)</span>', page)
    return {unescape(title): value for value, title in found}


def results(page: str) -> list[tuple[str, str]]:
    """What became of each: its title, and its state or what is wrong."""
    part = re.search(r'<ul class="limits" role="status">(.*?)</ul>', page, re.DOTALL)
    found = re.findall(
        r'">([^<]+)</a>\s*<(?:p class="error"|span class="state [^"]+")>([^<]+)<', part[1] if part else ""
    )
    return [(unescape(title), unescape(said)) for title, said in found]


async def test_several_are_approved_with_one_password_and_each_line_tells_its_result(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    first, second, other = [await sent(desk, behind, title=f"第{number}件") for number in (1, 2, 3)]
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        page = (await leader.open("/staff")).text
        assert "有 3 件处理意见等您审批" in page
        assert f'href="{PAGE}"' in page
        page = (await leader.open(PAGE)).text
        check_accessible(page)
        chosen = boxes(page)
        assert list(chosen) == ["第1件", "第2件", "第3件"]
        assert "支持" in page
        form = leader.page
        await act(leader, behind, second, "return-draft", note="请补充依据")  # meanwhile, at another window
        leader.page = form
        answer = await leader.send(PAGE, action="approve", note="同意", case=[chosen["第1件"], chosen["第2件"]])
        assert "请再次输入密码" in answer.text
        typed: dict[str, Any] = {**sent_on(answer.text)}
        assert typed == {"action": ["approve"], "note": ["同意"], "case": [chosen["第1件"], chosen["第2件"]]}
        answer = await leader.send(PAGE, **typed, password=PASSWORD)
        assert results(answer.text) == [("第1件", "意见已审定"), ("第2件", "没有办成：此件刚刚有人办理过")]
        assert "已办 1 件，共 2 件" in answer.text
        assert list(boxes(answer.text)) == ["第3件"]
        await behind.settle()
        assert "state-opinion-approved" in (await leader.open(first)).text
        assert "state-opinion-drafted" in (await leader.open(second)).text
        assert "state-in-approval" in (await leader.open(other)).text
    rows = await node[0].rows("SELECT subject::text, reason FROM audit WHERE action = 'confirm' ORDER BY id")
    assert [(row["subject"], row["reason"]) for row in rows] == [
        (first.rpartition("/")[2], "approve"),
        (second.rpartition("/")[2], "approve"),
    ]


async def test_what_is_returned_is_returned_with_reasons(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await sent(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        (value,) = boxes((await leader.open(PAGE)).text).values()
        answer = await leader.send(PAGE, action="return-draft", case=value)
        assert (answer.status_code, "退回修改须说明理由" in answer.text) == (422, True)
        assert f'value="{value}" checked' in answer.text
        answer = await leader.send(PAGE, action="return-draft", case=value, note="补充依据", password=PASSWORD)
        assert answer.status_code == 200
        assert boxes(answer.text) == {}
        await behind.settle()
        page = (await leader.open(case)).text
        assert "补充依据" in page
        assert "state-opinion-drafted" in page


async def test_a_form_sent_twice_has_its_effect_once_and_the_same_answer(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await sent(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        (value,) = boxes((await leader.open(PAGE)).text).values()
        form = leader.page
        answers = []
        for _ in range(2):
            leader.page = form
            answers.append(await leader.send(PAGE, action="approve", case=value, password=PASSWORD))
        assert [results(answer.text) for answer in answers] == [results(answers[0].text)] * 2
        assert "已办 1 件，共 1 件" in answers[1].text


async def test_nothing_chosen_too_much_chosen_and_what_is_no_case_is_refused(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await sent(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(PAGE)
        for chosen in ([], [f"00000000-0000-0000-0000-{number:012}.1" for number in range(101)]):
            await leader.open(PAGE)
            answer = await leader.send(PAGE, action="approve", case=chosen)
            assert (answer.status_code, "请至少选一件" in answer.text) == (422, True)
        await leader.open(PAGE)
        assert (await leader.send(PAGE, action="approve", case="x.1")).status_code == 403
        await leader.open(PAGE)
        stolen = await leader.send(PAGE, action="close", case="0" * 32 + ".1", password=PASSWORD)
        assert stolen.status_code == 422


async def test_who_has_nothing_to_approve_is_told_so(desk: Browser, behind: Node) -> None:
    await sent(desk, behind)
    assert "没有等您审批的处理意见" in (await desk.open(PAGE)).text
    assert "等您审批" not in (await desk.open("/staff")).text


async def test_a_long_list_turns_pages(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    held = resources.of(node[0].runtime)
    held.settings = held.settings.model_copy(update={"rows_to_do": 2})
    for number in range(3):
        await sent(desk, behind, title=f"第{number}件")
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        page = (await leader.open(PAGE)).text
        assert list(boxes(page)) == ["第0件", "第1件"]
        more = re.search(r'rel="next" href="([^"]+)"', page)
        assert more is not None
        assert list(boxes((await leader.open(unescape(more[1]))).text)) == ["第2件"]
