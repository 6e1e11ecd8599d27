"""Telephone numbers: each kept once, encrypted, found by its blind index."""

from collections.abc import Iterable
from uuid import UUID

from kit.crypto import Keyring
from kit.db import Session
from kit.phones import phone_key, sender_key

# in the order of their keys: no two batches wait for each other
KEEP = """
INSERT INTO phones (key, number) SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS told (key, number) ORDER BY key
ON CONFLICT DO NOTHING
"""


def key_of(ring: Keyring, phone: str) -> bytes:
    """However it was written."""
    return ring.blind_index("phone:" + phone_key(phone))


def of_sender(ring: Keyring, sender: str) -> tuple[bytes, str]:
    """(key, number) of who sent a text; of a name the number is empty."""
    number = sender_key(sender)
    return (key_of(ring, number) if number else nobody(ring), number)


def nobody(ring: Keyring) -> bytes:
    """The key of all who have no number: no petition has it."""
    return ring.blind_index("phone-of-nobody")


def number_binding(key: bytes) -> str:
    """What an encrypted number is bound to: moved to another row it cannot be read."""
    return f"phones/{key.hex()}/number"


def old_binding(petition_id: UUID) -> str:
    """What a number beside a petition is bound to, where the release before looks for it."""
    return f"petitions/{petition_id}/phone"


def number_of(ring: Keyring, key: bytes, stored: bytes) -> str:
    """Raises Undecipherable."""
    return ring.decrypt(stored, number_binding(key))


async def keep(session: Session, ring: Keyring, phones: Iterable[str]) -> dict[str, bytes]:
    """Their keys, by the numbers as they were given."""
    keys = {phone: key_of(ring, phone) for phone in phones}
    written = {key: phone_key(phone) for phone, key in keys.items()}
    sealed = [ring.encrypt(number, number_binding(key)) for key, number in written.items()]
    await session.raw.execute(KEEP, list(written), sealed)
    return keys
