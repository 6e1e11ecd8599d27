"""The rules of the desk: whose a conversation is, and what an answer may say. Standard library only."""

from collections.abc import Collection, Iterable
from uuid import UUID

from kit.errors import Refused

LEADER = "leader"
LONGEST_REPLY = 300
QUOTED = 8  # letters in a row that an answer has in common with what somebody sent: that is content
SIGNS = str.maketrans("", "", " \t\n\r,.;:!?,。;:!?、()()【】[]#＃")
# words of the decision on the objection against a block
DECIDED = {
    ("lift", "zh"): "【{office}】经核实,您的号码已恢复正常,可继续发送短信反映或查询",
    ("lift", "en"): "[{office}] Your objection was upheld: texts of your phone are acted on again",
    ("keep", "zh"): "【{office}】您的异议已核实,维持暂不办理的决定;紧急事项请到窗口或通过网站反映",
    (
        "keep",
        "en",
    ): "[{office}] Your objection was examined and the block stays; you may come to the office",
}


def reference_of(key: bytes) -> UUID:
    """By which a conversation is named in addresses and records: the half of the blind index of its telephone."""
    return UUID(bytes=key[:16])


def keys_of(reference: UUID) -> tuple[bytes, bytes]:
    """Between which the key lies that this names."""
    return reference.bytes, reference.bytes + b"\xff" * 32


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
