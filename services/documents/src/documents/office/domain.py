"""The rules of papers of a unit (机关文书): how a draft stands, who decides on it. Standard library only."""

from collections.abc import Collection
from typing import Literal

from kit.errors import Refused

State = Literal["open", "waiting", "returned", "approved"]
Decision = Literal["approve", "return"]


def state_of(*, filed: bool, sent: bool, decided: bool) -> State:
    """How a draft stands. sent, decided: its newest version; whatever is saved after that is open again."""
    if filed:
        return "approved"
    if decided:
        return "returned"
    return "waiting" if sent else "open"


def check_decision(state: State, authors: Collection[str], by: str) -> None:
    """A draft that waits is decided on by somebody who wrote none of its versions (four eyes).

    Raises Refused: "draft-not-sent", "four-eyes-paper".
    """
    if state != "waiting":
        raise Refused("draft-not-sent", state=state)
    if by in authors:
        raise Refused("four-eyes-paper")
