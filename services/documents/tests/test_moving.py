"""Files and papers follow a case to the node that gets it: asked for, in parts, verified, nothing twice."""

import hashlib
import uuid
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY
from services.documents.tests.conftest import OPINION
from services.documents.tests.moving_nodes import CITY, CLERKS, Nodes, pages
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.events import SealedPaperState
from contracts.examples import COUNTY, HAND_OVER, NOW, TOWNSHIP
from contracts.moving import FilePart, Manifest, ManifestItem
from contracts.speech import Enclosed
from documents.main import service
from documents.moving.domain import PART
from documents.moving.figures import FIGURES
from documents.moving.receiving import NotKnownYet

HANDLER = token("330225-xf", COUNTY, ("handler",))


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    """A county that has registered a petition, and its township."""
    made = Nodes({path: await start(service, path=path) for path in (COUNTY, TOWNSHIP)})
    await made.registered(COUNTY)
    return made


async def test_files_follow_the_hand_over_with_their_names_and_whoever_stored_them(nodes: Nodes) -> None:
    contents = [pages(500, 1), pages(PART, 2), pages(3 * PART + 17, 3)]
    ids = [await nodes.put(COUNTY, content, f"第{number}页.pdf") for number, content in enumerate(contents)]
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    there = (await nodes.get(TOWNSHIP, "files")).json()["items"]
    here = (await nodes.get(COUNTY, "files")).json()["items"]
    assert sorted(there, key=lambda each: each["file_id"]) == sorted(here, key=lambda each: each["file_id"])
    for file_id, content in zip(ids, contents, strict=True):
        assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content
    assert sum(nodes.parts(TOWNSHIP)) < sum(map(len, contents)) + 6 * 1300
    assert await nodes.share(TOWNSHIP) == {"here": 3, "total": 3}


async def test_no_name_and_no_byte_of_a_file_is_readable_on_the_way(nodes: Nodes) -> None:
    content = pages(PART)
    await nodes.put(COUNTY, content, "欧阳禾苗的来信.pdf")
    await nodes.acted("transfer", COUNTY)
    await nodes.services[COUNTY].rows("DELETE FROM outbox WHERE exchange = 'events'")
    seen: list[bytes] = []
    nodes.lost = lambda row: bool(seen.append(row["body"]))  # type: ignore[func-returns-value]  # looks, loses nothing
    await nodes.settle()
    assert seen
    for body in seen:
        assert "欧阳禾苗".encode() not in body
        assert content[100:200] not in body


