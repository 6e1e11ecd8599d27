"""Who may ask what of whom, and every pair of status and action, allowed and forbidden."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from kit.errors import Refused
from routing.requests import domain as requests
from routing.requests.domain import Asker, Matter, Place, Request, Wish
from routing.requests.rules import ACTIONS, KINDS, STATUSES, TABLE, Policy

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SOON = NOW + timedelta(days=10)
CITY = Place("city-office", "33.02", "33.02")
CITY_BUREAU = Place("city-bureau", "33.02", "33.02", (CITY.unit,), (CITY.unit,))
COUNTY = Place("county-office", "33.02.25", "33.02.25", (CITY.unit, CITY_BUREAU.unit), ("city-office", "province"))
BUREAU = Place("county-bureau", "33.02.25", "33.02.25", superiors=(COUNTY.unit, *COUNTY.superiors))
TOWN = Place(
    "town-office", "33.02.25.100", "33.02.25.100", (COUNTY.unit, BUREAU.unit, CITY.unit),
    (COUNTY.unit, *COUNTY.superiors),
)  # fmt: skip
OTHER = Place("other-county", "33.02.26", "33.02")
MATTER = Matter(UUID(int=1), "XF1", "accepted", COUNTY)
ROLES = frozenset({"clerk", "handler", "leader", "supervisor"})
WISHES = {
    "urge": Wish("请抓紧办理"),
    "supervise": Wish("请说明超期原因", "overdue", SOON),
    "instruct": Wish("请认真办理", wants_answer=False),
    "suggest": Wish("建议完善补偿办法", "improve-policy", SOON),
    "support": Wish("请提供规划资料"),
}


def asked(kind: str = "supervise", by: Place = CITY, to: Place = COUNTY, roles: frozenset[str] = ROLES,
          matter: Matter = MATTER, wish: Wish | None = None) -> Request:  # fmt: skip
    by = COUNTY if kind == "support" and by is CITY else by
    to = BUREAU if kind == "support" and to is COUNTY else to
    return requests.send(kind, Asker("a", by, roles), matter, to, wish or WISHES[kind], UUID(int=9), NOW)


def refused(slug: str) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, match=f"^{slug}")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_sent_by_those_who_may(kind: str) -> None:
    request = asked(kind)
    assert (request.status, request.version, request.writer) == ("sent", 1, "33.02.25")


@pytest.mark.parametrize(
    ("kind", "roles"),
    [("supervise", {"clerk", "handler"}), ("suggest", {"clerk", "handler"}), ("urge", {"analyst"}),
     ("instruct", {"clerk", "handler", "supervisor"}), ("support", {"supervisor"})],
)  # fmt: skip
def test_each_kind_is_refused_to_other_roles(kind: str, roles: set[str]) -> None:
    with refused("not-allowed"):
        asked(kind, roles=frozenset(roles))


@pytest.mark.parametrize("kind", ["urge", "supervise", "instruct", "suggest"])
@pytest.mark.parametrize("by", [TOWN, OTHER])
def test_a_unit_that_does_not_cover_the_holder_is_refused(kind: str, by: Place) -> None:
    with refused("not-above-the-holder"):
        asked(kind, by=by)


@pytest.mark.parametrize("kind", ["supervise", "instruct", "suggest"])
@pytest.mark.parametrize("by", [BUREAU, CITY_BUREAU])
def test_no_department_supervises_its_petition_office_nor_one_below(kind: str, by: Place) -> None:
    """Art 40: that is for the petition offices above."""
    with refused("not-above-the-holder"):
        asked(kind, by=by)
    assert asked("urge", by=by).sender == by  # everybody of the region may remind


@pytest.mark.parametrize("kind", ["supervise", "instruct", "suggest"])
def test_a_petition_office_supervises_the_departments_of_its_region(kind: str) -> None:
    request = asked(kind, by=COUNTY, to=BUREAU, matter=replace(MATTER, holder=BUREAU))
    assert (request.sender, request.receiver) == (COUNTY, BUREAU)


def test_only_the_holder_asks_for_support() -> None:
    with refused("not-the-holder"):
        asked("support", by=BUREAU, to=TOWN)
    assert asked("support", to=OTHER).receiver == OTHER


@pytest.mark.parametrize(("accused", "to"), [(BUREAU, BUREAU), (BUREAU, TOWN), (CITY, TOWN)])
def test_the_accused_unit_and_those_below_it_are_never_asked(accused: Place, to: Place) -> None:
    matter = replace(MATTER, accused_units=(accused.unit,))
    with refused("accused-unit"):
        asked("support", to=to, matter=matter)
    with refused("accused-unit"):
        asked("supervise", by=Place("province", "33", "33"), to=to, matter=replace(matter, holder=to))
    assert asked("support", to=OTHER, matter=matter).receiver == OTHER


def test_a_suggestion_goes_up_or_down_the_tiers_but_not_across() -> None:
    assert asked("suggest", by=COUNTY, to=CITY).receiver == CITY
    with refused("not-in-line"):
        asked("suggest", by=COUNTY, to=OTHER)


def test_only_a_leader_asks_the_own_unit() -> None:
    assert asked("instruct", by=COUNTY).sender == COUNTY
    with refused("own-unit"):
        asked("urge", by=COUNTY)


def test_an_ended_case_is_not_urged_or_supported_but_supervised_when_its_opinion_is_not_carried_out() -> None:
    ended = replace(MATTER, state="closed")
    for kind in ("urge", "support"):
        with refused("case-ended"):
            asked(kind, matter=ended)
    assert asked(matter=ended, wish=Wish("仍未落实", "not-carried-out", SOON)).reason == "not-carried-out"


@pytest.mark.parametrize("due_at", [None, NOW, NOW - timedelta(days=1), NOW + timedelta(days=4000)])
def test_supervision_and_suggestions_need_a_date_to_come(due_at: datetime | None) -> None:
    for kind in ("supervise", "suggest"):
        with refused("answer-date-missing"):
            asked(kind, wish=replace(WISHES[kind], due_at=due_at))


def test_a_reason_is_one_of_its_kind() -> None:
    for kind, reason in (("supervise", None), ("supervise", "improve-work"), ("urge", "overdue")):
        with refused("invalid-input"):
            asked(kind, wish=Wish("x", reason, SOON))


def at_status(status: str) -> Request:
    return replace(asked(), status=status)


@pytest.mark.parametrize(("status", "action"), list(product(STATUSES, ACTIONS)))
@pytest.mark.parametrize("place", [CITY, COUNTY])
def test_every_pair_of_status_and_action(status: str, action: str, place: Place) -> None:
    rule = TABLE.get((status, action))
    slug = requests.refusal(at_status(status), action, Asker("a", place, ROLES))
    if rule is None:
        assert slug == "not-in-this-state"
    else:
        party = CITY if rule.party == "sender" else COUNTY
        assert slug == (None if place == party else "not-your-request")


def test_who_writes_next_is_one_node_or_nobody() -> None:
    writers = {status: at_status(status).writer for status in STATUSES}
    assert {status for status, node in writers.items() if node == COUNTY.node} == {"sent", "received", "returned"}
    assert writers["answered"] == CITY.node
    assert writers["closed"] is None
    assert writers["cancelled"] is None


def test_where_no_answer_is_wanted_signing_for_it_ends_it() -> None:
    signed = requests.receive(asked("instruct"), Asker("b", COUNTY, ROLES), 1, NOW)
    assert (signed.status, signed.ended_at) == ("closed", NOW)


def test_a_suggestion_is_answered_with_its_adoption_and_nothing_else_is() -> None:
    county = Asker("b", COUNTY, ROLES)
    suggestion = requests.receive(asked("suggest"), county, 1, NOW)
    with refused("adoption-missing"):
        requests.answer(suggestion, county, 2, NOW, "已研究", None)
    assert requests.answer(suggestion, county, 2, NOW, "部分采纳", "partly").adoption == "partly"
    supervision = requests.receive(asked(), county, 1, NOW)
    with refused("adoption-missing"):
        requests.answer(supervision, county, 2, NOW, "已办", "adopted")


def test_the_level_tells_how_near_the_date_is_and_stays_red_for_a_late_answer() -> None:
    policy = Policy(yellow_days=2, yellow_share=0.75)
    request = asked()
    levels = [request.level(NOW + timedelta(days=day), policy) for day in (0, 7.4, 7.6, 10, 10.1)]
    assert levels == ["green", "green", "yellow", "yellow", "red"]
    answered = replace(request, status="answered", answered_at=NOW + timedelta(days=11))
    assert answered.level(NOW + timedelta(days=30), policy) == "red"
    assert replace(answered, answered_at=NOW).level(NOW + timedelta(days=30), policy) == "green"
    assert asked("urge").level(NOW, policy) is None
