"""Files and papers opened from the case page: marked copies by links, identity papers for a stated purpose."""

import asyncio
import contextlib
import io
import re
import shutil
import socket
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pikepdf
import pytest
import uvicorn
from playwright.async_api import async_playwright
from services.portal.tests.browsing import PASSWORD, Browser, Node, check_accessible, hidden
from services.portal.tests.casework import registered
from starlette.types import Receive, Scope, Send
from tests.support.running import Running
from tests.support.scans import blank_pdf

from documents.pages import work
from kit.app import build_app
from kit.testing import eventually

LINK = re.compile(r"/api/documents/v1/links/[\w.-]+")
FILE = re.compile(r'action="(/staff/cases/[0-9a-f-]{36}/files/[0-9a-f-]{36})/open"')
LETTER = blank_pdf(2)


async def uploaded(desk: Browser, case: str, name: str, content: bytes = LETTER, **typed: str) -> str:
    """Upload a file on the case page; the path of its pages."""
    await desk.open(case)
    file = {"file": (name, content, "application/pdf")}
    answer = await desk.send(f"{case}/files", file_id=hidden(desk.page, "file_id"), files=file, **typed)
    assert answer.status_code == 303, answer.text
    await desk.open(case)
    path: str = FILE.findall(desk.page)[-1]
    return path


async def followed(behind: Node, answer: Any) -> Any:
    """Where the browser goes on to, without a session."""
    link = answer.headers["location"]
    assert LINK.fullmatch(link), link
    return await behind.running["documents"].request("GET", link, who=None)


