"""Text messages at the portal: the queue, a conversation, an answer, a petition by hand; mass notices; gateways."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from services.notify.tests.noticing import answered, known, made, petitioners
from services.notify.tests.stories import PHONE, Story, hear
from services.notify.tests.texting import write
from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible, hidden
from tests.support.running import Running

from contracts.speech import parse_letter
from notify.inbound import unanswered
from notify.words import reading

OWN = """
["330225100-xf".rate-until]
version = 100
zh = "【{office}】{until}前请评价编号{number}。"
"""
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


async def test_what_nobody_looked_after_in_time_is_shown_and_told_with_the_way_to_it(
    desk: Browser, behind: Node
) -> None:
    path, notify = await conversation(desk, behind), behind.running["notify"]
    assert re.search(r"(59|60) 分钟", (await desk.open("/staff/texts")).text) is None, "its time has not begun yet"
    await alarmed(notify)
    assert re.search(r"(59|60) 分钟", (await desk.open("/staff/texts")).text)
    await notify.rows("UPDATE inbound SET desk_due_at = desk_due_at - interval '1 hour'")
    await alarmed(notify)
    assert "已超时" in (await desk.open("/staff/texts")).text
    page = (await desk.open("/staff/messages")).text
    assert "短信待人工处理超时" in page
    check_accessible(page)
    item = re.search(r'name="item" value="([0-9a-f-]{36})"><button[^>]*name="texts" value="([^"]+)"', page)
    assert item is not None
    answer = await desk.send("/staff/messages/read", item=item[1], texts=item[2])
    assert answer.headers["location"] == path
    await desk.open("/staff/messages?unread=")
    answer = await desk.send("/staff/messages/read", item=item[1], texts="all")
    assert answer.headers["location"] == "/staff/texts"


async def alarmed(notify: Running) -> None:
    async with notify.runtime.database.transaction() as session:
        await unanswered.tell_desk(notify.runtime, session)


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


async def test_a_text_is_added_to_a_petition_that_its_telephone_raised(desk: Browser, behind: Node) -> None:
    notify, story = behind.running["notify"], Story()
    await hear(notify, story.contact(), *story.case())
    path = await conversation(desk, behind, "门口又积水了")
    page = (await desk.open(path)).text
    (to,) = re.findall(rf'href="({path}/convert/[0-9a-f-]{{36}})"', page)
    await desk.open(to)
    check_accessible(desk.page)
    assert f"<option>{story.number}</option>" in desk.page
    text = hidden(desk.page, "text_id")
    refused = await desk.send(f"{path}/supplement", text_id=text, number="")
    assert refused.status_code == 422
    done = await desk.send(f"{path}/supplement", text_id=text, number=story.number)
    assert done.headers["location"] == f"{path}?done=supplement"
    assert "已转补充" in (await desk.open(done.headers["location"])).text
    (row,) = await notify.sent("letters")
    letter = parse_letter(notify.runtime.sealer.open(row["body"])[1])
    assert (letter.type, letter.data.number, letter.data.content) == (
        "intake.supplement.v1", story.number, "门口又积水了",
    )  # fmt: skip


async def test_it_is_taken_blocked_closed_and_handed_on_as_far_as_it_was_read(desk: Browser, behind: Node) -> None:
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
    long = await desk.send(f"{path}/block", hours="25", reason="flooding")
    assert "须由负责人决定" in long.text
    await desk.open(path)
    seen = hidden(desk.page, "seen")
    await write(behind.running["notify"], "还有一件事")
    crossed = await desk.send(f"{path}/hand", unit="330225100-cj", seen=seen)
    assert (crossed.status_code, "又有新短信到达" in crossed.text) == (409, True)
    handed = await desk.send(f"{path}/hand", unit="330225100-cj", seen=hidden(crossed.text, "seen"))
    assert handed.headers["location"] == "/staff/texts"
    page = (await desk.open(path)).text
    check_accessible(page)
    assert "已转交丁镇村建办" in page


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


async def test_all_texts_are_listed_by_use_and_previewed_in_the_words_of_the_unit(
    desk: Browser, behind: Node, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    behind.running["notify"].runtime.resources.words = reading.read(tmp_path / "own.toml")
    page = unescape((await desk.open("/staff/templates")).text)
    check_accessible(desk.page)
    assert page.count("<tr>") == len({name for _, name, _ in reading.read().texts}) + 1 + 3, "one row more: own words"
    assert "请于〔截止日期〕前对办理情况作出评价" in page
    await desk.open("/staff/templates/rate-until?language=zh")
    check_accessible(desk.page)
    assert "〔截止日期〕前请评价编号〔编号〕" in unescape(desk.page), "as the unit of who asks says it"
    shown = await desk.send("/staff/templates/rate-until", language="zh", number="XF0001", until="2026-03-01")
    check_accessible(shown.text)
    assert (shown.status_code, "【丁镇信访办】2026年3月1日前请评价编号XF0001。" in unescape(shown.text)) == (200, True)
    assert "共 1 条" in shown.text
    wrong = await desk.send("/staff/templates/rate-until", language="zh", number="路灯坏了", until="2026-03-01")
    assert (wrong.status_code, 'value="路灯坏了"' in wrong.text) == (422, True)
    assert (await desk.open("/staff/templates/no-such")).status_code == 404
    assert "Please rate" in (await desk.open("/staff/templates/rate-until?language=en")).text
    await desk.open("/staff/notices/new")
    assert "〔截止日期〕前请评价编号〔编号〕" in unescape(desk.page)
    assert "请于〔截止日期〕前对办理情况" not in unescape(desk.page)


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
        for path in ("/staff/texts", "/staff/notices", "/staff/templates"):
            assert (await other.open(path)).status_code == 403
        assert (await other.open("/staff/gateways")).status_code == 200


async def test_every_page_speaks_english_too(desk: Browser, behind: Node) -> None:
    path = await conversation(desk, behind)
    for page in ("/staff/texts", "/staff/texts/conversations", path, "/staff/notices", "/staff/notices/new",
                 "/staff/gateways", "/staff/templates", "/staff/templates/closed"):  # fmt: skip
        shown: Any = await desk.open(f"{page}?lang=en")
        assert shown.status_code == 200
        assert 'lang="en"' in shown.text
        check_accessible(shown.text)
