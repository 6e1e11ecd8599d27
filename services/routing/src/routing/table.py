"""The handling of a case (办件) as one table: in which state which action is allowed, to whom, and what follows.

Articles are those of the Regulation (信访工作条例). What clocks and papers an action has is said by the procedure of
the case, which only narrows this table. Standard library only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Party = Literal["holder", "offered", "offerer", "arbiter", "whoever-had-it"]

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

MOST_HOPS = 20  # policy: how often a case is handed on before it must be decided where it is

OFFICE = frozenset({"clerk", "handler", "leader"})
HANDLING = frozenset({"handler", "leader"})
LEADER = frozenset({"leader"})
ABOVE = frozenset({"clerk", "leader", "supervisor"})
HEAD = frozenset({"leader", "supervisor"})
# of another node's case these are asked for: the node that writes decides
ASKED_FOR = frozenset({"recall", "note-withdrawal"})
CONFIDENCE = frozenset({"mark-confidential", "unmark-confidential"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell. party: the unit that acts: the holder, the one a hand-over is offered to, the one that handed the case
    over, the superior that settles whose it is, or whoever registered, holds or held it. guards: further conditions,
    see routing.guards.
    """

    to: str
    party: Party
    roles: frozenset[str]
    article: str
    guards: tuple[str, ...] = ()


Row = tuple[tuple[str, ...], str, Rule]  # states, action, rule
UNDECIDED = ("screened", "received")
HANDLED = ("accepted", "investigating")


def _deciding() -> Iterator[Row]:
    """Whose it is and what becomes of it (Art 22, 23, 31)."""
    yield ("registered", "screened"), "screen", Rule("screened", "holder", OFFICE, "Art 31")
    yield UNDECIDED, "transfer", Rule("offered", "holder", OFFICE, "Art 22", ("not-in-review",))
    yield UNDECIDED, "assign", Rule("offered", "holder", OFFICE, "Art 22", ("not-in-review",))
    yield ("offered",), "receive", Rule("received", "offered", OFFICE, "Art 23")
    yield ("offered",), "recall", Rule(BACK, "offerer", OFFICE, "Art 22", ("not-a-review",))
    objecting = ("was-handed-over", "not-forced", "objection-in-time")
    yield ("received",), "object", Rule("objected", "holder", OFFICE, "Art 23", objecting)
    yield ("objected",), "agree-objection", Rule(BACK, "offerer", OFFICE, "Art 23")
    yield ("objected",), "refuse-objection", Rule("received", "offerer", OFFICE, "Art 23")
    yield ("disputed",), "arbitrate", Rule("offered", "arbiter", ABOVE, "Art 23")
    yield UNDECIDED, "claim", Rule(SAME, "holder", OFFICE, "", ("unclaimed",))
    yield UNDECIDED, "accept", Rule("accepted", "holder", OFFICE, "Art 22, 23", ("not-terminated-before",))
    yield UNDECIDED, "decline", Rule("declined", "holder", OFFICE, "Art 23")
    yield UNDECIDED, "refuse-again", Rule("not-accepted-again", "holder", OFFICE, "Art 36", ("barred",))
    yield UNDECIDED, "lift-bar", Rule(SAME, "holder", LEADER, "Art 36", ("barred",))
    yield UNDECIDED, "answer", Rule("answered", "holder", OFFICE, "Art 22")
    yield UNDECIDED, "guide", Rule("guided", "holder", OFFICE, "Art 22, 31")
    yield UNDECIDED, "export", Rule("exported", "holder", OFFICE, "Art 22, 30")
    yield ("screened",), "file", Rule("filed", "holder", OFFICE, "Art 22")


def _handling() -> Iterator[Row]:
    """Until the opinion is served, and after it (Art 32 to 36)."""
    yield ("accepted",), "investigate", Rule("investigating", "holder", HANDLING, "Art 32")
    yield HANDLED, "start-hearing", Rule("hearing", "holder", HANDLING, "Art 32, 36")
    yield ("hearing",), "end-hearing", Rule("investigating", "holder", HANDLING, "Art 36")
    yield HANDLED, "start-mediation", Rule("mediating", "holder", HANDLING, "Art 33")
    yield ("mediating",), "end-mediation", Rule("investigating", "holder", HANDLING, "Art 33")
    yield (*HANDLED, "mediating", "opinion-drafted"), "extend", Rule(SAME, "holder", LEADER, "Art 34", ("extendable",))
    yield HANDLED, "draft-opinion", Rule("opinion-drafted", "holder", HANDLING, "Art 32")
    yield ("opinion-drafted",), "draft-opinion", Rule(SAME, "holder", HANDLING, "Art 32")
    yield (*HANDLED, "opinion-drafted"), "submit", Rule("in-approval", "holder", HANDLING, "Art 32")
    yield ("in-approval",), "approve", Rule("opinion-approved", "holder", frozenset(), "Art 32", ("four-eyes",))
    yield ("in-approval",), "return-draft", Rule("opinion-drafted", "holder", frozenset(), "Art 32")
    yield ("opinion-approved",), "serve", Rule("served", "holder", OFFICE, "Art 32")
    yield ("opinion-approved", "served"), "close", Rule("closed", "holder", OFFICE, "Art 32")
    done = ("opinion-approved", "served", "closed", "terminated")
    yield done, "report", Rule(SAME, "holder", OFFICE, "Art 22", ("was-assigned",))
    yield done[1:], "carry-out", Rule(SAME, "holder", OFFICE, "Art 32", ("to-be-carried-out",))
    yield ("served", "closed"), "request-review", Rule("offered", "holder", OFFICE, "Art 35, 36", ("in-review-window",))


def _overlays() -> Iterator[Row]:
    """What lies over any state in which a case is worked on."""
    working = (*UNDECIDED, *HANDLED)
    suspended = (*working, "hearing", "mediating", "opinion-drafted")
    between = ("offered", "objected", "disputed")
    # a petitioner withdraws as long as nothing has ended, also while two units do not agree whose the case is, and goes
    # for that to whichever of them is known
    unfinished = ("registered", *between, *suspended, "in-approval", "opinion-approved", "served")
    yield unfinished, "note-withdrawal", Rule("withdrawn", "whoever-had-it", OFFICE, "")
    yield suspended, "suspend", Rule(SAME, "holder", HANDLING, "Art 31")
    yield suspended, "resume", Rule(SAME, "holder", HANDLING, "Art 31", ("is-suspended",))
    yield working, "merge", Rule(SAME, "holder", OFFICE, "", ("not-in-review", "not-terminated-before"))
    yield working, "unmerge", Rule(SAME, "holder", OFFICE, "", ("is-merged",))
    # also what has ended can still be read
    yield STATES, "mark-confidential", Rule(SAME, "holder", HEAD, "", ("not-confidential",))
    yield STATES, "unmark-confidential", Rule(SAME, "holder", HEAD, "", ("is-confidential",))


_ROWS = (*_deciding(), *_handling(), *_overlays())
# (state, action) -> rule; what is not here is forbidden
TABLE: Mapping[tuple[str, str], Rule] = {(state, action): rule for states, action, rule in _ROWS for state in states}
ACTIONS = tuple(dict.fromkeys(action for _, action, _ in _ROWS))
# what the system does by itself, beside these: the case is opened, an offer to a unit nobody
# knows goes back, time limits are counted anew when the calendar changes, and it is marked that the matter went through
# re-review before (or did not), as the register found; and who is asked for support may read what is confidential
BY_ITSELF = ("open", "return", "recount", "recognise", "unrecognise", "widen")
