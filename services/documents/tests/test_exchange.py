"""Papers from unit to unit: a copy for each, signed for before it is read, urged, recalled, returned, answered."""

import uuid
from typing import Any

import pytest
from services.documents.tests.exchanging import (
    BUILDERS,
    CITY,
    CITY_OFFICE,
    COUNTY_OFFICE,
    OTHER_TOWN,
    PDF,
    TOWN_OFFICE,
    VILLAGE,
    Exchange,
    clerk,
    slug_of,
)
from tests.support.running import told

from contracts.dispatches import Dispatch, DispatchRecall, DispatchReceipt
from contracts.examples import COUNTY, TOWNSHIP
from documents.main import service
from kit.errors import Refused


@pytest.fixture
async def exchange(start: Any) -> Exchange:
    """A county and its township."""
    return Exchange({path: await start(service, path=path) for path in (COUNTY, TOWNSHIP)})


async def content(exchange: Exchange, unit: str, dispatch_id: str) -> tuple[int, bytes]:
    """The body, as a clerk of the unit gets it."""
    shown = await exchange.get(unit, dispatch_id)
    if shown["items"] is None:
        listed = await exchange.ask(unit, "GET", f"/petitions/{dispatch_id}/files")
        return listed.status_code, b""
    answer = await exchange.ask(unit, "GET", shown["items"][0]["path"])
    return answer.status_code, answer.content


async def test_each_unit_has_its_own_copy_and_reads_it_only_when_it_has_signed_for_it(exchange: Exchange) -> None:
    text = PDF + b"%% the text" + PDF
    dispatch_id = await exchange.sent(
        COUNTY_OFFICE, BUILDERS, TOWN_OFFICE, VILLAGE, title="关于道路养护的通知", content=text, urgency="urgent"
    )
    await exchange.carry()
    for unit in (BUILDERS, TOWN_OFFICE, VILLAGE):
        (row,) = await exchange.listed(unit, "received", unread=True)
        assert (row["title"], row["state"], row["urgency"]) == ("关于道路养护的通知", "arrived", "urgent")
        assert await content(exchange, unit, dispatch_id) == (404, b"")
        assert (await exchange.get(unit, dispatch_id))["copies"] == []
    for unit in (BUILDERS, TOWN_OFFICE):
        assert (await exchange.post(unit, dispatch_id, "signature")).json()["copy"]["state"] == "signed"
        assert await content(exchange, unit, dispatch_id) == (200, text)
        assert await exchange.listed(unit, "received", unread=True) == []
    await exchange.carry()
    copies = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert {unit: each["state"] for unit, each in copies.items()} == {
        BUILDERS: "signed", TOWN_OFFICE: "signed", VILLAGE: "arrived",
    }  # fmt: skip
    assert copies[TOWN_OFFICE]["signed_by"] == f"clerk of {TOWN_OFFICE}"
    assert copies[TOWN_OFFICE]["signed_at"] is not None
    assert await content(exchange, VILLAGE, dispatch_id) == (404, b"")
    (waiting,) = await exchange.listed(COUNTY_OFFICE, "unread")
    assert [unit["code"] for unit in waiting["units"]] == [VILLAGE]
    (sent,) = await exchange.listed(COUNTY_OFFICE, "sent")
    assert (sent["recipients"], sent["unread"], sent["ended"]) == (3, 1, 0)


async def test_who_is_no_party_finds_nothing(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, BUILDERS)
    draft_id, _ = await exchange.draft(COUNTY_OFFICE)
    for unit, found in ((OTHER_TOWN, dispatch_id), (OTHER_TOWN, draft_id), (BUILDERS, draft_id)):
        for method, path in (
            ("GET", f"/dispatches/{found}"), ("GET", f"/petitions/{found}/files"),
            ("POST", f"/dispatches/{found}/signature"), ("POST", f"/dispatches/{found}/recall"),
            ("POST", f"/dispatches/{found}/urging"),
        ):  # fmt: skip
            answer = await exchange.ask(unit, method, path, json={} if method == "POST" else None)
            assert (answer.status_code, slug_of(answer)) == (404, "not-found"), path
        assert await exchange.listed(unit, "sent") == []
    assert await exchange.listed(OTHER_TOWN, "received") == []
    # the county's leader and supervisor too: the unit must be a party, and the region in scope
    for who in (clerk(CITY_OFFICE, "supervisor"), clerk(OTHER_TOWN, "leader")):
        assert (await exchange.ask(COUNTY_OFFICE, "GET", f"/dispatches/{dispatch_id}", who=who)).status_code == 404


