"""Official papers at the portal: sealed by a leader with the password, registered, verified by anybody who has one."""

import hashlib
import re
import shutil
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, async_playwright
from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible
from services.portal.tests.casework import registered
from tests.support.running import Running

from documents import resources as documents
from documents.seals import registering, working

PDF = re.compile(r'href="(/staff/cases/[0-9a-f-]{36}/papers/[0-9a-f-]{36}/sealed)"')


async def sealable(behind: Node) -> Running:
    """Documents with a seal for the township's office."""
    running = behind.running["documents"]
    unit = documents.of(running.runtime).units.units["330225100-xf"]
    drawn = registering.drawn_seal(running.runtime, unit, "丁信", running.runtime.wall.now())
    async with running.runtime.database.transaction() as session:
        await registering.register(running.runtime, session, drawn, by="operator")
    return running


async def notice(desk: Browser, behind: Node, case: str) -> str:
    """The page of a notice that was filed."""
    await desk.open(case)
    key = desk.page.partition(f'action="{case}/papers"')[2].partition('name="key" value="')[2].partition('"')[0]
    await desk.send(f"{case}/papers", key, kind="notice", text="经审查,应当通过行政复议途径解决。")
    await behind.settle()
    found = re.findall(rf'href="({case}/papers/[0-9a-f-]{{36}})"', (await desk.open(case)).text)
    return str(found[-1])


async def sealed(node: tuple[Running, Node], paper: str, **typed: str) -> str:
    """A leader has it sealed; the page that tells of it."""
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(f"{paper}/seal")
        check_accessible(leader.page)
        asked = await leader.send(f"{paper}/seal", **typed)
        if 'name="password"' in asked.text:
            asked = await leader.send(f"{paper}/seal", **typed, password=PASSWORD)
        assert asked.status_code == 303, asked.text
        assert "正在用印" in (await leader.open(f"{paper}/seal")).text
        while await working.step(node[1].running["documents"].runtime):
            pass
        return unescape((await leader.open(f"{paper}/seal")).text)


async def test_a_leader_seals_a_notice_with_the_password_and_it_is_registered(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await sealable(behind)
    paper = await notice(desk, behind, await registered(desk, behind))
    assert "尚未用印" in (await desk.open(f"{paper}/seal")).text
    assert "<button>用印" not in desk.page  # the clerk has no such form
    page = await sealed(node, paper)
    assert re.search(r"已用印 · 丁信〔\d{4}〕1号", page)
    found = PDF.search(page)
    assert found is not None
    pdf = await desk.open(found[1])
    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-disposition"].startswith("attachment")
    listed = unescape((await desk.open("/staff/numbers")).text)
    check_accessible(listed)
    assert re.search(r"丁信〔\d{4}〕1号</a>", listed)
    assert "leader" in listed


async def test_what_the_leader_is_refused_is_told_and_nothing_typed_is_lost(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    paper = await notice(desk, behind, await registered(desk, behind))
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(f"{paper}/seal")
        answer = await leader.send(f"{paper}/seal", password=PASSWORD)
    assert answer.status_code == 409
    assert "该单位没有可用的印章" in answer.text


async def test_the_public_page_says_that_a_paper_stands_or_was_superseded_and_no_more(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await sealable(behind)
    case = await registered(desk, behind)
    first = await notice(desk, behind, case)
    address = re.findall(r'href="(/verify/\w+)"', await sealed(node, first))[0]
    async with browsing(node[0]) as anybody:
        page = unescape((await anybody.open(address)).text)
        check_accessible(page)
        assert "文书有效" in page
        assert "丁镇信访办" in page
        assert "行政复议" not in page
        assert "The paper stands" in (await anybody.open(f"{address}?lang=en")).text
        second = await notice(desk, behind, case)
        await sealed(node, second, supersedes=first.rsplit("/", 1)[1], reason="日期有误")
        page = unescape((await anybody.open(f"{address}?lang=zh")).text)
        assert "已被取代" in page
        assert re.search(r"已被 丁信〔\d{4}〕2号 取代", page)
        assert "日期有误" not in page
        for unknown in ("/verify/AAAAAAAAAAAAAAAA", "/verify/x", "/verify/%E4%B8%80"):
            answer = await anybody.open(unknown)
            assert (answer.status_code, "没有这份文书" in answer.text) == (404, True)


@pytest.fixture
async def window(node: tuple[Running, Node]) -> AsyncIterator[Page]:
    """A real browser, 390 pixels wide, without TLS: its requests are answered by the portal in this process. What it
    sends is kept in `sent`.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "install chromium"
    async with browsing(node[0]) as portal, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844})

        async def answer(route: Route) -> None:
            assert (route.request.method, route.request.post_data) == ("GET", None)  # no file leaves it
            path = httpx.URL(route.request.url).raw_path.decode()
            found = await portal.client.get(path)
            await route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

        await page.route("**/*", answer)
        yield page
        await browser.close()


async def test_a_file_is_compared_in_the_browser_and_does_not_leave_it(
    desk: Browser, behind: Node, node: tuple[Running, Node], window: Page, tmp_path: Path
) -> None:
    await sealable(behind)
    shown = await sealed(node, await notice(desk, behind, await registered(desk, behind)))
    complaints: list[Any] = []
    window.on("console", lambda message: complaints.append(message.text))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    await window.goto("http://portal.test" + re.findall(r'href="(/verify/\w+)"', shown)[0])
    found = PDF.search(shown)
    assert found is not None
    pdf = (await desk.open(found[1])).content
    same, other = "一致：手中的文件就是用印时的文件。", "不一致：手中的文件不是用印时的文件"
    for number, (content, told) in enumerate(((pdf, same), (pdf[:-1] + b"?", other), (pdf, same), (b"", other))):
        file = tmp_path / f"{number}.pdf"
        file.write_bytes(content)
        await window.set_input_files("#file", str(file))
        await window.locator("#told").filter(has_text=told).wait_for()
    assert await window.evaluate("document.documentElement.scrollWidth") <= 390
    assert [each for each in complaints if "Cross-Origin-Opener-Policy" not in each] == []  # that one wants TLS


async def test_the_script_counts_sha_256_as_everybody_does(window: Page) -> None:
    script = (Path(__file__).parents[1] / "src/portal/static/verify.js").read_text(encoding="utf-8")
    for length in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000):
        content = bytes(number * 7 % 256 for number in range(length))
        counted = await window.evaluate(
            f"(given) => {{ {script}; return sha256(new Uint8Array(given)) }}", list(content)
        )
        assert counted == hashlib.sha256(content).hexdigest(), length
