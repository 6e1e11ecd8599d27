"""Proposing and linking petitions, over HTTP, on a real database."""

import uuid
from typing import Any

import pytest
from services.intake.tests.linked import (
    AGAIN,
    LAND,
    NOW,
    PETITIONS,
    PUDDLE,
    act,
    hear_merge,
    hear_state,
    opened,
    petition,
    register,
    status,
)
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.events import PetitionState
from contracts.letters import LinkRequest
from intake.main import service
from kit.errors import Refused

REGISTERED = "intake.petition.registered.v1"
COUNTY = token("330225-xf", "33.02.25")


async def propose(intake: Running, who: str = "", **changes: Any) -> list[dict[str, Any]]:
    body = {key: value for key, value in petition(**changes).items() if key in {"title", "content", "petitioners"}}
    answer = await intake.request("POST", f"{PETITIONS}/candidates", who=who, json=body)
    assert answer.status_code == 200, answer.text
    proposals: list[dict[str, Any]] = answer.json()
    return proposals


async def test_the_same_person_and_matter_is_proposed_with_the_reason_through_another_channel(start: Any) -> None:
    intake = await start(service)
    first = await register(intake)
    await register(intake, **LAND)
    (same, other) = await propose(intake, **AGAIN, petitioners=[{"id_number": "110101199003074258"}])
    assert (same["number"], same["likely"], same["terminated"]) == (first["number"], True, False)
    assert [reason["code"] for reason in same["reasons"]] == ["same-id-number", "similar-text"]
    assert same["reasons"][0]["zh"] == "证件号码相同"
    assert (other["likely"], other["advice"]) == (False, None)


async def test_a_telephone_number_written_differently_is_the_same(start: Any) -> None:
    intake = await start(service)
    await register(intake)
    (shown,) = await propose(intake, petitioners=[{"phone": "+86 138-0000-1111"}])
    assert [reason["code"] for reason in shown["reasons"]] == ["same-phone", "similar-text"]


async def test_other_people_with_the_same_words_are_proposed_to_be_merged(start: Any) -> None:
    intake = await start(service)
    await register(intake)
    (shown,) = await propose(intake, petitioners=[{"phone": "13911112222"}])
    assert ([reason["code"] for reason in shown["reasons"]], shown["likely"]) == (["similar-text"], False)
    assert await propose(intake, **LAND, petitioners=[{"phone": "13911112222"}]) == []


async def test_what_the_caller_may_not_read_is_not_proposed(start: Any) -> None:
    intake = await start(service)
    await register(intake, kind="accusation", accused_units=["330225100-cj"])
    assert len(await propose(intake)) == 1
    assert await propose(intake, who=token("330225101-xf", "33.02.25.101")) == []
    assert await propose(intake, who=token("330225100-cj", "33.02.25.100")) == []
    analyst = await intake.request("POST", f"{PETITIONS}/candidates", who=token(roles=["analyst"]), json=PUDDLE)
    assert analyst.status_code == 403


async def test_candidates_are_asked_for_without_leaving_a_trace(start: Any) -> None:
    intake = await start(service)
    await propose(intake)
    assert await intake.rows("SELECT 1 FROM idempotency") == []


async def test_a_repeat_is_linked_while_registering_and_told_above(start: Any) -> None:
    intake = await start(service)
    first = await register(intake)
    second = await register(intake, **AGAIN, repeat_of=first["id"])
    state: PetitionState = (await intake.events())[-1].data
    assert (str(state.repeat_of), state.terminated_before) == (first["id"], False)
    links = (await intake.request("GET", f"{PETITIONS}/{second['id']}/links")).json()
    assert (links["first_of"], links["ordinal"]) == (first["id"], 2)
    assert [each["number"] for each in links["chain"]] == [first["number"], second["number"]]
    assert [(change["change"], change["subject"]) for change in links["history"]] == [("linked", "tester")]


async def test_a_repeat_of_something_unknown_is_refused_and_nothing_registered(start: Any) -> None:
    intake = await start(service)
    unknown = "01980000-0000-7000-8000-000000000001"
    answer = await intake.request("POST", PETITIONS, json=petition(repeat_of=unknown))
    assert (answer.status_code, answer.json()["field"]) == (404, "repeat_of")
    assert not await intake.rows("SELECT 1 FROM petitions")


