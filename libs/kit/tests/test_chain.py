"""The chain on its own: whatever is done to a row or a link is found, and named where that can be known."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.chain import Fault, Head, Link, Walk, digest, genesis

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A link and the text of its entry."""

    position: int
    entry: int
    text: str | None
    previous: bytes
    hash: bytes

    @property
    def link(self) -> Link:
        now = None if self.text is None else digest("s", self.previous, [str(self.entry), self.text])
        return Link(self.position, self.entry, self.previous, self.hash, now)


def row(position: int, entry: int, text: str, previous: bytes) -> Row:
    return Row(position, entry, text, previous, digest("s", previous, [str(entry), text]))


def chained(length: int) -> list[Row]:
    rows: list[Row] = []
    previous = genesis("s")
    for position in range(1, length + 1):
        rows.append(row(position, position + 100, f"text {position}", previous))
        previous = rows[-1].hash
    return rows


def faults(rows: Sequence[Row], sealed: Sequence[Head] = (), service: str = "s") -> list[Fault]:
    walk = Walk(service, sealed)
    found = [fault for each in rows for fault in walk.step(each.link)]
    return found + list(walk.end())


def renumbered(rows: Sequence[Row]) -> list[Row]:
    return [replace(each, position=position) for position, each in enumerate(rows, 1)]


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_a_chain_as_it_was_made_has_no_fault(length: int) -> None:
    rows = chained(length)
    assert faults(rows, [Head(each.position, each.hash, NOW) for each in rows]) == []


@pytest.mark.parametrize("place", [1, 3, 5])
def test_an_altered_entry_is_named_alone(place: int) -> None:
    rows = chained(5)
    rows[place - 1] = replace(rows[place - 1], text="other")
    assert faults(rows) == [Fault("altered", place, place + 100)]


@pytest.mark.parametrize("place", [1, 3])
def test_an_altered_entry_that_was_hashed_anew_is_named(place: int) -> None:
    rows = chained(5)
    rows[place - 1] = row(place, place + 100, "other", rows[place - 1].previous)
    assert faults(rows) == [Fault("altered", place, place + 100)]


@pytest.mark.parametrize("place", [1, 3, 5])
def test_an_entry_that_is_gone_is_named(place: int) -> None:
    rows = chained(5)
    rows[place - 1] = replace(rows[place - 1], text=None)
    assert faults(rows) == [Fault("removed", place, place + 100)]


def test_links_that_are_gone_are_named_from_and_to() -> None:
    rows = chained(9)
    assert faults(rows[:2] + rows[4:]) == [Fault("removed", 3, until=4)]
    assert faults(rows[1:]) == [Fault("removed", 1, until=1)]


def test_a_removed_link_is_found_although_the_rest_moved_up() -> None:
    rows = chained(5)
    assert faults(renumbered(rows[1:])) == [Fault("removed", 1, 102)]
    # that the next one follows something else is also so where this one was altered and hashed anew
    assert faults(renumbered(rows[:2] + rows[3:])) == [Fault("altered", 2, 102)]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_an_inserted_entry_is_named_and_not_those_it_has_pushed_on(place: int) -> None:
    rows = chained(5)
    previous = rows[place].previous
    forged = row(0, 999, "forged", previous)
    found = faults(renumbered([*rows[:place], forged, *rows[place:]]))
    assert found == [Fault("inserted", place + 1, 999)]
    crude = replace(forged, hash=b"?")
    assert faults(renumbered([*rows[:place], crude, *rows[place:]])) == [Fault("inserted", place + 1, 999)]


def test_a_second_entry_at_one_place_and_one_before_the_first_are_inserted() -> None:
    rows = chained(3)
    twin = row(2, 999, "forged", rows[1].previous)
    assert Fault("inserted", 2, 999) in faults([*rows[:2], twin, rows[2]])
    assert faults([row(-5, 999, "forged", b""), *rows]) == [Fault("inserted", -5, 999)]


def test_a_chain_written_anew_is_found_by_a_head_that_was_sealed() -> None:
    rows = chained(5)
    sealed = [Head(4, rows[3].hash, NOW)]
    anew: list[Row] = []
    for each in rows:
        previous = anew[-1].hash if anew else genesis("s")
        anew.append(row(each.position, each.entry, "other" if each.position == 2 else str(each.text), previous))
    assert faults(anew) == []
    assert faults(anew, sealed) == [Fault("replaced", 4, 104)]


def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_sealed() -> None:
    rows = chained(5)
    sealed = [Head(2, rows[1].hash, NOW), Head(5, rows[4].hash, NOW)]
    assert faults(rows[:3], sealed) == [Fault("removed", 4, until=5)]
    assert faults([], sealed) == [Fault("removed", 1, until=5)]


def test_two_heads_of_one_place_cannot_both_be_right() -> None:
    rows = chained(3)
    heads = [Head(2, rows[1].hash, NOW), Head(2, b"other", NOW)]
    assert faults(rows, heads) == [Fault("replaced", 2, 102)]


def test_the_chain_of_one_service_is_no_chain_of_another() -> None:
    assert faults(chained(1), service="t") == [Fault("removed", 1, 101)]
    assert digest("s", b"", ["x"]) != digest("t", b"", ["x"])


def test_where_one_field_ends_and_the_next_begins_is_hashed() -> None:
    forms = (["ab", "c"], ["a", "bc"], ["abc"], ["abc", None], ["abc", ""], [None, "abc"])
    assert len({digest("s", b"", form) for form in forms}) == len(forms)


def test_the_hash_is_the_documented_one() -> None:
    start = b"audit-chain/1\0s\0"
    assert genesis("s") == hashlib.sha256(start).digest()
    expected = start + b"p" * 32 + b"\0\0\0\x02hi" + b"\xff\xff\xff\xff"
    assert digest("s", b"p" * 32, ["hi", None]) == hashlib.sha256(expected).digest()


Change = Callable[[Row, bytes], Row]
CHANGES: tuple[Change, ...] = (
    lambda each, noise: replace(each, text=f"{each.text}{noise.hex()}"),
    lambda each, noise: replace(each, previous=noise),
    lambda each, noise: replace(each, hash=noise),
    lambda each, noise: replace(each, entry=each.entry + 1000 * len(noise)),
    lambda each, _: replace(each, text=None),
    lambda each, noise: row(each.position, each.entry, noise.hex(), each.previous),
    lambda each, noise: row(each.position, each.entry, str(each.text), noise),
)
EDITS = st.lists(st.tuples(st.integers(0, 11), st.sampled_from(CHANGES), st.binary(min_size=1, max_size=4)), max_size=4)


@given(
    st.integers(2, 12), EDITS, st.sets(st.integers(0, 11), max_size=4), st.permutations(range(12)), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_nothing_that_is_done_to_a_sealed_chain_stays_unseen(
    length: int, edits: list[tuple[int, Change, bytes]], gone: set[int], order: list[int], shuffle: bool, moved: bool
) -> None:
    whole = chained(length)
    rows = list(whole)
    for place, change, noise in edits:
        rows[place % length] = change(rows[place % length], noise)
    rows = [each for place, each in enumerate(rows) if place not in gone]
    if shuffle:
        rows = [rows[place] for place in order if place < len(rows)]
    rows = renumbered(rows) if moved or shuffle else rows
    touched = rows != whole
    assert bool(faults(rows, [Head(length, whole[-1].hash, NOW)])) == touched
