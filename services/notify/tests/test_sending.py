"""The sender: prompt, once, through failures and crashes, and what leaves is masked where it must be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.notify.tests.sms import send_all
from services.notify.tests.stories import NOW, PHONE, Story, console, hear, messages
from tests.support.running import Running

from kit.clock import ManualClock
from kit.testing import eventually
from kit.workers import WorkerLoop
from notify import resources
from notify.gateways.console import ConsoleGateway
from notify.gateways.interface import Part, Rejected
from notify.main import service
from notify.outbound.records import end_late
from notify.outbound.sending import SENDER


async def test_the_console_shows_the_text_with_the_number_masked(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "accept"))
    await hear(notify, story.contact(), *story.case())
    await send_all(notify)
    accepted, registered = sorted(console(notify), key=lambda line: story.query_code in line[3])
    assert registered[2] == "138****5678"
    assert registered[3] == (
        f"【丁镇信访办】您反映的事项已登记,编号{story.number},查询码{story.query_code}。"
        "凭编号和查询码可查询办理进展:http://127.0.0.1:8080"
    )
    assert story.query_code not in accepted[3]
    assert "已受理" in accepted[3]
    assert await messages(notify) == [("accepted", "sent"), ("registered", "sent")]
    file = notify.runtime.settings.home / "notify-console.log"
    assert PHONE not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


async def test_what_is_logged_and_published_holds_no_personal_data(start: Any, capsys: Any) -> None:
    notify = await start(service)
    story = Story()
    await hear(notify, story.contact())
    await send_all(notify)
    (event,) = await notify.events()
    assert (event.type, event.subject) == ("notify.message.sent.v1", story.id)
    assert (event.data.status, event.data.template, event.data.gateway) == ("sent", "registered", "console")
    printed = capsys.readouterr().out
    assert "138****5678" in printed
    for secret in (PHONE, story.query_code):
        assert secret not in printed + event.body().decode()


@asynccontextmanager
async def sender_at_work(notify: Running) -> AsyncIterator[None]:
    """The worker as it runs in a node, but never looking unless it is woken."""
    loop = WorkerLoop(
        replace(SENDER, every=timedelta(hours=1)), database=notify.runtime.database, context=notify.runtime
    )
    task = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        loop.stop()
        await asyncio.wait_for(task, 20)


async def test_the_sender_is_woken_by_what_is_heard(start: Any) -> None:
    notify = await start(service)
    async with sender_at_work(notify):
        for count in range(1, 4):
            await hear(notify, Story().contact())

            async def out(expected: int = count) -> bool:
                return len(console(notify)) == expected

            await eventually(out, within=10)


async def test_several_senders_send_each_message_once(start: Any) -> None:
    notify = await start(service)
    stories = [Story() for _ in range(120)]
    await notify.hear("notify.letters", *(story.contact() for story in stories))
    await asyncio.gather(*(send_all(notify) for _ in range(4)))
    assert len(console(notify)) == 120
    assert len({line[1] for line in console(notify)}) == 120
    assert len(await notify.events()) == 120


async def test_a_gateway_that_is_away_is_tried_again_later(start: Any) -> None:
    clock = ManualClock(NOW)
    notify = await start(service, clock=clock)
    file = notify.runtime.settings.home / "away" / "console.log"
    resources.of(notify.runtime).gateways = {"console": ConsoleGateway("console", file)}
    await hear(notify, Story().contact())
    for tries, seconds in enumerate((0, 1, 5), start=1):
        clock.advance(timedelta(seconds=seconds))
        await send_all(notify)
        (row,) = await notify.rows("SELECT attempts FROM messages")
        assert row["attempts"] == tries, "it does not wait between two tries"
    assert await messages(notify) == [("registered", "queued")]
    file.parent.mkdir()
    clock.advance(timedelta(seconds=30))
    await send_all(notify)
    assert len(file.read_text().splitlines()) == 1
    assert await messages(notify) == [("registered", "sent")]


async def test_what_could_not_be_sent_for_days_is_given_up_and_told(start: Any) -> None:
    clock = ManualClock(NOW)
    notify = await start(service, clock=clock)
    away = notify.runtime.settings.home / "away" / "console.log"
    resources.of(notify.runtime).gateways = {"console": ConsoleGateway("console", away)}
    await hear(notify, Story().contact())
    await send_all(notify)
    clock.advance(timedelta(hours=73))
    async with notify.runtime.database.transaction() as session:
        await end_late(notify.runtime, session)
    assert await messages(notify) == [("registered", "expired")]
    (event,) = await notify.events()
    assert event.data.status == "expired"


class Choosy(ConsoleGateway):
    """Takes nothing of one template."""

    async def submit(self, part: Part) -> str:
        if part.template == "accepted":
            raise Rejected("no such number")
        return await super().submit(part)


async def test_a_rejected_message_fails_and_stops_no_other(start: Any) -> None:
    notify = await start(service)
    file = notify.runtime.settings.home / "notify-console.log"
    resources.of(notify.runtime).gateways = {"console": Choosy("console", file)}
    story = Story(actions=("open", "accept", "close"))
    await hear(notify, story.contact(), *story.case())
    await send_all(notify)
    assert await messages(notify) == [("accepted", "failed"), ("closed", "sent"), ("registered", "sent")]


async def test_a_message_moved_to_another_row_is_not_sent(start: Any) -> None:
    notify = await start(service)
    mine, other = Story(), Story()
    await hear(notify, mine.contact(), other.contact())
    await notify.rows("UPDATE messages SET text = (SELECT text FROM messages WHERE petition_id = $1)", mine.id)
    await send_all(notify)
    (line,) = console(notify)
    assert mine.number in line[3]
    states = await notify.rows("SELECT state, reason FROM messages WHERE petition_id = $1", other.id)
    assert (states[0]["state"], "another row" in states[0]["reason"]) == ("failed", True)


async def test_the_message_belongs_to_the_trace_of_what_caused_it(start: Any) -> None:
    notify = await start(service)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    letter = Story().contact().model_copy(update={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    await hear(notify, letter)
    await send_all(notify)
    (row,) = await notify.sent()
    assert json.loads(row["body"])["traceparent"][3:35] == trace_id
