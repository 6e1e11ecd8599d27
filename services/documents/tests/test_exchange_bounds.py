"""Who never gets a dispatch: whom it accuses, and who is not among the readers of what it is about; and at what size
the lists stay quick.
"""

import uuid
from functools import partial
from typing import Any

import pytest
from services.documents.tests.conftest import registered
from services.documents.tests.exchanging import (
    BUILDERS,
    COUNTY_OFFICE,
    OTHER_TOWN,
    PDF,
    TOWN_OFFICE,
    VILLAGE,
    Exchange,
    clerk,
    slug_of,
)
from services.documents.tests.sealing import Office
from services.documents.tests.test_scope import case
from sqlalchemy import event as listening
from tests.support.running import told

from contracts.examples import COUNTY, TOWNSHIP
from documents.exchange import store
from documents.main import service
from kit.auth import Principal

MANY = 20_000


@pytest.fixture
async def exchange(start: Any) -> Exchange:
    return Exchange({path: await start(service, path=path) for path in (COUNTY, TOWNSHIP)})


async def hears_of(exchange: Exchange, node: str, petition: uuid.UUID, **changes: Any) -> None:
    given = {"region": COUNTY, "unit": COUNTY_OFFICE, **changes}
    event = told("intake.petition.registered.v1", registered(**given), subject=petition, node=COUNTY)
    await exchange.services[node].hear("documents.on-petition-registered", event)


async def test_accused_units_and_those_below_them_get_nothing_about_it(exchange: Exchange) -> None:
    """Art 30, 46(5)."""
    petition = uuid.uuid4()
    await hears_of(exchange, COUNTY, petition, kind="accusation", accused_units=[TOWN_OFFICE])
    draft_id, file_id = await exchange.draft(COUNTY_OFFICE, petition_id=str(petition))
    for unit in (TOWN_OFFICE, VILLAGE):
        body = {"recipients": [BUILDERS, unit], "body": file_id}
        refused = await exchange.post(COUNTY_OFFICE, draft_id, "sending", body)
        assert (refused.status_code, slug_of(refused), refused.json()["unit"]) == (403, "accused-unit", unit)
    body = {"recipients": [BUILDERS, OTHER_TOWN], "body": file_id}
    assert (await exchange.post(COUNTY_OFFICE, draft_id, "sending", body)).status_code == 200
    # and what is made from it is about the same: no way round
    await exchange.post(BUILDERS, draft_id, "signature")
    forwarded, file_id = await exchange.draft(BUILDERS, answers=draft_id)
    body = {"recipients": [COUNTY_OFFICE, VILLAGE], "body": file_id}
    assert slug_of(await exchange.post(BUILDERS, forwarded, "sending", body)) == "accused-unit"
    other, _ = await exchange.draft(BUILDERS)
    files = [item["item_id"] for item in (await exchange.get(BUILDERS, draft_id))["items"]]
    borrowed = await exchange.post(BUILDERS, other, "enclosures", {"of": draft_id, "files": files})
    assert slug_of(borrowed) == "invalid-input"


async def test_a_unit_accused_later_is_shut_out_of_what_it_had(exchange: Exchange) -> None:
    petition = uuid.uuid4()
    await hears_of(exchange, COUNTY, petition)
    dispatch_id = await exchange.sent(COUNTY_OFFICE, BUILDERS, TOWN_OFFICE, petition_id=str(petition))
    await exchange.post(BUILDERS, dispatch_id, "signature")
    assert (await exchange.ask(BUILDERS, "GET", f"/petitions/{dispatch_id}/files")).status_code == 200
    accused = told("routing.case.received.v1", case(accused_units=[BUILDERS]), subject=petition, node=COUNTY)
    await exchange.services[COUNTY].hear("documents.on-case", accused)
    for path in (f"/petitions/{dispatch_id}/files", f"/dispatches/{dispatch_id}"):
        assert (await exchange.ask(BUILDERS, "GET", path)).status_code == 404
    assert await exchange.listed(BUILDERS, "received") == []
    # the receiving node knows of an accusation that the sender did not: it is given back unread
    await hears_of(exchange, TOWNSHIP, petition, kind="accusation", accused_units=[TOWN_OFFICE])
    await exchange.carry()
    copies = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert (copies[TOWN_OFFICE]["state"], copies[TOWN_OFFICE]["signed_at"]) == ("returned", None)
    assert await exchange.listed(TOWN_OFFICE, "received") == []


