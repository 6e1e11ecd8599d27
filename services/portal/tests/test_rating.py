"""The petitioner rates how it was handled, on the page that shows the progress."""

import re
from html import unescape

import pytest
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import MATTER, PERSON, SERVED, act, by, submit
from tests.support.running import Running

Codes = dict[str, str]


@pytest.fixture
async def answered(desk: Browser, behind: Node, node: tuple[Running, Node]) -> Codes:
    """Number and query code of a petition whose opinion was served."""
    await desk.open("/staff/register")
    receipt = (await desk.send("/staff/register", **MATTER, **PERSON)).text
    await behind.settle()
    found = {name: re.search(rf'id="{mark}">([^<]+)<', receipt)
             for name, mark in (("number", "number"), ("query_code", "query-code"))}  # fmt: skip
    case = re.search(r'href="(/staff/cases/[0-9a-f-]{36})"', receipt)
    assert case is not None
    await act(desk, behind, case[1], "accept")
    await submit(desk, behind, case[1])
    await by(node, "leader", case[1], "approve")
    await act(desk, behind, case[1], "serve", **SERVED)
    return {name: each[1] for name, each in found.items() if each}


async def looked_up(citizen: Browser, codes: Codes) -> str:
    await citizen.open("/progress")
    return unescape((await citizen.send("/progress", **codes)).text)


async def test_who_is_not_satisfied_is_told_how_to_ask_for_review_and_until_when(
    answered: Codes, node: tuple[Running, Node]
) -> None:
    async with browsing(node[0]) as citizen:
        page = await looked_up(citizen, answered)
        assert re.search(r"请在 \d{4}-\d\d-\d\d 24:00 前评价", page)
        check_accessible(citizen.page)
        hidden_codes = {name: hidden(page, name) for name in ("number", "query_code")}
        assert hidden_codes == answered
        answer = await citizen.send("/rating", **answered, office="satisfied", unit="not", comment="没有到场查看。")
        page = unescape(answer.text)
        assert answer.status_code == 200
        assert re.search(r"可在\d{4}年\d+月\d+日前\(含当日\)申请复查", page)
        assert "上一级行政机关" in page
        assert "rating" not in (await looked_up(citizen, answered)).partition("<main")[2]
    rows = await node[1].running["intake"].rows("SELECT office, unit FROM ratings")
    assert [tuple(row) for row in rows] == [("satisfied", "not")]


async def test_who_is_satisfied_is_thanked_and_sent_twice_it_counts_once(
    answered: Codes, node: tuple[Running, Node]
) -> None:
    async with browsing(node[0]) as citizen:
        await looked_up(citizen, answered)
        form = citizen.page
        for _ in range(2):
            citizen.page = form
            answer = await citizen.send("/rating", **answered, office="satisfied", unit="fairly")
            assert answer.status_code == 200
            assert "评价已收到" in answer.text
            assert "申请复查" not in answer.text
        citizen.page = form
        answer = await citizen.send("/rating", "another-key", **answered, office="not", unit="not")
        assert answer.status_code == 409
        assert "已经评价过" in answer.text


async def test_what_was_left_out_is_told_and_the_rest_is_kept(answered: Codes, node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as citizen:
        await looked_up(citizen, answered)
        answer = await citizen.send("/rating", **answered, office="satisfied", comment="还没写完")
        assert answer.status_code == 422
        page = unescape(answer.text)
        assert 'href="#unit"' in page
        assert "还没写完</textarea>" in page
        assert 'value="satisfied" required checked' in page


async def test_nobody_rates_without_the_query_code(answered: Codes, node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as citizen:
        await looked_up(citizen, answered)
        for code in ("", "AAAAAAAAAA", "密"):
            wrong = {**answered, "query_code": code}
            answer = await citizen.send("/rating", **wrong, office="not", unit="not")
            assert answer.status_code in {404, 422}
            assert 'name="office"' not in answer.text
    assert await node[1].running["intake"].rows("SELECT * FROM ratings") == []


async def test_before_the_answer_there_is_nothing_to_rate(desk: Browser, node: tuple[Running, Node]) -> None:
    await desk.open("/staff/register")
    receipt = (await desk.send("/staff/register", **MATTER, **PERSON)).text
    codes = dict(
        zip(("number", "query_code"), re.findall(r'id="(?:number|query-code)">([^<]+)<', receipt), strict=True)
    )
    async with browsing(node[0]) as citizen:
        assert "评价" not in (await looked_up(citizen, codes)).partition("<main")[2]
        answer = await citizen.send("/rating", **codes, office="not", unit="not")
        assert answer.status_code == 409
        assert "尚未答复" in answer.text
