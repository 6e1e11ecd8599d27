"""Where staff start: what their unit has to do, by the colour of its time limit."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible
from services.portal.tests.casework import act, registered
from tests.support.running import Running

from portal import resources

COLOURS = ("红 · 已超期", "黄 · 临近到期", "绿 · 期限内")


def listed(page: str) -> dict[str, list[str]]:
    """Titles by the heading they stand under, in the order of the page."""
    found = {}
    for part in page.split("<section")[1:]:
        heading = next(name for name in COLOURS if f">{name}</span>" in part.partition("</h2>")[0])
        found[heading] = re.findall(r'<th scope="row"><a [^>]+>([^<]+)</a>', part)
    return found


class Later:
    """The clock of the services, some days ahead."""

    def __init__(self, days: float) -> None:
        self.days = days

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


async def test_cases_stand_under_the_colour_of_their_time_limit(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    late = await registered(desk, behind, title="登记后无人过问")
    done = await registered(desk, behind, title="已经受理")
    await registered(desk, behind, title="刚刚登记")
    await act(desk, behind, done, "accept")
    assert listed((await desk.open("/staff")).text) == {COLOURS[2]: ["登记后无人过问", "刚刚登记", "已经受理"]}
    behind.running["routing"].runtime.clock = Later(40)
    page = (await desk.open("/staff")).text
    assert listed(page) == {COLOURS[0]: ["登记后无人过问", "刚刚登记"], COLOURS[2]: ["已经受理"]}
    assert "2 件" in page
    check_accessible(page)
    behind.running["routing"].runtime.clock = Later(58)
    assert listed((await desk.open("/staff")).text)[COLOURS[1]] == ["已经受理"]
    assert f'href="{late}"' in page


async def test_what_is_offered_to_the_unit_is_to_do_and_what_it_gave_away_is_not(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await act(desk, behind, case, "transfer", to_unit="330225100-cj")
    assert "没有待办" in (await desk.open("/staff")).text
    async with browsing(node[0]) as builder:
        await builder.sign_in("builder")
        page = (await builder.open("/staff")).text
    assert case in page
    assert "已发出，尚未签收" in page


async def test_a_long_list_goes_on_where_the_page_ended(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    held = resources.of(node[0].runtime)
    held.settings = held.settings.model_copy(update={"rows_to_do": 2})
    for number in range(3):
        await registered(desk, behind, title=f"第{number}件")
    page = (await desk.open("/staff")).text
    assert listed(page) == {COLOURS[2]: ["第0件", "第1件"]}
    more = re.search(r'rel="next" href="([^"]+)"', page)
    assert more is not None
    page = (await desk.open(unescape(more[1]))).text
    assert listed(page) == {COLOURS[2]: ["第2件"]}
    assert 'rel="next"' not in page
    assert "回到第一页" in page


async def test_titles_of_a_page_are_asked_for_at_once(desk: Browser, behind: Node) -> None:
    for number in range(3):
        await registered(desk, behind, title=f"第{number}件")
    for page in ("/staff", "/staff/cases"):
        behind.asked.clear()
        assert "第2件" in (await desk.open(page)).text
        assert len([call for call in behind.asked if "/intake/" in call]) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_list_is_told_in_both_languages(desk: Browser, behind: Node, language: str) -> None:
    await registered(desk, behind)
    page = (await desk.open(f"/staff?lang={language}")).text
    assert {"zh": "我的待办", "en": "Green · in time"}[language] in page
