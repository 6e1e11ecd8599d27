"""The ledger as a file: found beside it, asked for with the password, in the words of the page."""

import csv
import io

import pytest
from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible
from services.portal.tests.casework import act, away, registered, sent_on
from tests.support.running import Running

PAGE = "/staff/export"


async def table(desk: Browser, **typed: str) -> list[dict[str, str]]:
    await desk.open(PAGE)
    answer = await desk.send(PAGE, **typed, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment; filename=cases-")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_the_ledger_is_exported_as_it_was_filtered(desk: Browser, behind: Node) -> None:
    accepted = await registered(desk, behind, title="已经受理")
    await registered(desk, behind, title="刚刚登记")
    await act(desk, behind, accepted, "accept")
    page = (await desk.open("/staff/cases?state=accepted&mine=true")).text
    assert f'href="{PAGE}?state=accepted&amp;mine=true"' in page
    page = (await desk.open(f"{PAGE}?state=accepted&mine=true")).text
    assert '<option value="accepted" selected>' in page
    assert 'name="mine" value="true" checked' in page
    check_accessible(page)
    rows = await table(desk)
    assert [(row["状态"], row["渠道"], row["目的"], row["已超期"]) for row in rows] == [
        ("已甄别", "来信", "申诉求决", "否"), ("已受理", "来信", "申诉求决", "否"),
    ]  # fmt: skip
    (row,) = await table(desk, state="accepted", mine="true")
    assert row["期限"].endswith("24:00")
    assert row["承办单位"] in page
    assert "ordinary" not in row["办理程序"]


async def test_titles_and_people_are_not_in_it(desk: Browser, behind: Node) -> None:
    await registered(desk, behind, title="反映老王家的墙")
    await desk.open(PAGE)
    answer = await desk.send(PAGE, password=PASSWORD)
    assert "XF" in answer.text
    for word in ("老王", "欧阳", "13812345678"):
        assert word not in answer.text


async def test_the_password_is_asked_for_and_what_was_chosen_is_sent_on(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await registered(desk, behind)
    await desk.open(PAGE)
    answer = await desk.send(PAGE, state="accepted")
    assert "请再次输入密码" in answer.text
    assert "导出台账" in answer.text
    assert sent_on(answer.text) == {"state": ["accepted"]}
    assert "XF" not in (await desk.send(PAGE, password="wrong password")).text
    answer = await desk.send(PAGE, state="", password=PASSWORD)
    assert answer.text.count("XF") == 1
    confirmed = await node[0].rows("SELECT reason, action FROM audit ORDER BY id")
    assert [tuple(row) for row in confirmed] == [("ledger", "confirm-refused"), ("ledger", "confirm")]
    noted = await behind.running["routing"].rows("SELECT actor FROM audit WHERE action = 'export-ledger'")
    assert [row["actor"] for row in noted] == ["clerk"]


async def test_who_reads_no_cases_exports_none(desk: Browser, node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as analyst:
        await analyst.sign_in("analyst")
        assert (await analyst.open(PAGE)).status_code == 403


async def test_a_service_that_is_away_is_told_on_the_page(desk: Browser, behind: Node) -> None:
    await desk.open(PAGE)
    behind.apps["routing"] = away
    answer = await desk.send(PAGE, state="accepted", password=PASSWORD)
    assert answer.status_code == 503
    assert 'role="alert"' in answer.text
    assert '<option value="accepted" selected>' in answer.text


@pytest.mark.parametrize(("language", "heading"), [("zh", "编号"), ("en", "Number")])
async def test_the_file_speaks_the_language_of_the_page(desk: Browser, language: str, heading: str) -> None:
    desk.client.cookies.set("lang", language)
    await desk.open(PAGE)
    answer = await desk.send(PAGE, password=PASSWORD)
    assert answer.content.decode("utf-8-sig").startswith(heading)
