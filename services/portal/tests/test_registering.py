"""Registering at the desk: repeats that are found, groups, anonymous petitions, what must not be entered."""

import re
from html import unescape

from services.portal.tests.browsing import Browser, Node, check_accessible
from services.portal.tests.casework import MATTER, PERSON, away, registered

AGAIN = {**MATTER, **PERSON, "channel": "visit", "title": "再次反映房屋征收补偿"}


def choices(page: str) -> list[str]:
    """What the clerk can say of the repeats that were found."""
    return re.findall(r'name="repeat_of" value="([^"]+)"', page)


async def test_a_repeat_is_proposed_with_its_reasons_before_anything_is_registered(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open("/staff/register")
    answer = await desk.send("/staff/register", **AGAIN)
    page = unescape(answer.text)
    assert answer.status_code == 200
    assert choices(page) == [case[-36:], "none"]
    assert "是重复：房屋征收补偿" in page
    assert "依据：电话号码相同、内容相似" in page
    assert "很可能是同一人同一事项" in page
    assert f'href="{case}" target="_blank" rel="noopener"' in page
    assert 'value="再次反映房屋征收补偿"' in page
    check_accessible(answer.text)
    assert len(await behind.running["intake"].rows("SELECT * FROM petitions")) == 1


async def test_what_the_clerk_links_stands_in_a_chain(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open("/staff/register")
    await desk.send("/staff/register", **AGAIN)
    answer = await desk.send("/staff/register", **AGAIN, repeat_of=case[-36:])
    assert "登记回执" in answer.text
    await behind.settle()
    found = re.search(r'href="(/staff/cases/[0-9a-f-]{36})"', answer.text)
    assert found is not None
    page = unescape((await desk.open(found[1])).text)
    assert "同一人同一事项，本件是第 2 次提出" in page
    assert f'<a href="{case}">房屋征收补偿</a>' in page


async def test_what_is_not_the_same_is_registered_for_itself_and_once(desk: Browser, behind: Node) -> None:
    await registered(desk, behind)
    await desk.open("/staff/register")
    await desk.send("/staff/register", **AGAIN)
    form = desk.page
    for _ in range(2):
        desk.page = form
        answer = await desk.send("/staff/register", **AGAIN, repeat_of="none")
        assert "登记回执" in answer.text
    rows = await behind.running["intake"].rows("SELECT repeat_of FROM petitions")
    assert [row["repeat_of"] for row in rows] == [None, None]


async def test_a_choice_that_is_none_of_them_is_refused_and_the_proposals_stay(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open("/staff/register")
    await desk.send("/staff/register", **AGAIN)
    for planted in ("nonsense", "00000000-0000-7000-8000-000000000000"):
        answer = await desk.send("/staff/register", **AGAIN, repeat_of=planted)
        assert answer.status_code in {404, 422}
        assert choices(answer.text) == [case[-36:], "none"]
        assert 'href="#repeat_of"' in answer.text


async def test_a_service_that_is_away_is_told_and_nothing_typed_is_lost(desk: Browser, behind: Node) -> None:
    await desk.open("/staff/register")
    behind.apps["intake"] = away
    answer = await desk.send("/staff/register", **MATTER, **PERSON)
    assert answer.status_code == 503
    assert "房屋征收补偿" in answer.text


async def test_a_group_is_registered_with_head_count_and_representatives(desk: Browser, behind: Node) -> None:
    people = {
        "petitioners.0.representative": "yes",
        "petitioners.1.name": "梁二",
        "petitioners.1.representative": "yes",
        "petitioners.2.name": "孙三",
        "more_petitioners": "李四，13900001111\n\n周五\t\t110101199003074258\t丁镇二村,三组\n",
    }
    case = await registered(desk, behind, channel="visit", group_size="120", **people)
    intake = behind.running["intake"]
    (petition,) = await intake.rows("SELECT petitioner_count, is_group FROM petitions")
    assert tuple(petition) == (120, True)
    speaking = [row["representative"] for row in await intake.rows("SELECT * FROM petitioners ORDER BY position")]
    assert speaking == [True, True, False, False, False]
    page = unescape((await desk.open(case)).text)
    assert '120 <span class="stage">集体访</span>' in page
    assert page.count("<dt>代表</dt>") == 2
    page = unescape((await desk.open("/staff/alarms")).text)
    assert "集体访预警" in page
    assert 'data-label="人数">120<' in page
    check_accessible(desk.page)


async def test_a_line_of_the_list_that_is_wrong_is_told_by_its_number(desk: Browser) -> None:
    await desk.open("/staff/register")
    typed = {"more_petitioners": "李四\n\n周五,138x\n吴六,,123"}
    answer = await desk.send("/staff/register", **MATTER, **PERSON, **typed)
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert "第 3 行：电话应为" in page
    assert "第 4 行：证件号码不正确" in page
    assert "周五,138x" in page
    more = {"petitioners.1.name": "二", "petitioners.2.name": "三", "group_size": "2"}
    answer = await desk.send("/staff/register", **MATTER, **PERSON, **more)
    assert answer.status_code == 422
    assert 'href="#group_size"' in answer.text


async def test_an_anonymous_petition_is_one_on_purpose(desk: Browser, behind: Node) -> None:
    await desk.open("/staff/register")
    answer = await desk.send("/staff/register", **MATTER)
    assert answer.status_code == 422
    assert "没有填写信访人" in answer.text
    answer = await desk.send("/staff/register", **MATTER, **PERSON, anonymous="yes")
    assert answer.status_code == 422
    assert "勾选了匿名又填写了信访人" in answer.text
    assert "登记回执" in (await desk.send("/staff/register", **MATTER, anonymous="yes")).text
    assert len(await behind.running["intake"].rows("SELECT * FROM petitions")) == 1


async def test_a_state_secret_goes_no_further_and_is_not_shown_again(desk: Browser, behind: Node) -> None:
    await desk.open("/staff/register")
    answer = await desk.send("/staff/register", **{**MATTER, "content": "某涉密工程的位置"}, **PERSON, secret="yes")
    assert answer.status_code == 422
    assert "涉密信访事项不得录入" in answer.text
    assert "某涉密工程的位置" not in answer.text
    assert [call for call in behind.asked if call.startswith("POST")] == []


async def test_what_came_from_another_system_is_registered_once(desk: Browser, behind: Node) -> None:
    numbers = []
    for _ in range(2):
        await desk.open("/staff/register")
        typed = {**MATTER, **PERSON, "external_id": "12345-77"}
        answer = await desk.send("/staff/register", **typed)
        if choices(answer.text):
            answer = await desk.send("/staff/register", **typed, repeat_of="none")
        numbers.append(re.findall(r'id="number">([^<]+)<', answer.text))
    assert numbers[0] == numbers[1] != []
    assert len(await behind.running["intake"].rows("SELECT * FROM petitions")) == 1
