"""What units ask of each other, by the forms of the portal; the forms agree with routing's interface."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import act, key_of, registered
from services.portal.tests.test_actions import interface, without_words
from tests.support.running import Running

from portal.asking import ASKS, DATED, STEPS

ROOT = Path(__file__).parents[3]
API = "/api/routing/v1"
SOON = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%d")


def body_of(document: Any, path: str) -> tuple[set[str], set[str]]:
    """What a POST takes, and what of that it must have."""
    reference = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    shape = document["components"]["schemas"][reference.rpartition("/")[2]]
    return set(shape["properties"]), set(shape.get("required", ()))


def roles_of(path: str) -> set[str]:
    """Whom a POST of routing is open to, as the table of routes says."""
    table = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    found = re.search(rf"\| POST \| `{re.escape(path)}` \| ([^|]+) \|", table)
    assert found is not None, path
    return set(found[1].split(", "))


@pytest.mark.parametrize("name", sorted(ASKS))
def test_every_form_asks_what_routing_takes_of_those_it_lets(name: str) -> None:
    path = f"{API}/cases/{{case_id}}/{name}"
    taken, needed = body_of(interface(), path)
    assert set(ASKS[name].fields) == taken
    assert ("due_at" in needed) == (name in DATED)
    assert ASKS[name].roles == roles_of(path)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_step_sends_what_routing_takes(step: str) -> None:
    taken, _ = body_of(interface(), f"{API}/requests/{{request_id}}/{step}")
    assert set(STEPS[step]) == taken - {"version"}


def values_of(shape: str, field: str) -> set[str]:
    found = interface()["components"]["schemas"][shape]["properties"][field]
    return set(found.get("enum") or next(each["enum"] for each in found["anyOf"] if "enum" in each))


def test_everything_that_can_be_chosen_and_told_has_its_words() -> None:
    assert without_words("supervision_reason", values_of("SuperviseIn", "reason")) == set()
    assert without_words("suggestion", values_of("SuggestIn", "suggestion")) == set()
    assert without_words("proposable", values_of("ProposeIn", "trigger")) == set()
    assert without_words("adoption", values_of("AnswerIn", "adoption")) == set()
    told = values_of("SuperviseIn", "reason") | values_of("SuggestIn", "suggestion") | {"unknown-unit"}
    assert without_words("trigger", told) == set()
    assert without_words("trigger_what", values_of("SuperviseIn", "reason")) == set()
    for vocabulary in ("request_action", "request_action_what", "request_done", "request_step"):
        assert without_words(vocabulary, set(STEPS)) == set()
    for vocabulary in ("ask", "ask_what", "done"):
        assert without_words(vocabulary, set(ASKS)) == set()


async def given_away(desk: Browser, behind: Node, node: tuple[Running, Node]) -> str:
    """A case of the office that the building station has."""
    case = await registered(desk, behind)
    await act(desk, behind, case, "transfer", to_unit="330225100-cj")
    async with browsing(node[0]) as builder:
        await builder.sign_in("builder")
        await act(builder, behind, case, "receive")
    return case


def offered(page: str) -> set[str]:
    return set(re.findall(r"/ask/([a-z-]+)\"", page))


async def step(desk: Browser, behind: Node, request: str, name: str, **typed: Any) -> str:
    """Take a step of a request by the form of its page; the page that follows."""
    page = (await desk.open(request)).text
    assert f'action="{request}/{name}"' in page, page
    key = key_of(page.replace("/staff/requests/", "/staff/cases/"), request.replace("requests", "cases"), name)
    answer = await desk.send(f"{request}/{name}", key, version=hidden(page, "version"), **typed)
    assert answer.status_code == 303, answer.text
    await behind.settle()
    return (await desk.open(answer.headers["location"])).text


async def ask(desk: Browser, behind: Node, case: str, name: str, **typed: Any) -> str:
    """Send one of the forms; the page of the request it made."""
    page = (await desk.open(f"{case}/ask/{name}")).text
    check_accessible(page)
    answer = await desk.send(f"{case}/ask/{name}", **typed)
    assert answer.headers.get("location") == f"{case}?done={name}", answer.text
    await behind.settle()
    found = re.search(r'href="(/staff/requests/[0-9a-f-]{36})"', (await desk.open(case)).text)
    assert found is not None
    return found[1]


async def test_a_leader_supervises_and_the_holder_answers(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await given_away(desk, behind, node)
    async with browsing(node[0]) as leader, browsing(node[0]) as builder:
        await leader.sign_in("leader")
        assert offered((await leader.open(case)).text) == {"urge", "supervise", "instruct", "suggest",
                                                           "propose-supervision"}  # fmt: skip
        request = await ask(leader, behind, case, "supervise", reason="overdue", text="请于期限内办结。", due_at=SOON)
        page = unescape((await leader.open(case)).text)
        assert "丁镇信访办 → 丁镇村建办" in page
        assert "已发出,对方尚未签收" in page
        await builder.sign_in("builder")
        assert request in (await builder.open(case)).text
        page = (await builder.open(request)).text
        assert "请于期限内办结。" in page
        check_accessible(page)
        await step(builder, behind, request, "receive")
        assert "已答复" in await step(builder, behind, request, "answer", text="已列入本周计划。")
        page = (await leader.open(request)).text
        assert "已列入本周计划。" in page
        assert "答复已退回" in await step(leader, behind, request, "return", text="请报具体日期。", due_at=SOON)
        await step(builder, behind, request, "answer", text="定于周五完成。")
        page = await step(leader, behind, request, "close")
        assert "request-closed" in page
        assert "现在没有您可办的操作" in page


async def test_a_suggestion_is_answered_with_its_adoption(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await given_away(desk, behind, node)
    async with browsing(node[0]) as leader, browsing(node[0]) as builder:
        await leader.sign_in("leader")
        typed = {"suggestion": "improve-work", "text": "建议公开办理进度。", "due_at": SOON}
        request = await ask(leader, behind, case, "suggest", **typed)
        await builder.sign_in("builder")
        await step(builder, behind, request, "receive")
        version = hidden((await builder.open(request)).text, "version")
        answer = await builder.send(f"{request}/answer", version=version, text="每周公布一次。")
        assert answer.status_code == 422
        assert "每周公布一次。</textarea>" in answer.text
        page = await step(builder, behind, request, "answer", text="每周公布一次。", adoption="partly")
        assert "部分采纳" in page


async def test_the_holder_asks_others_for_support_and_can_ask_it_back(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    assert offered((await desk.open(case)).text) == {"ask-support"}
    request = await ask(desk, behind, case, "ask-support", text="请提供图纸。", to_units=["330225100-cj"])
    assert "request-cancelled" in await step(desk, behind, request, "cancel")


async def test_what_a_form_lacks_is_told_and_what_was_typed_is_kept(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await given_away(desk, behind, node)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(f"{case}/ask/supervise")
        answer = await leader.send(f"{case}/ask/supervise", text="请尽快办理。", due_at="2020-01-01", reason="overdue")
        assert answer.status_code == 422
        assert "请尽快办理。</textarea>" in answer.text
        assert 'href="#due_at"' in answer.text
        answer = await leader.send(f"{case}/ask/suggest", text="建议")
        assert {"suggestion-error", "due_at-error"} <= set(re.findall(r'id="([a-z_]+-error)"', answer.text))
    await desk.open(case)
    answer = await desk.send(f"{case}/ask/ask-support", text="请协助", to_units=["no such"])
    assert answer.status_code == 404  # the station holds the case now: the form is not the office's


async def test_a_form_that_is_not_offered_leads_nowhere(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    for name in ("supervise", "no-such-thing"):
        assert (await desk.open(f"{case}/ask/{name}")).status_code == 404
    await desk.open(case)
    assert (await desk.send(f"{case}/ask/no-such-thing", text="x")).status_code == 404
    assert (await desk.open("/staff/requests/00000000-0000-7000-8000-000000000000")).status_code == 404


async def test_the_register_filters_and_turns_pages(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    case = await given_away(desk, behind, node)
    request = await ask(desk, behind, case, "urge", text="请尽快办理。")
    for filters, there in (
        ("", True), ("?direction=out", True), ("?direction=in", False), ("?kind=urge", True),
        ("?kind=supervise", False), ("?status=sent", True), ("?status=closed", False), ("?overdue=true", False),
    ):  # fmt: skip
        page = (await desk.open(f"/staff/requests{filters}")).text
        assert (request in page) is there, filters
    check_accessible((await desk.open("/staff/requests")).text)
    assert "房屋征收补偿" in desk.page


async def test_cause_that_a_person_sees_is_proposed_and_decided_by_another(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    cases = [await given_away(desk, behind, node) for _ in range(2)]
    for case in cases:
        await desk.open(f"{case}/ask/propose-supervision")
        answer = await desk.send(f"{case}/ask/propose-supervision", trigger="not-carried-out")
        assert answer.status_code == 303
        assert "已列入督办建议" in (await desk.open(answer.headers["location"])).text
    page = unescape((await desk.open("/staff/proposals")).text)
    assert page.count("处理意见未落实") == 2
    assert "由领导或督查人员决定" in page
    assert "/supervise" not in page
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        page = (await leader.open("/staff/proposals")).text
        check_accessible(page)
        follow, dismiss = re.findall(r'action="(/staff/proposals/[0-9a-f-]{36}/(?:supervise|dismiss))"', page)[1:3]
        assert follow.endswith("dismiss")
        assert dismiss.endswith("supervise")
        answer = await leader.send(follow, reason="")
        assert answer.status_code == 422
        assert f"dismiss-{follow.split('/')[3]}.reason" in answer.text
        answer = await leader.send(follow, reason="正在落实")
        assert "已决定不督办" in (await leader.open(answer.headers["location"])).text
        answer = await leader.send(dismiss, text="请说明落实情况。", due_at=SOON)
        assert "督办已发出" in (await leader.open(answer.headers["location"])).text
        assert "没有待决定的督办建议" in leader.page
        page = unescape((await leader.open("/staff/proposals?decided=true")).text)
        assert "正在落实" in page
        assert re.search(r'href="/staff/requests/[0-9a-f-]{36}">查看督办', page)
        await leader.open("/staff/proposals")
        answer = await leader.send(follow, reason="再次决定")
        assert answer.status_code == 409


async def test_an_accused_unit_is_asked_nothing_and_sees_nothing(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind, kind="accusation", route="", accused_units=["330225100-cj"])
    page = (await desk.open(f"{case}/ask/ask-support")).text
    assert 'value="330225-js"' in page
    assert 'value="330225100-cj"' not in page
    async with browsing(node[0]) as builder:
        await builder.sign_in("builder")
        for path in (f"{case}/ask/urge", f"{case}/links"):
            assert (await builder.open(path)).status_code == 404


async def test_a_leader_away_names_a_delegate_who_approves_until_it_ends(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        page = (await leader.open("/staff/delegations")).text
        check_accessible(page)
        assert set(re.findall(r'<option value="([a-z]+)">', page)) == {"clerk", "analyst", "auditor"}
        assert "李立新 · " in page
        now = datetime.now(UTC) + timedelta(hours=8)
        since, until = ((now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M") for hours in (-1, 24))
        answer = await leader.send("/staff/delegations", to_subject="clerk", since=until, until=since)
        assert answer.status_code == 422
        assert 'id="until-error"' in answer.text
        answer = await leader.send("/staff/delegations", to_subject="clerk", since=since, until=until)
        page = unescape((await leader.open(answer.headers["location"])).text)
        assert "已委托。" in page
        assert "李立新 → <b>王小兰</b>" in page
        assert "生效中" in page
        path = re.search(r'action="(/staff/delegations/[0-9a-f-]{36}/end)"', page)
        assert path is not None
        answer = await leader.send(path[1])
        assert "没有生效或者将要生效的委托" in (await leader.open(answer.headers["location"])).text
    assert (await desk.open("/staff/delegations")).status_code == 403


async def test_the_procedures_of_a_kind_are_listed(desk: Browser) -> None:
    page = unescape((await desk.open("/staff/procedures?kind=appeal&route=6")).text)
    check_accessible(desk.page)
    assert '<th scope="row">' in page
    assert (await desk.open("/staff/procedures?kind=nothing")).status_code == 404


@pytest.mark.parametrize(
    ("language", "by_call", "others", "never"),
    [
        ("zh", "来电渠道", "来电以外的渠道", "不自动适用，甄别时可选"),
        ("en", "To what came by Call", "To all but what came by Call", "Only when chosen at screening"),
    ],
)
async def test_it_is_told_by_which_channels_a_procedure_is_given_by_itself(
    desk: Browser, language: str, by_call: str, others: str, never: str
) -> None:
    page = unescape((await desk.open(f"/staff/procedures?kind=appeal&route=6&lang={language}")).text)
    found = re.findall(r"<td data-label=\"[^\"]+\">([^<]+)</td></tr>", page)
    assert {*found[:2]} == {by_call, others}
    assert set(found[2:]) == {never}
