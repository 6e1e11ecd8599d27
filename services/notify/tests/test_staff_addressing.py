"""Who is told of what: every event of routing is in the one table or named as silent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENTS
from notify.staff.domain import (
    BY_LEADERS,
    KINDS,
    SILENT,
    TOLD,
    Heard,
    Notice,
    addressees,
    allowed,
    host_of,
    is_private,
    said,
)
from notify.staff.words import LANGUAGES, called

HEARD = ("routing.", "intake.petition.", "notify.text.")
PLACED = {kind for kind in EVENTS if kind.startswith(HEARD)}
DEFINITIONS = Path(__file__).parents[2] / "routing/src/routing/procedures/definitions"
LINK = "https://x.example/staff/messages"


def unplaced(kinds: set[str]) -> set[str]:
    """Types of which nobody said whether somebody is told."""
    return kinds - TOLD.keys() - SILENT


def test_every_event_of_cases_petitions_and_texts_is_told_to_somebody_or_named_as_silent() -> None:
    assert unplaced(PLACED) == set()
    assert not TOLD.keys() & SILENT
    assert TOLD.keys() | SILENT == PLACED, "the table names an event that does not exist"


def test_an_event_of_which_nobody_said_anything_is_noticed() -> None:
    assert unplaced({*PLACED, "routing.case.invented.v1"}) == {"routing.case.invented.v1"}


def test_whatever_is_told_has_a_name_in_both_languages() -> None:
    for kind in TOLD:
        zh, en = called(kind, "supervise" if ".request." in kind else "", "red")
        assert not zh.isascii()
        assert en.isascii()


def test_every_time_limit_of_the_shipped_procedures_has_a_name() -> None:
    clocks = {name for each in shipped() for name in each.get("clocks") or {}}
    assert len(clocks) > 15
    assert {name for name in clocks if name in called("routing.clock.warned.v1", name, "red")[0]} == set()


def shipped() -> list[dict[str, Any]]:
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in DEFINITIONS.glob("*.v*.yaml")]


def test_leaders_alone_approve_by_the_procedures_that_say_so() -> None:
    approving = {each["name"]: set(each["approval"]) for each in shipped() if each.get("approval")}
    assert {name for name, roles in approving.items() if roles == {"leader"}} == BY_LEADERS
    assert set().union(*approving.values()) <= {"handler", "leader"}


def test_an_opinion_waits_for_leaders_or_whoever_else_the_procedure_may_ask() -> None:
    for procedure, roles in (("ordinary-petition/1", ("leader",)), ("administrative-flow/1", ("handler", "leader"))):
        heard = Heard("routing.case.opinion-submitted.v1", {"holder": ("a",)}, procedure=procedure)
        (told,) = addressees(heard)
        assert (told.kind, told.roles) == ("to-approve", roles)


def test_the_last_approval_is_told_to_who_serves_the_opinion() -> None:
    for state, kind in (("in-approval", "to-approve"), ("opinion-approved", "progress")):
        (told,) = addressees(Heard("routing.case.opinion-approved.v1", {"holder": ("a",)}, state=state))
        assert told.kind == kind


@pytest.mark.parametrize(("level", "units"), [("yellow", {"a"}), ("red", {"a", "b"}), ("purple", {"a", "b"})])
def test_what_is_over_is_told_to_the_office_above_too(level: str, units: set[str]) -> None:
    parties = {"holder": ("a",), "superior": ("b",)}
    told = addressees(Heard("routing.clock.warned.v1", parties, level=level))  # type: ignore[arg-type] # literal keys
    assert {each.unit for each in told} == units


PARTIES = st.dictionaries(
    st.sampled_from(["holder", "receiver", "senders", "asked", "superior", "from", "to", "desk"]),
    st.lists(st.sampled_from("abcd"), max_size=3).map(tuple),
)


@given(kind=st.sampled_from(sorted(PLACED)), parties=PARTIES, level=st.sampled_from(["", "yellow", "red"]))
def test_each_unit_is_told_once_with_roles_and_never_one_that_is_no_party(kind: str, parties: dict, level: str) -> None:  # type: ignore[type-arg] # literal keys
    told = addressees(Heard(kind, parties, level=level))
    units = [each.unit for each in told]
    assert len(units) == len(set(units))
    assert set(units) <= {unit for named in parties.values() for unit in named}
    assert all(each.roles and each.kind in KINDS for each in told)


DUE = datetime(2026, 1, 20, 16, tzinfo=UTC)
NUMBERS = st.from_regex(r"XF[0-9]{6}", fullmatch=True)
NOTICES = st.lists(st.builds(Notice, NUMBERS, st.just("待签收"), st.sampled_from([None, DUE])), min_size=1, max_size=20)


@given(notices=NOTICES, more=st.integers(0, 1000), language=st.sampled_from(LANGUAGES))
def test_a_message_tells_numbers_and_the_count_and_stays_short(notices: list[Notice], more: int, language: str) -> None:
    count = len(notices) + more
    text = said(notices, count, language=language, office="某县信访局", link=LINK)
    assert LINK in text
    assert notices[0].number in text
    assert count == 1 or str(count) in text
    assert len(text) < 260
    assert len(text.splitlines()) == 1


def test_a_limit_that_ends_at_midnight_ends_with_its_last_day() -> None:
    notice = Notice("XF1", "期限临近", DUE)
    assert "期限2026年1月20日" in said([notice], 1, language="zh", office="某局", link=LINK)


@pytest.mark.parametrize("url", [
    "ftp://h.example/", "https://", "https://a:b@h.example/", "https://h.example/#x", "https://h.example:0/",
    "https://[::1/", "javascript:alert(1)",
])  # fmt: skip
def test_what_is_no_address_of_a_webhook_names_no_host(url: str) -> None:
    assert host_of(url) is None


def test_webhooks_go_where_the_operator_listed() -> None:
    listed = ("hooks.example", ".gov.example")
    for host in ("hooks.example", "a.gov.example", "b.a.gov.example"):
        assert allowed(host, listed), host
    for host in ("x.hooks.example", "gov.example", "evilgov.example", "hooks.example.evil.example", ""):
        assert not allowed(host, listed), host


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104 - refused
    "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1",
])  # fmt: skip
def test_private_addresses_are_known(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_are_known(address: str) -> None:
    assert not is_private(address)
