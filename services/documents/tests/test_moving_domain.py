"""The rules of what goes where and in which pieces, for any input."""

from hypothesis import given
from hypothesis import strategies as st

from documents.moving.domain import PART, Hop, Whereabouts, is_part, length, missing, units_of

sizes = st.integers(1, 20 * PART)


@given(sizes, st.integers(0, 20), st.sets(st.integers(0, 20)), st.integers(0, 12 * PART))
def test_what_is_asked_for_is_missing_and_within_the_room_and_nothing_is_left_out(
    size: int, asked: int, have: set[int], room: int
) -> None:
    begun, here = min(asked * PART, size), {number * PART for number in have}
    pieces, upto = missing(size, begun, here, room)
    starts = [at for piece in pieces for at in range(piece.start, piece.start + piece.size, PART)]
    assert not here & set(starts)
    assert set(starts) | here >= set(range(begun, upto, PART)), "nothing is jumped over"
    assert sum(piece.size for piece in pieces) < room + PART
    assert upto == size or sum(piece.size for piece in pieces) >= room
    assert all(piece.start + piece.size <= size for piece in pieces)


@given(sizes, st.integers(-1, 21 * PART), st.integers(0, 2 * PART))
def test_only_what_is_cut_as_was_asked_is_a_part(size: int, start: int, content: int) -> None:
    cut = start % PART == 0 and 0 <= start < size and content == length(size, start)
    assert is_part(size, start, content) == cut
    assert is_part(size, 0, min(size, PART))


def test_a_node_that_gave_the_case_back_has_no_part_in_it_any_more() -> None:
    there = Whereabouts("33.02.25.100", (Hop("33", "33.02"), Hop("33.02", "33.02.25.100")))
    assert there.nodes == {"33", "33.02", "33.02.25.100"}
    assert there.senders == {"33", "33.02"}


def test_readers_are_units_or_everybody() -> None:
    assert units_of(["330225-xf:", "330225-js:leader"]) == frozenset({"330225-xf", "330225-js"})
    assert units_of(["*"]) is None
