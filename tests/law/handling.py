"""Cases that go through the table of states as the shipped procedures and the published calendar have it."""

from typing import Any
from uuid import UUID

from services.routing.tests.cases import OFFICE, TOWN, actor, fresh

from routing.decisions import Counting, decide
from routing.domain import Case, Order, Unit
from tests.law.limits import POLICY, at, calendar, procedure

COUNTING = Counting(calendar(), POLICY)


def do(case: Case, action: str, moment: str, unit: Unit = OFFICE, **more: Any) -> Case:
    """Whoever may do it does it at a moment in China. Raises Refused."""
    order = Order(actor(unit), case.version, at(moment), hand_over=UUID(int=9), **more)
    return decide(case, action, order, procedure(), COUNTING)


def opened(moment: str = "2025-09-01 09:30") -> Case:
    return fresh(registered_at=at(moment), procedure=procedure(), counting=COUNTING, route=6)


def handed_over(moment: str) -> Case:
    """Signed for by another unit at once."""
    return do(do(opened(), "transfer", moment, to=TOWN), "receive", moment, TOWN)