async def test_a_file_is_opened_as_a_marked_copy_and_downloaded_as_it_is(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    file = await uploaded(desk, case, "来信.pdf")
    check_accessible(desk.page)
    answer = await desk.send(f"{file}/open", disposition="inline")
    assert answer.status_code == 303
    shown = await followed(behind, answer)
    assert shown.headers["content-disposition"].startswith("inline")
    with pikepdf.open(io.BytesIO(shown.content)) as pdf:
        assert len(pdf.pages) == 2
    await desk.open(case)
    given = await followed(behind, await desk.send(f"{file}/open", disposition="attachment"))
    assert (given.content == LETTER, given.content == shown.content) == (True, False)


async def test_an_identity_paper_is_opened_for_a_purpose_and_the_password(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    file = await uploaded(desk, case, "证件.pdf", identity="yes")
    assert "身份证件</span>" in desk.page
    asked = await desk.send(f"{file}/open", disposition="inline")
    assert (asked.status_code, "说明用途" in asked.text, 'role="alert"' in asked.text) == (200, True, False)
    check_accessible(asked.text)
    password = await desk.send(f"{file}/open", code="other", disposition="inline")
    assert (password.status_code, 'type="password"' in password.text) == (200, True)
    sent = {name: hidden(password.text, name) for name in ("code", "disposition")}
    wrong = await desk.send(f"{file}/open", **sent, password=PASSWORD)
    assert (wrong.status_code, "未作说明" in unescape(wrong.text)) == (422, True)
    documents = behind.running["documents"]
    assert await documents.rows("SELECT * FROM read_links") == []
    answer = await desk.send(f"{file}/open", code="verify-petitioner", words="核对来访人")
    assert (await followed(behind, answer)).content.startswith(b"%PDF")
    rows = await documents.rows("SELECT actor, reason FROM audit WHERE action = 'make-link'")
    assert [tuple(row) for row in rows] == [("clerk", "核对来访人")]


async def test_a_clerk_marks_and_dismisses_and_a_leader_lifts(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    file = await uploaded(desk, case, "张某身份证.pdf")
    assert "疑似身份证件" in desk.page
    answer = await desk.send(f"{file}/identity", identity="no", reason="证件保管说明")
    assert "已取消身份证件标记" in (await desk.open(answer.headers["location"])).text
    answer = await desk.send(f"{file}/identity", identity="yes")
    assert "已标为身份证件" in (await desk.open(answer.headers["location"])).text
    assert "不是身份证件" not in desk.page  # that is for a leader now
    refused = await desk.send(f"{file}/identity", identity="no", reason="看错了文件")
    assert (refused.status_code, "只能由领导取消" in refused.text) == (403, True)
    await desk.sign_in("leader")
    assert "不是身份证件" in (await desk.open(case)).text
    assert (await desk.send(f"{file}/identity", identity="no", reason="看错了文件")).status_code == 303
    assert "Download the original" in (await desk.open(f"{case}?lang=en")).text


async def test_a_paper_is_opened_by_a_link_before_it_is_sealed_too(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    filed = await desk.send(f"{case}/papers", kind="notice", text="请到县里办理。")
    assert filed.status_code == 303, filed.text
    await desk.open(case)
    (paper,) = set(re.findall(r'action="(/staff/cases/[0-9a-f-]{36}/papers/[0-9a-f-]{36})/open"', desk.page))
    shown = await followed(behind, await desk.send(f"{paper}/open", disposition="inline"))
    assert shown.content.startswith(b"%PDF")


async def test_a_bundle_shows_no_thumbnail_of_an_identity_paper(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    letter, paper = await uploaded(desk, case, "来信.pdf"), await uploaded(desk, case, "身份证.pdf", blank_pdf(1))
    await desk.open(f"{case}/bundles")
    ids = [path.rsplit("/", 1)[1] for path in (letter, paper)]
    made = await desk.send(f"{case}/bundles", file_id=ids)
    while await work.step(behind.running["documents"].runtime):
        pass
    page = (await desk.open(made.headers["location"])).text
    check_accessible(page)
    assert (page.count("<img class"), page.count("身份证件，不显示缩略图")) == (2, 1)
    hidden_one = f"{made.headers['location']}/thumbnails/{ids[1]}/1"
    assert (await desk.client.get(hidden_one)).status_code == 403


async def test_nothing_of_it_is_on_the_pages_of_petitioners(desk: Browser) -> None:
    for path in ("/", "/petition", "/progress"):
        page = (await desk.open(path)).text
        assert "/open" not in page
        assert "links/" not in page


@pytest.fixture
async def address(node: tuple[Running, Node]) -> AsyncIterator[str]:
    """Where portal and services answer a real browser, as behind the node's one address."""
    portal, behind = build_app(node[0].service, node[0].runtime), node[1]

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        services = scope["path"].startswith("/api/") and not scope["path"].startswith("/api/portal")
        await (behind if services else portal)(scope, receive, send)

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(both, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve([listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_a_real_browser_follows_the_form_to_the_link_and_asks_for_a_purpose(
    desk: Browser, behind: Node, address: str
) -> None:
    case = await registered(desk, behind)
    await uploaded(desk, case, "来信.pdf")
    await uploaded(desk, case, "张某身份证.pdf", content=blank_pdf(1))
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        window = await (await browser.new_context(viewport={"width": 1200, "height": 900})).new_page()
        await window.goto(f"{address}/sign-in")
        await window.fill("#username", "clerk")
        await window.fill("#password", PASSWORD)
        await window.click("main button")
        await window.wait_for_url(f"{address}/staff")
        await window.goto(f"{address}{case}")
        answers: list[tuple[int, str]] = []
        window.context.on("response", lambda each: answers.append((each.status, each.headers.get("content-type", ""))))
        async with window.context.expect_page():
            await window.click("text=来信.pdf")

        async def shown() -> bool:
            return (200, "application/pdf") in answers

        await eventually(shown)
        async with window.context.expect_page() as asked:
            await window.click("text=张某身份证.pdf")
        purpose = await asked.value
        await purpose.select_option("#code", "verify-petitioner")
        await purpose.click("main button")
        await purpose.fill("#password", PASSWORD)
        answers.clear()
        await purpose.click("main button")
        await eventually(shown)
        await browser.close()
