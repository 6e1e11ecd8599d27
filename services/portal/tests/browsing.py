"""A browser without scripts, and the services behind a portal in this process."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any, ClassVar

import httpx
from starlette.types import Receive, Scope, Send
from tests.support.running import Running

from kit.app import build_app
from portal.accounts import load_accounts
from portal.passwords import Passwords

PASSWORD = "correct horse battery"
ACCOUNTS = f"""username,password,name,unit,roles
clerk,{PASSWORD},王小兰,330225100-xf,clerk;handler
leader,{PASSWORD},李立新,330225100-xf,leader
analyst,{PASSWORD},赵一鸣,330225100-xf,analyst
auditor,{PASSWORD},周正,330225100-xf,audit
builder,{PASSWORD},孙建,330225100-cj,clerk;handler
elsewhere,{PASSWORD},钱远,330225-xf,clerk
"""


def hidden(html: str, name: str) -> str:
    """The value of a hidden field of the page, the first of its name."""
    found = re.search(rf'name="{name}" value="([^"]+)"', html)
    assert found is not None, f"no field {name!r} in {html[:2000]}"
    return unescape(found[1])


@dataclass
class Browser:
    """Keeps cookies, loads pages, fills the forms on them; follows no redirect by itself."""

    client: httpx.AsyncClient
    page: str = ""

    async def open(self, path: str) -> httpx.Response:
        answer = await self.client.get(path)
        self.page = answer.text
        return answer

    async def send(self, path: str, key: str | None = None, files: Any = None, **typed: Any) -> httpx.Response:
        """Send a form of the page that is open."""
        data = {"csrf": hidden(self.page, "csrf"), "key": key or hidden(self.page, "key"), **typed}
        answer = await self.client.post(path, data=data, files=files)
        self.page = answer.text
        return answer

    async def sign_in(self, username: str = "clerk", password: str = PASSWORD, **more: str) -> httpx.Response:
        await self.open("/sign-in")
        return await self.send("/sign-in", username=username, password=password, **more)

    def cookie(self, kind: str) -> str | None:
        return self.client.cookies.get(f"{kind}-33.02.25.100")


@asynccontextmanager
async def browsing(running: Running) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(build_app(running.service, running.runtime), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
        yield Browser(client)


class Hashed(Passwords):
    """Real hashes, but each password's is made once: six accounts for every test took longer than many of the tests."""

    made: ClassVar[dict[str, str]] = {}

    async def hash(self, password: str) -> str:
        if password not in self.made:
            self.made[password] = await super().hash(password)
        return self.made[password]


async def load(running: Running, accounts: str) -> None:
    (running.runtime.settings.home / "accounts.csv").write_text(accounts, encoding="utf-8")
    async with running.runtime.database.transaction() as session:
        await load_accounts(running.runtime, session)


Opened = Callable[..., Awaitable[Running]]


@dataclass
class Node:
    """The services of a township in one process. asked: method, path and query of every call the portal made;
    traces: the traceparents those calls carried.
    """

    running: dict[str, Running] = field(default_factory=dict)
    apps: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        self.asked.append(f"{scope['method']} {scope['path']}{'?' + query if query else ''}")
        self.traces.append(dict(scope["headers"]).get(b"traceparent", b"").decode())
        await self.apps[scope["path"].split("/")[2]](scope, receive, send)

    async def settle(self) -> None:
        """Let every event have its effect, until nobody says anything more."""
        while said := [event for each in self.running.values() for event in await _taken(each)]:
            for each in self.running.values():
                for consumer in each.service.consumers:
                    heard = [event for event in said if any(_binds(b, event.type) for b in consumer.bindings)]
                    if heard:
                        await each.hear(consumer.queue, *heard)


async def _taken(running: Running) -> list[Any]:
    events = await running.events()
    async with running.runtime.database.transaction() as session:
        await session.raw.execute("DELETE FROM outbox")
    return events


def _binds(pattern: str, kind: str) -> bool:
    parts = [re.escape(part) if part not in "*#" else {"*": "[^.]+", "#": ".*"}[part] for part in pattern.split(".")]
    return re.fullmatch(r"\.".join(parts), kind) is not None


def check_accessible(page: str) -> None:
    """Landmarks, a label for every field, no id twice. Raises AssertionError."""
    for landmark in ("<header", "<nav", "<main", "<footer", "<h1", 'lang="zh-CN"', 'class="skip" href="#main"'):
        assert landmark in page, landmark
    fields = re.findall(r"<(?:input|select|textarea)\b([^>]*)>", page)
    for attributes in fields:
        if 'type="hidden"' in attributes or 'type="radio"' in attributes or 'type="checkbox"' in attributes:
            continue  # hidden, or inside their label
        mark = re.search(r'id="([^"]+)"', attributes)
        assert mark is not None, attributes
        assert f'<label for="{mark[1]}">' in page, attributes
    marks = re.findall(r'\bid="([^"]+)"', page)
    assert len(marks) == len(set(marks)), "an id stands twice"
