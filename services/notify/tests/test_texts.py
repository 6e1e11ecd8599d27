"""Texts from telephones: understood, acted on once, answered at once; what is not understood is an operator's."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from services.notify.tests.stories import NOW, Story, hear
from services.notify.tests.telephones import (
    NUMBER,
    OTHER,
    PHONE,
    RAISED,
    asked,
    begin,
    contact_of,
    handle_all,
    in_clear,
    letters,
    outcome,
    registered,
    said_of,
    sends,
    text,
    texts,
    told,
)
from tests.support.running import told as letter

from kit.errors import Refused
from notify.inbound import unanswered
from notify.inbound.handling import handle
from notify.inbound.keeping import keep


async def test_a_petition_goes_to_intake_and_its_registration_answers_the_text(start: Any) -> None:
    notify, _ = await begin(start)
    assert await asked(notify, RAISED) == []
    (sent,) = await letters(notify)
    assert (sent.type, sent.data.name, sent.data.address) == ("intake.text-petition.v1", "张三", "某镇某村")
    assert (sent.data.content, sent.data.phone) == ("门前道路积水三个月无人管", PHONE)
    petition = await registered(notify, sent.subject)
    await registered(notify, sent.subject)  # another letter, of another petition, answers nothing twice
    confirmation = (await told(notify))[0]
    assert confirmation == (
        "registered-by-text",
        f"【丁镇信访办】您反映的事项已登记,编号{NUMBER},查询码23456789AB,回复编号查询进展",
    )
    assert await texts(notify, "state, petition_id") == [("handled", petition)]
    (row,) = await notify.rows("SELECT lane, answers FROM messages WHERE petition_id = $1", petition)
    assert (row["lane"], row["answers"]) == (0, sent.subject)


async def test_what_is_missing_is_asked_for_and_remembered_for_a_day(start: Any) -> None:
    notify, clock = await begin(start)
    assert await asked(notify, "#某镇某村#") == ["ask-name"]
    assert await asked(notify, "匿名") == ["ask-content"]
    clock.advance(timedelta(hours=23))
    assert await asked(notify, NUMBER) == ["unknown-number"], "a question in between ends it"
    assert await asked(notify, "路灯坏了#两个月") == []
    (sent,) = await letters(notify)
    assert (sent.data.name, sent.data.address, sent.data.content) == (None, "某镇某村", "路灯坏了#两个月")
    petition = await registered(notify, sent.subject)
    assert {row[1] for row in await texts(notify, "meaning, petition_id") if row[0] == "petition"} == {petition}


async def test_a_dialogue_that_nobody_goes_on_with_is_an_operators_after_a_day(start: Any) -> None:
    notify, clock = await begin(start)
    await asked(notify, "张三#某镇某村")
    await asked(notify, "李四#某镇", phone=OTHER)
    clock.advance(timedelta(hours=24))
    assert await asked(notify, "积水三个月") == ["text-received"]
    async with notify.runtime.database.transaction() as session:
        await unanswered.end_dialogues(notify.runtime, session)
    assert await texts(notify) == [("unparsed", "incomplete"), ("unparsed", "incomplete"), ("unparsed", "unclear")]
    assert await letters(notify) == []


async def test_only_the_contact_learns_of_a_petition_and_everybody_gets_an_answer(start: Any) -> None:
    notify, _ = await begin(start)
    mine = Story(actions=("open", "accept"))
    await hear(notify, letter("notify.contact.v1", contact_of(NUMBER), subject=mine.id), *of_number(mine, NUMBER))
    assert (await asked(notify, NUMBER), (await told(notify))[-1][1]) == (
        ["status"],
        f"【丁镇信访办】编号{NUMBER}:已受理(2026年1月5日)。补充情况请发BC+编号+内容",
    )
    known, unknown = f"{NUMBER}", "XF330225202601050000999"
    assert await asked(notify, known, unknown, phone=OTHER) == ["unknown-number"] * 2
    first, second = await told(notify, OTHER)
    assert first == second, "it can be told from the answer whether the number exists"


def of_number(story: Story, number: str) -> list[Any]:
    return [
        event.model_copy(update={"data": event.data.model_copy(update={"number": number})}) for event in story.case()
    ]


async def test_a_phone_with_several_petitions_is_told_of_the_newest_five(start: Any) -> None:
    notify, _ = await begin(start)
    assert await asked(notify, "CX") == ["none"]
    for _ in range(6):
        await hear(notify, Story().contact())
    assert await asked(notify, "查询") == ["list"]
    assert (await told(notify))[-1][1].count("已登记") == 5


async def test_supplements_and_ratings_go_to_intake_which_decides(start: Any) -> None:
    notify, _ = await begin(start)
    assert await asked(notify, f"BC {NUMBER} 昨夜又积水", f"PJ {NUMBER} 13", f"PJ {NUMBER} 5") == ["how-to-rate"]
    supplement, rating = await letters(notify)
    assert (supplement.type, supplement.data.content) == ("intake.supplement.v1", "昨夜又积水")
    assert (rating.type, rating.data.office, rating.data.unit) == ("intake.text-rating.v1", "satisfied", "not")
    await outcome(notify, supplement.subject, "supplemented", number=NUMBER, petition=uuid.uuid4())
    await outcome(notify, rating.subject, "refused", reason="rated-already", number=NUMBER)
    await outcome(notify, rating.subject, "refused", reason="rated-already", number=NUMBER)
    assert [template for template, _ in await told(notify)] == ["how-to-rate", "supplemented", "rated-already"]
    with pytest.raises(Refused):
        await outcome(notify, rating.subject, "rated", node="33.02.25")


async def test_what_intake_refuses_for_a_reason_of_its_own_is_an_operators(start: Any) -> None:
    notify, _ = await begin(start)
    await asked(notify, RAISED)
    (sent,) = await letters(notify)
    await outcome(notify, sent.subject, "refused", reason="no-such-reason")
    assert await texts(notify, "state") == [("unparsed",)]
    assert [template for template, _ in await told(notify)] == ["text-received"]


async def test_the_same_text_again_is_kept_and_acted_on_once(start: Any) -> None:
    notify, clock = await begin(start)
    assert await asked(notify, "CX", "cx ", "ＣＸ") == ["none"]
    assert await texts(notify, "state") == [("handled",), ("duplicate",), ("duplicate",)]
    clock.advance(timedelta(seconds=5))
    assert await asked(notify, "CX") == ["none"]
    for _ in range(2):
        await keep(notify.runtime, "mobile", text("HELP", gateway_id="m-1"))
    await keep(notify.runtime, "unicom", text("帮助", gateway_id="m-1", phone=OTHER))
    await handle_all(notify)
    assert len(await texts(notify)) == 6


async def test_texts_of_a_phone_are_handled_in_their_order_also_by_several_workers(start: Any) -> None:
    notify, _ = await begin(start)
    for n in range(12):
        await sends(notify, "#某村#内容", phone=f"1380000{n:04}")
        await sends(notify, f"姓名{n}", phone=f"1380000{n:04}")
    await asyncio.gather(*(handle(notify.runtime) for _ in range(3)))
    await handle_all(notify)
    assert len(await letters(notify)) == 12
    assert {row[0] for row in await texts(notify, "state")} == {"asking", "waiting"}


async def test_who_does_not_want_notices_any_more_is_heard_also_when_blocked(start: Any) -> None:
    notify, _ = await begin(start)
    opted_out = "SELECT opted_out_at FROM phones"
    assert await asked(notify, "td") == ["opt-out"]
    assert [row[0] for row in await notify.rows(opted_out)] == [NOW]
    await notify.rows("UPDATE phones SET blocked_until = $1", NOW + timedelta(days=1))
    assert await asked(notify, "KT") == ["opt-in"]
    assert [row[0] for row in await notify.rows(opted_out)] == [None]


async def test_too_many_texts_are_kept_and_answered_once_then_the_phone_is_blocked_and_may_appeal(start: Any) -> None:
    notify, clock = await begin(start)
    limits = notify.runtime.resources.settings.texts.model_copy(update={"per_hour": 3, "block_after": 2})
    settings = notify.runtime.resources.settings.model_copy(update={"texts": limits})
    notify.runtime.resources.settings = settings
    assert await asked(notify, *(f"你好{n}" for n in range(3))) == ["text-received"] * 3
    assert await asked(notify, *(f"在吗{n}" for n in range(2))) == ["limited"]
    assert await asked(notify, "还在吗", "喂", "喂喂") == ["blocked"]
    assert (await notify.rows("SELECT blocked_for FROM phones"))[0][0] == "too-many"
    (entry,) = await notify.rows("SELECT action, actor, reason, subject, detail FROM audit")
    (row,) = await notify.rows("SELECT id FROM inbound WHERE state = 'blocked' ORDER BY id LIMIT 1")
    assert tuple(entry)[:4] == ("block-phone", None, "too-many", row["id"]), "nobody ordered it, and it is recorded"
    assert "until" in entry["detail"]
    assert await asked(notify, RAISED) == []
    assert await letters(notify) == []
    assert await asked(notify, "SS 我有急事", "SS 我真有急事") == ["appeal"]
    assert (await texts(notify))[-2:] == [("unparsed", "appeal"), ("blocked", "blocked")]
    assert len(await texts(notify)) == 11, "nothing is dropped"
    clock.advance(timedelta(days=1))
    assert await asked(notify, RAISED) == []
    assert len(await letters(notify)) == 1


async def test_what_cannot_be_read_or_answered_is_kept_for_an_operator(start: Any) -> None:
    notify, _ = await begin(start)
    await keep(notify.runtime, "mobile", text(None, raw=b"\xff\xfe\x80"))
    await keep(notify.runtime, "mobile", text("中奖通知", phone="BANK"))
    await sends(notify, "你们几点上班")
    await handle_all(notify)
    assert await texts(notify) == [("unparsed", "damaged"), ("unparsed", "no-number"), ("unparsed", "unclear")]
    (row,) = await notify.rows("SELECT id, raw FROM inbound WHERE raw IS NOT NULL")
    raw = notify.runtime.keyring.decrypt(row["raw"], f"inbound/{row['id']}/raw")
    assert raw.encode("latin-1") == b"\xff\xfe\x80"
    assert [template for template, _ in await told(notify)] == ["text-received", "text-received"]


async def test_nothing_that_was_said_and_no_number_stands_in_the_tables_in_clear_or_goes_out(start: Any) -> None:
    notify, _ = await begin(start)
    await asked(notify, RAISED, "李雷#", "#韩梅镇#")
    everything = [
        row
        for table in ("inbound", "dialogues", "messages", "outbox", "phones")
        for row in await notify.rows(f"SELECT * FROM {table}")  # noqa: S608 - names of our own
    ]
    for secret in ("张三", "积水", "韩梅", PHONE):
        assert secret not in in_clear(everything)
        assert all(secret not in words for _, words in await told(notify))
    assert await said_of(notify) == [RAISED, "李雷#", "#韩梅镇#"]


async def test_a_text_without_an_answer_in_time_is_told_of_once(start: Any) -> None:
    notify, clock = await begin(start)
    await sends(notify, "CX", "CX", RAISED)
    await handle_all(notify)
    await notify.rows("UPDATE messages SET state = 'sent', state_at = $1", NOW)
    clock.advance(timedelta(minutes=3))
    for _ in range(2):
        async with notify.runtime.database.transaction() as session:
            await unanswered.tell(notify.runtime, session)
    (event,) = [each for each in await notify.events() if each.type == "notify.text.unanswered.v1"]
    rows = await notify.rows("SELECT id, due_at, answered_at, alarmed_at FROM inbound ORDER BY id")
    assert event.subject == rows[2]["id"], "the petition that intake has said nothing of"
    assert (rows[0]["answered_at"], rows[1]["due_at"]) == (NOW, None)
