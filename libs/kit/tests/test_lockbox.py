"""Texts that only open to who knows the value."""

from kit.lockbox import BUCKETS, NONCE, bucket, lock, unlock

ID, SALT = "id:110101199003074258", b"a matter"


def test_who_knows_the_value_reads_the_text_and_nobody_else_does() -> None:
    locked = lock("征地补偿", ID, SALT)
    assert unlock(locked, ID, SALT) == "征地补偿"
    assert unlock(locked, "id:11010119900307427X", SALT) is None
    assert "征地补偿".encode() not in locked


def test_what_was_altered_or_is_about_something_else_does_not_open() -> None:
    locked = lock("征地补偿", ID, SALT)
    assert unlock(locked, ID, b"another matter") is None
    assert unlock(locked[:-1] + bytes([locked[-1] ^ 1]), ID, SALT) is None
    assert unlock(locked[:NONCE], ID, SALT) is None
    assert unlock(b"", ID, SALT) is None


def test_a_value_is_always_in_the_same_bucket_which_many_share() -> None:
    found = [bucket(f"id:{number}") for number in range(BUCKETS)]
    assert found == [bucket(f"id:{number}") for number in range(BUCKETS)]
    assert all(0 <= each < BUCKETS for each in found)
    assert len(set(found)) < 0.7 * BUCKETS
