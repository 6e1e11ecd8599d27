"""What petitioners do: petition, keep the receipt, look up."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
from services.portal.tests.browsing import Browser, Node, Opened, browsing, check_accessible, hidden
from tests.support.running import Running

from portal import resources
from portal.calls import Calls
from portal.rendering import HEADERS

MATTER = {"kind": "appeal", "title": "村口道路积水", "content": "雨后积水,学生绕行。"}
PERSON = {
    "petitioner.name": "欧阳禾苗", "petitioner.phone": "13812345678", "petitioner.id_number": "110101199003074258",
    "petitioner.address": "桃源里七号",
}  # fmt: skip


@pytest.fixture
async def visitor(open_portal: Opened) -> AsyncIterator[Browser]:
    """At a portal with nothing behind it."""
    async with browsing(await open_portal("username,password,name,unit,roles\n")) as opened:
        yield opened


def shown(html: str, mark: str) -> str:
    found = re.search(rf'id="{mark}">([^<]+)<', html)
    assert found is not None, html[:3000]
    return unescape(found[1])


async def petition(browser: Browser, **typed: str) -> httpx.Response:
    await browser.open("/petition")
    return await browser.send("/petition", **{**MATTER, **PERSON, **typed})


async def look_up(browser: Browser, number: str, code: str) -> httpx.Response:
    await browser.open("/progress")
    return await browser.send("/progress", number=number, query_code=code)


async def test_a_petition_is_registered_with_everything_typed(browser: Browser, behind: Node) -> None:
    answer = await petition(browser)
    assert answer.status_code == 200
    intake = behind.running["intake"]
    row = (await intake.rows("SELECT * FROM petitions"))[0]
    assert (row["number"], row["title"], row["channel"]) == (shown(answer.text, "number"), MATTER["title"], "web")
    person = (await intake.rows("SELECT * FROM petitioners"))[0]
    assert all(person[field] is not None for field in ("name", "phone", "id_number", "address"))


async def test_its_progress_is_looked_up_as_people_type(browser: Browser, behind: Node) -> None:
    receipt = (await petition(browser)).text
    number, code = shown(receipt, "number"), shown(receipt, "query-code")
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code.lower())
    answer = await look_up(browser, f" {number[:8].lower()} {number[8:]} ", wide)
    assert answer.status_code == 200
    assert number in answer.text
    assert "等待确定由哪个单位办理" in answer.text
    assert "丁镇信访办" in answer.text
    await behind.settle()
    assert (await look_up(browser, number, code)).status_code == 200


async def test_the_query_code_is_in_no_address(browser: Browser, behind: Node) -> None:
    receipt = await petition(browser)
    code = shown(receipt.text, "query-code")
    answer = await look_up(browser, shown(receipt.text, "number"), code)
    assert answer.status_code == 200
    assert code not in str(receipt.url) + str(answer.url) + " ".join(behind.asked)
    assert code not in answer.text
    assert 'method="get"' not in answer.text


WRONG = (
    ("XF33022520260105000001A", "AAAAAAAAAA"), ("no number", "AAAAAAAAAA"), ("编号", "查询码查询码"), ("", ""),
    ("X" * 500, "A" * 500), ("../../x?y=1#z", "AAAAAAAAAA"), ("XF\x00", "A\r\nB: c"),
)  # fmt: skip


async def test_a_wrong_number_or_code_is_told(browser: Browser) -> None:
    for number, code in WRONG:
        answer = await look_up(browser, number, code)
        assert answer.status_code in {404, 422}
        assert 'role="alert"' in answer.text


async def test_a_form_sent_twice_registers_once_and_shows_the_same_receipt(browser: Browser, behind: Node) -> None:
    await browser.open("/petition")
    page = browser.page
    first = await browser.send("/petition", **MATTER)
    browser.page = page
    second = await browser.send("/petition", **MATTER)
    assert shown(first.text, "number") == shown(second.text, "number")
    assert shown(first.text, "query-code") == shown(second.text, "query-code")
    assert len(await behind.running["intake"].rows("SELECT * FROM petitions")) == 1


async def test_a_form_sent_again_with_other_content_is_told_and_gets_a_new_key(browser: Browser) -> None:
    await browser.open("/petition")
    page, key = browser.page, hidden(browser.page, "key")
    await browser.send("/petition", **MATTER)
    browser.page = page
    again = await browser.send("/petition", **{**MATTER, "title": "另一件"})
    assert again.status_code == 409
    assert "已经提交过" in again.text
    assert hidden(again.text, "key") != key
    assert (await browser.send("/petition", **{**MATTER, "title": "另一件"})).status_code == 200


async def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(browser: Browser, behind: Node) -> None:
    answer = await petition(browser, **{"petitioner.phone": "138x", "petitioner.id_number": "110101199001011234"})
    assert answer.status_code == 422
    for field, reason in (("phone", "电话应为"), ("id_number", "证件号码不正确")):
        error = re.search(rf'id="petitioner\.{field}-error">([^<]+)<', answer.text)
        assert error is not None
        assert reason in error[1]
        assert f'href="#petitioner.{field}"' in answer.text
    for kept in (*MATTER.values(), "欧阳禾苗", "138x", "桃源里七号"):
        assert kept in answer.text
    assert re.search(r'value="appeal"[^>]* checked', answer.text)
    assert await behind.running["intake"].rows("SELECT * FROM petitions") == []


async def test_control_characters_are_refused(browser: Browser, behind: Node) -> None:
    for field in ("title", "content", "petitioner.name"):
        assert (await petition(browser, **{field: "水\x00沟"})).status_code == 422
    assert await behind.running["intake"].rows("SELECT * FROM petitions") == []


async def test_typed_markup_is_shown_as_text(browser: Browser) -> None:
    evil = "\"'><script>alert(1)</script><b>"
    answer = await petition(browser, title=evil, **{"petitioner.phone": evil, "petitioner.name": evil})
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    answer = await look_up(browser, evil, evil)
    assert "<script" not in answer.text


async def test_a_service_that_is_away_is_told_and_the_form_can_be_sent_again(
    node: tuple[Running, Node], browser: Browser
) -> None:
    held = resources.of(node[0].runtime)
    there = held.calls
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as nobody:
        held.calls = Calls(nobody)
        answer = await petition(browser)
    assert answer.status_code == 503
    assert "系统暂时不可用" in answer.text
    key = hidden(answer.text, "key")
    held.calls = there
    assert (await browser.send("/petition", key, **MATTER, **PERSON)).status_code == 200


async def test_an_answer_that_is_no_problem_counts_as_unavailable(node: tuple[Running, Node], browser: Browser) -> None:
    async def proxy(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, html="<h1>Bad Gateway</h1>")

    async with httpx.AsyncClient(base_url="http://x", transport=httpx.MockTransport(proxy)) as client:
        resources.of(node[0].runtime).calls = Calls(client)
        answer = await petition(browser)
    assert answer.status_code == 503
    assert "Bad Gateway" not in answer.text


PUBLIC = ("/", "/petition", "/progress", "/sign-in", "/nowhere", "/staff/nowhere/at/all")


async def test_pages_load_nothing_foreign_and_are_not_kept(visitor: Browser) -> None:
    for path in PUBLIC:
        answer = await visitor.open(path)
        assert {name.lower(): value for name, value in HEADERS.items()}.items() <= dict(answer.headers).items()
        assert "unsafe" not in answer.headers["content-security-policy"]
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
        assert loaded
        assert all(place.startswith(("/", "#")) and not place.startswith("//") for place in loaded)
        assert "<script" not in answer.text
        assert "style=" not in answer.text


async def test_every_field_has_a_label_and_every_page_its_landmarks(visitor: Browser) -> None:
    for path in PUBLIC:
        await visitor.open(path)
        check_accessible(visitor.page)


def test_a_field_without_a_label_is_noticed() -> None:
    skip = '<html lang="zh-CN"><a class="skip" href="#main"></a>'
    page = skip + "<header><nav></nav></header><main><h1></h1>{}</main><footer>"
    check_accessible(page.format('<label for="a">A</label><input id="a">'))
    with pytest.raises(AssertionError):
        check_accessible(page.format('<input id="a">'))


async def test_the_style_sheet_and_the_icon_are_served(visitor: Browser) -> None:
    for name, kind in (("portal.css", "text/css"), ("icon.svg", "image/svg+xml")):
        answer = await visitor.open(f"/static/{name}?v=1")
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
    for name in ("../main.py", "..%2fmain.py", "other.css"):
        assert (await visitor.open(f"/static/{name}")).status_code == 404


async def test_the_language_is_chosen_once_and_remembered(visitor: Browser) -> None:
    page = (await visitor.open("/petition")).text
    assert "我要信访" in page
    other: Any = re.search(r'href="([^"]+)" lang="en"', page)
    assert "I want to petition" not in (await visitor.open(unescape(other[1]))).text
    assert 'lang="en"' in visitor.page
    assert "Before you send" in (await visitor.open("/")).text
    assert "提交之前" in (await visitor.open("/?lang=zh")).text
    assert "提交之前" in (await visitor.open("/?lang=xx")).text


async def test_health_and_interfaces_are_no_pages(visitor: Browser) -> None:
    assert (await visitor.open("/healthz")).json() == {"status": "ok"}
    assert (await visitor.open("/api/nothing")).json()["type"] == "urn:xinqiao:problem:not-found"


async def test_the_number_for_texts_is_shown_where_the_office_has_one(open_portal: Opened) -> None:
    for number in (None, "10690225"):
        async with browsing(await open_portal(settings={"text_number": number})) as opened:
            await opened.open("/")
            assert ("10690225" in opened.page) == (number is not None)