async def test_what_was_sent_never_changes_and_recipients_add_nothing(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, BUILDERS)
    await exchange.post(BUILDERS, dispatch_id, "signature")
    for unit in (COUNTY_OFFICE, BUILDERS):
        path = f"/petitions/{dispatch_id}/files/{uuid.uuid4()}"
        headers = {"Content-Type": "application/pdf"}
        assert (await exchange.ask(unit, "PUT", path, content=PDF, headers=headers)).status_code == 404
        notice = {"kind": "notice", "text": "正文"}
        assert (await exchange.ask(unit, "POST", f"/petitions/{dispatch_id}/papers", json=notice)).status_code == 404
    body = {"recipients": [TOWN_OFFICE], "body": str(uuid.uuid4())}
    assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)) == "dispatch-sent"


CANNOT: tuple[tuple[dict[str, Any], str], ...] = (
    ({"recipients": []}, "invalid-input"),
    ({"recipients": [COUNTY_OFFICE, BUILDERS]}, "invalid-input"),
    ({"recipients": [BUILDERS, BUILDERS]}, "invalid-input"),
    ({"recipients": ["990000-xf"]}, "unknown-unit"),
    ({"body": None}, "body-missing"),
    ({"body": str(uuid.uuid4())}, "body-missing"),
    ({"attachments": [str(uuid.uuid4())]}, "invalid-input"),
    ({"answer_by": "2020-01-01T00:00:00Z"}, "invalid-input"),
)


async def test_what_cannot_be_sent_is_refused_and_stays_a_draft(exchange: Exchange) -> None:
    dispatch_id, file_id = await exchange.draft(COUNTY_OFFICE)
    for changes, slug in CANNOT:
        body = {"recipients": [BUILDERS], "body": file_id, **changes}
        assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)) == slug, changes
    assert (await exchange.get(COUNTY_OFFICE, dispatch_id))["sent_at"] is None
    assert await exchange.listed(BUILDERS, "received") == []


async def test_recall_takes_back_what_nobody_has_read_and_says_where_it_came_too_late(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, BUILDERS, OTHER_TOWN, TOWN_OFFICE, VILLAGE, title="不该发的文")
    await exchange.carry()
    await exchange.post(BUILDERS, dispatch_id, "signature")
    await exchange.post(TOWN_OFFICE, dispatch_id, "signature")  # its receipt and the recall cross
    assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "recall", {"units": [BUILDERS]})) == "dispatch-read"
    asked = (await exchange.post(COUNTY_OFFICE, dispatch_id, "recall")).json()["copies"]
    assert {each["unit"]: (each["state"], each["recall"]) for each in asked} == {
        BUILDERS: ("signed", None), OTHER_TOWN: ("recalled", None), TOWN_OFFICE: ("arrived", "asked"),
        VILLAGE: ("arrived", "asked"),
    }  # fmt: skip
    await exchange.carry()
    told = (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]
    assert {each["unit"]: (each["state"], each["recall"]) for each in told} == {
        BUILDERS: ("signed", None), OTHER_TOWN: ("recalled", None), TOWN_OFFICE: ("signed", "lost"),
        VILLAGE: ("recalled", None),
    }  # fmt: skip
    for unit in (OTHER_TOWN, VILLAGE):
        (row,) = await exchange.listed(unit, "received")
        assert (row["state"], row["title"]) == ("recalled", None)
        assert slug_of(await exchange.post(unit, dispatch_id, "signature")) == "dispatch-recalled"
        assert await content(exchange, unit, dispatch_id) == (404, b"")
    assert (await content(exchange, TOWN_OFFICE, dispatch_id))[0] == 200


async def test_a_recall_that_overtakes_what_it_recalls_is_remembered(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, TOWN_OFFICE)
    await exchange.post(COUNTY_OFFICE, dispatch_id, "urging")
    await exchange.post(COUNTY_OFFICE, dispatch_id, "recall")
    await exchange.collect()
    letters, exchange.waiting = exchange.waiting, []
    await exchange.bring(letters[::-1])
    await exchange.carry()
    assert await exchange.listed(TOWN_OFFICE, "received") == []
    (copy,) = (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]
    assert (copy["state"], copy["recall"]) == ("recalled", None)


