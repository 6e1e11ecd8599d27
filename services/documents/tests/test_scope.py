"""Who may see the documents of a petition: nobody, unless events opened them to the caller's region."""

import uuid
from typing import Any

import pytest
from tests.support.nodes import token
from tests.support.running import told

from contracts.events import CaseState, LastAction

ACCUSED = "330225100-cj"
ACCUSED_CLERK = token(ACCUSED, "33.02.25.100")
COUNTY = token("330225-xf", "33.02.25")
PROVINCE = token("330000-xf", "33", ["supervisor"])
AT = "2026-01-05T01:00:00Z"


def case(**changes: Any) -> CaseState:
    given: dict[str, Any] = {
        "number": "XF33022520260105000001A", "channel": "letter", "kind": "appeal", "state": "received",
        "holder_unit": "330225100-xf", "holder_region": "33.02.25.100", "writer": "33.02.25.100",
        "registered_region": "33.02.25.100", "registered_at": AT, "regions": ["33.02.25.100"],
        "nodes": ["33.02.25.100"],
        "last": LastAction(action="receive", unit="330225100-xf", at=AT),
    }  # fmt: skip
    return CaseState(**{**given, **changes})


async def hears_of_case(desk: Any, petition: uuid.UUID, sequence: int, **changes: Any) -> None:
    event = told("routing.case.received.v1", case(**changes), subject=petition, sequence=sequence)
    await desk.running.hear("documents.on-case", event)


async def every_route(desk: Any, file_id: str, paper_id: str, who: str | None) -> set[int]:
    """The status of all six routes, asked as somebody."""
    answers = [
        await desk.put(who=who),
        await desk.get("files", who=who),
        await desk.get("files", file_id, who=who),
        await desk.file(who=who),
        await desk.get("papers", who=who),
        await desk.get("papers", paper_id, who=who),
    ]
    return {answer.status_code for answer in answers}


@pytest.fixture
async def ids(desk: Any) -> tuple[str, str]:
    """A file and a paper of the petition."""
    return (await desk.put()).json()["file_id"], (await desk.file()).json()["paper_id"]


async def test_another_township_finds_nothing_by_any_route(desk: Any, ids: tuple[str, str], neighbour: str) -> None:
    before = await desk.running.events()
    assert await every_route(desk, *ids, neighbour) == {404}
    assert await desk.running.events() == before
    assert await desk.running.rows("SELECT 1 FROM audit WHERE action LIKE 'read-%'") == []


async def test_nobody_gets_in_without_a_token_or_with_a_forged_one(desk: Any, ids: tuple[str, str]) -> None:
    head, payload, signature = token().split(".")
    claims = token("330225100-xf", "33.02.25.100", subject="other").split(".")[1]
    for bad in (None, f"{head}.{claims}.{signature}", f"{head}.{payload}.AAAA", token(exp=1), token(aud="others")):
        assert await every_route(desk, *ids, bad) == {401}


async def test_an_analyst_or_operator_has_no_business_here(desk: Any, ids: tuple[str, str]) -> None:
    assert await every_route(desk, *ids, token(roles=["analyst", "operator"])) == {403}


async def test_superiors_see_their_subtree(desk: Any, ids: tuple[str, str]) -> None:
    for who in (COUNTY, PROVINCE):
        assert (await desk.get("files", ids[0], who=who)).status_code == 200
        assert (await desk.get("papers", ids[1], who=who)).status_code == 200


async def test_a_region_that_only_begins_like_another_is_another(desk: Any, ids: tuple[str, str]) -> None:
    for region in ("33.02.25.101", "33.02.25.100.001"):
        assert (await desk.get("files", ids[0], who=token(region=region))).status_code == 404
    for region in ("33.02.25.10", "33.02.2", "3", "", "%"):  # no region at all: the token itself is refused
        assert (await desk.get("files", ids[0], who=token(region=region))).status_code == 401


