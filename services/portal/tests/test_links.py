"""Repeats that are recognised after registering: proposed, linked, undone."""

from html import unescape

from services.portal.tests.browsing import Browser, Node, browsing, check_accessible
from services.portal.tests.casework import registered
from tests.support.running import Running


async def test_a_repeat_is_linked_with_a_reason_and_undone(desk: Browser, behind: Node) -> None:
    first, again = await registered(desk, behind), await registered(desk, behind, title="又一次反映征收补偿")
    page = unescape((await desk.open(f"{again}/links")).text)
    assert "没有重复件" in page
    assert "电话号码相同" in page
    check_accessible(desk.page)
    answer = await desk.send(f"{again}/links/link-repeat", repeat_of=first[-36:])
    assert answer.status_code == 422
    assert 'href="#link-repeat.reason"' in answer.text
    answer = await desk.send(f"{again}/links/link-repeat", repeat_of=first[-36:], reason="电话核实为同一人")
    assert answer.headers["location"] == f"{again}/links?done=link-repeat"
    page = unescape((await desk.open(answer.headers["location"])).text)
    assert "已认定为重复信访。" in page
    assert "电话核实为同一人" in page
    assert "没有找到可能相同" in page  # what is in the chain is not proposed again
    assert "第 2 次提出" in unescape((await desk.open(again)).text)
    await desk.open(f"{again}/links")
    answer = await desk.send(f"{again}/links/unlink-repeat", reason="事项不同")
    page = unescape((await desk.open(answer.headers["location"])).text)
    assert "已撤销重复认定。" in page
    assert "没有重复件" in page


async def test_the_later_petition_is_the_repeat(desk: Browser, behind: Node) -> None:
    first, again = await registered(desk, behind), await registered(desk, behind)
    await desk.open(f"{first}/links")
    answer = await desk.send(f"{first}/links/link-repeat", repeat_of=again[-36:], reason="同一人")
    assert answer.status_code == 409
    assert "只能认定为在先登记件的重复" in answer.text


async def test_who_does_not_register_links_nothing(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    first, again = await registered(desk, behind), await registered(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        page = (await leader.open(f"{again}/links")).text
        assert first in page
        assert "/links/link-repeat" not in page
        answer = await leader.send(f"{again}/links/link-repeat", repeat_of=first[-36:], reason="同一人")
        assert answer.status_code == 403
