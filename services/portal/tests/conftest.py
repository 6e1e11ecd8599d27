"""A portal with accounts and the real services it calls."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from services.portal.tests.browsing import ACCOUNTS, Browser, Hashed, Node, Opened, browsing, load
from tests.support.running import Running

from analytics.main import service as analytics
from documents import resources as documents_resources
from documents.main import service as documents
from documents.papers.renderers import Renderers
from intake.main import service as intake
from kit.app import build_app
from notify.main import service as notify
from portal import resources
from portal.calls import Calls
from portal.main import service as portal
from portal.passwords import Passwords
from routing.main import service as routing


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    opened = Hashed()
    yield opened
    opened.close()


@pytest.fixture
def open_portal(start: Any, passwords: Passwords) -> Opened:
    """Start a portal with the accounts above; options: parts of its runtime, `settings` of the portal."""

    async def begin(accounts: str = ACCOUNTS, settings: dict[str, Any] | None = None, **options: Any) -> Running:
        running: Running = await start(portal, **options)
        held = resources.of(running.runtime)
        held.settings = held.settings.model_copy(update=settings or {})
        held.passwords = passwords
        await load(running, accounts)
        return running

    return begin


@pytest.fixture
async def node(open_portal: Opened, start: Any, renderers: Renderers) -> AsyncIterator[tuple[Running, Node]]:
    """A portal that calls real services."""
    # without a broker no event arrives by itself: waiting for one is cut short
    running, behind = await open_portal(settings={"paper_seconds": 0.2}), Node()
    for each in (intake, routing, documents, notify, analytics):
        behind.running[each.name] = await start(each)
        behind.apps[each.name] = build_app(each, behind.running[each.name].runtime)
    documents_resources.of(behind.running["documents"].runtime).renderers = renderers
    transport = httpx.ASGITransport(behind, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://node.test") as client:
        resources.of(running.runtime).calls = Calls(client)
        yield running, behind


@pytest.fixture
def behind(node: tuple[Running, Node]) -> Node:
    return node[1]


@pytest.fixture
async def browser(node: tuple[Running, Node]) -> AsyncIterator[Browser]:
    async with browsing(node[0]) as opened:
        yield opened


@pytest.fixture
async def desk(browser: Browser) -> Browser:
    """A browser at which the clerk is signed in."""
    assert (await browser.sign_in()).status_code == 303
    return browser
