"""The rules of recognising and linking: what is proposed, and that no sequence of links loses or circles anything."""

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import repeats, similarity
from intake.repeats import Found, Standing
from kit.errors import Refused
from kit.phones import phone_key

START = datetime(2026, 1, 5, tzinfo=UTC)
PUDDLE = "门前道路积水,门前道路积水三个月无人管。"
PUDDLE_AGAIN = "再次反映门口道路积水问题,我家门前道路积水已经半年,多次反映无人管。"
LAND = "征地补偿,村里征收我家承包地2.3亩,补偿款至今未付。"
LAND_AGAIN = "土地征收补偿款未到位,我家承包地2.3亩被征收,补偿款一直没有发放到位。"
WAGES = "拖欠工资,某建筑公司拖欠我2025年工资共三万元,要求尽快支付。"


@pytest.mark.parametrize(("one", "other"), [(PUDDLE, PUDDLE_AGAIN), (LAND, LAND_AGAIN), (WAGES, WAGES)])
def test_the_same_matter_in_other_words_scores_higher_than_another_matter(one: str, other: str) -> None:
    same = similarity.score(one, other)
    assert same >= 45
    assert all(similarity.score(one, another) < 45 for another in (PUDDLE, LAND, WAGES) if another != one)
    assert similarity.score(other, one) == same


def test_punctuation_width_and_length_count_nothing() -> None:
    assert similarity.score("补偿款2.3万元未付", "补偿款 2.3万元,未付!") == 100
    assert similarity.score("", "") == 100
    assert similarity.score("问题", LAND) < 45


@pytest.mark.parametrize("written", ["13800001111", "138 0000 1111", "+86 138-0000-1111", "0086-13800001111"])
def test_a_telephone_number_is_the_same_however_it_is_written(written: str) -> None:
    assert phone_key(written) == "13800001111"


def test_landlines_and_foreign_numbers_stay_apart() -> None:
    assert phone_key("0579-8600 1234") == "057986001234"
    assert phone_key("+81 90 1234 5678") == "819012345678"


def found(number: int, score: float, *, by_id: bool = False, by_phone: bool = False) -> Found:
    return Found(UUID(int=number), by_id, by_phone, score)


def test_a_clerk_sees_likely_repeats_first_then_other_matters_of_the_person_and_mass_similar_ones() -> None:
    given_ = [
        found(1, 10, by_phone=True),
        found(2, 60, by_id=True),
        found(3, 65),
        found(4, 90),
        found(5, 80, by_id=True, by_phone=True),
    ]
    shown = repeats.propose(given_, same_matter=45, mass_similar=70, most=10)
    assert [(each.found.id.int, each.likely) for each in shown] == [(5, True), (2, True), (4, False), (1, False)]
    assert shown[0].reasons == ("same-id-number", "same-phone", "similar-text")
    assert shown[3].reasons == ("same-phone",)
    assert len(repeats.propose(given_, same_matter=45, mass_similar=70, most=2)) == 2


class Office:
    """Petitions of one node, linked as the use cases do it."""

    def __init__(self, count: int) -> None:
        self.all = [
            Standing(UUID(int=place + 1), START + timedelta(minutes=place // 2), "33.02.25", "33.02.25")
            for place in range(count)
        ]
        self.history: list[tuple[str, int, int]] = []

    def set(self, place: int, **links: UUID | None) -> None:
        self.all[place] = dataclasses.replace(self.all[place], **links)  # type: ignore[arg-type]  # links only

    def link(self, place: int, of: int) -> None:
        repeats.check_repeat(self.all[place], self.all[of])
        self.set(place, repeat_of=self.all[of].id)

    def unlink(self, place: int, _: int) -> None:
        repeats.repeated(self.all[place])
        self.set(place, repeat_of=None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["link", "unlink"]), st.integers(0, 7), st.integers(0, 7)),
    max_size=60,
)


@given(steps=STEPS)
def test_no_sequence_of_links_loses_a_petition_or_makes_a_circle(steps: list[tuple[str, int, int]]) -> None:
    office = Office(8)
    before = [(each.id, each.registered_at) for each in office.all]
    for what, place, other in steps:
        links = [each.repeat_of for each in office.all]
        try:
            getattr(office, what)(place, other)
        except Refused:
            assert [each.repeat_of for each in office.all] == links
    assert [(each.id, each.registered_at) for each in office.all] == before
    for each in office.all:
        seen, at = set(), each
        while at.repeat_of is not None:
            assert at.id not in seen
            seen.add(at.id)
            at = office.all[at.repeat_of.int - 1]
