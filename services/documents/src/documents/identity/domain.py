"""The rules of identity papers (身份证件): what suggests one, and what a reader has to state. Standard library only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kit.errors import Refused

LONGEST = 200  # letters of what is said in words of one's own

Mark = Literal["proposed", "marked", "contained", "lifted"]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What somebody reads an identity paper for: a code of the policy, and words of their own."""

    code: str
    words: str | None = field(default=None, repr=False)

    @property
    def told(self) -> dict[str, str]:
        """As the audit has it."""
        return {"purpose": self.code} | ({"reason": self.words} if self.words else {})


def told(purpose: Purpose | None) -> dict[str, str]:
    return {} if purpose is None else purpose.told


def fits(purpose: Purpose, choices: Mapping[str, bool]) -> bool:
    """choices: the codes of the policy, and whether words are needed with each."""
    needs_words = choices.get(purpose.code)
    return needs_words is not None and (bool(purpose.words) or not needs_words)


def suggests(name: str | None, words: Iterable[str]) -> bool:
    """Whether a file of this name is held to be an identity paper until somebody says that it is none."""
    known = (name or "").casefold()
    return any(word.casefold() in known for word in words)


def check_lift(mark: str | None, *, may_lift: bool) -> None:
    """What a rule has proposed, anybody in office may dismiss; what a person has marked, only who answers for the unit.

    Raises Refused: "identity-not-marked", "identity-mark-stays".
    """
    if mark not in {"proposed", "marked"}:
        raise Refused("identity-not-marked")
    if mark == "marked" and not may_lift:
        raise Refused("identity-mark-stays")
