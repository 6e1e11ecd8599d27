"""信访工作条例 第三十二条: what was approved is changed by nobody, administrators included, not even by SQL."""

from typing import Any

import asyncpg
import pytest
from services.routing.tests.test_cases import COUNTY, LEADER, do, filed, opened, registered

from documents.main import service as documents
from routing.main import service as routing
from tests.support.nodes import token
from tests.support.running import Running

EVERY = ["clerk", "handler", "leader", "supervisor", "analyst", "operator", "system", "security", "audit"]
ADMINISTRATOR = token("330225-xf", "33.02.25", EVERY, subject="administrator")
REFUSALS = (asyncpg.RestrictViolationError, asyncpg.FeatureNotSupportedError)
OPINION = {
    "kind": "opinion", "request": "请求修复门前道路。", "facts": "经查,积水属实。", "opinion": "支持其请求。",
    "legal_basis": "《信访工作条例》第三十二条", "outcome": "support",
}  # fmt: skip
CHANGES = ("UPDATE {} SET outcome = 'explain'", "UPDATE {} SET unit = unit", "DELETE FROM {}", "TRUNCATE {} CASCADE")


async def approved(start: Any) -> tuple[Running, str, str]:
    """The service, a case whose opinion is approved, and its paper."""
    cases = await start(routing, **COUNTY)
    case = await opened(cases)
    await do(cases, case, "accept", version=1)
    paper = await filed(cases, case, "opinion")
    await do(cases, case, "submit", version=2, outcome="support", papers=[paper])
    answer = await do(cases, case, "approve", LEADER, version=3)
    assert answer.json()["state"] == "opinion-approved"
    return cases, case, paper


async def test_no_sql_of_the_owner_of_the_tables_changes_or_removes_it(start: Any) -> None:
    cases, _, _ = await approved(start)
    before = await cases.rows("SELECT * FROM opinions")
    owner = "SELECT tableowner = current_user AS mine FROM pg_tables WHERE tablename = 'opinions'"
    assert (await cases.rows(owner))[0]["mine"], "no role may more than this one, but the server's administrator"
    for statement in CHANGES:
        with pytest.raises(REFUSALS):
            await cases.rows(statement.format("opinions"))
    assert await cases.rows("SELECT * FROM opinions") == before != []
    async with cases.runtime.database.transaction() as session:  # so that this can fail
        await session.raw.execute("ALTER TABLE opinions DISABLE TRIGGER USER")
        assert await session.raw.execute("DELETE FROM opinions") == "DELETE 1"


async def test_no_action_of_an_administrator_makes_another_opinion_of_it(start: Any) -> None:
    cases, case, paper = await approved(start)
    for action, body in (
        ("draft-opinion", {}), ("submit", {"outcome": "explain", "papers": [paper]}), ("return-draft", {}),
        ("approve", {}),
    ):  # fmt: skip
        refused = await do(cases, case, action, ADMINISTRATOR, version=4, note="改为不予支持", **body)
        assert refused.status_code == 409, refused.text
    (opinion,) = await cases.rows("SELECT outcome, papers FROM opinions")
    assert (opinion["outcome"], [str(each) for each in opinion["papers"]]) == ("support", [paper])


async def test_neither_a_route_nor_sql_changes_its_paper(start: Any) -> None:
    kept, petition = await start(documents, path="33.02.25"), registered(unit="330225-xf")
    await kept.hear("documents.on-petition-registered", petition)
    papers = f"/api/documents/v1/petitions/{petition.subject}/papers"
    paper = await kept.request("POST", papers, who=ADMINISTRATOR, json=OPINION)
    assert paper.status_code == 201, paper.text
    one = f"{papers}/{paper.json()['paper_id']}"
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        answer = await kept.request(method, one, who=ADMINISTRATOR, json={**OPINION, "outcome": "not-support"})
        assert answer.status_code == 405, (method, answer.text)
    for statement in ("UPDATE papers SET unit = unit", "DELETE FROM papers", "TRUNCATE papers CASCADE"):
        with pytest.raises(REFUSALS):
            await kept.rows(statement)
    assert (await kept.request("GET", one, who=ADMINISTRATOR)).json()["outcome"] == "support"