async def test_the_accused_unit_finds_nothing_though_it_lies_in_the_region(desk: Any, ids: tuple[str, str]) -> None:
    accused = uuid.uuid4()
    assert (await desk.get("files", ids[0], who=ACCUSED_CLERK)).status_code == 200  # not accused in this one
    await desk.hears_of(accused, kind="accusation", accused_units=[ACCUSED])
    desk.petition = accused
    mine = (await desk.put()).json()["file_id"], (await desk.file()).json()["paper_id"]
    assert await every_route(desk, *mine, token(ACCUSED, "33.02.25.100", ["handler"])) == {404}


async def test_a_unit_below_the_accused_finds_nothing_and_one_beside_it_does(desk: Any, ids: tuple[str, str]) -> None:
    """All may read the whole county, as some accounts do."""
    below, beside = token(ACCUSED, "33.02.25"), token("330225101-xf", "33.02.25")
    assert await every_route(desk, *ids, below) == {200, 201}  # nobody is accused in this one
    desk.petition = uuid.uuid4()
    await desk.hears_of(desk.petition, unit="330225-xf", region="33.02.25.100", accused_units=["330225100-xf"])
    theirs = (
        (await desk.put(who=beside)).json()["file_id"],
        (await desk.file(who=beside)).json()["paper_id"],
    )
    assert await every_route(desk, *theirs, below) == {404}
    assert await every_route(desk, *theirs, beside) == {200, 201}


async def test_a_unit_accused_later_is_shut_out_and_let_in_again_when_the_accusation_is_corrected(
    desk: Any, ids: tuple[str, str]
) -> None:
    await hears_of_case(desk, desk.petition, 3, accused_units=[ACCUSED])
    assert (await desk.get("files", ids[0], who=ACCUSED_CLERK)).status_code == 404
    await hears_of_case(desk, desk.petition, 2)  # late: an older state changes nothing
    assert (await desk.get("files", ids[0], who=ACCUSED_CLERK)).status_code == 404
    await hears_of_case(desk, desk.petition, 4)
    assert (await desk.get("files", ids[0], who=ACCUSED_CLERK)).status_code == 200


async def test_a_unit_named_by_the_petition_stays_out_whatever_the_case_says(desk: Any) -> None:
    desk.petition = uuid.uuid4()
    await hears_of_case(desk, desk.petition, 5)
    assert (await desk.get("files", who=ACCUSED_CLERK)).status_code == 200
    await desk.hears_of(desk.petition, accused_units=[ACCUSED])
    await hears_of_case(desk, desk.petition, 6)
    assert (await desk.get("files", who=ACCUSED_CLERK)).status_code == 404
    assert (await desk.get("files")).status_code == 200


async def test_a_township_that_is_handed_the_case_sees_its_documents(
    desk: Any, ids: tuple[str, str], neighbour: str
) -> None:
    assert (await desk.get("files", ids[0], who=neighbour)).status_code == 404
    await hears_of_case(desk, desk.petition, 2, regions=["33.02.25.100", "33.02.25.101"])
    assert (await desk.get("files", ids[0], who=neighbour)).status_code == 200


async def test_a_petition_not_heard_of_yet_is_not_found_and_then_it_is(desk: Any) -> None:
    desk.petition = uuid.uuid4()
    assert await every_route(desk, str(uuid.uuid4()), str(uuid.uuid4()), "") == {404}
    await hears_of_case(desk, desk.petition, 1)
    assert (await desk.put()).status_code == 201


async def test_an_id_of_another_petition_opens_nothing_here(desk: Any, ids: tuple[str, str]) -> None:
    other = uuid.uuid4()
    await desk.hears_of(other)
    desk.petition = other
    assert (await desk.get("files", ids[0])).status_code == 404
    assert (await desk.get("papers", ids[1])).status_code == 404


async def test_events_in_any_order_and_twice_in_one_batch_have_one_result(desk: Any) -> None:
    petition = uuid.uuid4()
    events = [
        told("routing.case.received.v1", case(accused_units=units), subject=petition, sequence=sequence)
        for sequence, units in ((2, [ACCUSED]), (3, []), (1, [ACCUSED]), (3, []))
    ]
    await desk.running.hear("documents.on-case", *events)
    await desk.running.hear("documents.on-case", *events[:1])
    (row,) = await desk.running.rows("SELECT * FROM petitions WHERE id = $1", petition)
    assert (row["case_sequence"], row["case_accused"], row["version"]) == (3, [], 0)