async def test_about_a_confidential_petition_only_its_readers_are_written_to(exchange: Exchange) -> None:
    petition = uuid.uuid4()
    readers = [f"{COUNTY_OFFICE}:", f"{TOWN_OFFICE}:", "330200-xf:leader"]
    kept = told("routing.case.received.v1", case(readers=readers, regions=[COUNTY]), subject=petition, node=COUNTY)
    await exchange.services[COUNTY].hear("documents.on-case", kept)
    refused = await exchange.ask(BUILDERS, "POST", "/dispatches", json={"title": "函", "petition_id": str(petition)})
    assert slug_of(refused) == "not-found"
    draft_id, file_id = await exchange.draft(COUNTY_OFFICE, petition_id=str(petition))
    body = {"recipients": [TOWN_OFFICE, VILLAGE], "body": file_id}
    refused = await exchange.post(COUNTY_OFFICE, draft_id, "sending", body)
    assert (slug_of(refused), refused.json()["unit"]) == ("not-among-readers", VILLAGE)
    body = {"recipients": [TOWN_OFFICE], "body": file_id}
    assert (await exchange.post(COUNTY_OFFICE, draft_id, "sending", body)).status_code == 200
    await exchange.carry()
    assert (await exchange.post(TOWN_OFFICE, draft_id, "signature")).status_code == 200
    forwarded, file_id = await exchange.draft(TOWN_OFFICE, answers=draft_id)  # its node does not know the petition
    body = {"recipients": [COUNTY_OFFICE, VILLAGE], "body": file_id}
    assert slug_of(await exchange.post(TOWN_OFFICE, forwarded, "sending", body)) == "not-among-readers"


async def test_files_and_sealed_papers_of_the_petition_are_enclosed_without_being_sent_again(
    exchange: Exchange,
) -> None:
    petition = uuid.uuid4()
    for node in (COUNTY, TOWNSHIP):
        await hears_of(exchange, node, petition)
    lent = await exchange.put(COUNTY_OFFICE, str(petition), PDF + b"%% of the petition" + PDF, name="来信.pdf")
    dispatch_id, file_id = await exchange.draft(COUNTY_OFFICE, petition_id=str(petition))
    for _ in range(2):
        borrowed = await exchange.post(COUNTY_OFFICE, dispatch_id, "enclosures", {"of": str(petition), "files": [lent]})
        assert [item["name"] for item in borrowed.json()["items"]] == ["正文.pdf", "来信.pdf"]
    body = {"recipients": [TOWN_OFFICE], "body": file_id}
    await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)
    await exchange.carry()
    shown = (await exchange.post(TOWN_OFFICE, dispatch_id, "signature")).json()
    content = await exchange.ask(TOWN_OFFICE, "GET", shown["items"][1]["path"])
    assert content.content == PDF + b"%% of the petition" + PDF
    # the petition itself was not opened to them by that
    assert shown["petition_id"] == str(petition)
    assert (await exchange.ask(TOWN_OFFICE, "GET", f"/petitions/{petition}/files")).status_code == 404


async def test_a_letter_goes_out_with_number_and_seal_and_not_before(exchange: Exchange) -> None:
    class Here:
        running = exchange.services[COUNTY]

    office = Office(Here())
    await office.register(COUNTY_OFFICE, "丙信")
    begun = await exchange.ask(COUNTY_OFFICE, "POST", "/dispatches", json={"title": "函"})
    dispatch_id = begun.json()["dispatch_id"]
    sections = {"title": "关于商请提供资料的函", "to_units": ["丁镇信访办"], "text": "请提供资料。"}
    papers = f"/petitions/{dispatch_id}/papers"
    filed = await exchange.post(COUNTY_OFFICE, dispatch_id, "letter", {"sections": sections})
    paper_id = filed.json()["paper_id"]
    asked = await exchange.ask(
        COUNTY_OFFICE, "POST", f"{papers}/{paper_id}/seal", json={}, who=clerk(COUNTY_OFFICE, "leader")
    )
    assert asked.status_code == 202, asked.text
    body = {"recipients": [TOWN_OFFICE], "body": paper_id}
    assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)) == "seal-pending"
    assert await office.work() == 1
    sent = await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)
    assert [item["kind"] for item in sent.json()["items"]] == ["sealed-paper"]
    own = await exchange.ask(COUNTY_OFFICE, "GET", sent.json()["items"][0]["path"])
    await exchange.carry()
    (item,) = (await exchange.post(TOWN_OFFICE, dispatch_id, "signature")).json()["items"]
    assert (item["kind"], item["here"], item["name"].startswith("丙信〔")) == ("file", True, True)
    assert (await exchange.ask(TOWN_OFFICE, "GET", item["path"])).content == own.content