async def test_linking_and_unlinking_later_keeps_both_in_the_history(start: Any) -> None:
    intake = await start(service)
    first, second, third = await register(intake), await register(intake, **AGAIN), await register(intake, **AGAIN)
    await act(intake, third, "link-repeat", repeat_of=second["id"])
    links = (await act(intake, second, "link-repeat", repeat_of=first["id"])).json()
    assert [each["ordinal"] for each in links["chain"]] == [1, 2, 3]
    undone = (await act(intake, second, "unlink-repeat")).json()
    assert (undone["ordinal"], len(undone["chain"])) == (1, 2)
    assert [change["change"] for change in undone["history"]] == ["linked", "unlinked"]
    told_ = [(event.type, event.version) for event in await intake.events() if str(event.subject) == second["id"]]
    assert told_ == [
        ("intake.petition.registered.v1", 1),
        ("intake.petition.linked.v1", 2),
        ("intake.petition.unlinked.v1", 3),
    ]


@pytest.mark.parametrize(
    ("action", "body", "slug"),
    [
        ("link-repeat", {"repeat_of": "later"}, "repeat-of-later"),
        ("link-repeat", {"repeat_of": "self"}, "repeat-of-later"),
        ("unlink-repeat", {}, "not-linked"),
    ],
)
async def test_links_that_make_no_sense_are_refused(start: Any, action: str, body: dict[str, str], slug: str) -> None:
    intake = await start(service)
    first, later = await register(intake), await register(intake)
    ids = {"self": first["id"], "later": later["id"]}
    answer = await act(intake, first, action, **{key: ids[value] for key, value in body.items()})
    assert (answer.status_code, answer.json()["type"]) == (409, f"urn:xinqiao:problem:{slug}")


async def test_a_terminated_matter_is_recognised_and_opens_marked(start: Any) -> None:
    intake = await start(service)
    first = await register(intake)
    second = await register(intake, **AGAIN, repeat_of=first["id"])
    await hear_state(intake, second, "terminated")
    proposals = await propose(intake)
    assert [each["terminated"] for each in proposals] == [True, True]
    assert "no longer accepted (Art 36)" in proposals[0]["advice"]["en"]
    await register(intake, repeat_of=first["id"])
    assert (await intake.events())[-1].data.terminated_before


async def test_merged_petitions_keep_their_numbers_and_their_petitioners_see_the_progress_of_the_lead(
    start: Any,
) -> None:
    intake = await start(service)
    lead, member = (
        await register(intake),
        await register(intake, petitioners=[{"name": "李四", "phone": "13911112222"}]),
    )
    await hear_merge(intake, member, lead)
    await hear_state(intake, lead, "accepted")
    shown = (await status(intake, member)).json()
    assert (shown["number"], shown["state"], shown["merged"]) == (member["number"], "accepted", True)
    assert [step["version"] for step in shown["progress"]] == [5]
    assert lead["number"] not in str(shown)
    led = (await intake.request("GET", f"{PETITIONS}/{lead['id']}/links")).json()
    assert [each["number"] for each in led["members"]] == [member["number"]]
    await hear_merge(intake, member, None, 3)
    again = (await status(intake, member)).json()
    assert (again["state"], again["merged"]) == ("screened", False)
    assert [step["action"] for step in again["progress"]] == ["merge", "unmerge"]


async def test_merging_is_told_by_routing_in_any_order_and_stays_in_the_history(start: Any) -> None:
    intake = await start(service)
    lead, member = await register(intake), await register(intake)
    await hear_merge(intake, member, None, 3)
    await hear_merge(intake, member, lead)
    links = (await intake.request("GET", f"{PETITIONS}/{member['id']}/links")).json()
    assert links["merged_into"] is None
    told = [(change["change"], change["other_id"], change["unit"]) for change in links["history"]]
    assert told == [("merged", lead["id"], "330225100-cj"), ("unmerged", lead["id"], "330225100-cj")]
    await hear_merge(intake, member, lead, 4)
    shown = (await intake.request("GET", f"{PETITIONS}/{member['id']}")).json()
    assert shown["merged_into"] == lead["id"]


async def test_whoever_was_answered_with_the_lead_sees_the_own_answer(start: Any) -> None:
    intake = await start(service)
    lead, member = await register(intake), await register(intake)
    await hear_merge(intake, member, lead)
    await hear_state(intake, lead, "accepted")
    await hear_state(intake, member, "answered", 3, merged_into=lead["id"])
    shown = (await status(intake, member)).json()
    assert (shown["state"], shown["merged"], len(shown["progress"])) == ("answered", False, 2)


async def test_where_the_lead_never_came_to_the_petitioner_sees_the_own_progress(start: Any) -> None:
    intake = await start(service)
    member = await register(intake)
    await hear_merge(intake, member, {"id": str(uuid.uuid4())})
    shown = (await status(intake, member)).json()
    assert (shown["state"], shown["merged"], len(shown["progress"])) == ("screened", False, 1)


