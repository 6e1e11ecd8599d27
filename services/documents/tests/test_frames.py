"""The frame codec: what was sealed opens again, and whatever was altered is noticed."""

import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.storage.frames import FRAME, TAG, Opening, Sealing
from kit.crypto import Keyring, Undecipherable

RING = Keyring("k1", {"k1": os.urandom(32), "k0": os.urandom(32)}, os.urandom(32), os.urandom(32))
HEADER = 4 + 1 + 2 + 32 + 32
SIZES = (0, 1, 100, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 7)


def seal(content: bytes, ring: Keyring = RING, step: int = 50_000) -> bytes:
    sealing = Sealing(ring)
    out = bytearray(sealing.room)
    for start in range(0, len(content), step):
        out += sealing.update(content[start : start + step])
    finished = sealing.finish()
    out += finished.tail
    out[: len(finished.header)] = finished.header
    return bytes(out)


def unseal(sealed: bytes, content: bytes, ring: Keyring = RING, step: int = 70_000) -> bytes:
    opening = Opening(ring, hashlib.sha256(content).hexdigest())
    chunks = [opening.update(sealed[start : start + step]) for start in range(0, len(sealed), step)]
    return b"".join(chunks) + opening.finish()


def altered(sealed: bytes, content: bytes) -> bool:
    """Whether opening notices."""
    try:
        unseal(sealed, content)
    except Undecipherable:
        return True
    return False


def frames_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER:]
    return sealed[:HEADER], [body[start : start + FRAME + TAG] for start in range(0, len(body), FRAME + TAG)]


FOUR_FRAMES = os.urandom(3 * FRAME + 7)
SEALED = seal(FOUR_FRAMES)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1000, FRAME, 10 * FRAME])
def test_what_was_sealed_opens_again_whatever_the_chunks(size: int, step: int) -> None:
    content = os.urandom(size)
    assert unseal(seal(content, step=step), content, step=step) == content


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=3000), step=st.integers(1, 500))
def test_any_content_in_any_chunks_opens_again(content: bytes, step: int) -> None:
    assert unseal(seal(content, step=step), content, step=step) == content


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, len(SEALED) - 1), mask=st.integers(1, 255))
def test_any_flipped_bit_is_noticed(position: int, mask: int) -> None:
    broken = bytearray(SEALED)
    broken[position] ^= mask
    assert altered(bytes(broken), FOUR_FRAMES)


@pytest.mark.parametrize("position", range(HEADER))
def test_every_byte_of_the_header_counts(position: int) -> None:
    broken = bytearray(SEALED)
    broken[position] ^= 1
    assert altered(bytes(broken), FOUR_FRAMES)


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, len(SEALED) - 1))
def test_any_cut_is_noticed(length: int) -> None:
    assert altered(SEALED[:length], FOUR_FRAMES)


@pytest.mark.parametrize("kept", range(4))
def test_a_cut_between_two_frames_is_noticed(kept: int) -> None:
    header, frames = frames_of(SEALED)
    assert altered(header + b"".join(frames[:kept]), FOUR_FRAMES)


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(4)))
def test_only_the_right_order_of_frames_opens(order: list[int]) -> None:
    header, frames = frames_of(SEALED)
    moved = header + b"".join(frames[number] for number in order)
    assert altered(moved, FOUR_FRAMES) is (order != [0, 1, 2, 3])


@settings(max_examples=50, deadline=None)
@given(more=st.binary(min_size=1, max_size=200))
def test_bytes_added_at_the_end_are_noticed(more: bytes) -> None:
    assert altered(SEALED + more, FOUR_FRAMES)


def test_a_frame_repeated_left_out_or_taken_from_another_file_is_noticed() -> None:
    header, frames = frames_of(SEALED)
    _, others = frames_of(seal(FOUR_FRAMES))
    assert altered(header + frames[0] + b"".join(frames), FOUR_FRAMES)
    assert altered(header + frames[0] + frames[2] + frames[3], FOUR_FRAMES)
    assert altered(header + others[0] + b"".join(frames[1:]), FOUR_FRAMES)


def test_another_file_in_its_place_is_noticed_before_its_first_byte() -> None:
    asked, other = b"the file that was asked for", os.urandom(3 * FRAME)
    opening = Opening(RING, hashlib.sha256(asked).hexdigest())
    with pytest.raises(Undecipherable):
        opening.update(seal(other)[: HEADER + 1])


def test_a_file_sealed_under_an_older_key_still_opens_and_without_the_key_it_does_not() -> None:
    older = replace(RING, active="k0")
    sealed = seal(b"written last year", older)
    assert unseal(sealed, b"written last year") == b"written last year"
    with pytest.raises(Undecipherable):
        unseal(sealed, b"written last year", replace(RING, keys={"k1": RING.keys["k1"]}))


def test_the_same_file_never_looks_the_same_twice_and_shows_nothing_of_itself() -> None:
    content = b"plain words " * 1000
    assert seal(content) != seal(content)
    assert b"plain words" not in seal(content)
