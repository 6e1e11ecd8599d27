"""The handling of a case (办件) as one table: in which state which action is allowed, to whom, and what follows.

Articles are those of the Regulation (信访工作条例). What clocks and papers an action has is said by the procedure of
the case, which only narrows this table. Standard library only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Party = Literal["holder", "offered", "offerer", "arbiter"]

STATES = (
    "registered", "screened", "offered", "received", "objected", "disputed", "accepted", "investigating", "hearing",
    "mediating", "opinion-drafted", "in-approval", "opinion-approved", "served", "closed", "answered", "filed",
    "declined", "not-accepted-again", "guided", "exported", "withdrawn", "terminated",
)  # fmt: skip
ENDS = frozenset(
    {"closed", "answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn", "terminated"}
)
BACK = "(as before the hand-over)"
SAME = "(unchanged)"

OFFICE = frozenset({"clerk", "handler", "leader"})
HANDLING = frozenset({"handler", "leader"})
LEADER = frozenset({"leader"})
ABOVE = frozenset({"clerk", "leader", "supervisor"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell. party: the unit that acts: the holder, the one a hand-over is offered to, the one that handed the case
    over, or the superior that settles whose it is. guards: further conditions, see routing.domain.GUARDS.
    """

    to: str
    party: Party
    roles: frozenset[str]
    article: str
    guards: tuple[str, ...] = ()


def _rows() -> Iterator[tuple[tuple[str, ...], str, Rule]]:
    """(states, action, rule)."""
    undecided = ("screened", "received")
    handling = ("accepted", "investigating")
    yield ("registered", "screened"), "screen", Rule("screened", "holder", OFFICE, "Art 31")
    yield ("received",), "screen", Rule(SAME, "holder", OFFICE, "Art 31")
    yield undecided, "transfer", Rule("offered", "holder", OFFICE, "Art 22")
    yield undecided, "assign", Rule("offered", "holder", OFFICE, "Art 22")
    yield undecided, "accept", Rule("accepted", "holder", OFFICE, "Art 22, 23", ("not-terminated-before",))
    yield undecided, "decline", Rule("declined", "holder", OFFICE, "Art 23")
    yield undecided, "refuse-again", Rule("not-accepted-again", "holder", OFFICE, "Art 36")
    yield undecided, "answer", Rule("answered", "holder", OFFICE, "Art 22")
    yield undecided, "guide", Rule("guided", "holder", OFFICE, "Art 22, 31")
    yield undecided, "export", Rule("exported", "holder", OFFICE, "Art 22, 30")
    yield ("screened",), "file", Rule("filed", "holder", OFFICE, "Art 22")
    yield ("offered",), "receive", Rule("received", "offered", OFFICE, "Art 23")
    yield ("offered",), "recall", Rule(BACK, "offerer", OFFICE, "Art 22", ("not-a-review",))
    yield ("received",), "object", Rule("objected", "holder", OFFICE, "Art 23", ("was-handed-over", "not-forced"))
    yield ("objected",), "agree-objection", Rule(BACK, "offerer", OFFICE, "Art 23")
    yield ("objected",), "refuse-objection", Rule("received", "offerer", OFFICE, "Art 23")
    yield ("disputed",), "arbitrate", Rule("offered", "arbiter", ABOVE, "Art 23")
    yield ("accepted",), "investigate", Rule("investigating", "holder", HANDLING, "Art 32")
    yield handling, "start-hearing", Rule("hearing", "holder", HANDLING, "Art 32, 36")
    yield ("hearing",), "end-hearing", Rule("investigating", "holder", HANDLING, "Art 36")
    yield handling, "start-mediation", Rule("mediating", "holder", HANDLING, "Art 33")
    yield ("mediating",), "end-mediation", Rule("investigating", "holder", HANDLING, "Art 33")
    yield (*handling, "mediating", "opinion-drafted"), "extend", Rule(SAME, "holder", LEADER, "Art 34")
    yield handling, "draft-opinion", Rule("opinion-drafted", "holder", HANDLING, "Art 32")
    yield ("opinion-drafted",), "draft-opinion", Rule(SAME, "holder", HANDLING, "Art 32")
    yield (*handling, "opinion-drafted"), "submit", Rule("in-approval", "holder", HANDLING, "Art 32")
    yield ("in-approval",), "approve", Rule("opinion-approved", "holder", frozenset(), "Art 32", ("four-eyes",))
    yield ("in-approval",), "return-draft", Rule("opinion-drafted", "holder", frozenset(), "Art 32")
    yield ("opinion-approved",), "serve", Rule("served", "holder", OFFICE, "Art 32")
    yield ("opinion-approved", "served"), "close", Rule("closed", "holder", OFFICE, "Art 32")
    yield ("opinion-approved", "served", "closed"), "report", Rule(SAME, "holder", OFFICE, "Art 22", ("was-assigned",))
    yield ("served", "closed"), "request-review", Rule("offered", "holder", OFFICE, "Art 35, 36", ("in-review-window",))
    open_states = ("registered", *undecided, *handling, "hearing", "mediating", "opinion-drafted", "in-approval")
    yield open_states, "note-withdrawal", Rule("withdrawn", "holder", OFFICE, "")
    yield (*undecided, *handling), "suspend", Rule(SAME, "holder", HANDLING, "Art 31")
    yield (*undecided, *handling), "resume", Rule(SAME, "holder", HANDLING, "Art 31", ("is-suspended",))
    yield (*undecided, *handling), "merge", Rule(SAME, "holder", OFFICE, "")
    yield (*undecided, *handling), "unmerge", Rule(SAME, "holder", OFFICE, "", ("is-merged",))


# (state, action) -> rule; what is not here is forbidden
TABLE: Mapping[tuple[str, str], Rule] = {(state, action): rule for states, action, rule in _rows() for state in states}
ACTIONS = tuple(dict.fromkeys(action for _, action, _ in _rows()))
# what the system does by itself, beside these: the case is opened, an offer to a unit nobody
# knows goes back, and time limits are counted anew when the calendar changes
BY_ITSELF = ("open", "return", "recount")
