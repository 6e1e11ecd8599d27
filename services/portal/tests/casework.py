"""What is done at the desk: register, open a case, send one of its forms, write and approve an opinion."""

import re
from html import unescape
from typing import Any

from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, hidden
from starlette.responses import PlainTextResponse
from tests.support.running import Running

MATTER = {"channel": "letter", "kind": "appeal", "route": "6", "title": "房屋征收补偿", "content": "来信反映补偿标准。"}
PERSON = {"petitioners.0.name": "欧阳禾苗", "petitioners.0.phone": "13812345678"}
OPINION = {
    "request": "请求重新核定。", "facts": "经查属实。", "opinion": "予以支持。", "legal_basis": "条例第三十二条",
    "outcome": "support",
}  # fmt: skip
SERVED = {"fields.string.method": "in-person"}
NOTICE = {"fields.string.notice_method": "post", "fields.date-time.notice_at": "2025-01-02T09:30"}


async def registered(desk: Browser, behind: Node, **typed: Any) -> str:
    """Register at the desk; the case's page path."""
    await desk.open("/staff/register")
    given = {**MATTER, **PERSON, **typed}
    answer = await desk.send("/staff/register", **given)
    if 'name="repeat_of"' in answer.text:
        answer = await desk.send("/staff/register", **given, repeat_of="none")
    assert answer.status_code == 200, answer.text
    await behind.settle()
    found = re.search(r'href="(/staff/cases/[0-9a-f-]{36})"', answer.text)
    assert found is not None
    return found[1]


async def act(desk: Browser, behind: Node, case: str, action: str, **typed: Any) -> str:
    """Open the case, send one of its forms (with the password where it is asked for), return the page that follows."""
    typed = {**NOTICE, **typed} if action == "accept" else typed
    await desk.open(case)
    assert f'action="{case}/{action}"' in desk.page, desk.page
    key = key_of(desk.page, case, action)
    answer = await desk.send(f"{case}/{action}", key, version=hidden(desk.page, "version"), **typed)
    if answer.status_code == 200 and 'name="password"' in answer.text:
        answer = await desk.send(f"{case}/{action}", key, **sent_on(answer.text), password=PASSWORD)
    assert answer.status_code == 303, answer.text
    await behind.settle()
    return (await desk.open(answer.headers["location"])).text


def sent_on(page: str) -> dict[str, list[str]]:
    """What the page that asks for the password sends on."""
    found: dict[str, list[str]] = {}
    form = page.partition("<main")[2]
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form):
        found.setdefault(unescape(name), []).append(unescape(value))
    return {name: values for name, values in found.items() if name not in {"csrf", "key"}}


async def submit(desk: Browser, behind: Node, case: str, **typed: Any) -> str:
    """The opinion needs the paper's event to reach routing: without a broker it is let through in between."""
    await desk.open(case)
    form, version = desk.page, hidden(desk.page, "version")
    answer = await desk.send(f"{case}/submit", version=version, **{**OPINION, **typed})
    assert answer.status_code in {409, 422}, answer.text
    await behind.settle()
    desk.page = form
    answer = await desk.send(f"{case}/submit", version=version, **{**OPINION, **typed})
    assert answer.status_code == 303, answer.text
    await behind.settle()
    return (await desk.open(answer.headers["location"])).text


async def by(node: tuple[Running, Node], username: str, case: str, action: str, **typed: Any) -> str:
    """One action of another account, at a browser of its own."""
    async with browsing(node[0]) as other:
        await other.sign_in(username)
        return await act(other, node[1], case, action, **typed)


def actions(page: str) -> set[str]:
    """What the page has forms for."""
    return set(re.findall(r'action="/staff/cases/[0-9a-f-]{36}/([a-z-]+)"', page)) - {"identity", "files", "papers"}


def key_of(page: str, case: str, action: str) -> str:
    """The idempotency key of one of the forms on a page."""
    return hidden(page.partition(f'action="{case}/{action}"')[2], "key")


def not_now(page: str) -> dict[str, set[str]]:
    """What the page says is not possible: the actions by the reason."""
    found = re.findall(r'<p class="why">([^<]+)：</p>\s*<ul class="not-now run-on">(.*?)</ul>', page, re.DOTALL)
    return {unescape(why): set(re.findall(r"<b>([^<]+)</b>", acts)) for why, acts in found}


def steps(page: str) -> list[str]:
    """The timeline."""
    part = re.search(r'<ol class="timeline">(.*?)</ol>', page, re.DOTALL)
    return re.findall(r"<li><b>([^<]+)</b>", part[1]) if part else []


# what a proxy answers for a service that does not run
away = PlainTextResponse("Bad Gateway", 502)
