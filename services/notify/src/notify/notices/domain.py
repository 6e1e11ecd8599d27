"""The rules of mass notices: their states, who may approve, what the figures add up to. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kit.errors import Refused

# draft -> submitted -> running <-> paused -> finished | stopped; nothing leaves but while it is running
State = Literal["draft", "submitted", "running", "paused", "stopped", "finished"]
Action = Literal["change", "submit", "return", "approve", "pause", "resume", "stop", "finish"]
STATES: tuple[State, ...] = ("draft", "submitted", "running", "paused", "stopped", "finished")
APPROVER = "leader"
# whatever is not here is refused
TABLE: Mapping[tuple[State, Action], State] = {
    ("draft", "change"): "draft",
    ("draft", "submit"): "submitted",
    ("draft", "stop"): "stopped",
    ("submitted", "return"): "draft",
    ("submitted", "approve"): "running",
    ("submitted", "stop"): "stopped",
    ("running", "pause"): "paused",
    ("running", "stop"): "stopped",
    ("running", "finish"): "finished",
    ("paused", "resume"): "running",
    ("paused", "stop"): "stopped",
}
# states of messages that are on no way yet, and those that have come to an end
HELD_BACK = ("queued", "held")
ENDED = ("delivered", "failed", "expired", "cancelled")
MESSAGE_STATES = ("queued", "held", "sending", "sent", "unknown", *ENDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a notice stands. writers: everybody who wrote or submitted it; gathered: its recipients are all known."""

    state: State = "draft"
    version: int = 1
    writers: frozenset[str] = frozenset()
    gathered: bool = False
    recipients: int = 0


def _after(standing: Standing, action: Action) -> Standing:
    """Raises Refused("notice-not-in-this-state")."""
    state = TABLE.get((standing.state, action))
    if state is None:
        raise Refused("notice-not-in-this-state", state=standing.state, action=action)
    return replace(standing, state=state, version=standing.version + 1)


def change(standing: Standing, by: str) -> Standing:
    """Another text, or other recipients: these are looked up anew."""
    changed = _after(standing, "change")
    return replace(changed, writers=standing.writers | {by}, gathered=False, recipients=0)


def submit(standing: Standing, by: str) -> Standing:
    """Raises Refused: "notice-not-in-this-state", "notice-gathering", "notice-without-recipients"."""
    submitted = _after(standing, "submit")
    if not standing.gathered:
        raise Refused("notice-gathering")
    if not standing.recipients:
        raise Refused("notice-without-recipients")
    return replace(submitted, writers=standing.writers | {by})


def decide(standing: Standing, action: Literal["approve", "return"], by: str) -> Standing:
    """Four eyes: whoever approves a notice has neither written nor submitted it, in any of its versions.

    Raises Refused: "notice-not-in-this-state", "four-eyes-notice".
    """
    decided = _after(standing, action)
    if action == "approve" and by in standing.writers:
        raise Refused("four-eyes-notice")
    return decided


def control(standing: Standing, action: Literal["pause", "resume", "stop", "finish"]) -> Standing:
    """Raises Refused("notice-not-in-this-state")."""
    return _after(standing, action)


@dataclass(frozen=True, slots=True)
class Progress:
    """Of all recipients. waiting: no message is made yet; left_out: none is, they want no messages; messages: how many
    by state.
    """

    recipients: int
    left_out: int
    messages: Mapping[str, int]

    @property
    def waiting(self) -> int:
        return self.recipients - self.left_out - sum(self.messages.values())

    @property
    def gone(self) -> int:
        """How many need nothing more of us: they have left, or never will."""
        return self.recipients - self.waiting - sum(self.messages.get(state, 0) for state in (*HELD_BACK, "sending"))

    @property
    def complete(self) -> bool:
        return self.gone == self.recipients
