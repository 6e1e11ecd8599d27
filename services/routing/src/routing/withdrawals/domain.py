"""A petitioner withdraws at a unit whose node does not write the case: what becomes of that at each node it comes to.

It follows the case: who gets it waits until the version has come that it follows, then writes it if the next version
is its own, or passes it on to who writes now. So it always goes to a newer version, never in a circle. Standard library
only.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from routing.decisions import Counting, decide
from routing.domain import Actor, Case, Order, refusal
from routing.procedures.domain import Procedure

ACTION = "note-withdrawal"
MOST = 50  # a case that moves on as fast as a letter all that time is not followed for ever: who asked is told
Next = Literal["wait", "decide", "pass-on"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """unit, node: where the petitioner came; sender: the node that brought it here; version: of the case as that knew
    it; passed_on: how often; note, fields: the words and the form of the action.
    """

    id: UUID
    case_id: UUID
    unit: str
    node: str
    sender: str
    version: int
    at: datetime
    passed_on: int = 0
    actor: str | None = None
    note: str = ""
    fields: str = ""


def next_step(case: Case | None, asked: Withdrawal, here: str) -> Next:
    if case is None or case.version < asked.version:
        return "wait"
    return "decide" if case.writer == here else "pass-on"


def decided(
    case: Case, asked: Withdrawal, actor: Actor, at: datetime, procedure: Procedure, counting: Counting, *,
    holder_node: str | None,
) -> Case | str | None:  # fmt: skip
    """The version by which the case is withdrawn, or why it is not; None of one that is withdrawn already.

    actor: the unit that took the withdrawal down, as if it acted here.
    """
    if case.state == "withdrawn":
        return None
    if asked.sender not in case.nodes:
        return "not-the-writer"  # nobody else has a say in it
    if _review_asked_since(case, asked):
        return "not-in-this-state"
    why = refusal(case, ACTION, actor, procedure, at)
    if why is not None:
        return why.slug
    order = Order(actor, case.version, at, note=asked.note, fields=asked.fields, holder_node=holder_node)
    changed = decide(case, ACTION, order, procedure, counting)
    # whose turn it is here writes it: so every node sees that this one had the right to
    unit = case.asked or case.holder_unit
    last = replace(changed.last, unit=unit, actor=None, reason=f"asked-at:{asked.unit}"[:64])
    return replace(changed, last=last)


def _review_asked_since(case: Case, asked: Withdrawal) -> bool:
    """Who asks for a review afterwards has the petition go on (Art 35, 36)."""
    offers = (*case.hops, *((case.hand_over,) if case.hand_over is not None else ()))
    return any(offer.kind == "review" and offer.offered_at > asked.at for offer in offers)


def passed_on(case: Case, asked: Withdrawal, here: str) -> Withdrawal | str:
    """As it goes to who writes now; or why it does not."""
    if asked.sender not in case.nodes:
        return "not-the-writer"
    if asked.passed_on >= MOST:
        return "not-reached"
    return replace(asked, sender=here, version=case.version, passed_on=asked.passed_on + 1)
