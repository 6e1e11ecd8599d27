"""Texts that are not answered in time, or wait too long for a person: told once, to who is at the desk they lie at."""

from datetime import timedelta
from typing import Any

import pytest
from services.notify.tests.staff import OFFICE, STATION, inbox, staff
from services.notify.tests.stories import NOW, Story, hear
from services.notify.tests.telephones import PHONE, RAISED, handle_all, sends, text, texts
from services.notify.tests.texting import act, conversation, waiting
from tests.support.running import Running

from contracts.envelope import Envelope
from kit.clock import ManualClock
from notify.inbound import dialogues, measures, unanswered
from notify.inbound.keeping import keep
from notify.main import service

MINUTE = timedelta(minutes=1)
CLERK, LEADER = staff(OFFICE, "clerk"), staff(OFFICE, "leader")


async def begin(start: Any) -> tuple[Running, ManualClock]:
    clock = ManualClock(NOW)
    return await start(service, clock=clock), clock


async def run(notify: Running, *jobs: Any) -> list[int]:
    """What each of them did, one after the other."""
    done = []
    for job in jobs or (unanswered.tell, unanswered.tell_desk, unanswered.note_late):
        async with notify.runtime.database.transaction() as session:
            done.append(await job(notify.runtime, session))
    return done


async def leaves(notify: Running, clock: ManualClock) -> None:
    """All answers that are queued go out now."""
    await notify.rows(
        "UPDATE messages SET state = 'sent', sent_at = $1, state_at = $1 WHERE sent_at IS NULL", clock.now()
    )


async def alarms(notify: Running, kind: str) -> list[Envelope]:
    return [each for each in await notify.events() if each.type == f"notify.text.{kind}.v1"]


