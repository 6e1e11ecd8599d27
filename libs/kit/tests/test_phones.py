"""One number is one number however it is written, and no other one's: whoever writes it, and from wherever."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.phones import phone_key, sender_key

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
# codes of other countries: none begins with 0, none with 86
ABROAD = st.from_regex(r"[1-9][0-9]{8,14}", fullmatch=True).filter(lambda digits: not digits.startswith("86"))
ANY = st.text(max_size=30) | st.from_regex(r"\A(\+|00)?[0-9() -]{1,20}\Z")


def of_the_release_before(phone: str) -> str:
    digits = re.sub(r"[^\d+]", "", phone)
    return re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", digits).removeprefix("+")


@given(MOBILES, st.sampled_from(["", "86", "+86", "0086"]), st.sampled_from(["", " ", "-"]))
def test_a_mobile_number_of_here_is_the_same_however_it_is_written(mobile: str, country: str, gap: str) -> None:
    written = gap.join((country, mobile[:3], mobile[3:7], mobile[7:])).strip()
    assert phone_key(written) == sender_key(written) == mobile


@given(ABROAD, MOBILES)
def test_a_number_of_another_country_is_no_mobile_number_of_here(abroad: str, mobile: str) -> None:
    assert re.fullmatch("1[3-9][0-9]{9}", phone_key("+" + abroad)) is None
    assert phone_key("+" + mobile) == sender_key("+" + mobile) == "+" + mobile, "of North America"
    assert sender_key("+" + abroad).removeprefix("+") == abroad


@given(ANY)
def test_what_is_stored_keeps_its_key(phone: str) -> None:
    key = phone_key(phone)
    assert phone_key(key) == key
    if not re.fullmatch(r"\+1\d{10}", re.sub(r"[^\d+]", "", phone)):
        assert key == of_the_release_before(phone)
    assert phone_key(of_the_release_before(phone)) == of_the_release_before(phone)


@given(MOBILES, st.text(st.characters(exclude_categories=["Nd"], exclude_characters="+ ().-"), min_size=1))
def test_a_name_is_no_number_whatever_digits_stand_in_it(mobile: str, letters: str) -> None:
    for name in (letters + mobile, mobile + letters, mobile[:5] + letters + mobile[5:], "+" + letters + mobile):
        assert sender_key(name) == ""


@pytest.mark.parametrize(
    "sender", ["", "BANK", "12", "+", "+013800001111", "138+00001111", "1" * 21, "１３８０００１１１１"]
)
def test_what_nobody_can_be_called_by_is_no_number(sender: str) -> None:
    assert sender_key(sender) == ""


def test_short_numbers_of_services_are_numbers() -> None:
    assert [sender_key(number) for number in ("12345", "10086", "0579-8600 1234")] == ["12345", "10086", "057986001234"]
