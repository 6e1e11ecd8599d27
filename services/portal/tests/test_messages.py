"""The inbox at the portal: a bell that counts, a list that leads to the case, and how one is told otherwise."""

import re
from html import unescape
from typing import Any

import pytest
from services.notify.tests.receivers import Postbox, mail_server
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible
from services.portal.tests.casework import registered
from tests.support.running import Running, told

from contracts.callbacks import CallbackState
from notify import resources as notify_resources
from notify.staff.delivering import deliver
from notify.staff.settings import Mail, Staff, Webhooks
from portal import resources

BELL = re.compile(r'class="bell"[^>]*aria-label="([^"]+)"')


def bell(page: str) -> str:
    found = BELL.search(page)
    assert found is not None
    return found[1]


def allow(behind: Node, **settings: Any) -> None:
    held = notify_resources.of(behind.running["notify"].runtime)
    held.settings = held.settings.model_copy(update={"staff": Staff(**settings)})


async def test_the_bell_counts_and_an_item_leads_to_its_case(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open("/staff/messages")).text
    assert "新登记待办" in page
    assert "欧阳禾苗" not in page
    check_accessible(page)
    item = re.search(r'name="item" value="([0-9a-f-]{36})"', page)
    assert item is not None
    answer = await desk.send("/staff/messages/read", item=item[1], case=case.rpartition("/")[2])
    assert answer.headers["location"] == case
    assert bell((await desk.open(case)).text) == "站内消息"
    assert "没有未读消息" in (await desk.open("/staff/messages?unread=yes")).text


async def test_everything_shown_can_be_marked_as_read(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    for title in ("房屋征收", "道路积水"):
        await registered(desk, behind, title=title)
    resources.of(node[0].runtime).bells = type(resources.of(node[0].runtime).bells)()
    page = (await desk.open("/staff/messages")).text
    assert bell(page) == "站内消息，2 条未读"
    until = re.search(r'name="until" value="([0-9a-f-]{36})"', page)
    assert until is not None
    assert (await desk.send("/staff/messages/read", until=until[1])).headers["location"] == "/staff/messages"
    assert bell((await desk.open("/staff/messages")).text) == "站内消息"


async def test_a_page_does_without_the_count_while_it_cannot_be_told(desk: Browser, behind: Node) -> None:
    async def away(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    behind.apps["notify"] = away
    page = await desk.open("/staff/cases")
    assert (page.status_code, bell(page.text)) == (200, "站内消息")


async def test_reminders_are_chosen_confirmed_changed_and_ended(desk: Browser, behind: Node) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        allow(behind, mail=Mail(host="localhost", port=port, tls="none", sender="xf@office.example"))
        check_accessible((await desk.open("/staff/preferences")).text)
        answer = await desk.send("/staff/preferences/addresses", channel="email", value="wang@office.example")
        page = (await desk.open(answer.headers["location"])).text
        assert "待确认" in page
        assert "wang@" not in page
        await deliver(behind.running["notify"].runtime, "email")
    code = re.search(r"\d{6}", box.came[0].get_content())
    assert code is not None
    refused = await desk.send("/staff/preferences/confirm", channel="email", code=f"{(int(code[0]) + 1) % 10**6:06}")
    assert (refused.status_code, "确认码不正确" in refused.text) == (422, True)
    answer = await desk.send("/staff/preferences/confirm", channel="email", code=code[0])
    assert answer.status_code == 303
    await desk.open("/staff/preferences")
    way = ["deadline.email", "to-receive.email"]
    answer = await desk.send("/staff/preferences", way=way, since="22:00", until="07:30", language="en")
    page = (await desk.open(answer.headers["location"])).text
    assert len(re.findall(r'name="way" value="[a-z-]+\.email" checked', page)) == 2
    assert 'value="22:00"' in page
    assert 'value="07:30"' in page
    answer = await desk.send("/staff/preferences/remove", channel="email")
    assert "地址已删除" in (await desk.open(answer.headers["location"])).text


async def test_the_secret_of_a_webhook_is_shown_once(desk: Browser, behind: Node) -> None:
    allow(behind, webhooks=Webhooks(hosts=("hooks.example",)))
    await desk.open("/staff/preferences")
    url = "https://hooks.example/in?token=s3cret"
    page = unescape((await desk.send("/staff/preferences/addresses", channel="webhook", value=url)).text)
    assert "whsec_" in page
    assert "s3cret" not in page
    assert "whsec_" not in (await desk.open("/staff/preferences")).text
    mistyped = await desk.send("/staff/preferences/addresses", channel="sms", value="abc")
    assert (mistyped.status_code, "地址格式不正确" in mistyped.text) == (422, True)
    refused = await desk.send("/staff/preferences/addresses", channel="webhook", value="https://other.example/")
    assert (refused.status_code, "允许" in refused.text) == (422, True)


@pytest.mark.parametrize("path", ["/staff/messages", "/staff/preferences", "/staff/statistics"])
async def test_the_pages_are_there_in_english(desk: Browser, path: str) -> None:
    page = (await desk.open(f"{path}?lang=en")).text
    assert 'lang="en"' in page
    main = page.partition("<main")[2].partition("</main>")[0]
    assert not re.search("[一-鿿]", main.replace("丁镇信访办", "").replace("丙县", ""))


async def test_what_was_answered_to_call_backs_stands_on_the_statistics(desk: Browser, behind: Node) -> None:
    analytics = behind.running["analytics"]
    at = analytics.runtime.clock.now()
    for unit, answer in (("330225100-cj", "satisfied"), ("330225100-cj", "not"), ("330225100-xf", None)):
        state = CallbackState(
            number="XF1", unit=unit, region="33.02.25.100", ended_at=at, asked_at=at, answer=answer, at=at
        )
        kind = f"notify.callback.{'answered' if answer else 'unanswered'}.v1"
        await analytics.hear("analytics.on-event", told(kind, state, subject=analytics.runtime.ids.new()))
    page = (await desk.open("/staff/statistics")).text
    section = page.partition('aria-labelledby="callbacks"')[2]
    assert "丁镇村建办" in section
    assert "50.0 %" in section
    assert section.count("–") == 1, "of the unit of which nobody answered"
    empty = (await desk.open("/staff/statistics?since=2020-01-01&until=2020-12-31")).text
    assert "这一时期没有回访结果" in empty


async def test_who_reads_no_cases_has_no_bell(node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as analyst:
        await analyst.sign_in("analyst")
        assert BELL.search((await analyst.open("/staff/statistics")).text) is None
        assert (await analyst.open("/staff/messages")).status_code == 403
