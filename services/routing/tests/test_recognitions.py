"""What the register finds of a case after registration, in any order of messages, on a real database."""

import uuid
from typing import Any

import pytest
from services.routing.tests.test_cases import COUNTY, OFFICE, do, offered_case, opened, registered
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import RecallRequest, Recognition
from kit.errors import Refused
from routing.main import service


def linked(case: str | uuid.UUID, sequence: int, *, terminated: bool, node: str = "33.02.25") -> Envelope:
    state: PetitionState = registered(terminated_before=terminated).data
    kind = f"intake.petition.{'linked' if terminated else 'unlinked'}.v1"
    return told(kind, state, subject=uuid.UUID(str(case)), sequence=sequence, node=node)


def letter(case: uuid.UUID, version: int, *, terminated: bool = True, node: str = "33.02.25") -> Envelope:
    found = Recognition(version=version, terminated=terminated)
    return told("routing.recognition.v1", found, subject=case, node=node)


async def terminated(routing: Running, case: Any) -> tuple[bool, int]:
    (row,) = await routing.rows("SELECT version, body FROM cases WHERE id = $1", uuid.UUID(str(case)))
    return row["body"]["terminated_before"], row["version"]


async def test_the_newest_finding_counts_whatever_comes_first_and_however_often(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    for sequence, found in ((2, True), (4, True), (3, False), (4, True)):
        await routing.hear("routing.on-petition-linked", linked(case, sequence, terminated=found))
    assert await terminated(routing, case) == (True, 2)
    await routing.hear("routing.on-petition-linked", linked(case, 5, terminated=False))
    assert await terminated(routing, case) == (False, 3)


async def test_a_finding_that_comes_before_the_case_is_opened_waits(start: Any) -> None:
    routing = await start(service, **COUNTY)
    event = registered()
    await routing.hear("routing.on-petition-linked", linked(event.subject, 2, terminated=True))
    await routing.hear("routing.on-petition-registered", event)
    assert await terminated(routing, event.subject) == (True, 2)


async def test_a_finding_that_overtakes_the_case_waits_for_it_and_the_offer_can_still_be_recalled(start: Any) -> None:
    routing = await start(service)
    offer, state = await offered_case(routing)
    await routing.hear("routing.letters", letter(offer.subject, 2))
    await routing.hear("routing.letters", offer)
    assert await terminated(routing, offer.subject) == (True, 3)
    assert state.hand_over is not None
    wish = RecallRequest(hand_over=state.hand_over.id, version=2)
    asked = told("routing.recall-request.v1", wish, subject=offer.subject, sequence=2, node="33.02.25")
    await routing.hear("routing.letters", asked)
    (row,) = await routing.rows("SELECT * FROM cases")
    assert (row["version"], row["writer"], row["body"]["terminated_before"]) == (4, "33.02.25", True)


async def test_whoever_handed_the_case_on_passes_the_finding_on(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "transfer", version=1, to_unit="330225100-xf")
    before = len(await routing.sent("letters"))
    await routing.hear("routing.on-petition-linked", linked(case, 2, terminated=True))
    assert await terminated(routing, case) == (False, 2)
    (*_, passed) = await routing.sent("letters")
    assert (len(await routing.sent("letters")), passed["routing_key"]) == (before + 1, "letter.33.02.25.100.routing")


async def test_a_node_that_never_held_the_case_finds_nothing_of_it(start: Any) -> None:
    routing = await start(service)
    offer, _ = await offered_case(routing)
    await routing.hear("routing.letters", letter(offer.subject, 2, node="33.02"))
    await routing.hear("routing.letters", offer)
    assert await terminated(routing, offer.subject) == (False, 2)
    with pytest.raises(Refused, match="not-the-writer"):
        await routing.hear("routing.letters", letter(offer.subject, 3, node="33.02"))


async def test_what_is_merged_and_turns_out_to_be_terminated_gets_no_opinion_of_its_lead(start: Any) -> None:
    routing = await start(service, **COUNTY)
    lead, member = await opened(routing), await opened(routing)
    await do(routing, member, "merge", version=1, lead=lead)
    await routing.hear("routing.on-petition-linked", linked(member, 2, terminated=True))
    await do(routing, lead, "answer", version=1, fields={"answer": "已修复"})
    await routing.hear("routing.on-ending", (await routing.events())[-1])
    shown = (await routing.request("GET", f"/api/routing/v1/cases/{member}", who=OFFICE)).json()
    assert (shown["state"], shown["merged_into"], shown["version"]) == ("screened", None, 4)
    assert "refuse-again" in {each["action"] for each in shown["actions"] if each["reason"] in {None, "incomplete"}}
