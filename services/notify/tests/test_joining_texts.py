"""Long messages from their parts: in any order, twice, with gaps."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from services.notify.tests.telephones import OTHER, handle_all, letters, parts_of, said_of, told
from services.notify.tests.telephones import texts as rows
from tests.support.running import Running

from kit.clock import ManualClock
from notify.gateways.interface import Incoming
from notify.inbound import joining
from notify.inbound.handling import handle
from notify.inbound.joints import Piece, group, joined
from notify.inbound.keeping import keep
from notify.main import service

NOW = datetime(2026, 1, 5, tzinfo=UTC)
LONG = ["张三#某镇某村#", "门前道路积水", "三个月无人管\ud83d", "\ude4f谢谢"]


def piece(number: int, total: int, text: str | None) -> Piece:
    return Piece(uuid.uuid4(), number, total, NOW, text)


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[str, list[Piece]]:
    """A message, and its parts in some order, some of them several times."""
    texts = draw(st.lists(st.text(max_size=5), min_size=1, max_size=6))
    parts = [piece(number, len(texts), text) for number, text in enumerate(texts, start=1)]
    again = draw(st.lists(st.sampled_from(parts), max_size=6))
    return "".join(texts), draw(st.permutations([*parts, *again]))


@given(shuffled())
def test_parts_in_any_order_and_number_make_the_message_once(came: tuple[str, list[Piece]]) -> None:
    whole, pieces = came
    (made,) = group(pieces)
    assert (made.text(), made.complete, made.damaged) == (whole, True, False)
    assert len(made.pieces) == len(pieces)


@given(shuffled(), st.data())
def test_a_missing_part_is_marked_where_it_is_missing(came: tuple[str, list[Piece]], data: st.DataObject) -> None:
    _, pieces = came
    lost = data.draw(st.sampled_from(pieces)).number
    left = [each for each in pieces if each.number != lost]
    if left:
        (made,) = group(left)
        assert not made.complete
        assert f"〔缺第{lost}/{left[0].total}段〕" in made.text()


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(1, 7))
def test_letters_that_were_cut_in_half_are_whole_again(said: str, width: int) -> None:
    octets = said.encode("utf-16-le")
    halves = [octets[at : at + 2 * width] for at in range(0, len(octets), 2 * width)]
    assert joined(each.decode("utf-16-le", "surrogatepass") for each in halves) == said


def test_two_messages_with_one_reference_are_told_apart() -> None:
    first, second = [piece(n, 2, f"甲{n}") for n in (1, 2)], [piece(n, 2, f"乙{n}") for n in (1, 2)]
    made = group([first[0], second[0], first[1], second[1]])
    assert [each.text() for each in made] == ["甲1甲2", "乙1乙2"]


async def begin(start: Any) -> tuple[Running, ManualClock]:
    clock = ManualClock(NOW)
    return await start(service, clock=clock), clock


async def came(notify: Running, parts: Sequence[Incoming]) -> None:
    for each in parts:
        await keep(notify.runtime, "mobile", each)
        await handle_all(notify)


async def test_a_long_petition_is_registered_when_its_last_part_has_come(start: Any) -> None:
    notify, _ = await begin(start)
    parts = parts_of(LONG)
    await came(notify, [parts[3], parts[1], parts[1], parts[0]])
    assert await letters(notify) == []
    await came(notify, [parts[2], parts[3], parts[0]])
    (sent,) = await letters(notify)
    assert sent.data.content == "门前道路积水三个月无人管\U0001f64f谢谢"
    assert await rows(notify, "state") == [("waiting",)]
    assert not await notify.rows("SELECT FROM inbound_parts WHERE whole_id IS NULL")


async def test_after_its_time_an_incomplete_message_is_an_operators_and_a_late_part_fills_the_gap(start: Any) -> None:
    notify, clock = await begin(start)
    parts = parts_of(LONG)
    await came(notify, [parts[0], parts[3]])
    clock.advance(timedelta(minutes=10))
    await handle_all(notify)
    assert await rows(notify) == [("unparsed", "damaged")]
    assert await said_of(notify) == ["张三#某镇某村#〔缺第2/4段〕〔缺第3/4段〕�谢谢"]
    assert [template for template, _ in await told(notify)] == ["text-received"]
    await came(notify, [parts[1]])
    assert await said_of(notify) == ["张三#某镇某村#门前道路积水〔缺第3/4段〕�谢谢"]
    assert await rows(notify) == [("unparsed", "damaged")]


async def test_a_part_that_is_no_text_leaves_the_rest_readable(start: Any) -> None:
    notify, _ = await begin(start)
    await came(notify, parts_of(["张三#", None, "积水"]))
    assert await said_of(notify) == ["张三#〔第2/3段无法解码〕积水"]
    assert await rows(notify) == [("unparsed", "damaged")]
    assert len(await notify.rows("SELECT FROM inbound_parts WHERE raw IS NOT NULL")) == 1


async def test_who_sends_halves_without_end_keeps_nobody_waiting_but_himself(start: Any, monkeypatch: Any) -> None:
    notify, clock = await begin(start)
    monkeypatch.setattr(joining, "AT_ONCE", 2)
    halves = [parts_of(["半", "截"], reference=n)[0] for n in range(40)]
    await asyncio.gather(*(keep(notify.runtime, "mobile", half) for half in halves))
    clock.advance(timedelta(minutes=10))
    for part in parts_of(["张三#某村#", "积水"], phone=OTHER):
        await keep(notify.runtime, "mobile", part)
    await handle(notify.runtime)
    assert [sent.data.content for sent in await letters(notify)] == ["积水"], "it waits behind the halves"
    oldest = await notify.rows("SELECT whole_id FROM inbound_parts ORDER BY received_at, reference LIMIT 1")
    assert oldest[0]["whole_id"] is not None
    await handle_all(notify)
    assert not await notify.rows("SELECT FROM inbound_parts WHERE whole_id IS NULL")
    assert len([row for row in await rows(notify, "state, parts") if row[1] == 1]) == 40


async def test_of_thousands_of_parts_with_one_reference_few_are_looked_at_at_a_time(
    start: Any, monkeypatch: Any
) -> None:
    notify, clock = await begin(start)
    monkeypatch.setattr(joining, "PIECES_OF_ONE", 5)
    monkeypatch.setattr(joining, "MOST_PIECES", 7)
    same = [parts_of([f"{n}", "截"])[0] for n in range(12)]
    await asyncio.gather(*(keep(notify.runtime, "mobile", half) for half in same))
    for part in parts_of(["张三#某村#", "积", "水"], phone=OTHER):
        await keep(notify.runtime, "mobile", part)
    clock.advance(timedelta(minutes=10))
    await handle_all(notify)
    assert [sent.data.content for sent in await letters(notify)] == ["积水"]
    said = [text for text in await said_of(notify) if text and "缺" in text]
    assert sorted(said) == sorted(f"{n}〔缺第2/2段〕" for n in range(12))
