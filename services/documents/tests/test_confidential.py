"""保密: nothing that belongs to a confidential case is found by who has nothing to do with it; docs/adr/0019."""

import uuid
from typing import Any

import pytest
from services.documents.tests.test_scope import case, every_route, hears_of_case
from tests.support.confidence import OPEN, TOWNSHIP, readable_by
from tests.support.nodes import token
from tests.support.running import told

HEAD = token("330225-xf", "33.02.25", ["leader"])
# who may read the whole county, as some accounts do: another township, a station, the clerk of the office above
OTHERS = [token("330225101-xf", "33.02.25"), token("330225100-cj", "33.02.25"), token("330225-xf", "33.02.25")]


@pytest.mark.parametrize("who", OTHERS)
async def test_no_route_finds_it_until_it_is_confidential_no_more(desk: Any, who: str) -> None:
    ids = (await desk.put()).json()["file_id"], (await desk.file()).json()["paper_id"]
    assert await every_route(desk, *ids, who) == {200, 201}
    for sequence, readers in enumerate((TOWNSHIP, None), start=2):  # None: from a node that knows of no readers
        await hears_of_case(desk, desk.petition, sequence, readers=None if readers is None else list(readers))
        before = await desk.running.events()
        assert await every_route(desk, *ids, who) == {404}
        assert await desk.running.events() == before
    for reader in ("", HEAD):
        assert await every_route(desk, *ids, reader) == {200, 201}
    await hears_of_case(desk, desk.petition, 4, readers=list(OPEN))
    assert await every_route(desk, *ids, who) == {200, 201}


async def test_of_events_that_come_in_one_batch_the_last_that_names_readers_counts(desk: Any) -> None:
    petition = uuid.uuid4()
    received = told("routing.case.received.v1", case(), subject=petition, sequence=1)
    named = ((None, 4), (TOWNSHIP, 3), (OPEN, 2))
    await desk.running.hear("documents.on-case", *(readable_by(received, *each) for each in named))
    (row,) = await desk.running.rows("SELECT case_sequence, readers FROM petitions WHERE id = $1", petition)
    assert (row["case_sequence"], row["readers"]) == (4, list(TOWNSHIP))
    desk.petition = petition
    assert [(await desk.get("files", who=who)).status_code for who in ("", HEAD, *OTHERS)] == [200, 200, 404, 404, 404]
