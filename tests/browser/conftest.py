"""A real browser before a node's portal: of the test run's own tree, or of any node named by XQ_PORTAL_URL."""

import csv
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright

from xinqiao_local.cluster import SEED

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 15_000  # milliseconds a page may take
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture(scope="session")
def portal_url(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("XQ_PORTAL_URL")
    url: str = given or request.getfixturevalue("tree").url("township")
    return url


@pytest.fixture(scope="session")
def passwords() -> dict[str, str]:
    """Of the sample accounts."""
    with (SEED / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return {row["username"]: row["password"] for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The system's browser; nothing is downloaded."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program is not None, "install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        await browser.close()


@dataclass
class Desk:
    """A page with a person at it. complaints: what the browser reported, as a refused script or style."""

    page: Page
    url: str
    passwords: dict[str, str]
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        # that an answer has status 4xx is what some tests are about
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def sign_in(self, account: str) -> None:
        await self.open("/sign-in")
        await self.page.get_by_label("用户名").fill(account)
        await self.page.get_by_label("密码").fill(self.passwords[account])
        await self.page.get_by_role("button", name="登录").click()
        await self.page.wait_for_url("**/staff")


async def _desk(chromium: Browser, size: ViewportSize, url: str, passwords: dict[str, str]) -> AsyncIterator[Desk]:
    context = await chromium.new_context(viewport=size, locale="zh-CN")
    desk = Desk(await context.new_page(), url, passwords)
    desk.watch()
    yield desk
    await context.close()
    assert desk.complaints == []


@pytest.fixture
async def desk(chromium: Browser, portal_url: str, passwords: dict[str, str]) -> AsyncIterator[Desk]:
    async for each in _desk(chromium, WIDE, portal_url, passwords):
        yield each


@pytest.fixture
async def phone(chromium: Browser, portal_url: str, passwords: dict[str, str]) -> AsyncIterator[Desk]:
    """The same on a telephone's screen."""
    async for each in _desk(chromium, NARROW, portal_url, passwords):
        yield each
