"""Spot-check call-backs: a random share of each unit's closed cases is asked once, and what comes back is counted."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.notify.tests.staff import OFFICE, STATION, step
from services.notify.tests.stories import NODE, PHONE, Story, hear
from tests.support.confidence import OPEN, TOWNSHIP, readable_by
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.letters import Contact
from kit.clock import ManualClock
from notify import resources
from notify.callbacks import domain, usecases
from notify.callbacks.settings import Callbacks
from notify.callbacks.usecases import Said
from notify.main import service
from notify.phones import key_of

START = datetime(2026, 1, 5, tzinfo=UTC)


class Office:
    """A node with closed cases, the moment at which their period is over, and who is asked."""

    def __init__(self, notify: Running, clock: ManualClock) -> None:
        self.notify, self.clock, self.phones = notify, clock, 0

    async def closes(self, unit: str = OFFICE, phone: str = "", **more: Any) -> Story:
        """A case of this unit is closed; its petitioner has a telephone of its own unless one is given."""
        self.phones += 1
        story = Story()
        number = phone or f"1390000{self.phones:04}"
        contact = Contact(number=story.number, phone=number, query_code=story.query_code, region=NODE)
        await hear(self.notify, told("notify.contact.v1", contact, subject=story.id), step(story, "open", 1))
        await hear(self.notify, closed(story, unit, **more))
        return story

    async def ask(self, after: timedelta = timedelta(days=7)) -> list[UUID]:
        """Whom it asks when a period is over."""
        self.clock.advance(after)
        async with self.notify.runtime.database.transaction() as session:
            await usecases.ask(self.notify.runtime, session)
        rows = await self.notify.rows("SELECT petition_id FROM callbacks WHERE state = 'asked' ORDER BY petition_id")
        return [row["petition_id"] for row in rows]

    async def says(self, digit: int, phone: str, **more: Any) -> bool:
        key, at = key_of(self.notify.runtime.keyring, phone), self.clock.now()
        async with self.notify.runtime.database.transaction() as session:
            return await usecases.take_answer(self.notify.runtime, session, key, digit, at, **more)

    async def close(self) -> None:
        async with self.notify.runtime.database.transaction() as session:
            await usecases.close(self.notify.runtime, session)

    async def published(self) -> list[Envelope]:
        return [event for event in await self.notify.events() if event.type.startswith("notify.callback.")]

    async def templates(self) -> Counter[str]:
        rows = await self.notify.rows("SELECT template FROM messages WHERE template LIKE 'callback-%'")
        return Counter(row["template"] for row in rows)


def closed(story: Story, unit: str = OFFICE, sequence: int = 5, **more: Any) -> Envelope:
    ended = {"state": "closed", "handler_unit": unit, "closed_at": START, **more}
    return step(story, "close", sequence, **ended)


async def office(start: Any, percent: float = 100, **settings: Any) -> Office:
    clock = ManualClock(START)
    notify = await start(service, clock=clock)
    held = resources.of(notify.runtime)
    chosen = Callbacks(percent=percent, **settings)
    held.settings = held.settings.model_copy(update={"callbacks": chosen})
    return Office(notify, clock)


async def test_whose_case_was_closed_is_asked_once_and_told_how_to_answer(start: Any) -> None:
    node = await office(start)
    story = await node.closes(phone=PHONE)
    assert await node.ask() == [story.id]
    for _ in range(3):
        await node.ask()
    (row,) = await node.notify.rows("SELECT * FROM messages WHERE template = 'callback-asked'")
    text = node.notify.runtime.keyring.decrypt(row["text"], f"messages/{row['id']}/text")
    assert text == (
        f"【丁镇信访办】抽查回访:您反映的事项(编号{story.number})的处理意见已送达。"
        "对办理满意请回复1,基本满意回复2,不满意回复3"
    ), "true of what is served and not closed as well"
    assert (row["lane"], row["petition_id"]) == (1, story.id)


async def test_of_each_unit_a_share_is_asked_and_no_unit_is_skipped(start: Any) -> None:
    node = await office(start, percent=20)
    for unit, cases in ((OFFICE, 10), (STATION, 3), ("330225-js", 1)):
        for _ in range(cases):
            await node.closes(unit)
    asked = await node.ask()
    rows = await node.notify.rows("SELECT unit FROM callbacks WHERE petition_id = ANY($1)", asked)
    assert Counter(row["unit"] for row in rows) == {OFFICE: 2, STATION: 1, "330225-js": 1}
    assert (await node.notify.rows("SELECT drawn FROM callback_rounds"))[0]["drawn"] == 4


async def test_whoever_has_the_seed_draws_the_same_again(start: Any) -> None:
    node = await office(start, percent=30)
    stories = [await node.closes() for _ in range(10)]
    asked = await node.ask()
    (row,) = await node.notify.rows("SELECT seed FROM callback_rounds")
    by_lot = sorted(stories, key=lambda story: sha256(f"{row['seed']}:{story.id}".encode()).digest())
    assert set(asked) == {story.id for story in by_lot[:3]}
    (entry,) = await node.notify.rows("SELECT detail FROM audit WHERE action = 'callbacks.draw'")
    assert f'"seed":"{row["seed"]}"' in entry["detail"]


async def test_who_withdrew_opted_out_is_blocked_or_under_review_is_not_asked_nor_what_is_confidential(
    start: Any,
) -> None:
    node = await office(start)
    withdrawn, reviewed, hidden = [await node.closes() for _ in range(3)]
    shown, plain = [await node.closes() for _ in range(2)]
    await node.closes(phone="13911110001")
    await node.closes(phone="13911110002")
    keys = [key_of(node.notify.runtime.keyring, f"1391111000{n}") for n in (1, 2)]
    await node.notify.rows("UPDATE phones SET opted_out_at = $2 WHERE key = $1 RETURNING 1", keys[0], START)
    until = START + timedelta(days=100)
    await node.notify.rows("UPDATE phones SET blocked_until = $2 WHERE key = $1 RETURNING 1", keys[1], until)
    await hear(
        node.notify,
        step(withdrawn, "note-withdrawal", 6, state="withdrawn"), closed(withdrawn),  # in whatever order
        step(reviewed, "request-review", 6, state="offered", stage="review"),
        readable_by(closed(hidden), TOWNSHIP, 6), readable_by(closed(shown), OPEN, 6),
    )  # fmt: skip
    assert set(await node.ask()) == {shown.id, plain.id}


async def test_what_is_not_registered_here_or_ended_otherwise_is_no_candidate(start: Any) -> None:
    node = await office(start)
    elsewhere, declined = Story(), Story()
    await hear(
        node.notify, closed(elsewhere, nodes=["33.02.25", NODE]), declined.contact(), step(declined, "open", 1),
        step(declined, "decline", 2, state="declined"),
    )  # fmt: skip
    assert await node.ask() == []
    assert await node.notify.rows("SELECT 1 FROM callbacks") == []


async def test_one_telephone_has_one_question_at_a_time(start: Any) -> None:
    node = await office(start)
    for unit in (OFFICE, OFFICE, STATION):
        await node.closes(unit, phone=PHONE)
    (asked,) = await node.ask()
    rows = await node.notify.rows("SELECT unit FROM callbacks WHERE petition_id = $1", asked)
    assert rows[0]["unit"] == STATION, "the unit with the fewest goes first, so that none goes without"
    await node.closes(phone=PHONE, closed_at=node.clock.now())
    assert await node.ask() == [asked]


@pytest.mark.parametrize(("digit", "answer"), [(1, "satisfied"), (2, "fairly"), (3, "not")])
async def test_a_digit_is_kept_thanked_and_published_without_whose_it_is(start: Any, digit: int, answer: str) -> None:
    node = await office(start)
    story = await node.closes(STATION, phone=PHONE)
    await node.ask()
    text_id = uuid4()
    assert await node.says(digit, PHONE, text_id=text_id)
    assert not await node.says(digit, PHONE), "there is one answer"
    (event,) = await node.published()
    assert (event.type, event.subject) == ("notify.callback.answered.v1", story.id)
    assert (event.data.answer, event.data.unit, event.data.region) == (answer, STATION, NODE)
    assert PHONE not in event.body().decode()
    (thanks,) = await node.notify.rows("SELECT lane, answers FROM messages WHERE template = 'callback-thanks'")
    assert tuple(thanks) == (0, text_id)


async def test_what_is_no_answer_to_an_open_question_is_left_to_others(start: Any) -> None:
    node = await office(start, answer_days=7)
    await node.closes(phone=PHONE)
    assert not await node.says(1, PHONE), "nothing was asked yet"
    await node.ask()
    assert not await node.says(4, PHONE)
    assert not await node.says(0, PHONE)
    assert not await node.says(1, "13800009999")
    node.clock.advance(timedelta(days=7))
    assert not await node.says(1, PHONE), "too late"
    assert await node.templates() == {"callback-asked": 1}


async def test_a_question_without_an_answer_is_told_once_when_its_time_is_over(start: Any) -> None:
    node = await office(start)
    stories = [await node.closes() for _ in range(3)]
    await node.ask()
    await node.says(1, "13900000001")
    await node.close()
    assert len(await node.published()) == 1
    node.clock.advance(timedelta(days=7))
    for _ in range(2):
        await node.close()
    events = await node.published()
    assert Counter(event.type for event in events) == {
        "notify.callback.answered.v1": 1, "notify.callback.unanswered.v1": 2,
    }  # fmt: skip
    assert {event.subject for event in events} == {story.id for story in stories}
    assert {event.data.answer for event in events} == {None, "satisfied"}


async def test_of_many_texts_at_once_the_first_of_each_telephone_answers(start: Any) -> None:
    node = await office(start)
    for _ in range(3):
        await node.closes()
    await node.ask()
    now = node.clock.now()
    said = [(1, 9, 2), (1, 3, 1), (2, 1, 0), (4, 1, 0)]  # telephone, digit, minutes later
    ring = node.notify.runtime.keyring
    texts = [Said(key_of(ring, f"1390000{phone:04}"), digit, now + timedelta(minutes=late))
             for phone, digit, late in said]  # fmt: skip
    async with node.notify.runtime.database.transaction() as session:
        assert await usecases.take_answers(node.notify.runtime, session, texts) == [False, True, True, False]
        assert await usecases.take_answers(node.notify.runtime, session, []) == []
    assert await node.templates() == {"callback-asked": 3, "callback-thanks": 2}


async def test_two_processes_draw_once_for_a_period(start: Any) -> None:
    node = await office(start)
    for _ in range(5):
        await node.closes()
    node.clock.advance(timedelta(days=7))

    async def ask() -> int:
        async with node.notify.runtime.database.transaction() as session:
            return await usecases.ask(node.notify.runtime, session)

    assert sorted(await asyncio.gather(*(ask() for _ in range(4)))) == [0, 0, 0, 5]


async def test_what_ended_while_nothing_ran_is_drawn_from_too_and_nobody_is_asked_where_policy_says_so(
    start: Any,
) -> None:
    node = await office(start)
    await node.ask(timedelta())
    story = await node.closes(closed_at=START + timedelta(days=1))
    assert await node.ask(timedelta(days=40)) == [story.id]
    assert Callbacks().percent == 0, "no node texts people unless its operator says so"
    silent = await office(start, percent=0)
    await silent.closes()
    assert await silent.ask() == []


@given(
    now=st.integers(10, 80_000_000).map(lambda minutes: datetime(2024, 1, 8, tzinfo=UTC) + timedelta(minutes=minutes)),
    days=st.integers(1, 366),
)
def test_periods_follow_each_other_without_gap_and_are_over(now: datetime, days: int) -> None:
    period = domain.last_period(now, days)
    assert period.until <= now < period.until + timedelta(days=days)
    assert domain.last_period(period.until, days) == period
    assert domain.last_period(period.until - timedelta(microseconds=1), days).until == period.since
