"""That a file is an identity paper goes with it to other nodes; and what nobody has scanned yet waits."""

from typing import Any

import pytest
from services.documents.tests.moving_nodes import CLERKS, Nodes, pages

from contracts.examples import COUNTY, TOWNSHIP
from documents import resources
from documents.main import service

REASON = {"identity": False, "reason": "是空白样张"}


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    """A county that has registered a petition, and its township."""
    made = Nodes({path: await start(service, path=path) for path in (COUNTY, TOWNSHIP)})
    await made.registered(COUNTY)
    return made


async def decide(nodes: Nodes, node: str, file_id: str, body: dict[str, Any]) -> None:
    path = nodes.path("files", f"{file_id}/identity")
    answer = await nodes.services[node].request("PUT", path, who=CLERKS[node], json=body)
    assert answer.status_code == 200, answer.text


async def kind_at(nodes: Nodes, node: str, file_id: str) -> str | None:
    items = (await nodes.get(node, "files")).json()["items"]
    kind: str | None = next(each["identity"] for each in items if each["file_id"] == file_id)
    return kind


async def test_a_mark_goes_with_the_case_and_is_there_before_the_bytes(nodes: Nodes) -> None:
    file_id = await nodes.put(COUNTY, pages(500))
    await decide(nodes, COUNTY, file_id, {"identity": True})
    await nodes.acted("transfer", COUNTY)
    await nodes.settle(1)
    await nodes.acted("receive", TOWNSHIP)
    assert await kind_at(nodes, TOWNSHIP, file_id) == "marked"
    assert not (await nodes.get(TOWNSHIP, "files")).json()["items"][0]["here"]
    await nodes.settle()
    refused = await nodes.get(TOWNSHIP, "files", file_id)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:xinqiao:problem:purpose-needed")


async def test_a_mark_made_later_is_told_and_what_was_decided_there_since_stands(nodes: Nodes) -> None:
    file_id, other = await nodes.put(COUNTY, pages(500)), await nodes.put(COUNTY, pages(700, 1))
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", file_id)).status_code == 200
    await decide(nodes, COUNTY, file_id, {"identity": True})
    await nodes.settle()
    assert [await kind_at(nodes, TOWNSHIP, each) for each in (file_id, other)] == ["marked", None]
    await nodes.services[TOWNSHIP].rows("UPDATE identity_marks SET mark = 'lifted', at = now() + interval '1 hour'")
    await decide(nodes, COUNTY, other, {"identity": True})
    await nodes.acted("object", TOWNSHIP)
    await nodes.acted("agree-objection", COUNTY)
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    assert [await kind_at(nodes, TOWNSHIP, each) for each in (file_id, other)] == [None, "marked"]
    assert await kind_at(nodes, COUNTY, file_id) == "marked"


async def test_what_is_not_scanned_yet_is_not_handed_on_and_holds_up_nothing(nodes: Nodes) -> None:
    county = nodes.services[COUNTY]
    held = resources.of(county.runtime)
    first, second = await nodes.put(COUNTY, pages(500, 1)), await nodes.put(COUNTY, pages(900, 2))
    held.settings = held.settings.model_copy(update={"open_unscanned": False})
    scanned = (
        "UPDATE objects SET scan = 'clean' FROM files WHERE files.object = objects.name AND files.id = $1::text::uuid"
    )
    await county.rows(scanned, second)
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", second)).status_code == 200
    assert (await nodes.get(TOWNSHIP, "files", first)).status_code == 409
    await county.rows(scanned, first)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", first)).status_code == 200