async def test_returned_it_is_read_no_more_and_the_sender_has_the_reason(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, TOWN_OFFICE, VILLAGE)
    await exchange.carry()
    await exchange.post(TOWN_OFFICE, dispatch_id, "signature")
    assert (await content(exchange, TOWN_OFFICE, dispatch_id))[0] == 200
    back = (await exchange.post(TOWN_OFFICE, dispatch_id, "return", {"reason": "不属本单位职责"})).json()
    assert (back["copy"]["state"], back["items"]) == ("returned", None)
    assert await content(exchange, TOWN_OFFICE, dispatch_id) == (404, b"")
    await exchange.carry()
    copies = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert (copies[TOWN_OFFICE]["state"], copies[TOWN_OFFICE]["reason"]) == ("returned", "不属本单位职责")
    assert slug_of(await exchange.post(TOWN_OFFICE, dispatch_id, "signature")) == "dispatch-returned"
    (nodes,) = await exchange.services[COUNTY].rows("SELECT nodes FROM whereabouts")
    assert nodes["nodes"] == [TOWNSHIP]
    await exchange.post(VILLAGE, dispatch_id, "return", {"reason": "同上"})
    await exchange.carry()
    (nodes,) = await exchange.services[COUNTY].rows("SELECT nodes FROM whereabouts")
    assert nodes["nodes"] == []


async def test_an_answer_is_a_dispatch_of_its_own_and_ends_the_waiting(exchange: Exchange) -> None:
    by = "2026-01-01T16:00:00Z"
    dispatch_id = await exchange.sent(COUNTY_OFFICE, TOWN_OFFICE, BUILDERS, answer_by="2099-01-01T16:00:00Z")
    await exchange.carry()
    for running in exchange.services.values():  # the date has come
        await running.rows("UPDATE copies SET answer_by = $1::text::timestamptz", by)
        await running.rows("UPDATE dispatches SET answer_by = $1::text::timestamptz", by)
    (row,) = await exchange.listed(TOWN_OFFICE, "received")
    assert row["overdue"]
    refused = await exchange.ask(TOWN_OFFICE, "POST", "/dispatches", json={"title": "复函", "answers": dispatch_id})
    assert slug_of(refused) == "dispatch-unread"
    await exchange.post(TOWN_OFFICE, dispatch_id, "signature")
    await exchange.sent(TOWN_OFFICE, COUNTY_OFFICE, title="复函", answers=dispatch_id)
    await exchange.carry()
    (row,) = await exchange.listed(TOWN_OFFICE, "received")
    assert (row["overdue"], row["answered_at"] is not None) == (False, True)
    copies = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert [copies[unit]["overdue"] for unit in (TOWN_OFFICE, BUILDERS)] == [False, True]
    assert copies[TOWN_OFFICE]["answered_at"] is not None
    (answer,) = await exchange.listed(COUNTY_OFFICE, "received")
    assert answer["title"] == "复函"
    refused = await exchange.post(TOWN_OFFICE, dispatch_id, "return", {"reason": "不需要了"})
    assert slug_of(refused) == "dispatch-answered"


