"""Requests between units as two tables: kinds with who may send them, and statuses. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Party = Literal["sender", "receiver"]
# who may ask: the holder; a unit of its region or one it lies in; an office it answers to (Art 40: the petition office,
# of departments of its region and of lower regions); such a one or the holder
By = Literal["holder", "region", "superior", "superior-or-holder"]
OFFICE = frozenset({"clerk", "handler", "leader"})
SUPERVISING = frozenset({"supervisor", "leader"})
TRIGGERS = ("overdue", "refused-hand-overs", "not-carried-out", "false-report", "other")  # Art 40
SUGGESTIONS = ("improve-work", "improve-policy", "hold-accountable")  # Art 40 改进工作、完善政策、追究责任
ADOPTIONS = ("adopted", "partly", "not")  # Art 40: whether a suggestion is followed is answered in writing
LONGEST = timedelta(days=3660)  # a date further away is a slip of the pen


@dataclass(frozen=True, slots=True)
class Policy:
    """What an office may set. Yellow comes with that many days left or that share of the time used; so many objections
    that were agreed to propose supervision; waiting: clocks whose end is no fault of the holder.
    """

    yellow_days: int = 5
    yellow_share: float = 0.75
    refused_hand_overs: int = 2
    waiting: frozenset[str] = frozenset(
        {"objection", "objection-answer", "ask-review", "ask-re-review", "evaluation", "unclaimed"}
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """roles, by: of those who may ask; answer: whether one is wanted, None where the asker says; dated: it is wanted by
    a date; reasons: codes of which one is given.
    """

    zh: str
    en: str
    article: str
    roles: frozenset[str]
    by: By
    answer: bool | None = True
    dated: bool = False
    reasons: tuple[str, ...] = ()
    open_case: bool = False


KINDS: Mapping[str, Kind] = {
    "urge": Kind("催办", "urge", "", OFFICE | SUPERVISING, "region", answer=None, open_case=True),
    "supervise": Kind("督办", "supervise", "Art 40", SUPERVISING, "superior", dated=True, reasons=TRIGGERS),
    "instruct": Kind("批示", "instruct", "", frozenset({"leader"}), "superior-or-holder", answer=None),
    "suggest": Kind(
        "三项建议", "suggest", "Art 40", SUPERVISING, "superior-or-holder", dated=True, reasons=SUGGESTIONS
    ),
    "support": Kind("协办", "support", "", OFFICE, "holder", open_case=True),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of the table: the status that follows and the party whose action it is."""

    to: str
    party: Party


# (status, action) -> rule; what is not here is forbidden
TABLE: Mapping[tuple[str, str], Rule] = {
    ("sent", "receive"): Rule("received", "receiver"),
    ("received", "answer"): Rule("answered", "receiver"),
    ("returned", "answer"): Rule("answered", "receiver"),
    ("answered", "close"): Rule("closed", "sender"),
    ("answered", "return"): Rule("returned", "sender"),
    ("sent", "cancel"): Rule("cancelled", "sender"),
    ("received", "cancel"): Rule("cancelled", "sender"),
    ("returned", "cancel"): Rule("cancelled", "sender"),
}
ACTIONS = ("receive", "answer", "close", "return", "cancel")
UNANSWERED = ("sent", "received", "returned")
ENDED = ("closed", "cancelled")
STATUSES: Mapping[str, tuple[str, str]] = {
    "sent": ("已发出,对方尚未签收", "sent, not yet received"),
    "received": ("已签收,待答复", "received, not yet answered"),
    "answered": ("已答复,待认可", "answered, not yet taken"),
    "returned": ("答复已退回,待重新答复", "answer returned, a better one is wanted"),
    "closed": ("已办结", "closed"),
    "cancelled": ("已撤销", "cancelled"),
}
