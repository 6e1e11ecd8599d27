"""Bundles of pages at the portal: without scripts button by button, and many photographs over a line that drops."""

import asyncio
import contextlib
import re
import shutil
import socket
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, Route, async_playwright
from services.portal.tests.browsing import PASSWORD, Browser, Node, check_accessible, hidden
from services.portal.tests.casework import registered
from tests.support.running import Running
from tests.support.scans import LETTER, blank_pdf, saved, scan

from documents.pages import work
from kit.app import build_app
from portal.pages.bundles import arranged

LEAVES = ["a:1:0", "a:2:0", "b:1:270"]


@pytest.mark.parametrize(
    ("do", "wanted", "at"),
    [
        ("up:2", ["a:2:0", "a:1:0", "b:1:270"], 1),
        ("up:1", LEAVES, 1),
        ("down:1", ["a:2:0", "a:1:0", "b:1:270"], 2),
        ("down:3", LEAVES, 3),
        ("turn:1", ["a:1:90", "a:2:0", "b:1:270"], 1),
        ("turn:3", ["a:1:0", "a:2:0", "b:1:0"], 3),
        ("drop:3", ["a:1:0", "a:2:0"], 2),
        ("drop:9", LEAVES, 1),
        ("nonsense", LEAVES, 1),
        ("up:²", LEAVES, 1),
    ],
)
def test_a_button_changes_the_list_of_pages(do: str, wanted: list[str], at: int) -> None:
    assert arranged(list(LEAVES), do) == (wanted, at)


async def worked(behind: Node) -> None:
    while await work.step(behind.running["documents"].runtime):
        pass


async def upload(desk: Browser, case: str, content: bytes, name: str) -> None:
    await desk.open(case)
    file_id = hidden(desk.page, "file_id")
    answer = await desk.send(
        f"{case}/files", file_id=file_id, files={"file": (name, content, "application/octet-stream")}
    )
    assert answer.status_code == 303, answer.text


async def made(desk: Browser, behind: Node, case: str) -> str:
    """A bundle of all files of the case; its page."""
    await desk.open(f"{case}/bundles")
    check_accessible(desk.page)
    chosen = re.findall(r'name="file_id" value="([0-9a-f-]{36})"', desk.page)
    answer = await desk.send(f"{case}/bundles", file_id=chosen)
    assert answer.status_code == 303, answer.text
    await worked(behind)
    return answer.headers["location"]


async def press(desk: Browser, bundle: str, do: str) -> None:
    """A button of a page of the bundle that is open."""
    sent = {name: hidden(desk.page, name) for name in ("version", "pages")}
    answer = await desk.send(f"{bundle}/pages", do=do, **sent)
    assert answer.status_code == 303, answer.text
    await desk.open(bundle)


async def test_a_bundle_is_arranged_filed_proposed_from_and_found_without_a_script(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await upload(desk, case, blank_pdf(2), "扫描.pdf")
    await upload(desk, case, saved(scan(*LETTER)), "照片.png")
    assert f'href="{case}/bundles"' in (await desk.open(case)).text
    bundle = await made(desk, behind, case)
    page = unescape((await desk.open(bundle)).text)
    check_accessible(page)
    assert page.count("<li id=") == 3
    assert "待归档" in page
    picture = re.findall(r'<img class="turned-0" src="([^"]+)"', page)[2]
    shown = await desk.client.get(picture)
    assert (shown.headers["content-type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
    await press(desk, bundle, "up:3")
    await press(desk, bundle, "drop:1")
    await press(desk, bundle, "turn:2")
    assert re.findall(r'<img class="(turned-\d+)"', desk.page) == ["turned-0", "turned-90"]
    stale = await desk.send(f"{bundle}/pages", do="drop:1", version="1", pages=hidden(desk.page, "pages"))
    assert (stale.status_code, 'id="trouble"' in stale.text) == (409, True)
    await desk.open(bundle)
    filing = await desk.send(f"{bundle}/filing", version=hidden(desk.page, "version"), name="来信")
    assert filing.status_code == 303, filing.text
    waiting = await desk.open(bundle)
    assert (waiting.headers["refresh"], "已完成 0" in waiting.text) == ("3", True)
    await worked(behind)
    page = (await desk.open(bundle)).text
    assert "查看归档的 PDF" in page
    assert "33022519800101123X" not in page
    page = unescape((await desk.open(f"{bundle}?propose=true")).text)
    check_accessible(page)
    assert "33022519800101123X" in page
    assert "未经核实" in page
    await desk.open("/staff/search")
    check_accessible(desk.page)
    hits = unescape((await desk.send("/staff/search", text="修复道路")).text)
    assert f'href="{case}"' in hits
    assert (await desk.send("/staff/search", text="路")).status_code == 422


@pytest.fixture
async def address(node: tuple[Running, Node]) -> AsyncIterator[str]:
    """Where the portal answers a real browser."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build_app(*(node[0].service, node[0].runtime)), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
async def window(address: str) -> AsyncIterator[Page]:
    """A real browser, 390 pixels wide, at which the clerk is signed in."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(f"{address}/sign-in")
        await page.fill("#username", "clerk")
        await page.fill("#password", PASSWORD)
        await page.click("main button")
        await page.wait_for_url(f"{address}/staff")
        yield page
        await browser.close()


async def test_photographs_dropped_onto_the_page_arrive_in_order_over_a_line_that_drops_twice(
    desk: Browser, behind: Node, window: Page, address: str, tmp_path: Path
) -> None:
    case = await registered(desk, behind)
    photographs = [tmp_path / f"第{number}页.png" for number in range(1, 13)]
    for number, photograph in enumerate(photographs, 1):
        photograph.write_bytes(saved(scan(size=(300 + number, 300))))
    tries: list[str] = []
    complaints: list[Any] = []

    async def flaky(route: Route) -> None:
        tries.append(route.request.method)
        await (route.abort("connectionreset") if len(tries) in {3, 8} else route.continue_())

    await window.route("**/files", flaky)
    window.on("pageerror", lambda error: complaints.append(str(error)))
    await window.goto(f"{address}{case}/bundles")
    await window.set_input_files("#dropped", [str(file) for file in reversed(photographs)])
    await window.wait_for_url(re.compile(r"/bundles/[0-9a-f-]{36}$"), timeout=60_000)
    assert len(tries) == 14
    await worked(behind)
    await window.reload()
    listed = [unescape(each) for each in re.findall(r'<span class="small">(第\d+页\.png)', await window.content())]
    assert listed == [photograph.name for photograph in photographs]
    assert await window.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
