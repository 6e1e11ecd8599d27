"""Encrypted fields and the file of their keys."""

import base64
import json
import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import keyfile
from kit.crypto import Keyring, Undecipherable


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    ring = {"active": "k1", "keys": {"k1": key()}, "index": key(), "codes": key()}
    (tmp_path / keyfile.FIELDS).write_text(json.dumps(ring))
    return tmp_path


def ring_of(keys: Path) -> Keyring:
    return Keyring.load(keys / keyfile.FIELDS)


RING = Keyring("k1", {"k1": os.urandom(32)}, b"i" * 32, b"c" * 32)


@given(st.text(), st.text())
def test_what_was_encrypted_decrypts_to_the_same_text(text: str, bound_to: str) -> None:
    assert RING.decrypt(RING.encrypt(text, bound_to), bound_to) == text


@given(st.binary(max_size=40))
def test_bytes_that_nobody_encrypted_are_undecipherable(stored: bytes) -> None:
    with pytest.raises(Undecipherable):
        RING.decrypt(stored, "row/1")


def test_a_value_moved_to_another_row_or_altered_is_undecipherable() -> None:
    stored = RING.encrypt("张三", "row/1")
    altered = stored[:-1] + bytes([stored[-1] ^ 1])
    for value, bound_to in ((stored, "row/2"), (altered, "row/1")):
        with pytest.raises(Undecipherable):
            RING.decrypt(value, bound_to)


def test_after_a_rotation_old_values_stay_readable_and_new_ones_carry_the_new_key(keys: Path) -> None:
    before = ring_of(keys)
    old = before.encrypt("张三", "row/1")
    assert keyfile.rotate(keys) == "k2"
    after = ring_of(keys)
    new = after.encrypt("张三", "row/1")
    assert (after.key_id(old), after.key_id(new)) == ("k1", "k2")
    assert after.decrypt(old, "row/1") == after.decrypt(new, "row/1") == "张三"
    assert (after.blind_index("x"), after.code_for("x")) == (before.blind_index("x"), before.code_for("x"))


def test_a_process_that_started_before_the_rotation_reads_what_later_ones_write(keys: Path) -> None:
    running = ring_of(keys)
    keyfile.rotate(keys)
    assert running.decrypt(ring_of(keys).encrypt("李四", "row/1"), "row/1") == "李四"
    assert running.key_id(running.encrypt("李四", "row/1")) == "k1"  # until it starts again


def test_a_value_under_a_key_that_is_gone_is_undecipherable(keys: Path) -> None:
    stored = Keyring("k9", {"k9": os.urandom(32)}, b"", b"").encrypt("王五", "row/1")
    with pytest.raises(Undecipherable):
        ring_of(keys).decrypt(stored, "row/1")


def test_the_file_is_replaced_whole_and_only_its_owner_may_read_it(keys: Path) -> None:
    (keys / "fields.json.new").write_text("what a killed try left")
    keyfile.rotate(keys)
    assert (keys / keyfile.FIELDS).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in keys.iterdir()] == [keyfile.FIELDS]


def test_rotations_at_the_same_time_lose_no_key(keys: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(keyfile.rotate, [keys] * 8)
    assert sorted(made) == [f"k{number}" for number in range(2, 10)]
    assert set(ring_of(keys).keys) == {"k1", *made}
