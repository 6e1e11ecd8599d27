"""How two versions of a draft differ."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from documents.drafts.domain import Change, as_text, changes, differences

texts = st.text(alphabet="经查属实道路积水。；\n！ab", max_size=200)
sections = st.dictionaries(st.sampled_from("abc"), st.one_of(texts, st.lists(texts, max_size=3), st.integers()))


def test_what_stayed_what_went_and_what_came() -> None:
    assert changes("经查属实。予以支持。", "经查属实。不予支持。谢谢。") == (
        Change("same", "经查属实。"),
        Change("added", "不"),
        Change("same", "予"),
        Change("removed", "以"),
        Change("same", "支持。"),
        Change("added", "谢谢。"),
    )


def test_only_sections_that_differ_are_told_in_the_order_of_the_form() -> None:
    before = {"a": "同", "b": "旧", "c": ["甲"], "d": 3}
    after = {"a": "同", "b": "新", "c": ["甲", "乙"], "d": 4}
    found = differences(before, after, ["d", "c", "b", "a"])
    assert [each.section for each in found] == ["d", "c", "b"]
    assert found[1].changes == (Change("same", "甲"), Change("added", "\n乙"))


@given(old=texts, new=texts)
def test_both_texts_can_be_put_together_from_what_is_told(old: str, new: str) -> None:
    told = changes(old, new)
    assert "".join(each.text for each in told if each.kind != "added") == old
    assert "".join(each.text for each in told if each.kind != "removed") == new
    assert all(each.text for each in told)
    assert all(one.kind != other.kind for one, other in pairwise(told))


@given(before=sections, after=sections)
def test_a_section_is_told_exactly_when_it_differs(before: dict[str, object], after: dict[str, object]) -> None:
    told = {each.section for each in differences(before, after, ["a", "b", "c"])}
    assert told == {name for name in "abc" if as_text(before.get(name)) != as_text(after.get(name))}


def test_the_longest_sections_are_compared_in_bounded_time() -> None:
    for old, new in (
        ("。" * 20_000, "；" * 20_000),
        ("经。" * 10_000, "经。" * 9_999),
        ("\n经" * 10_000, "\n查" * 10_000),
    ):
        begun = time.process_time()
        changes(old, new)
        assert time.process_time() - begun < 5
