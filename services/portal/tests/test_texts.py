"""Text messages at the portal: the queue, a conversation, an answer, a petition by hand; mass notices; gateways."""

import re
from html import unescape
from typing import Any

from services.notify.tests.noticing import answered, known, made, petitioners
from services.notify.tests.stories import PHONE, Story, hear
from services.notify.tests.texting import write
from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible, hidden
from tests.support.running import Running

from contracts.speech import parse_letter

NOTICE = {"title": "评价提醒", "template": "rate-until.zh", "until": "2026-12-31"}


async def conversation(desk: Browser, behind: Node, text: str = "村里的路灯坏了半年") -> str:
    """The path of the page of one that begins with a text for an operator."""
    await write(behind.running["notify"], text)
    page = (await desk.open("/staff/texts")).text
    check_accessible(page)
    assert PHONE not in page
    assert text not in page
    found = re.search(r'href="(/staff/texts/[0-9a-f-]{36})">138\*\*\*\*5678<', page)
    assert found is not None, page
    return found[1]


async def test_a_text_is_read_answered_and_dealt_with(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind)
    page = unescape((await desk.open(path)).text)
    check_accessible(desk.page)
    assert "村里的路灯坏了半年" in page
    assert PHONE not in page
    refused = await desk.send(f"{path}/reply", text="村里的路灯坏了半年已处理")
    assert refused.status_code == 422
    assert "回复中含有信访人短信的内容" in refused.text
    assert "村里的路灯坏了半年已处理" in refused.text, "what was typed is not lost"
    sent = await desk.send(f"{path}/reply", text="您反映的情况已收到,请留意后续告知")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{path}?done=reply")
    page = (await desk.open(sent.headers["location"])).text
    assert "【丁镇信访办】您反映的情况已收到" in page
    assert "没有待处理的短信" in (await desk.open("/staff/texts")).text
    listed = (await desk.open("/staff/texts/conversations?mine=true")).text
    check_accessible(listed)
    assert "138****5678" in listed


async def test_a_conversation_is_found_by_its_number_which_is_in_no_address(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind)
    await desk.open("/staff/texts")
    assert (await desk.send("/staff/texts", phone=PHONE)).headers["location"] == path
    await desk.open("/staff/texts")
    unknown = await desk.send("/staff/texts", phone="13900000009")
    assert unknown.status_code == 404
    assert (await desk.send("/staff/texts", phone="abc")).status_code == 422


async def test_from_a_case_one_comes_to_the_conversation_with_its_petitioner(desk: Browser, behind: Node) -> None:
    path, story = await conversation(desk, behind), Story()
    await hear(behind.running["notify"], story.contact(), *story.case())
    assert (await desk.open(f"/staff/texts/of-case/{story.id}")).headers["location"] == path
    assert (await desk.open(f"/staff/texts/of-case/{Story().id}")).status_code == 404


async def test_a_petition_is_made_by_hand_of_a_text_that_was_almost_right(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind, "1号,李四#东村#路灯坏了半年")
    page = (await desk.open(path)).text
    (to,) = re.findall(rf'href="({path}/convert/[0-9a-f-]{{36}})"', page)
    await desk.open(to)
    check_accessible(desk.page)
    assert 'value="东村"' in desk.page
    done = await desk.send(
        f"{path}/convert", text_id=hidden(desk.page, "text_id"), name="李四", address="东村", content="路灯坏了半年"
    )
    assert done.headers["location"] == f"{path}?done=convert"
    notify = behind.running["notify"]
    (row,) = await notify.sent("letters")
    letter = parse_letter(notify.runtime.sealer.open(row["body"])[1])
    assert (letter.type, letter.data.name, letter.data.address) == ("intake.text-petition.v1", "李四", "东村")


async def test_it_is_taken_handed_on_blocked_and_closed(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind)
    steps: list[tuple[str, dict[str, str]]] = [
        ("take", {}), ("block", {"hours": "24", "reason": "flooding"}), ("unblock", {}), ("close", {}),
    ]  # fmt: skip
    for step, typed in steps:
        await desk.open(path)
        assert (await desk.send(f"{path}/{step}", **typed)).headers["location"] == f"{path}?done={step}", step
    await desk.open(path)
    wrong = await desk.send(f"{path}/block", hours="many", reason="flooding")
    assert wrong.status_code == 422
    await desk.open(path)
    assert (await desk.send(f"{path}/hand", unit="330225100-cj")).headers["location"] == "/staff/texts"
    assert (await desk.open(path)).status_code == 404


