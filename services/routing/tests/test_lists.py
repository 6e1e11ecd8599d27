"""Lists of cases: paged by key, filtered, and read from an index however many cases there are."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from deploy.bench.plans import plan_of
from services.routing.tests.test_cases import CASES, COUNTY, OFFICE, TOWN_HERE, do, opened
from tests.support.nodes import token
from tests.support.running import Running

from routing import store
from routing.main import service

TO_DO = "/api/routing/v1/to-do"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
# some held by few, most by one; few of them open; read by the office of one town, of the county, of the province
FILL = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, due_at, open, body)
SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'SYN' || n,
  CASE WHEN n % 100 = 0 THEN 'offered' WHEN n % 3 = 0 THEN 'filed' ELSE 'closed' END,
  CASE WHEN n % 2 = 0 THEN '330225-xf' ELSE 'unit' || n % 40 END, '33.02.25',
  CASE WHEN n % 3 = 0 THEN $1::timestamptz + n % 1000 * interval '1 hour' END, n % 100 = 0, '{}'
FROM generate_series(1, 60000) AS n
"""
SCOPES = """
INSERT INTO case_scopes (scope, case_id)
SELECT scope, id FROM cases, unnest(ARRAY['33', '33.02.25', '33.02.25.' || substr(holder_unit, 5)]) AS scope
"""


async def pages(routing: Running, path: str, query: str = "", who: str = OFFICE) -> list[list[dict[str, Any]]]:
    """All pages of a list, one after the other."""
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = (await routing.request("GET", f"{path}?{query}{more}", who=who)).json()
        found.append(page["items"])
        cursor = page["next"]
    return found


def ids(found: list[list[dict[str, Any]]]) -> list[str]:
    return [row["id"] for page in found for row in page]


async def test_a_to_do_list_is_paged_by_what_is_due_first_and_what_is_never_due_comes_last(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await opened(routing) for _ in range(7)]
    dates = [NOW + timedelta(days=day) if day else None for day in (3, 1, 0, 2, 2, 0, 1)]
    for case, due in zip(cases, dates, strict=True):
        await routing.rows("UPDATE cases SET due_at = $2 WHERE id = $1", uuid.UUID(case), due)
    last = NOW + timedelta(days=999)
    by_date = sorted(zip(cases, dates, strict=True), key=lambda each: (each[1] or last, each[0]))
    found = await pages(routing, TO_DO, "limit=2")
    assert [len(page) for page in found] == [2, 2, 2, 1]
    assert ids(found) == [case for case, _ in by_date]
    assert ids(await pages(routing, TO_DO, "limit=1")) == ids(found)


async def test_what_is_done_between_two_pages_neither_repeats_nor_hides_the_rest(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await opened(routing) for _ in range(4)]
    first = (await routing.request("GET", f"{TO_DO}?limit=2", who=OFFICE)).json()
    for row in first["items"]:
        await do(routing, row["id"], "note-withdrawal", version=1)
    rest = (await routing.request("GET", f"{TO_DO}?limit=2&cursor={first['next']}", who=OFFICE)).json()
    assert {row["id"] for row in first["items"] + rest["items"]} == set(cases)
    assert rest["next"] is None


@pytest.mark.parametrize("cursor", ["x", "AAAA", "A" * 22, "_" * 64, "Q" + "A" * 31, "%00"])
async def test_what_is_no_cursor_is_refused(start: Any, cursor: str) -> None:
    routing = await start(service, **COUNTY)
    answer = await routing.request("GET", f"{TO_DO}?cursor={cursor}", who=OFFICE)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cursor")


async def test_cases_are_listed_by_state_and_by_holder_page_by_page(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await opened(routing) for _ in range(6)]
    for case in cases[:4]:
        await do(routing, case, "transfer", version=1, to_unit="330225101-xf")
    newest = sorted(cases, reverse=True)
    offered = [case for case in newest if case in cases[:4]]
    kept = [case for case in newest if case in cases[4:]]
    assert ids(await pages(routing, CASES, "limit=4")) == newest
    assert ids(await pages(routing, CASES, "limit=3&state=offered")) == offered
    assert ids(await pages(routing, CASES, "limit=1&mine=true")) == kept
    assert ids(await pages(routing, CASES, "limit=3&mine=true&state=offered", TOWN_HERE)) == offered
    assert ids(await pages(routing, CASES, "mine=true&state=offered")) == []
    elsewhere = token("330226-xf", "33.02.26")
    assert ids(await pages(routing, CASES, "state=offered", elsewhere)) == []


async def test_each_list_reads_its_lines_from_an_index(start: Any) -> None:
    routing: Running = await start(service, **COUNTY)
    await routing.rows(FILL, NOW)
    await routing.rows(SCOPES)
    for table in ("cases", "case_scopes"):
        await routing.rows(f"ANALYZE {table}")
    dsn = routing.runtime.database.dsn
    middle = uuid.UUID("00000000-7530-7000-8000-000000007530")

    async def plan(wanted: str | None, before: uuid.UUID | None = None, *, mine: bool = False) -> str:
        unit, scope = ("330225-xf", "33.02.25") if mine else ("330000-xf", "33")
        return await plan_of(
            dsn, lambda session: store.page(session, scope, [unit], before=before, limit=50, state=wanted, mine=mine)
        )

    found = {
        "ix_cases_to_do": [
            await plan_of(dsn, lambda session: store.to_do(session, ["330225-xf"], 50)),
            await plan_of(dsn, lambda session: store.to_do(session, ["330225-xf"], 50, (NOW, middle))),
            await plan_of(dsn, lambda session: store.to_do(session, ["330225-xf"], 50, (None, middle))),
        ],
        "ix_cases_state": [await plan("offered"), await plan("offered", middle)],
        "ix_cases_holder": [await plan("offered", mine=True), await plan("offered", middle, mine=True)],
    }
    for index, plans in found.items():
        for each in plans:
            assert index in each, each
            assert "Seq Scan" not in each, each
            assert "Sort" not in each, each
            assert "Rows Removed" not in each, f"it reads more than its lines\n{each}"
