"""信访工作条例 第三十二条: who handles a matter makes an opinion of it; what others wrote, or wrote before, is none."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from services.routing.tests.cases import NOW, OFFICE, PROVINCE, TOWN, fresh, offer_to

from kit.errors import Refused
from routing.domain import Case
from routing.procedures.domain import ActionRule
from routing.standing import Paper, Standing

HANDLED = replace(fresh(), state="investigating")
# the province reviews what the office decided ten days ago
REVIEWED = replace(
    HANDLED, stage="review", holder_unit=PROVINCE.code,
    hops=(offer_to(PROVINCE, kind="review", offered_at=NOW + timedelta(days=10)),),
)  # fmt: skip


def paper(number: int, *, unit: str | None = OFFICE.code, day: int = 1, **changes: object) -> Paper:
    filed = Paper(UUID(int=number), "opinion", NOW + timedelta(days=day), unit, "support")
    return filed._replace(**changes)  # type: ignore[arg-type]  # test data


def sent(case: Case, *papers: Paper, outcome: str = "support") -> str | None:
    """The slug with which sending all of these for approval is refused."""
    there = Standing(case, (), papers, (), ())
    try:
        there.check_papers([each.id for each in papers], outcome)
    except Refused as refusal:
        return refusal.slug
    return None


def test_the_opinion_of_who_handles_the_matter_is_sent_for_approval() -> None:
    assert sent(HANDLED, paper(1)) is None
    assert sent(HANDLED, paper(1), paper(2, kind="hearing-record", unit=TOWN.code, outcome=None)) is None


@pytest.mark.parametrize("unit", [TOWN.code, PROVINCE.code])
def test_the_opinion_of_another_unit_is_not_the_handlers(unit: str) -> None:
    assert sent(HANDLED, paper(1, unit=unit)) == "paper-missing"
    assert sent(HANDLED, paper(1), paper(2, unit=unit)) == "paper-missing"
    assert Standing(HANDLED, (), (paper(1, unit=unit),), (), ()).missing_papers(ActionRule(papers=("opinion",))) == [
        "opinion"
    ]


def test_a_review_is_decided_by_an_opinion_of_its_own() -> None:
    assert sent(REVIEWED, paper(1)) == "paper-missing"
    assert sent(REVIEWED, paper(1, unit=PROVINCE.code, day=9)) == "paper-missing"  # before it was asked for
    assert sent(REVIEWED, paper(1, unit=PROVINCE.code, day=11)) is None


def test_what_is_approved_is_what_the_paper_says() -> None:
    assert sent(HANDLED, paper(1), outcome="not-support") == "outcome-differs"
    assert sent(HANDLED, paper(1), paper(2, outcome="explain")) == "outcome-differs"
    assert sent(HANDLED, paper(1, outcome=None), outcome="explain") is None  # told by a node of an older release