async def test_who_received_it_sees_how_much_is_here_and_is_told_what_to_do_for_the_rest(nodes: Nodes) -> None:
    small, large = pages(500, 1), pages(20 * PART, 2)
    small_id, large_id = await nodes.put(COUNTY, small), await nodes.put(COUNTY, large)
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    await nodes.settle(3)
    assert await nodes.share(TOWNSHIP) == {"here": 1, "total": 2}
    assert (await nodes.get(TOWNSHIP, "files", small_id)).content == small
    listed = {each["file_id"]: each for each in (await nodes.get(TOWNSHIP, "files")).json()["items"]}
    assert listed[small_id]["here"]
    assert (listed[large_id]["here"], listed[large_id]["bytes"]) == (False, len(large))
    assert 0 < listed[large_id]["bytes_here"] < len(large)
    refused = await nodes.get(TOWNSHIP, "files", large_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:not-here-yet")
    assert refused.json()["from_node"] == COUNTY
    (coming,) = (await nodes.get(TOWNSHIP, "moving")).json()["coming"]
    assert (coming["id"], coming["state"]) == (large_id, "coming")
    runtime = nodes.services[TOWNSHIP].runtime
    async with runtime.database.transaction() as session:
        await FIGURES.run(runtime, session)
    assert REGISTRY.get_sample_value("xinqiao_files_awaited", {"state": "asked"}) == 1
    assert 0 < (REGISTRY.get_sample_value("xinqiao_files_bytes_under_way") or 0) <= 8 * PART
    assert (REGISTRY.get_sample_value("xinqiao_files_oldest_awaited_seconds") or 0) > 0
    first = (await nodes.services[TOWNSHIP].request("GET", nodes.path("files") + "?limit=1")).json()
    second = await nodes.services[TOWNSHIP].request("GET", nodes.path("files") + f"?limit=1&cursor={first['next']}")
    assert [each["file_id"] for each in (*first["items"], *second.json()["items"])] == list(listed)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", large_id)).content == large


async def test_no_more_than_the_window_is_under_way_and_each_byte_comes_once(nodes: Nodes) -> None:
    content = pages(40 * PART + 5)
    await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    most = 0
    for _ in range(200):
        await nodes.work()
        waiting = await nodes.services[COUNTY].rows("SELECT count(*) FROM outbox WHERE exchange = 'bulk'")
        most = max(most, waiting[0][0])
        if not await nodes.bring():
            break
    assert 1 < most <= 8
    assert len(nodes.parts(TOWNSHIP)) == 41


async def test_parts_that_come_twice_and_in_any_order_make_the_same_file(nodes: Nodes) -> None:
    content = pages(9 * PART + 1)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    for _ in range(20):
        await nodes.work()
        rows = await nodes.services[COUNTY].rows("SELECT * FROM outbox WHERE exchange = 'bulk' ORDER BY id DESC")
        for row in rows:
            await nodes._bring(nodes.services[COUNTY], row)
        await nodes.bring()
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content


async def test_what_was_lost_is_asked_for_again_and_only_that(nodes: Nodes) -> None:
    content = pages(6 * PART)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    lost = iter((True, False, False, True))
    nodes.lost = lambda row: row["exchange"] == "bulk" and next(lost, False)
    await nodes.settle()
    assert await nodes.share(COUNTY) == {"here": 1, "total": 1}
    assert len(nodes.parts(TOWNSHIP)) == 4
    await six_hours_pass(nodes)
    await nodes.settle()
    assert len([size for size in nodes.parts(TOWNSHIP) if size > PART]) == 6
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content


async def test_a_line_that_is_down_for_days_loses_nothing_and_brings_nothing_twice(nodes: Nodes) -> None:
    content = pages(20 * PART)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    await nodes.settle(3)
    held: list[asyncpg.Record] = []
    nodes.lost = lambda row: row["exchange"] != "events" and not held.append(row)  # type: ignore[func-returns-value]
    for _ in range(12):
        await nodes.settle()
        await six_hours_pass(nodes)
    nodes.lost = lambda _: False
    for sender in nodes.services.values():
        for row in held:
            if row["routing_key"].split(".", 1)[1] != f"{sender.runtime.node}.documents":
                await nodes._bring(sender, row)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content
    assert len([size for size in nodes.parts(TOWNSHIP) if size > PART]) == 20


async def six_hours_pass(nodes: Nodes) -> None:
    await nodes.services[TOWNSHIP].rows("UPDATE awaited SET moved_at = moved_at - interval '7 hours'")


async def test_what_the_store_has_already_is_not_fetched(nodes: Nodes) -> None:
    content = pages(3 * PART)
    other = Nodes(nodes.services)
    await other.registered(TOWNSHIP)
    await other.put(TOWNSHIP, content)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content
    assert nodes.parts(TOWNSHIP) == []


async def test_the_same_content_under_two_ids_comes_once(nodes: Nodes) -> None:
    content = pages(5 * PART)
    ids = [await nodes.put(COUNTY, content) for _ in range(2)]
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    for file_id in ids:
        assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content
    assert len(nodes.parts(TOWNSHIP)) == 5


async def test_told_again_nothing_is_fetched_again(nodes: Nodes) -> None:
    await nodes.put(COUNTY, pages(2 * PART))
    for action in ("transfer", "assign"):
        await nodes.acted(action, COUNTY)
        await nodes.settle()
    assert len(nodes.parts(TOWNSHIP)) == 2


async def test_what_is_stored_after_the_hand_over_follows_too_and_results_come_up(nodes: Nodes) -> None:
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    later_id = await nodes.put(COUNTY, pages(900))
    own = await nodes.put(TOWNSHIP, pages(700, 7))
    filed = (await nodes.services[TOWNSHIP].request("POST", nodes.path("papers"), json=OPINION)).json()
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", later_id)).status_code == 200
    assert (await nodes.get(COUNTY, "papers", filed["paper_id"])).status_code == 404, "an opinion that is not out yet"
    await nodes.acted("serve", TOWNSHIP)
    await nodes.settle()
    paper = (await nodes.get(COUNTY, "papers", filed["paper_id"])).json()
    assert {name: paper[name] for name in OPINION} == OPINION
    assert (paper["written_at"], paper["unit"], paper["sha256"]) == (
        filed["written_at"], filed["unit"], filed["sha256"],
    )  # fmt: skip
    assert (await nodes.get(COUNTY, "files", own)).status_code == 404, "it was not handed over"
    await nodes.acted("request-review", TOWNSHIP)
    await nodes.settle()
    assert (await nodes.get(COUNTY, "files", own)).status_code == 200


async def test_what_comes_late_is_passed_on_to_where_the_case_has_gone(start: Any) -> None:
    nodes = Nodes({path: await start(service, path=path) for path in (CITY, COUNTY, TOWNSHIP)})
    await nodes.registered(CITY)
    content = pages(12 * PART)
    file_id = await nodes.put(CITY, content)
    to_county = {"from_unit": "330200-xf", "from_node": CITY, "from_region": CITY, "to_unit": "330225-xf",
                 "to_node": COUNTY, "to_region": COUNTY}  # fmt: skip
    first = {**HAND_OVER, **to_county}
    common = {"regions": [CITY, COUNTY], "nodes": [CITY, COUNTY], "registered_region": CITY}
    await nodes.acted("transfer", CITY, hand_over=first, hops=[], writer=COUNTY, **common)
    await nodes.settle(3)
    assert 0 < len(nodes.parts(COUNTY)) < 12
    common = {"regions": [CITY, COUNTY, TOWNSHIP], "nodes": [CITY, COUNTY, TOWNSHIP], "registered_region": CITY}
    await nodes.acted("transfer", COUNTY, hops=[first], **common)
    await nodes.work()
    await nodes.bring()
    await nodes.acted("receive", TOWNSHIP, **common)
    assert await nodes.share(TOWNSHIP) == {"here": 0, "total": 1}
    assert (await nodes.get(TOWNSHIP, "moving")).json()["coming"][0]["state"] == "waiting"
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content
    assert (len(nodes.parts(COUNTY)), len(nodes.parts(TOWNSHIP))) == (12, 12), "once over each line"


async def test_damage_at_the_sender_is_noticed_and_named_and_the_others_come(nodes: Nodes) -> None:
    bad, good = await nodes.put(COUNTY, pages(2 * PART, 1)), await nodes.put(COUNTY, pages(3 * PART, 2))
    objects = (nodes.services[COUNTY].runtime.settings.home / "store" / "objects").rglob("*")
    (small,) = [each for each in objects if each.is_file() and each.stat().st_size < 2 * PART + 4000]
    small.chmod(0o600)
    whole = small.read_bytes()
    small.write_bytes(whole[:-50] + bytes(50))
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    await nodes.settle()
    assert await nodes.share(TOWNSHIP) == {"here": 1, "total": 2}
    assert (await nodes.get(TOWNSHIP, "files", good)).status_code == 200
    refused = (await nodes.get(TOWNSHIP, "files", bad)).json()
    assert (refused["type"], refused["missing_at"]) == ("urn:xinqiao:problem:not-available", [f"{COUNTY}:damaged"])
    small.unlink()
    await nodes.acted("assign", COUNTY)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", bad)).json()["missing_at"] == [f"{COUNTY}:gone"]
    small.write_bytes(whole)
    await nodes.acted("assign", COUNTY)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", bad)).status_code == 200


async def test_what_is_infected_stays_where_it_is_and_nothing_waits_behind_it(nodes: Nodes) -> None:
    bad, good = await nodes.put(COUNTY, pages(600, 1)), await nodes.put(COUNTY, pages(PART, 2))
    await nodes.services[COUNTY].rows("UPDATE objects SET scan = 'infected' WHERE bytes = 600")
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", good)).status_code == 200
    assert (await nodes.get(TOWNSHIP, "files", bad)).json()["missing_at"] == [f"{COUNTY}:infected"]


async def test_bytes_that_are_not_what_was_told_never_become_a_file(nodes: Nodes) -> None:
    content = pages(PART + 9)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    await nodes.bring()  # the manifest
    await nodes.work()  # the question, which somebody answers with other bytes
    digest = hashlib.sha256(content).hexdigest()
    for start, wrong in ((0, bytes(PART)), (PART, bytes(8)), (PART, bytes(9)), (PART + 9, b"")):
        part = FilePart(id=uuid.UUID(file_id), sha256=digest, start=start)
        letter = told("documents.file-part.v1", part, subject=nodes.petition, node=COUNTY)
        await nodes.services[TOWNSHIP].hear("documents.parts", Enclosed(letter, wrong))
    await nodes.work()
    assert await nodes.share(TOWNSHIP) == {"here": 0, "total": 1}
    assert (await nodes.get(TOWNSHIP, "files", file_id)).json()["missing_at"] == [f"{COUNTY}:wrong-bytes"]
    await nodes.acted("assign", COUNTY)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", file_id)).content == content


async def test_parts_of_another_node_than_was_asked_are_not_taken(nodes: Nodes) -> None:
    content = pages(PART)
    file_id = await nodes.put(COUNTY, content)
    await nodes.acted("transfer", COUNTY)
    await nodes.bring()
    await nodes.work()
    part = FilePart(id=uuid.UUID(file_id), sha256=hashlib.sha256(content).hexdigest(), start=0)
    letter = told("documents.file-part.v1", part, subject=nodes.petition, node=CITY)
    await nodes.services[TOWNSHIP].hear("documents.parts", Enclosed(letter, content))
    assert await nodes.services[TOWNSHIP].rows("SELECT FROM awaited_parts") == []


async def test_a_node_that_has_nothing_to_do_with_the_case_adds_nothing_to_it(nodes: Nodes) -> None:
    await nodes.put(COUNTY, pages(900))
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    await nodes.acted("receive", TOWNSHIP)
    item = ManifestItem(id=uuid.uuid4(), kind="file", what="application/pdf", sha256="ab" * 32, size=5,
                        unit="330226-xf", by="x", at=NOW)  # fmt: skip
    for node in ("33.02.26", CITY):
        letter = told("documents.manifest.v1", Manifest(items=[item]), subject=nodes.petition, node=node)
        if node == CITY:  # its region lies above that of the case
            await nodes.services[TOWNSHIP].hear("documents.letters", letter)
        else:
            with pytest.raises(NotKnownYet):
                await nodes.services[TOWNSHIP].hear("documents.letters", letter)
    assert await nodes.share(TOWNSHIP) == {"here": 1, "total": 2}


async def test_only_who_has_to_do_with_the_case_is_given_anything(start: Any) -> None:
    nodes = Nodes({path: await start(service, path=path) for path in (CITY, COUNTY, TOWNSHIP)})
    await nodes.registered(COUNTY)
    file_id = await nodes.put(COUNTY, pages(PART))
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    assert len(nodes.parts(TOWNSHIP)) == 1
    row = (await nodes.services[COUNTY].rows("SELECT * FROM files"))[0]
    await nodes.services[CITY].rows(
        "INSERT INTO awaited (id, petition_id, version, kind, what, bytes, sha256, unit, stored_by, stored_at, told_at,"
        " sources, state) VALUES ($1, $2, 99, 'file', 'application/pdf', $3, $4, 'x', 'x', now(), now(), $5, 'told')",
        row["id"], row["petition_id"], row["bytes"], row["sha256"], [COUNTY],
    )  # fmt: skip
    await nodes.settle()
    assert nodes.parts(CITY) == []
    assert (await nodes.get(CITY, "files", file_id)).json()["missing_at"] == [f"{COUNTY}:refused"]
    audited = await nodes.services[COUNTY].rows("SELECT action, detail FROM audit WHERE action = 'refuse-file'")
    assert [(each["action"], CITY in each["detail"]) for each in audited] == [("refuse-file", True)]


async def test_a_recalled_case_is_no_longer_given_to_who_never_had_it(nodes: Nodes) -> None:
    await nodes.put(COUNTY, pages(40 * PART))
    await nodes.acted("transfer", COUNTY)
    await nodes.settle(3)
    came = len(nodes.parts(TOWNSHIP))
    assert 0 < came < 40
    await nodes.acted("recall", TOWNSHIP)
    await nodes.settle()
    assert len(nodes.parts(TOWNSHIP)) <= came + 8


async def test_what_accuses_a_unit_does_not_move_to_a_node_where_all_are_below_it(nodes: Nodes) -> None:
    await nodes.put(COUNTY, pages(PART))
    await nodes.acted("transfer", COUNTY, accused_units=["330225-js"])
    await nodes.settle()
    assert nodes.parts(TOWNSHIP) == []


async def test_a_unit_that_supports_reads_the_files_not_the_papers_until_the_request_ends(nodes: Nodes) -> None:
    file_id = await nodes.put(COUNTY, pages(PART))
    await nodes.services[COUNTY].request("POST", nodes.path("papers"), who=HANDLER, json=OPINION)
    await nodes.acted("screen", COUNTY)
    await nodes.asked_for_support(to_unit="330225100-cj")
    await nodes.settle()
    supporter, office = token("330225100-cj"), CLERKS[TOWNSHIP]
    assert (await nodes.get(TOWNSHIP, "files", file_id, who=supporter)).status_code == 200
    assert (await nodes.get(TOWNSHIP, "files", file_id, who=office)).status_code == 404
    assert (await nodes.get(TOWNSHIP, "papers", who=supporter)).status_code == 404
    later_id = await nodes.put(COUNTY, pages(PART, 2))
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files", later_id, who=supporter)).status_code == 200
    await nodes.asked_for_support("closed", 2, to_unit="330225100-cj")
    assert (await nodes.get(TOWNSHIP, "files", file_id, who=supporter)).status_code == 404
    await nodes.put(COUNTY, pages(PART, 3))
    await nodes.settle()
    assert len(nodes.parts(TOWNSHIP)) == 2


async def test_the_signed_pdf_of_a_paper_goes_up_with_it_and_is_a_file_there(nodes: Nodes) -> None:
    await nodes.acted("transfer", COUNTY)
    await nodes.acted("receive", TOWNSHIP)
    filed = (await nodes.services[TOWNSHIP].request("POST", nodes.path("papers"), json=OPINION)).json()
    other = Nodes(nodes.services)  # only so that the PDF stands in the store
    await other.registered(TOWNSHIP)
    pdf = pages(PART + 5)
    await other.put(TOWNSHIP, pdf)
    await seal(nodes.services[TOWNSHIP], filed["paper_id"])
    await nodes.bring()
    state = SealedPaperState(
        paper_id=filed["paper_id"], kind="opinion", number="丁信〔2026〕1号", sha256=hashlib.sha256(pdf).hexdigest(),
        unit="330225100-xf", sealed_at=NOW,
    )  # fmt: skip
    event = told("documents.paper.sealed.v1", state, subject=nodes.petition, node=TOWNSHIP)
    await nodes.services[TOWNSHIP].hear("documents.on-own", event)
    await nodes.settle()
    (copy,) = (await nodes.get(COUNTY, "files")).json()["items"]
    assert (copy["name"], copy["media_type"], copy["unit"]) == (
        "丁信〔2026〕1号.pdf",
        "application/pdf",
        "330225100-xf",
    )
    assert (await nodes.get(COUNTY, "files", copy["file_id"])).content == pdf
    assert (await nodes.get(TOWNSHIP, "files")).json()["items"] == []
    await nodes.acted("request-review", TOWNSHIP)
    await nodes.settle()
    assert len((await nodes.get(COUNTY, "files")).json()["items"]) == 1
    await nodes.acted("transfer", COUNTY)
    await nodes.settle()
    assert (await nodes.get(TOWNSHIP, "files")).json()["items"] == [], "it came from there"


async def seal(node: Running, paper_id: str) -> None:
    """As if the paper had been numbered and sealed: its PDF is the newest object."""
    seal_id = uuid.uuid4()
    await node.rows(
        "INSERT INTO seals (id, unit, version, name, word, image, certificate, key, valid_until, registered_by,"
        " registered_at) VALUES ($1, '330225100-xf', 1, 'x', '丁信', '', '', 'file', now(), 'x', now())", seal_id,
    )  # fmt: skip
    await node.rows(
        "INSERT INTO numbers (paper_id, unit, series, year, number, text, issued_on, taken_at)"
        " VALUES ($1, '330225100-xf', 'x', 2026, 1, '丁信〔2026〕1号', now(), now())", uuid.UUID(paper_id),
    )  # fmt: skip
    await node.rows(
        "INSERT INTO sealed_papers (paper_id, petition_id, version, kind, unit, code, sha256, bytes, object, seal_id,"
        " asked_by, sealed_at) SELECT p.id, p.petition_id, 99, p.kind, p.unit, 'x', o.sha256, o.bytes, o.name, $2,"
        " 'leader', now() FROM papers p, objects o WHERE p.id = $1 ORDER BY o.kept_at DESC LIMIT 1",
        uuid.UUID(paper_id), seal_id,
    )  # fmt: skip