FILL = f"""
WITH made AS (
  INSERT INTO petitions (id, readers, frozen)
  SELECT gen_random_uuid(), '{{}}', true FROM generate_series(1, {MANY}) RETURNING id),
scoped AS (INSERT INTO petition_scopes SELECT scope, id FROM made, unnest($3::text[]) AS scope RETURNING 1),
written AS (
  INSERT INTO dispatches (id, kind, node, unit, title, recipients, body, made_by, made_at, sent_by, sent_at)
  SELECT id, 'paper', '33.02.25', CASE WHEN n % 10 = 0 THEN $1 ELSE 'u' || n % 500 END, $4, ARRAY[$2], id, 'x', now(),
    'x', now() - n * interval '1 minute' FROM (SELECT id, row_number() OVER () AS n FROM made) AS each RETURNING *)
INSERT INTO copies (dispatch_id, to_unit, node, from_node, from_unit, kind, state, version, sent_at, arrived_at)
SELECT id, CASE WHEN n % 10 = 1 THEN $2 ELSE 'v' || n % 500 END, '33.02.25', '33.02.25', unit, kind,
  CASE WHEN n % 3 = 0 THEN 'arrived' ELSE 'signed' END, 1, sent_at, sent_at
FROM (SELECT *, row_number() OVER () AS n FROM written) AS each
"""  # noqa: S608 - a number of this file


async def test_a_page_of_a_list_reads_no_more_than_a_page_whatever_there_is(start: Any) -> None:
    running = await start(service, path=COUNTY)
    async with running.runtime.database.transaction() as session:
        await session.raw.execute(FILL, COUNTY_OFFICE, BUILDERS, ["33", "33.02", COUNTY], b"-")
    for table in ("petitions", "petition_scopes", "dispatches", "copies"):
        await running.rows(f"ANALYZE {table}")
    said: list[tuple[str, Any]] = []
    sender, receiver = (
        Principal("x", unit, COUNTY, frozenset({"clerk"}), 0.0, ()) for unit in (COUNTY_OFFICE, BUILDERS)
    )
    async with running.runtime.database.transaction() as session:
        line = session.sql.sync_connection
        listening.listen(line, "before_cursor_execute", lambda *called: said.append((called[2], called[3])))
        lists = {
            "ix_dispatches_unit": partial(
                store.sent, session, sender, kind=None, petition_id=None, before=None, limit=20
            ),
            "ix_copies_received": partial(
                store.received, session, receiver, kind=None, unread=False, before=None, limit=20
            ),
            "ix_copies_arrived": partial(
                store.received, session, receiver, kind=None, unread=True, before=None, limit=20
            ),
            "ix_copies_unread": partial(store.unread, session, sender, after=None, limit=20),
        }
        for index, asked in lists.items():
            said.clear()
            assert len(await asked()) == 21
            ((statement, values),) = said
            row = await session.raw.fetchrow(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
            read = _scans(row[0][0]["Plan"])
            assert index in {name for name, _ in read}, read
            assert max(rows for _, rows in read) <= MANY / 40, read


def _scans(plan: dict[str, Any]) -> list[tuple[str, float]]:
    """Of each scan its index, or its table where there is none, and how many rows it read in all."""
    found = []
    if "Scan" in plan["Node Type"]:
        rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        found.append((plan.get("Index Name", plan.get("Relation Name", "?")), rows))
    return found + [each for child in plan.get("Plans", []) for each in _scans(child)]
