"""Vendors bring receipts and texts: signed, soon, once each, answered when they are kept; as the page says."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from services.notify.tests.vendor import ACCOUNT, SECRET, signed
from tests.support.running import Running

from kit.clock import ManualClock
from notify.gateways.http import HttpGateway
from notify.gateways.interface import Incoming
from notify.gateways.settings import Http
from notify.main import service

PAGE = Path(__file__).parents[1] / "docs" / "http-gateway.md"
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
ROOT = "/api/notify/v1/gateways/cloud"
DELIVERED = {"id": "v-1", "state": "delivered", "at": "2026-11-22T09:29:41+08:00", "to": "13800000001"}
JSON = {"Content-Type": "application/json"}
TEXT = {"id": "t-1", "from": "13800000001", "to": "106900", "text": "张三#某村#积水", "at": "2026-11-22T01:29:58Z"}


@pytest.fixture
async def notify(start: Any) -> Running:
    running: Running = await start(service, clock=ManualClock(NOW))
    said = {"kind": "http", "name": "cloud", "url": "http://127.0.0.1:1/", "account": ACCOUNT, "secret_file": "-"}
    line = HttpGateway(Http.model_validate(said), SECRET, running.runtime.clock)
    running.runtime.resources.gateways["cloud"] = line
    return running


async def bring(notify: Running, what: str, *items: Any, path: str = "", **changes: Any) -> httpx.Response:
    body = json.dumps({"items": items}).encode()
    headers = signed("POST", f"{ROOT}/{what}", body, at=changes.pop("at", NOW).timestamp(), **changes)
    return await notify.request("POST", path or f"{ROOT}/{what}", who=None, headers={**JSON, **headers}, content=body)


async def kept(notify: Running) -> tuple[int, int]:
    """Receipts (of messages not known here), texts."""
    (row,) = await notify.rows("SELECT (SELECT count(*) FROM early_receipts), (SELECT count(*) FROM inbound)")
    return row[0], row[1]


async def test_what_is_brought_is_kept_before_it_is_answered_and_once(notify: Running) -> None:
    receipts = [{**DELIVERED, "id": f"v-{number}"} for number in range(40)]
    texts = [{**TEXT, "id": f"t-{number}", "text": f"XF{number}"} for number in range(40)]
    for _ in range(2):  # as a vendor does that did not see our answer
        answers = [await bring(notify, "receipts", *receipts), await bring(notify, "incoming", *texts)]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"kept": 40})] * 2
        assert await kept(notify) == (40, 40)


def requests_on_the_page() -> list[tuple[str, dict[str, str], bytes]]:
    found = []
    for block in re.findall(r"```http\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        head, _, body = block.partition("\n\n")
        first, *lines = head.split("\n")
        found.append((first.split(" ")[1], dict(line.split(": ", 1) for line in lines), body.encode()))
    return found


async def test_the_requests_on_the_page_are_taken_as_they_stand_there(notify: Running) -> None:
    ((path, headers, body),) = requests_on_the_page()
    answer = await notify.client.post(path, headers=headers, content=body)
    assert answer.json() == {"kept": 1}
    texts = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", PAGE.read_text(encoding="utf-8"))]
    (items,) = [said["items"] for said in texts if "items" in said]
    assert (await bring(notify, "incoming", *items)).json() == {"kept": 1}
    assert await kept(notify) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"secret": "wrong"}, "X-Gateway-Signature"),
        ({"at": NOW - timedelta(minutes=6)}, "X-Gateway-Timestamp"),
        ({"at": NOW + timedelta(minutes=6)}, "X-Gateway-Timestamp"),
        ({"path": f"{ROOT}/incoming"}, "X-Gateway-Signature"),
    ],
)
async def test_who_does_not_know_the_secret_is_refused(notify: Running, changes: Any, header: str) -> None:
    answer = await bring(notify, "receipts", DELIVERED, **changes)
    assert (answer.status_code, answer.json()["header"]) == (401, header)
    assert answer.json()["type"] == "urn:xinqiao:problem:signature-refused"
    assert await kept(notify) == (0, 0)


async def test_each_header_and_each_octet_of_the_body_counts(notify: Running) -> None:
    body = json.dumps({"items": [DELIVERED]}).encode()
    good = signed("POST", f"{ROOT}/receipts", body, at=NOW.timestamp())
    wrong = {
        "X-Gateway-Account": ["", "other"], "X-Gateway-Timestamp": ["", "now", "9" * 30, "-1"],
        "X-Gateway-Nonce": ["", "short", "x" * 65, "with space and more"], "X-Gateway-Signature": ["", "0" * 64, "ü"],
    }  # fmt: skip
    tries = [({**good, name: value}, body) for name, values in wrong.items() for value in values]
    tries += [({name: value for name, value in good.items() if name != left_out}, body) for left_out in good]
    tries += [(good, body + b" ")]
    for headers, content in tries:
        sent = {name: value.encode() for name, value in headers.items()}
        answer = await notify.request("POST", f"{ROOT}/receipts", who=None, headers=sent, content=content)
        assert answer.status_code == 401, headers
    assert await kept(notify) == (0, 0)


async def test_a_request_that_is_sent_again_as_it_was_is_refused(notify: Running) -> None:
    body = json.dumps({"items": [DELIVERED]}).encode()
    headers = {**JSON, **signed("POST", f"{ROOT}/receipts", body, at=NOW.timestamp())}
    answers = [
        await notify.request("POST", f"{ROOT}/receipts", who=None, headers=headers, content=body) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["type"] == "urn:xinqiao:problem:request-repeated"


async def test_only_a_gateway_that_speaks_http_has_callbacks(notify: Running) -> None:
    for name in ("console", "nobody", "x" * 40):
        path = f"/api/notify/v1/gateways/{name}/receipts"
        body = json.dumps({"items": [DELIVERED]}).encode()
        headers = {**JSON, **signed("POST", path, body, at=NOW.timestamp())}
        answer = await notify.request("POST", path, who=None, headers=headers, content=body)
        assert answer.status_code == (422 if len(name) > 31 else 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "sent"}, {"id": ""}, {"id": "x" * 65}, {"id": "a b"}, {"at": "2026-11-22"}, {"more": 1},
        {"at": "0001-01-01T00:00:00+14:00"}, {"at": "9999-12-31T23:59:59-14:00"}, {"to": "138 0000"},
        {"reason": "no 13800000001"},
    ],
)  # fmt: skip
async def test_an_item_of_another_shape_is_refused_without_being_quoted(notify: Running, wrong: Any) -> None:
    answer = await bring(notify, "receipts", {**DELIVERED, **wrong})
    assert answer.status_code == 422
    assert "13800000001" not in answer.text
    assert await kept(notify) == (0, 0)


async def test_how_much_is_brought_at_once_is_bounded(notify: Running) -> None:
    assert (await bring(notify, "receipts")).status_code == 422
    assert (await bring(notify, "receipts", *[DELIVERED] * 501)).status_code == 422
    assert (await bring(notify, "incoming", *[{**TEXT, "text": "积" * 40_000}] * 30)).status_code == 413
    assert await kept(notify) == (0, 0)


async def test_what_a_telephone_sent_is_never_refused_for_its_letters(notify: Running) -> None:
    texts = ["a\0b", "\x1b[2J", "\ud83d", "", "积" * 30_000]
    items = [{**TEXT, "id": f"t-{at}", "text": text} for at, text in enumerate(texts)]
    answer = await bring(notify, "incoming", *items, {**TEXT, "id": "t-bank", "from": "BANK"})
    assert answer.json() == {"kept": 6}
    assert await kept(notify) == (0, 6)


async def test_what_could_not_be_kept_is_not_said_to_be(notify: Running) -> None:
    async with notify.runtime.database.transaction() as session:
        await session.raw.execute("ALTER TABLE early_receipts RENAME TO away")
    assert (await bring(notify, "receipts", DELIVERED)).status_code == 500
    async with notify.runtime.database.transaction() as session:
        await session.raw.execute("ALTER TABLE away RENAME TO early_receipts")
    assert (await bring(notify, "receipts", DELIVERED)).json() == {"kept": 1}


async def test_while_the_database_is_away_a_text_is_refused_and_not_left_on_the_disk_of_a_process_that_drains_none(
    notify: Running,
) -> None:
    keeper = notify.runtime.resources.keeper
    insert = keeper._insert

    async def away(_: Any) -> None:
        raise ConnectionRefusedError

    keeper._insert = away  # the signature was checked while the database still answered
    refused = await bring(notify, "incoming", TEXT)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:xinqiao:problem:unavailable")
    keeper._insert = insert
    assert not (notify.runtime.settings.home / "spool").exists()
    assert (await bring(notify, "incoming", TEXT)).json() == {"kept": 1}
    assert await kept(notify) == (0, 1)


async def test_a_vendors_text_waits_for_what_is_on_disk_rather_than_overtake_it(notify: Running) -> None:
    keeper = notify.runtime.resources.keeper
    insert = keeper._insert

    async def away(_: Any) -> None:
        raise ConnectionRefusedError

    keeper._insert = away
    came = Incoming(None, TEXT["to"], NOW, TEXT["from"], "甲")
    answers = await asyncio.gather(bring(notify, "incoming", TEXT), keeper.keep("mobile", came))
    assert answers[0].status_code == 503
    keeper._insert = insert
    assert (await bring(notify, "incoming", TEXT)).status_code == 503
    assert await keeper.drain() == 1
    assert (await bring(notify, "incoming", TEXT)).status_code == 200
    assert await kept(notify) == (0, 2)