async def test_a_notice_is_written_looked_at_approved_by_another_and_followed(
    node: tuple[Running, Node], desk: Browser, behind: Node
) -> None:
    notify = behind.running["notify"]
    stories = petitioners(3)
    await known(notify, stories)
    await desk.open("/staff/notices/new")
    check_accessible(desk.page)
    missing = await desk.send("/staff/notices/new", title="评价提醒", template="rate-until.zh", region="330225100000")
    assert missing.status_code == 422
    assert 'value="评价提醒"' in missing.text
    drafted = await desk.send("/staff/notices/new", **NOTICE)
    path = drafted.headers["location"]
    gathering = await desk.open(path)
    assert gathering.headers["refresh"].startswith("5")
    assert "refresh" not in (await desk.open(f"{path}?still=true")).headers
    await answered(notify, {"id": path.rpartition("/")[2]}, stories)
    page = unescape((await desk.open(path)).text)
    check_accessible(desk.page)
    assert '<b id="to-send">3</b>' in page
    assert '<b id="parts">6</b>' in page
    assert "2026年12月31日" in page
    await desk.send(f"{path}/submit", version=hidden(desk.page, "version"))
    async with browsing(node[0]) as second:
        await second.sign_in("leader")
        await approved(second, path)
        await made(notify)
        page = unescape((await second.open(path)).text)
        assert "0 / 3" in page
        for step, word in (("pause", "已暂停"), ("resume", "发送中"), ("stop", "已停止")):
            await second.open(path)
            done = await second.send(f"{path}/{step}", version=hidden(second.page, "version"))
            page = unescape((await second.open(done.headers["location"])).text)
            check_accessible(second.page)
            assert word in page
        listed = (await second.open(f"{path}/recipients")).text
        check_accessible(listed)
        assert "139****0000" in listed
        file = await second.open(f"{path}/recipients.csv")
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.text.count("cancelled") == 3


async def approved(leader: Browser, path: str) -> None:
    """With the password once more."""
    await leader.open(path)
    version = hidden(leader.page, "version")
    asked = await leader.send(f"{path}/approve", version=version)
    assert "请再次输入密码" in asked.text
    assert "批准群发通知" in asked.text
    done = await leader.send(f"{path}/approve", version=version, password=PASSWORD)
    assert done.headers["location"] == f"{path}?done=approve", unescape(done.text)


async def test_who_wrote_a_notice_is_told_that_another_has_to_approve_it(
    node: tuple[Running, Node], behind: Node
) -> None:
    stories = petitioners(1)
    await known(behind.running["notify"], stories)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open("/staff/notices/new")
        path = (await leader.send("/staff/notices/new", **NOTICE)).headers["location"]
        await answered(behind.running["notify"], {"id": path.rpartition("/")[2]}, stories)
        await leader.open(path)
        await leader.send(f"{path}/submit", version=hidden(leader.page, "version"))
        page = (await leader.open(path)).text
        assert "须由另一位负责人审批" in page
        assert f"{path}/approve" not in page
        await leader.send(f"{path}/return", version=hidden(leader.page, "version"), reason="日期有误")
        page = unescape((await leader.open(f"{path}/draft")).text)
        check_accessible(leader.page)
        assert 'value="2026-12-31"' in page
        changed = await leader.send(
            f"{path}/draft", version=hidden(leader.page, "version"), **{**NOTICE, "title": "改"}
        )
        assert changed.headers["location"] == f"{path}?done=change"


async def test_figures_of_gateways_are_shown_with_their_definitions(desk: Browser, behind: Node) -> None:
    page = (await desk.open("/staff/gateways")).text
    check_accessible(page)
    assert "console" in page
    assert "送达 ÷（送达 + 未送达 + 过期）" in page
    assert (await desk.open("/staff/gateways?begins=2020-01-01&ends=2026-01-01")).status_code == 422
    assert (await desk.open("/staff/gateways?begins=x")).status_code == 200


async def test_pages_are_for_operators_and_figures_for_analysts_too(node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as other:
        await other.sign_in("analyst")
        for path, status in (("/staff/texts", 403), ("/staff/notices", 403), ("/staff/gateways", 200)):
            assert (await other.open(path)).status_code == status


async def test_every_page_speaks_english_too(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind)
    for page in ("/staff/texts", "/staff/texts/conversations", path, "/staff/notices", "/staff/notices/new",
                 "/staff/gateways"):  # fmt: skip
        shown: Any = await desk.open(f"{page}?lang=en")
        assert shown.status_code == 200
        assert 'lang="en"' in shown.text
        check_accessible(shown.text)
