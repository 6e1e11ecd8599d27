"""The ledger as a file: as many rows as were counted, of what the caller may see, told in the audit."""

import csv
import io
import json
import uuid
from typing import Any

from services.routing.tests.test_cases import COUNTY, OFFICE, do, opened
from tests.support.nodes import token
from tests.support.running import Running

from routing import exports, resources
from routing.main import service

EXPORT = "/api/routing/v1/exports/cases"
BUREAU = token("330225-js", "33.02.25", ["clerk"], subject="bureau")
FILL = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, open, body)
SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'SYN' || n, 'received',
  '330225-xf', '33.02.25', true, jsonb_build_object('number', 'SYN' || n, 'holder_unit', '330225-xf')
FROM generate_series(1, $1::int) AS n
"""


async def exported(routing: Running, who: str = OFFICE, **params: Any) -> list[dict[str, str]]:
    answer = await routing.request("GET", EXPORT, who=who, params=params)
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["xinqiao-rows"] == str(len(rows))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return rows


async def test_it_has_the_rows_of_the_ledger_and_what_they_say(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await opened(routing) for _ in range(3)]
    await do(routing, cases[0], "accept", version=1)
    await do(routing, cases[1], "transfer", version=1, to_unit="330225-js")
    for params in ({}, {"state": "accepted"}, {"mine": True}, {"state": "offered", "mine": True}):
        listed = (await routing.request("GET", "/api/routing/v1/cases", who=OFFICE, params=params)).json()["items"]
        rows = await exported(routing, **params)
        assert [row["number"] for row in rows] == [each["number"] for each in listed]
        for row, each in zip(rows, listed, strict=True):
            names = ("state", "stage", "channel", "kind", "holder_unit", "holder_name", "registered_region")
            assert {name: row[name] for name in names} == {name: each[name] for name in names}


async def test_who_exported_what_is_in_the_audit(start: Any) -> None:
    routing = await start(service, **COUNTY)
    await opened(routing)
    await exported(routing, state="accepted")
    await exported(routing, mine=True)
    noted = await routing.rows("SELECT actor, unit, detail FROM audit WHERE action = 'export-ledger' ORDER BY id")
    assert [json.loads(row["detail"]) for row in noted] == [
        {"rows": 0, "state": "accepted", "mine": False}, {"rows": 1, "state": None, "mine": True},
    ]  # fmt: skip
    assert {(row["actor"], row["unit"]) for row in noted} == {("tester", "330225-xf")}


async def test_what_accuses_a_unit_and_what_is_elsewhere_is_not_in_its_export(start: Any) -> None:
    routing = await start(service, **COUNTY)
    hidden, _ = [await opened(routing) for _ in range(2)]
    await routing.rows("UPDATE cases SET accused_units = '{330225-js}' WHERE id = $1", uuid.UUID(hidden))
    assert len(await exported(routing)) == 2
    assert len(await exported(routing, BUREAU)) == 1
    assert await exported(routing, token("330226-xf", "33.02.26", ["clerk"])) == []
    assert (await routing.request("GET", EXPORT, who=token(roles=["analyst"]))).status_code == 403
    assert (await routing.request("GET", EXPORT, who=None)).status_code == 401


async def test_what_is_confidential_is_in_the_export_of_its_readers_alone(start: Any) -> None:
    routing = await start(service, **COUNTY)
    secret, _ = [await opened(routing) for _ in range(2)]
    await routing.rows("UPDATE cases SET readers = '{330225-xf:}' WHERE id = $1", uuid.UUID(secret))
    assert [len(await exported(routing, who)) for who in (OFFICE, BUREAU)] == [2, 1]


async def test_many_rows_come_in_pieces_and_all_of_them(start: Any) -> None:
    routing = await start(service, **COUNTY)
    await routing.rows(FILL, 3 * exports.AT_ONCE + 1)
    await routing.rows("INSERT INTO case_scopes (scope, case_id) SELECT '33.02.25', id FROM cases")
    rows = await exported(routing)
    assert len({row["number"] for row in rows}) == 3 * exports.AT_ONCE + 1
    assert rows[0]["number"] == f"SYN{3 * exports.AT_ONCE + 1}"  # newest first


async def test_what_is_not_taken_in_time_is_broken_off_and_holds_nothing(start: Any) -> None:
    routing = await start(service, **COUNTY)
    await opened(routing)
    held = resources.of(routing.runtime)
    patient, held.settings = held.settings, held.settings.model_copy(update={"export_seconds": 1e-9})
    for _ in range(12):  # more than there are connections
        answer = await routing.request("GET", EXPORT, who=OFFICE)
        assert "XF" not in answer.text
    held.settings = patient
    assert len(await exported(routing)) == 1


async def test_too_many_at_once_are_asked_to_come_later(start: Any) -> None:
    routing = await start(service, **COUNTY)
    held = resources.of(routing.runtime).exports
    while not held.locked():
        await held.acquire()
    answer = await routing.request("GET", EXPORT, who=OFFICE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    held.release()
    assert await exported(routing) == []


def test_what_a_spreadsheet_would_run_is_text() -> None:
    assert exports._cell("=1+1") == "'=1+1"
    assert [exports._cell(value) for value in ("XF1", None, 6)] == ["XF1", "", "6"]
