"""Document numbers: one after the other, none twice, none left out, whoever takes them and whatever is rolled back."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.seals import numbering
from documents.seals.domain import number_text

DAY, AT = date(2026, 3, 2), datetime(2026, 3, 2, 1, tzinfo=UTC)


class RolledBack(Exception):
    pass


async def take(desk: Any, paper: uuid.UUID, *, fail: bool = False, **changes: Any) -> str:
    given = {"unit": "330225100-xf", "word": "丁信", "series": "", "on": DAY, "at": AT, **changes}
    async with desk.running.runtime.database.transaction() as session:
        row = await numbering.take(session, paper, **given)
        if fail:
            raise RolledBack
    return str(row["text"])


async def papers(desk: Any, many: int) -> list[uuid.UUID]:
    return [uuid.UUID((await desk.file()).json()["paper_id"]) for _ in range(many)]


async def numbers_in(desk: Any) -> list[int]:
    return [row["number"] for row in await desk.running.rows("SELECT number FROM numbers ORDER BY number")]


async def test_twenty_takers_and_random_rollbacks_leave_neither_gap_nor_double(desk: Any) -> None:
    chance = random.Random(4)
    todo = await papers(desk, 60)

    async def taker(mine: Sequence[uuid.UUID]) -> None:
        for paper in mine:
            while chance.random() < 0.4:  # tries that come to nothing
                with pytest.raises(RolledBack):
                    await take(desk, paper, fail=True)
            await take(desk, paper)

    await asyncio.gather(*(taker(todo[start::20]) for start in range(20)))
    assert await numbers_in(desk) == list(range(1, 61))


async def test_without_the_locked_row_two_takers_meet_in_one_number(desk: Any, monkeypatch: Any) -> None:
    """That the test above can fail: the lock is what keeps them apart."""
    monkeypatch.setattr(numbering, "LOCK", "SELECT $1::text, $2::text, $3::int")
    first, second = await papers(desk, 2)
    database = desk.running.runtime.database
    async with database.transaction() as one:
        await numbering.take(one, first, unit="u", word="丁信", series="", on=DAY, at=AT)
        with pytest.raises(asyncpg.LockNotAvailableError):  # both have number 1: the second waits for the first
            await _impatient(desk, second)


async def _impatient(desk: Any, paper: uuid.UUID) -> None:
    async with desk.running.runtime.database.transaction() as other:
        await other.raw.execute("SET LOCAL lock_timeout = '200ms'")
        await numbering.take(other, paper, unit="u", word="丁信", series="", on=DAY, at=AT)


async def test_a_paper_keeps_its_number_however_often_it_is_tried(desk: Any) -> None:
    first, second = await papers(desk, 2)
    assert await take(desk, first) == await take(desk, first, on=date(2027, 1, 1)) == "丁信〔2026〕1号"
    assert await take(desk, second) == "丁信〔2026〕2号"


async def test_each_unit_year_and_kind_of_series_counts_for_itself(desk: Any) -> None:
    changes: list[dict[str, Any]] = [
        {}, {"series": "复"}, {"on": date(2027, 1, 1)}, {"unit": "330225-xf", "word": "丙信"}, {},
    ]  # fmt: skip
    told = [await take(desk, paper, **each) for paper, each in zip(await papers(desk, 5), changes, strict=True)]
    assert told == ["丁信〔2026〕1号", "丁信复〔2026〕1号", "丁信〔2027〕1号", "丙信〔2026〕1号", "丁信〔2026〕2号"]


@given(
    st.text("丁丙信访办", min_size=1, max_size=4), st.sampled_from(["", "复"]), st.integers(2000, 2099),
    st.integers(1, 10**6),
)  # fmt: skip
def test_a_number_reads_as_the_standard_has_it(word: str, series: str, year: int, number: int) -> None:
    text = number_text(word, series, year, number)
    assert text == f"{word}{series}〔{year}〕{number}号"
    assert "〔0" not in text
    assert "〕0" not in text