async def test_whoever_withdrew_sees_that_and_not_the_lead(start: Any) -> None:
    intake = await start(service)
    lead, member = await register(intake), await register(intake)
    await hear_merge(intake, member, lead)
    await hear_state(intake, lead, "accepted")
    await hear_state(intake, member, "withdrawn", merged_into=lead["id"])
    shown = (await status(intake, member)).json()
    assert (shown["state"], shown["merged"]) == ("withdrawn", False)


def below(**changes: Any) -> PetitionState:
    state = {
        "number": "XF2", "region": "33.02.25.100", "unit": "330225100-xf", "channel": "letter", "kind": "appeal",
        "petitioners": 1, "received_at": NOW, "registered_at": NOW, **changes,
    }  # fmt: skip
    return PetitionState.model_validate(state)


async def test_nodes_above_keep_the_newest_state_of_the_links_whatever_comes_first(start: Any) -> None:
    county = await start(service, path="33.02.25")
    petition_id, earlier = uuid.uuid4(), uuid.uuid4()
    linked = told("intake.petition.linked.v1", below(repeat_of=earlier), subject=petition_id, sequence=2)
    await county.hear("intake.on-petition-changed", linked)
    await county.hear("intake.on-petition-registered", told(REGISTERED, below(), subject=petition_id))
    shown = await county.request("GET", f"{PETITIONS}/{petition_id}", who=COUNTY)
    assert shown.json()["repeat_of"] == str(earlier)
    unlinked = told("intake.petition.unlinked.v1", below(), subject=petition_id, sequence=3)
    for event in (unlinked, linked):
        await county.hear("intake.on-petition-changed", event)
    shown = await county.request("GET", f"{PETITIONS}/{petition_id}", who=COUNTY)
    assert shown.json()["repeat_of"] is None


async def test_a_node_above_asks_the_registering_node_which_alone_writes_the_links(start: Any) -> None:
    county, township = await start(service, path="33.02.25"), await start(service)
    first = await register(county, COUNTY)
    second = await register(township, **AGAIN)
    (registered,) = await township.events()
    await county.hear("intake.on-petition-registered", registered)
    path = f"{PETITIONS}/{second['id']}/link-repeat"
    answer = await county.request("POST", path, who=COUNTY, json={"repeat_of": first["id"], "reason": "同一事项"})
    assert (answer.status_code, answer.json()["repeat_of"]) == (202, None)
    (letter,) = [opened(row["body"], township.runtime.settings) for row in await county.sent("letters")]
    for _ in range(2):
        await township.hear("intake.letters", letter)
    (*_, linked) = await township.events()
    assert (linked.type, linked.version) == ("intake.petition.linked.v1", 2)
    await county.hear("intake.on-petition-changed", linked)
    links = (await county.request("GET", f"{PETITIONS}/{second['id']}/links", who=COUNTY)).json()
    assert (links["first_of"], links["ordinal"], links["history"][0]["reason"]) == (first["id"], 2, "同一事项")
    own = (await township.request("GET", f"{PETITIONS}/{second['id']}/links")).json()
    assert (own["repeat_of"], own["history"][0]["unit"]) == (first["id"], "330225-xf")


async def test_a_node_that_is_not_above_changes_nothing(start: Any) -> None:
    township = await start(service)
    receipt = await register(township)
    for change, sender, slug in (("linked", "33.02.26", "sender-outside-link"), ("merged", "33.02", "link-unknown")):
        wish = LinkRequest(change=change, other=uuid.uuid4(), subject="x", unit="330226-xf", reason="同一事项")
        letter = told("intake.link-request.v1", wish, subject=uuid.UUID(receipt["id"]), node=sender)
        with pytest.raises(Refused, match=slug):
            await township.hear("intake.letters", letter)
    sibling = await start(service, path="33.02")
    state = below(region="33.05", number="XF9")
    elsewhere = told(REGISTERED, state, subject=uuid.uuid4(), node="33.05")
    await sibling.hear("intake.on-petition-registered", elsewhere)
    await sibling.rows("INSERT INTO petition_scopes VALUES ('33.02', $1)", elsewhere.subject)
    await sibling.rows("UPDATE petitions SET repeat_of = id")
    path = f"{PETITIONS}/{elsewhere.subject}/unlink-repeat"
    answer = await sibling.request("POST", path, who=token("330200-xf", "33.02"), json={"reason": "误认"})
    assert (answer.status_code, answer.json()["node"]) == (409, "33.05")
