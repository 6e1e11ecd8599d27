"""The password once more, before what a stranger at an open desk must not do."""

from datetime import timedelta

from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import act, key_of, registered, sent_on, steps, submit
from tests.support.running import Running

from portal import resources
from portal.confirming import ACTIONS


async def audited(node: tuple[Running, Node]) -> list[tuple[str, str]]:
    rows = await node[0].rows("SELECT action, reason FROM audit ORDER BY id")
    return [(row["action"], row["reason"]) for row in rows]


async def test_a_hand_over_waits_for_the_password_and_loses_nothing(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    key = key_of(desk.page, case, "transfer")
    typed = {"version": hidden(desk.page, "version"), "to_unit": "330225100-cj", "note": "请联系本人"}
    answer = await desk.send(f"{case}/transfer", key, **typed)
    assert answer.status_code == 200
    assert "请再次输入密码" in answer.text
    assert "转送" in answer.text
    check_accessible(answer.text)
    assert sent_on(answer.text) == {name: [value] for name, value in typed.items()}
    assert key_of(answer.text, case, "transfer") == key
    assert steps((await desk.open(case)).text) == ["已登记"]
    answer = await desk.send(f"{case}/transfer", key, **typed, password="not the password")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert sent_on(answer.text) == {name: [value] for name, value in typed.items()}
    answer = await desk.send(f"{case}/transfer", key, **typed, password=PASSWORD)
    assert answer.status_code == 303
    page = (await desk.open(case)).text
    assert steps(page) == ["已登记", "已转送"]
    assert "请联系本人" in page
    assert await audited(node) == [("confirm-refused", "transfer"), ("confirm", "transfer")]


async def test_it_holds_for_some_minutes_and_for_this_session_alone(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    for minutes, asked in ((0, True), (4, False), (2, True)):
        # services take tokens of the present only, so that not the clock is moved
        await node[0].rows("UPDATE sessions SET confirmed_at = confirmed_at - $1::interval", timedelta(minutes=minutes))
        await desk.open(case)
        answer = await desk.send(f"{case}/identity", purpose="核实联系方式")
        assert ("请再次输入密码" in answer.text) is asked, minutes
        if asked:
            answer = await desk.send(f"{case}/identity", purpose="核实联系方式", password=PASSWORD)
        assert "欧阳禾苗" in answer.text
    await desk.sign_in()
    await desk.open(case)
    assert "请再次输入密码" in (await desk.send(f"{case}/identity", purpose="核实联系方式")).text


async def test_wrong_ones_count_with_those_at_the_sign_in(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    for _ in range(5):
        answer = await desk.send(f"{case}/identity", purpose="核实联系方式", password="guessed wrong")
        assert answer.status_code == 401
    answer = await desk.send(f"{case}/identity", purpose="核实联系方式", password=PASSWORD)
    assert answer.status_code == 429
    assert "欧阳禾苗" not in answer.text
    assert [action for action, _ in await audited(node)] == ["confirm-refused"] * 6
    async with browsing(node[0]) as other:
        assert (await other.sign_in()).status_code == 429


async def test_an_approval_asks_and_what_changes_little_does_not(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    assert {"approve", "transfer", "assign", "export"} == ACTIONS
    case = await registered(desk, behind)
    await act(desk, behind, case, "accept")
    await submit(desk, behind, case)
    assert await audited(node) == []
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(case)
        answer = await leader.send(f"{case}/approve", version=hidden(leader.page, "version"))
        assert "请再次输入密码" in answer.text
        assert "state-in-approval" in (await leader.open(case)).text
        assert "state-opinion-approved" in await act(leader, behind, case, "approve")


async def test_with_no_minutes_it_is_asked_each_time(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    held = resources.of(node[0].runtime)
    held.settings = held.settings.model_copy(update={"confirm_minutes": 0})
    case = await registered(desk, behind)
    for _ in range(2):
        await desk.open(case)
        assert "请再次输入密码" in (await desk.send(f"{case}/identity", purpose="核实联系方式")).text
        assert "欧阳禾苗" in (await desk.send(f"{case}/identity", purpose="核实联系方式", password=PASSWORD)).text
