"""The desk: what nobody could parse is read, answered, handed on and made a petition; never by whom it accuses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from services.notify.tests.stories import PHONE, Story, hear
from services.notify.tests.texting import (
    CLERK,
    COLLEAGUE,
    CONVERSATIONS,
    LEADER,
    STATION,
    act,
    conversation,
    last,
    petition,
    read,
    waiting,
    write,
)
from tests.support.nodes import token

from contracts.speech import parse_letter
from notify import phones
from notify.main import service
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, text_binding

ANSWER = "您反映的情况已转有关人员,请发送编号查询进展"


async def test_the_queue_shows_what_waits_and_until_when_and_no_text(start: Any) -> None:
    notify = await start(service)
    await write(notify, "村里的路灯坏了半年")
    await write(notify, None, "13900000001")
    first, second = await waiting(notify)
    assert (first["phone"], first["meaning"], first["damaged"]) == ("138****5678", "unclear", False)
    assert (second["phone"], second["damaged"]) == ("139****0001", True)
    assert 0 < first["seconds_left"] <= 180
    assert not first["overdue"]
    assert "路灯" not in str([first, second])
    assert await waiting(notify, STATION) == [], "it is the office's"


async def test_a_conversation_goes_both_ways_masked_and_its_reading_is_recorded(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "村里的路灯坏了半年")
    assert (await act(notify, reference, "replies", text=ANSWER)).status_code == 201
    told = await read(notify, reference)
    assert [(each["way"], each["author"]) for each in told["said"]] == [("out", "clerk"), ("out", None), ("in", None)]
    assert told["said"][0]["text"] == f"【丁镇信访办】{ANSWER}"
    assert told["said"][2]["text"] == "村里的路灯坏了半年"
    assert (told["phone"], told["operator"], told["closed"]) == ("138****5678", "clerk", False)
    assert await waiting(notify) == []
    (sent,) = await notify.rows("SELECT * FROM messages WHERE author = 'clerk'")
    assert (sent["lane"], sent["template"], sent["state"]) == (0, "reply", "queued")
    (heard,) = await notify.rows("SELECT * FROM inbound")
    assert (heard["state"], heard["handled_by"], sent["answers"]) == ("handled", "clerk", heard["id"])
    assert ANSWER in notify.runtime.keyring.decrypt(sent["text"], text_binding(sent["id"]))
    audited = await notify.rows("SELECT action, subject::text FROM audit ORDER BY id")
    assert [tuple(row) for row in audited] == [("reply", reference), ("read-conversation", reference)]


async def test_a_query_code_is_shown_to_nobody(start: Any) -> None:
    notify = await start(service)
    story = Story()
    await hear(notify, story.contact(), *story.case())
    reference = await conversation(notify, "请问什么时候有结果呀")
    shown = (await notify.request("GET", f"{CONVERSATIONS}/{reference}", who=CLERK)).text
    assert story.query_code not in shown
    assert [each["hidden"] for each in (await read(notify, reference))["said"]] == [None, None, "query-code"]


@pytest.mark.parametrize(
    ("text", "slug"),
    [("关于村里的路灯坏了半年一事已处理", "reply-quotes"), ("丁镇村建办会联系您", "reply-names-accused"), ("", None)],
)
async def test_an_answer_repeats_no_content_and_names_nobody_accused(start: Any, text: str, slug: str | None) -> None:
    notify = await start(service)
    story = Story(accused=("330225100-cj",))
    await hear(notify, story.contact(), *story.case())
    reference = await conversation(notify, "村里的路灯坏了半年")
    refused = await act(notify, reference, "replies", text=text)
    assert refused.status_code == 422
    assert slug is None or refused.json()["type"].endswith(slug)
    named = await act(notify, reference, "replies", text=f"编号{story.number}的事项正在办理")
    assert named.status_code == 201


async def test_what_somebody_works_on_only_a_leader_takes_over(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    assert (await act(notify, reference, "taking")).status_code == 200
    for what, body in (("taking", {}), ("replies", {"text": ANSWER}), ("closing", {})):
        refused = await act(notify, reference, what, COLLEAGUE, **body)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:conversation-taken")
    assert (await read(notify, reference, COLLEAGUE))["may"] == []
    assert [each["operator"] for each in await waiting(notify)] == ["clerk"]
    mine = f"{CONVERSATIONS}?mine=true"
    assert len((await notify.request("GET", mine, who=CLERK)).json()["items"]) == 1
    assert (await act(notify, reference, "taking", LEADER)).status_code == 200
    assert (await notify.request("GET", mine, who=CLERK)).json()["items"] == []


async def test_what_one_telephone_wrote_about_hides_no_other_telephone(start: Any) -> None:
    notify = await start(service)
    await conversation(notify, "你们办公室的人态度恶劣")
    story = Story(accused=("330225100-xf",))
    await hear(notify, story.contact(), *story.case())
    await notify.rows("UPDATE inbound SET petition_id = $1 RETURNING id", story.id)
    await write(notify, "你们几点上班", "13900000001")
    (left,) = await waiting(notify)
    assert left["phone"] == "139****0001"
    (row,) = (await notify.request("GET", CONVERSATIONS, who=CLERK)).json()["items"]
    assert (await notify.request("GET", f"{CONVERSATIONS}/{row['id']}", who=CLERK)).status_code == 200


async def test_a_message_to_a_colleague_s_own_telephone_is_no_part_of_a_conversation(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们几点上班")
    async with notify.runtime.database.transaction() as session:
        key = phones.key_of(notify.runtime.keyring, PHONE)
        code = Draft(uuid4(), key, "staff-code", 1, "zh", "【办公室】确认码123456", "")
        await outgoing.add(session, notify.runtime.keyring, [code], notify.runtime.clock.now())
    said = (await read(notify, reference))["said"]
    assert [each["template"] for each in said if each["way"] == "out"] == ["text-received"]


async def test_a_text_is_made_a_petition_by_hand_once(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "我是李四,住东村,路灯坏了半年")
    (text,) = [each for each in (await read(notify, reference))["said"] if each["way"] == "in"]
    body = {"text_id": text["id"], "name": "李四", "address": "东村", "content": "路灯坏了半年"}
    assert (await act(notify, reference, "petition", **body)).status_code == 202
    (row,) = await notify.sent("letters")
    _, payload = notify.runtime.sealer.open(row["body"])
    letter = parse_letter(payload)
    assert (letter.type, str(letter.subject)) == ("intake.text-petition.v1", text["id"])
    assert (letter.data.phone, letter.data.name, letter.data.content) == (PHONE, "李四", "路灯坏了半年")
    again = await act(notify, reference, "petition", **body)
    assert again.json()["type"].endswith("text-converted")
    assert await waiting(notify) == []


async def test_a_petition_made_by_hand_ends_the_dialogue_about_it(start: Any) -> None:
    """Otherwise what the petitioner says next would make a second one of the same matter."""
    notify = await start(service)
    reference = await conversation(notify, "有人吗")
    await write(notify, "李四#东村")
    first = await last(notify)
    assert (await act(notify, reference, "petition", **petition(first))).status_code == 202
    await write(notify, "路灯坏了半年")
    assert [row["routing_key"].rpartition(".")[2] for row in await notify.sent("letters")] == ["intake"]
    (row,) = await notify.rows("SELECT meaning FROM inbound ORDER BY id DESC LIMIT 1")
    assert row["meaning"] == "unclear"


async def test_a_text_is_added_to_a_petition_as_a_command_would(start: Any) -> None:
    notify, story = await start(service), Story()
    await hear(notify, story.contact(), *story.case())
    reference = await conversation(notify, "门口又积水了")
    await write(notify, None)
    damaged, text = await last(notify), await last(notify, 1)
    assert (await read(notify, reference))["petitions"] == [story.number]
    refused = await act(notify, reference, "supplement", text_id=damaged, number=story.number)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:xinqiao:problem:text-unreadable")
    assert (await act(notify, reference, "supplement", text_id=text, number=story.number)).status_code == 202
    (row,) = await notify.sent("letters")
    letter = parse_letter(notify.runtime.sealer.open(row["body"])[1])
    assert (letter.type, str(letter.subject)) == ("intake.supplement.v1", text)
    assert (letter.data.phone, letter.data.number, letter.data.content) == (PHONE, story.number, "门口又积水了")
    again = await act(notify, reference, "supplement", text_id=text, number=story.number)
    assert again.json()["type"].endswith("text-converted")
    (left,) = await waiting(notify)
    assert left["damaged"]


async def test_what_can_not_be_deciphered_any_more_hides_nothing_else(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们几点上班")
    await write(notify, "明天呢")
    await notify.rows(
        "UPDATE inbound SET text = 'x' WHERE id = (SELECT id FROM inbound ORDER BY id LIMIT 1) RETURNING 1"
    )
    said = [each for each in (await read(notify, reference))["said"] if each["way"] == "in"]
    assert [(each["text"], each["hidden"]) for each in said] == [("明天呢", None), (None, "undecipherable")]
    assert (await act(notify, reference, "replies", text=ANSWER)).status_code == 201
    await write(notify, "好的", "13900000001")
    await notify.rows("UPDATE phones SET number = 'x' WHERE blocked_until IS NULL RETURNING 1")
    assert [each["phone"] for each in await waiting(notify)] == ["***"]
    refused = await act(notify, reference, "petition", **petition(await last(notify, 1)))
    assert refused.json()["type"].endswith("text-unreadable")


async def test_a_block_its_objection_and_what_is_decided_on_it(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    assert (await act(notify, reference, "block", hours=24, reason="flooding")).status_code == 200
    told = await read(notify, reference)
    assert "unblock" in told["may"]
    assert (told["said"][0]["template"], told["said"][0]["author"]) == ("blocked", "clerk"), "the telephone is told"
    assert (await act(notify, reference, "objection", decision="lift")).json()["type"].endswith("no-objection")
    await write(notify, "SS 我没有乱发")
    for what, body in (("replies", {"text": ANSWER}), ("closing", {})):  # neither of them answers it
        assert (await act(notify, reference, what, **body)).status_code in {200, 201}
        told = await read(notify, reference)
        assert (told["objection"], told["blocked_for"]) == (True, "flooding")
    assert len(await waiting(notify)) == 1
    assert (await act(notify, reference, "objection", decision="lift")).status_code == 200
    told = await read(notify, reference)
    assert (told["objection"], told["blocked_until"]) == (False, None)
    assert told["said"][0]["text"].startswith("【丁镇信访办】经核实,您的号码已恢复正常")
    assert await notify.rows("SELECT FROM inbound WHERE due_at IS NULL AND state <> 'blocked'") == []


async def test_beyond_a_day_a_leader_blocks_and_nobody_beyond_the_limit(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    told = (await read(notify, reference))["block_hours"], (await read(notify, reference, LEADER))["block_hours"]
    assert told == (24, 720)

    async def blocked(hours: int, who: str) -> str:
        answer = await act(notify, reference, "block", who, hours=hours, reason="abuse")
        return str(answer.json().get("type", "")).rpartition(":")[2]

    assert [await blocked(25, CLERK), await blocked(24, CLERK)] == ["block-needs-leader", ""]
    notify.runtime.clock = Later(notify.runtime.clock)
    assert await blocked(24, CLERK) == "block-needs-leader", "nor by and by"
    assert [await blocked(721, LEADER), await blocked(720, LEADER)] == ["block-too-long", ""]


async def test_closed_it_is_dealt_with_until_a_text_comes(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "谢谢你们")
    assert (await act(notify, reference, "closing")).status_code == 200
    listed = f"{CONVERSATIONS}?open=true"
    assert (await notify.request("GET", listed, who=CLERK)).json()["items"] == []
    assert (await read(notify, reference))["closed"]
    await write(notify, "再问一下")
    assert [each["id"] for each in (await notify.request("GET", listed, who=CLERK)).json()["items"]] == [reference]
    assert not (await read(notify, reference))["closed"]


async def test_pages_of_conversations_and_texts_show_everything_once(start: Any) -> None:
    notify = await start(service)
    for index in range(5):
        await write(notify, f"第{index}次问", f"1390000000{index}")
    seen: list[str] = []
    cursor = ""
    while cursor or not seen:
        page = (await notify.request("GET", f"{CONVERSATIONS}?limit=2{cursor}", who=CLERK)).json()
        seen += [each["phone"][-1] for each in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else ""
    assert seen == ["4", "3", "2", "1", "0"]


async def test_others_have_no_desk(start: Any) -> None:
    notify = await start(service)
    for role in ("handler", "supervisor", "analyst"):
        assert (await notify.request("GET", CONVERSATIONS, who=token(roles=[role]))).status_code == 403
    found = await notify.request("POST", f"{CONVERSATIONS}/search", who=CLERK, json={"phone": "138x"})
    assert found.status_code == 422


@dataclass(frozen=True)
class Later:
    """An hour ahead."""

    clock: Any

    def now(self) -> datetime:
        moment: datetime = self.clock.now() + timedelta(hours=1)
        return moment
