"""Art 35, 36: the petitioner is told the same last day that the case is counted by, and no right that it has not."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from services.intake.tests.linked import register
from services.intake.tests.test_ratings import rate
from services.routing.tests.cases import OFFICE, actor, fresh

from intake.main import service as intake
from kit.clock import ManualClock
from routing.decisions import decide
from routing.domain import Case, Order
from routing.procedures.domain import Stage
from routing.shapes import public_state
from tests.law.handling import COUNTING
from tests.law.limits import at, procedure
from tests.support.running import told

SERVED = "2025-09-05 10:00"  # thirty days later it is the National Day, until the 8th of October


def served(key: str = "ordinary-petition/1", stage: Stage = "handling") -> Case:
    case = fresh(registered_at=at("2025-09-01 09:30"), procedure=procedure(key), counting=COUNTING, route=6)
    case = replace(case, state="opinion-approved", stage=stage, handler_unit=case.holder_unit, outcome="explain")
    return decide(case, "serve", Order(actor(OFFICE), case.version, at(SERVED)), procedure(key), COUNTING)


async def unsatisfied(start: Any, case: Case) -> Any:
    """What who is not satisfied with a served opinion is told at the node that registered the petition."""
    running = await start(intake, path="33.02", clock=ManualClock(at(SERVED)))
    receipt = await register(running, channel="letter")
    state = public_state(case).model_copy(update={"number": receipt["number"]})
    event = told("routing.case.opinion-served.v1", state, subject=UUID(receipt["id"]), sequence=5, node="33.02")
    await running.hear("intake.on-case", event)
    answer = await rate(running, receipt, unit="not")
    assert answer.status_code == 201, answer.text
    return answer.json()["review"]


@pytest.mark.parametrize(("stage", "kind"), [("handling", "review"), ("review", "re-review")])
async def test_the_last_day_is_not_a_holiday(start: Any, stage: Stage, kind: str) -> None:
    offered = await unsatisfied(start, served(stage=stage))
    assert (offered["until"], offered["kind"]) == ("2025-10-09", kind)


async def test_after_a_re_review_nothing_more_is_offered(start: Any) -> None:
    assert await unsatisfied(start, served(stage="re-review")) is None


async def test_what_has_no_review_offers_none(start: Any) -> None:
    assert await unsatisfied(start, served("administrative-flow/1")) is None
