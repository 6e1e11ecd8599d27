"""The rules of the desk: whose a conversation is, and what an answer may say. Standard library only."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from kit.errors import Refused
from kit.readers import EVERYBODY, reader

LEADER = "leader"
ROLES = ("clerk", LEADER)
LONGEST_REPLY = 300
QUOTED = 8  # letters in a row that an answer has in common with what somebody sent: that is content
SIGNS = str.maketrans("", "", " \t\n\r,.;:!?,。;:!?、()()【】[]#＃")


def reference_of(key: bytes) -> UUID:
    """By which a conversation is named in addresses and records: the half of the blind index of its telephone."""
    return UUID(bytes=key[:16])


def keys_of(reference: UUID) -> tuple[bytes, bytes]:
    """Between which the key lies that this names."""
    return reference.bytes, reference.bytes + b"\xff" * 32


def lines_of(unit: str, above: Sequence[str]) -> list[list[str]]:
    """By what lists of units and readers know the operators of a unit, in each of their roles (kit.auth.Principal)."""
    return [[unit, *above, EVERYBODY, reader(unit), reader(unit, role)] for role in ROLES]


def longest_block(roles: Collection[str], most: int, alone: int) -> int:
    """Hours for which who holds these roles may block a telephone; alone: without a leader."""
    return most if LEADER in roles else min(most, alone)


def check_block(hours: int, roles: Collection[str], most: int, alone: int, *, prolongs: bool) -> None:
    """prolongs: the telephone is blocked already, and would be for longer. Raises Refused: "block-too-long",
    "block-needs-leader".
    """
    if hours > most:
        raise Refused("block-too-long", hours=most)
    if LEADER not in roles and (prolongs or hours > alone):
        raise Refused("block-needs-leader", hours=alone)


def check_taken(operator: str | None, who: str, roles: Collection[str]) -> None:
    """What somebody else works on, only a leader takes over. Raises Refused("conversation-taken")."""
    if operator not in {None, who} and LEADER not in roles:
        raise Refused("conversation-taken")


def signed(text: str, office: str) -> str:
    """Whoever answers, the office does; who has written the signature already is not signed twice."""
    signature = f"【{office}】"
    return text if text.startswith(signature) else signature + text


def check_reply(text: str, said: Iterable[str], numbers: Collection[str], names: Iterable[str]) -> None:
    """Nobody gets the content of a petition by text, nor the name of whom it accuses.

    said: what the telephone has sent; numbers: of its petitions, which may be named; names: of accused units.
    Raises Refused: "reply-quotes", "reply-names-accused".
    """
    if any(name in text for name in names):
        raise Refused("reply-names-accused")
    written = _plain(text, numbers)
    pieces = {written[at : at + QUOTED] for at in range(len(written) - QUOTED + 1)}
    for each in said:
        heard = _plain(each, numbers)
        if any(heard[at : at + QUOTED] in pieces for at in range(len(heard) - QUOTED + 1)):
            raise Refused("reply-quotes")


def _plain(text: str, numbers: Collection[str]) -> str:
    for number in numbers:
        text = text.replace(number, "")
    return text.translate(SIGNS)
