"""What was done stays as it was told: no statement changes a timeline, and the audit holds what people read of it."""

import hashlib
import json
from typing import Any

import asyncpg
import pytest
from services.routing.tests.test_cases import COUNTY, OFFICE, TOWN_HERE, do, offered_case, opened
from tests.support.running import Running, told

from contracts.letters import RecallRequest
from kit import audit
from kit.verifying import Verification
from routing.main import service

CHANGES = [
    "UPDATE {} SET actor = 'somebody else'", "UPDATE {} SET at = at - interval '9 days'", "UPDATE {} SET {} = 'forged'",
    "UPDATE {} SET {} = NULL", "DELETE FROM {}", "TRUNCATE {}",
    "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT count(*) FROM gone",
]  # fmt: skip
WORDS = {"timeline": "note", "request_steps": "text"}


@pytest.fixture
async def filled(start: Any) -> tuple[Running, str]:
    """A case with words in its timeline, and the holder urged."""
    routing: Running = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "transfer", version=1, to_unit="330225101-xf", note="请核实办理")
    await do(routing, case, "receive", TOWN_HERE, version=2)
    urged = await do(routing, case, "urge", OFFICE, text="请抓紧办理", wants_answer=True)
    assert urged.status_code == 201
    return routing, case


@pytest.mark.parametrize("table", WORDS)
@pytest.mark.parametrize("statement", CHANGES)
async def test_no_statement_changes_or_removes_a_line(filled: Any, table: str, statement: str) -> None:
    routing, _ = filled
    query = f"SELECT * FROM {table} ORDER BY version"  # noqa: S608 - a name of the list above
    before = await routing.rows(query)
    with pytest.raises(asyncpg.RestrictViolationError):
        await routing.rows(statement.format(table, WORDS[table]))
    assert await routing.rows(query) == before != []


async def test_a_replication_role_does_not_switch_the_guard_off(filled: Any) -> None:
    routing, _ = filled
    async with routing.runtime.database.transaction() as session:
        await session.raw.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.RestrictViolationError):
            await session.raw.execute("DELETE FROM timeline")


async def test_words_that_come_later_than_what_another_node_did_are_added_once(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    event = told("routing.case.handed-over.v1", state, subject=letter.subject, sequence=2, node="33.02.25")
    await routing.hear("routing.on-case", event)
    await routing.hear("routing.letters", letter)
    (line,) = await routing.rows("SELECT note FROM timeline")
    assert line["note"] is not None
    with pytest.raises(asyncpg.RestrictViolationError):
        await routing.rows("UPDATE timeline SET note = 'other words'")


async def faults(routing: Running) -> list[int | None]:
    async with routing.runtime.database.transaction() as session:
        while await audit.chain(session, "routing"):
            pass
    async with routing.runtime.database.transaction() as session:
        check = Verification("routing", audited=service.audited)
        return [fault.entry async for fault in check.faults(session)]


@pytest.mark.parametrize(
    ("forged", "action"),
    [
        ("UPDATE timeline SET actor = 'other' WHERE version = 2", "transfer"),
        ("UPDATE timeline SET note = 'forged' WHERE version = 2", "transfer"),
        ("DELETE FROM timeline WHERE version = 1", "open"),
        ("UPDATE request_steps SET text = 'forged'", "request.send"),
        ("UPDATE request_steps SET at = at - interval '1 day'", "request.send"),
    ],
)
async def test_who_switches_the_guard_off_is_found_by_the_audit(filled: Any, forged: str, action: str) -> None:
    routing, _ = filled
    assert await faults(routing) == []
    async with routing.runtime.database.transaction() as session:
        for table in WORDS:
            await session.raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        await session.raw.execute(forged)
    (entry,) = await routing.rows("SELECT id FROM audit WHERE action = $1", action)
    assert await faults(routing) == [entry["id"]]


async def test_the_audit_has_digests_of_the_words_and_of_the_form(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "answer", version=1, note="已电话答复", fields={"answer": "已清理", "method": "phone"})
    (line,) = await routing.rows("SELECT note, fields FROM timeline WHERE version = 2")
    (entry,) = await routing.rows("SELECT detail FROM audit WHERE action = 'answer'")
    assert json.loads(entry["detail"]) == {
        name: hashlib.sha256(line[name]).hexdigest() for name in ("note", "fields")
    }  # fmt: skip


async def test_the_opening_of_a_case_is_audited_once(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    (entry,) = await routing.rows("SELECT * FROM audit")
    assert (entry["action"], str(entry["subject"]), entry["unit"]) == ("open", case, "330225-xf")
    assert (entry["before"], entry["after"]) == (0, 1)


async def test_who_asks_another_node_for_an_offer_and_why_is_kept(start: Any) -> None:
    county, town = await start(service, **COUNTY), await start(service)
    case = await opened(county)
    await do(county, case, "transfer", version=1, to_unit="330225100-xf")
    asked = await do(county, case, "recall", version=2, note="转错单位")
    assert asked.status_code == 200
    (entry,) = await county.rows("SELECT * FROM audit WHERE action = 'ask-recall'")
    assert (entry["actor"], entry["unit"], entry["before"], entry["after"]) == ("tester", "330225-xf", 2, None)
    # the other node learns why, and says so where it grants it
    letter, state = await offered_case(town)
    assert state.hand_over is not None
    request = RecallRequest(hand_over=state.hand_over.id, version=2, note="转错单位")
    wanted = told("routing.recall-request.v1", request, subject=letter.subject, sequence=2, node="33.02.25")
    await town.hear("routing.letters", wanted)
    (early,) = await town.rows("SELECT note FROM recalls")
    assert "转错".encode() not in early["note"]
    await town.hear("routing.letters", letter)
    lines = await town.rows("SELECT action, note FROM timeline WHERE case_id = $1 ORDER BY version", letter.subject)
    assert lines[-1]["action"] == "recall"
    binding = f"timeline/{letter.subject}/3/note"
    assert town.runtime.keyring.decrypt(lines[-1]["note"], binding) == "转错单位"


async def test_only_the_node_that_made_an_offer_can_ask_for_it_before_it_comes(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    assert state.hand_over is not None
    request = RecallRequest(hand_over=state.hand_over.id, version=2)
    stranger = told("routing.recall-request.v1", request, subject=letter.subject, sequence=2, node="33.02.26")
    await routing.hear("routing.letters", stranger)
    await routing.hear("routing.letters", letter)
    (row,) = await routing.rows("SELECT state, version FROM cases")
    assert tuple(row) == ("offered", 2)