async def test_what_was_answered_in_time_is_no_alarm_however_many_there_are(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify, clock = await begin(start)
    for n in range(7):
        await sends(notify, "CX", phone=f"1390000000{n}")
    await handle_all(notify)
    await leaves(notify, clock)
    clock.advance(3 * MINUTE)
    monkeypatch.setattr(unanswered, "AT_ONCE", 2)
    assert [await run(notify, unanswered.tell) for _ in range(4)] == [[0]] * 4
    assert await texts(notify, "answered_at, alarmed_at") == [(NOW, None)] * 7


async def test_a_late_answer_is_noted_whether_it_left_before_the_alarm_or_after(start: Any) -> None:
    notify, clock = await begin(start)
    measured = _measured()
    await sends(notify, "CX")
    await handle_all(notify)
    clock.advance(4 * MINUTE)
    await leaves(notify, clock)
    await sends(notify, RAISED)  # intake has said nothing of it
    await handle_all(notify)
    clock.advance(4 * MINUTE)
    assert await run(notify) == [2, 0, 0]
    late, open_one = await alarms(notify, "unanswered")
    assert [late.data.answered_at, open_one.data.answered_at] == [NOW + 4 * MINUTE, None]
    assert len(await inbox(notify, LEADER)) == 1, "nobody can do anything about what is answered"
    clock.advance(60 * MINUTE)
    await notify.rows("UPDATE messages SET answers = $1, sent_at = NULL", open_one.subject)
    await leaves(notify, clock)
    assert await run(notify) == [0, 0, 1]
    assert await run(notify) == [0, 0, 0]
    assert [each - due for each, due in await texts(notify, "answered_at, due_at")] == [MINUTE, 61 * MINUTE]
    count, seconds = _measured()
    assert (count - measured[0], seconds - measured[1]) == (2, 62 * 60)


def _measured() -> tuple[float, float]:
    found = {each.name: each.value for each in next(iter(measures.LATE.collect())).samples}
    return found["xinqiao_texts_late_seconds_count"], found["xinqiao_texts_late_seconds_sum"]


async def test_leaders_of_the_office_are_told_of_a_text_that_nobody_answered_with_the_way_to_it(start: Any) -> None:
    notify, clock = await begin(start)
    await sends(notify, "CX")
    await handle_all(notify)
    clock.advance(3 * MINUTE)
    assert await run(notify) == [1, 0, 0]
    assert await run(notify) == [0, 0, 0]
    (event,) = await alarms(notify, "unanswered")
    (item,) = await inbox(notify, LEADER)
    assert (item["kind"], item["zh"], item["number"], item["petition_id"]) == ("texts", "短信超时未答复", "", None)
    opened = await notify.request("GET", f"/api/notify/v1/conversations/{item['conversation']}", who=LEADER)
    assert opened.status_code == 200
    assert await inbox(notify, CLERK) == await inbox(notify, staff(STATION, "leader")) == []
    assert item["conversation"] not in event.body().decode()
    assert PHONE not in str(await notify.rows("SELECT * FROM staff_items"))


async def test_whom_a_petition_accuses_is_not_told_that_its_petitioner_has_written(start: Any) -> None:
    notify, clock = await begin(start)
    story = Story(accused=(OFFICE,))
    await hear(notify, story.contact(), *story.case())
    await sends(notify, "你们办公室的人态度恶劣", phone=PHONE)
    await sends(notify, "你们几点上班", phone="13900000001")
    await handle_all(notify)
    clock.advance(3 * MINUTE)
    assert await run(notify) == [2, 0, 0]
    told = {item["conversation"] for item in await inbox(notify, LEADER) if item["conversation"]}
    (other,) = await waiting(notify)
    assert told == {other["conversation"]}


async def test_a_text_that_waits_for_a_person_has_a_time_of_its_own_and_is_told_of_once(start: Any) -> None:
    notify, clock = await begin(start)
    await conversation(notify, "村里的路灯坏了半年")
    await leaves(notify, clock)  # the automatic answer, in time
    await run(notify)
    clock.advance(59 * MINUTE)
    assert await run(notify) == [0, 0, 0]
    (shown,) = (await notify.request("GET", "/api/notify/v1/texts/queue")).json()["items"]
    assert (shown["overdue"], shown["seconds_left"]) == (False, 60)
    clock.advance(MINUTE)
    assert await run(notify) == [0, 1, 0]
    assert await run(notify) == [0, 0, 0]
    (shown,) = (await notify.request("GET", "/api/notify/v1/texts/queue")).json()["items"]
    assert shown["overdue"]
    for who in (CLERK, LEADER):
        (item,) = await inbox(notify, who)
        assert (item["zh"], item["conversation"]) == ("短信待人工处理超时", shown["conversation"])
    assert [each.data.answered_at for each in await alarms(notify, "overdue")] == [None]


async def test_what_a_person_has_looked_after_is_no_alarm(start: Any) -> None:
    notify, clock = await begin(start)
    reference = await conversation(notify, "村里的路灯坏了半年")
    await run(notify)
    clock.advance(50 * MINUTE)
    assert (await act(notify, reference, "replies", text="请发送编号查询进展")).status_code == 201
    clock.advance(50 * MINUTE)
    assert await run(notify, unanswered.tell_desk) == [0]


async def test_a_dialogue_that_nobody_went_on_with_waits_from_when_it_ended(start: Any) -> None:
    notify, clock = await begin(start)
    await sends(notify, "#某镇某村#")
    await keep(notify.runtime, "mobile", text("中奖通知", phone="BANK"))
    await handle_all(notify)
    clock.advance(timedelta(hours=24))
    async with notify.runtime.database.transaction() as session:
        assert await dialogues.expire(session, clock.now()) == 1
    assert await run(notify, unanswered.tell_desk) == [1], "from somebody without a number"
    clock.advance(60 * MINUTE)
    assert await run(notify, unanswered.tell_desk) == [1]


async def test_who_was_handed_a_conversation_is_told_of_it_and_nobody_from_whom_it_is_kept(start: Any) -> None:
    notify, clock = await begin(start)
    reference = await conversation(notify, "村里的路灯坏了半年")
    assert (await act(notify, reference, "handing", unit=STATION)).status_code == 200
    await run(notify)
    clock.advance(60 * MINUTE)
    await run(notify, unanswered.tell_desk)
    assert await inbox(notify, LEADER) == []
    assert [each["conversation"] for each in await inbox(notify, staff(STATION))] == [reference]
    story = Story(accused=(STATION,))
    await hear(notify, story.contact(), *story.case())
    assert await inbox(notify, staff(STATION)) == []


async def test_many_at_once_are_one_item_that_leads_to_the_desk(start: Any) -> None:
    notify, clock = await begin(start)
    for n in range(21):
        await sends(notify, "CX", phone=f"139000000{n:02}")
    await handle_all(notify)
    clock.advance(3 * MINUTE)
    assert await run(notify, unanswered.tell) == [21]
    (item,) = await inbox(notify, LEADER)
    assert (item["conversation"], item["zh"]) == (None, "短信超时未答复(21条)")
    assert len(await alarms(notify, "unanswered")) == 21
