"""Parts of a text message: how many, where they are divided, what they begin with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.outbound.parts import (
    ALONE,
    DEFAULT,
    JOINED,
    Alphabet,
    TooLong,
    alphabet_of,
    encoded,
    header,
    payloads,
    split,
    units_of,
)

SIGNATURE = "【某县信访局】"


@pytest.mark.parametrize(
    ("text", "alphabet", "parts"),
    [
        ("", Alphabet.GSM, 1),
        ("a" * 160, Alphabet.GSM, 1),
        ("a" * 161, Alphabet.GSM, 2),
        ("a" * 306, Alphabet.GSM, 2),
        ("a" * 307, Alphabet.GSM, 3),
        ("€" * 80, Alphabet.GSM, 1),
        ("€" * 81, Alphabet.GSM, 2),
        ("信" * 70, Alphabet.UCS2, 1),
        ("信" * 71, Alphabet.UCS2, 2),
        ("信" * 134, Alphabet.UCS2, 2),
        ("信" * 135, Alphabet.UCS2, 3),
        ("𠮷" * 35, Alphabet.UCS2, 1),
        ("𠮷" * 36, Alphabet.UCS2, 2),
        ("`", Alphabet.UCS2, 1),
        (SIGNATURE + "信" * 63, Alphabet.UCS2, 1),
        (SIGNATURE + "信" * 64, Alphabet.UCS2, 2),
    ],
)
def test_a_text_has_so_many_parts(text: str, alphabet: Alphabet, parts: int) -> None:
    assert (split(text).alphabet, len(split(text))) == (alphabet, parts)


def test_a_letter_of_two_units_is_never_divided() -> None:
    text = "信" * 66 + "𠮷" + "信" * 20
    assert [len(part) for part in split(text).texts] == [66, 21]
    escaped = split("a" * 152 + "€" + "a" * 20)
    assert [len(encoded(part, escaped.alphabet)) for part in escaped.texts] == [152, 22]


@given(st.text(st.sampled_from([*DEFAULT.replace("\x1b", ""), *"^{}\\[~]|€", *"信访𠮷😀`"]), max_size=900))
def test_parts_are_the_text_and_each_fits(text: str) -> None:
    parts = split(text)
    assert "".join(parts.texts) == text
    room = (ALONE if len(parts) == 1 else JOINED)[parts.alphabet]
    for part in parts.texts:
        assert sum(units_of(letter, parts.alphabet) for letter in part) <= room
        assert len(encoded(part, parts.alphabet)) <= (room * 2 if parts.alphabet is Alphabet.UCS2 else room)
    if len(parts) > 1:  # no fewer parts would do: each next letter did not fit any more
        for part, following in zip(parts.texts, parts.texts[1:], strict=False):
            used = sum(units_of(letter, parts.alphabet) for letter in part)
            assert used + units_of(following[0], parts.alphabet) > room


@given(st.text(max_size=200))
def test_every_payload_has_140_octets_at_most_once_it_is_packed(text: str) -> None:
    parts = split(text)
    for payload in payloads(parts, 7):
        octets = len(payload)
        if parts.alphabet is Alphabet.GSM:
            content = octets - (6 if len(parts) > 1 else 0)
            octets = (6 if len(parts) > 1 else 0) + -(-(content * 7 + (1 if len(parts) > 1 else 0)) // 8)
        assert octets <= 140


def test_the_default_alphabet_is_that_of_the_table() -> None:
    assert len(DEFAULT) == 128
    assert encoded("@£$¥èéùìòÇ\nØø\rÅå", Alphabet.GSM) == bytes(range(16))
    assert encoded("Az 09", Alphabet.GSM) == b"Az 09"
    assert encoded("¡Äà{}", Alphabet.GSM) == b"\x40\x5b\x7f\x1b\x28\x1b\x29"
    with pytest.raises(ValueError, match="letter"):
        encoded("信", Alphabet.GSM)


def test_parts_begin_with_what_joins_them() -> None:
    assert header(0x1FF, 3, 2) == bytes.fromhex("050003ff0302")
    first, second = payloads(split("信" * 71), 9)
    assert first[:6] == bytes.fromhex("050003090201")
    assert second == bytes.fromhex("050003090202") + ("信" * 4).encode("utf-16-be")


def test_more_than_255_parts_are_refused() -> None:
    assert len(split("信" * 67 * 255)) == 255
    with pytest.raises(TooLong):
        split("信" * (67 * 255 + 1))


def test_a_half_of_a_pair_is_replaced_and_does_not_fail() -> None:
    assert alphabet_of("\ud842") is Alphabet.UCS2
    assert encoded("\ud842", Alphabet.UCS2) == b"\x00?"
