"""Petition numbers: well-formed, checked, never given twice."""

from hypothesis import given
from hypothesis import strategies as st

from intake.domain import LANES, in_lane
from intake.numbers import is_petition_number, petition_number

REGIONS = st.sampled_from(["33", "33.02", "33.02.25", "33.02.25.100"])


@given(region=REGIONS, sequence=st.integers(0, 99_999_999))
def test_a_number_carries_region_day_sequence_and_a_check_that_notices_a_typo(region: str, sequence: int) -> None:
    number = petition_number(region, "20260105", sequence)
    assert is_petition_number(number)
    assert number.startswith("XF33")
    wrong = "1" if number[-2] != "1" else "2"
    assert not is_petition_number(number[:-2] + wrong + number[-1])


def test_a_number_has_the_written_form() -> None:
    assert petition_number("33.02.25.100", "20260105", 35)[:22] == "XF33022520260105000035"


@given(counts=st.lists(st.integers(0, 100_000), unique=True), lanes=st.lists(st.integers(0, LANES - 1), unique=True))
def test_lanes_never_meet(counts: list[int], lanes: list[int]) -> None:
    given_out = [in_lane(count, lane) for count in counts for lane in lanes]
    assert len(set(given_out)) == len(given_out)