async def test_no_title_no_reason_and_no_byte_is_readable_on_the_way_or_in_the_tables(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(
        COUNTY_OFFICE, TOWN_OFFICE, title="关于欧阳禾苗的函", content=PDF + b"%%SECRET" + PDF
    )
    await exchange.carry()
    await exchange.post(TOWN_OFFICE, dispatch_id, "return", {"reason": "欧阳禾苗不在本镇"})
    await exchange.carry()
    tables = [
        str(dict(row)).encode()
        for running in exchange.services.values()
        for table in ("dispatches", "copies", "audit", "petitions", "awaited_parts")
        for row in await running.rows(f"SELECT {table}::text FROM {table}")  # noqa: S608 - names of this file
    ]
    assert len(exchange.carried) >= 5
    for body in (*exchange.carried, *tables):
        assert "欧阳禾苗".encode() not in body
        assert b"SECRET" not in body


async def test_every_reading_and_every_step_is_in_the_audit(exchange: Exchange) -> None:
    dispatch_id = await exchange.sent(COUNTY_OFFICE, TOWN_OFFICE)
    await exchange.carry()
    await exchange.post(COUNTY_OFFICE, dispatch_id, "urging")
    await exchange.post(TOWN_OFFICE, dispatch_id, "signature")
    await content(exchange, TOWN_OFFICE, dispatch_id)
    await exchange.carry()
    query = "SELECT action FROM audit WHERE subject = $1"
    here = {row["action"] for row in await exchange.services[COUNTY].rows(query, uuid.UUID(dispatch_id))}
    there = {row["action"] for row in await exchange.services[TOWNSHIP].rows(query, uuid.UUID(dispatch_id))}
    assert here >= {"begin-dispatch", "store-file", "send-dispatch", "give-file", "urge-dispatch", "take-receipt"}
    assert there >= {"take-dispatch", "take-file", "sign-dispatch", "read-dispatch", "read-file"}


async def test_a_letter_of_the_office_is_drafted_here_and_read_there(exchange: Exchange) -> None:
    begun = await exchange.ask(COUNTY_OFFICE, "POST", "/dispatches", json={"title": "关于商请提供资料的函"})
    dispatch_id = begun.json()["dispatch_id"]
    sections = {"title": "关于商请提供资料的函", "to_units": ["丁镇信访办"], "text": "请提供资料。"}
    filed = await exchange.post(COUNTY_OFFICE, dispatch_id, "letter", {"sections": sections})
    assert filed.status_code == 201, filed.text
    attached = await exchange.put(COUNTY_OFFICE, dispatch_id, name="附件.pdf")
    body = {"recipients": [TOWN_OFFICE], "body": filed.json()["paper_id"]}
    assert (await exchange.post(COUNTY_OFFICE, dispatch_id, "sending", body)).status_code == 200
    await exchange.carry()
    shown = (await exchange.post(TOWN_OFFICE, dispatch_id, "signature")).json()
    assert [(item["kind"], item["item_id"], item["here"]) for item in shown["items"]] == [
        ("paper", filed.json()["paper_id"], True), ("file", attached, True),
    ]  # fmt: skip
    assert (await exchange.ask(TOWN_OFFICE, "GET", shown["items"][0]["path"])).json()["sections"] == sections


async def test_another_node_cannot_send_recall_or_sign_in_the_name_of_others(exchange: Exchange) -> None:
    """A letter is of the node that has signed it: what it says of others' dispatches and copies has no effect."""
    dispatch_id = uuid.UUID(await exchange.sent(COUNTY_OFFICE, TOWN_OFFICE))
    await exchange.carry()
    forged = DispatchRecall(to_units=[TOWN_OFFICE], asked_at="2026-01-05T01:00:00Z")
    letter = told("documents.dispatch-recall.v1", forged, subject=dispatch_id, node=CITY)
    await exchange.services[TOWNSHIP].hear("documents.letters", letter)
    assert (await exchange.get(TOWN_OFFICE, str(dispatch_id)))["copy"]["state"] == "arrived"
    receipt = DispatchReceipt(to_unit=TOWN_OFFICE, state="signed", signed_at="2026-01-05T01:00:00Z")
    letter = told("documents.dispatch-receipt.v1", receipt, subject=dispatch_id, sequence=9, node=CITY)
    await exchange.services[COUNTY].hear("documents.letters", letter)
    assert (await exchange.get(COUNTY_OFFICE, str(dispatch_id)))["copies"][0]["state"] == "arrived"
    given = {"kind": "paper", "title": "假", "recipients": [TOWN_OFFICE], "to_units": [TOWN_OFFICE],
             "body": uuid.uuid4(), "items": [uuid.uuid4()], "by": "x", "sent_at": "2026-01-05T01:00:00Z"}  # fmt: skip
    for node, unit, subject in ((CITY, COUNTY_OFFICE, uuid.uuid4()), (CITY, CITY_OFFICE, dispatch_id)):
        letter = told("documents.dispatch.v1", Dispatch(**given, from_unit=unit), subject=subject, node=node)
        with pytest.raises(Refused, match="message-unreadable"):
            await exchange.services[TOWNSHIP].hear("documents.letters", letter)
    petition = uuid.uuid4()
    await exchange.services[TOWNSHIP].rows("INSERT INTO petitions (id, registered_sequence) VALUES ($1, 1)", petition)
    letter = told("documents.dispatch.v1", Dispatch(**given, from_unit=CITY_OFFICE), subject=petition, node=CITY)
    with pytest.raises(Refused, match="message-unreadable"):
        await exchange.services[TOWNSHIP].hear("documents.letters", letter)
