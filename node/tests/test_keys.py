"""Field keys of a node: a new one, and moving what is stored under it while the services run."""

import asyncio
from typing import Any

from tests.support.running import Running

from intake.main import service as intake_service
from kit import keyfile, sealing
from kit.sealing import Sealed
from node import fieldkeys
from portal import store as portal_store
from portal.domain import Account
from portal.main import service as portal_service

PETITIONS = "/api/intake/v1/petitions"
PETITIONERS, *_ = intake_service.sealed
VALUES = 4  # of a petitioner


async def register(intake: Running, name: str) -> str:
    person = {"name": name, "id_number": "110101199003074258", "phone": "13800001111", "address": "丁镇一村"}
    letter = {
        "channel": "letter",
        "kind": "appeal",
        "title": "门前积水",
        "content": "门前积水",
        "petitioners": [person],
    }
    answer = await intake.request("POST", PETITIONS, json=letter)
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def name_of(intake: Running, petition: str) -> str:
    path = f"{PETITIONS}/{petition}/identity-readings"
    answer = await intake.request("POST", path, json={"purpose": "电话核实来信内容"})
    return str(answer.json()[0]["name"])


async def under(intake: Running, sealed: Sealed = PETITIONERS) -> dict[str, int]:
    async with intake.runtime.database.transaction() as session:
        return await sealing.counts(session, sealed)


def rotate(running: Running) -> None:
    """A new key, and the process started again."""
    keyfile.rotate(running.runtime.settings.keys)
    running.runtime.keyring = fieldkeys.ring_of(running.runtime.settings)


def silent(*_: object) -> None:
    """Progress that nobody watches."""


async def reencrypt(running: Running, tell: fieldkeys.Progress = silent) -> fieldkeys.Outcome:
    return await fieldkeys.reencrypt(running.runtime.settings, [running.service], tell)


async def test_after_a_rotation_old_rows_are_readable_and_new_ones_carry_the_new_key(start: Any) -> None:
    intake = await start(intake_service)
    old = await register(intake, "张三丰")
    rotate(intake)
    new = await register(intake, "李四光")
    assert await under(intake) == {"k1": VALUES, "k2": VALUES}
    assert [await name_of(intake, old), await name_of(intake, new)] == ["张三丰", "李四光"]


async def test_reencrypting_moves_every_row_and_does_nothing_the_second_time(start: Any) -> None:
    intake = await start(intake_service)
    petitions = [await register(intake, f"张{number}") for number in range(5)]
    rotate(intake)
    seen: list[tuple[str, int, int]] = []
    outcome = await reencrypt(intake, lambda *told: seen.append(told))
    assert outcome == fieldkeys.Outcome(moved=10)  # with the remembered answers
    assert ("intake.petitioners", 5, 5) in seen
    assert await under(intake) == {"k2": 5 * VALUES}
    assert [await name_of(intake, petition) for petition in petitions] == [f"张{number}" for number in range(5)]
    assert await reencrypt(intake) == fieldkeys.Outcome()


async def test_a_remembered_answer_is_still_given_after_it_was_moved(start: Any) -> None:
    intake = await start(intake_service)
    letter = {"channel": "letter", "kind": "appeal", "title": "积水", "content": "积水", "petitioners": []}
    first = await intake.request("POST", PETITIONS, json=letter, key="the-same-key")
    rotate(intake)
    await reencrypt(intake)
    again = await intake.request("POST", PETITIONS, json=letter, key="the-same-key")
    assert (again.headers["Idempotency-Replayed"], again.json()) == ("true", first.json())


async def test_interrupted_after_a_batch_it_goes_on_where_it_was(start: Any) -> None:
    intake = await start(intake_service)
    for number in range(5):
        await register(intake, f"张{number}")
    rotate(intake)
    batches = sealing.reencrypt(intake.runtime.database, PETITIONERS, intake.runtime.keyring, batch=2)
    assert (await anext(batches)).moved == 2
    await batches.aclose()
    assert await under(intake) == {"k1": 3 * VALUES, "k2": 2 * VALUES}
    rest = [
        done.moved async for done in sealing.reencrypt(intake.runtime.database, PETITIONERS, intake.runtime.keyring)
    ]
    assert rest == [3]


async def test_a_row_that_a_service_holds_is_not_waited_for(start: Any) -> None:
    intake = await start(intake_service)
    await register(intake, "张三丰")
    await register(intake, "李四光")
    rotate(intake)
    async with intake.runtime.database.transaction() as session:
        await session.raw.execute("SELECT 1 FROM petitioners LIMIT 1 FOR UPDATE")
        async with asyncio.timeout(20):
            outcome = await reencrypt(intake)
    assert (outcome.moved, outcome.left) == (3, 1)
    assert (await reencrypt(intake)).moved == 1


async def test_processes_that_have_not_started_again_read_what_was_moved(start: Any) -> None:
    intake = await start(intake_service)
    petition = await register(intake, "张三丰")
    keyfile.rotate(intake.runtime.settings.keys)
    assert (await reencrypt(intake)).left == 0
    assert await under(intake) == {"k2": VALUES}
    assert await name_of(intake, petition) == "张三丰"


async def test_a_value_moved_to_another_row_is_not_readable_and_stays_as_it_is(start: Any) -> None:
    intake = await start(intake_service)
    victim, other = await register(intake, "张三丰"), await register(intake, "李四光")
    await intake.rows(
        "UPDATE petitioners SET name = (SELECT name FROM petitioners WHERE petition_id = $1) WHERE petition_id = $2",
        victim, other,
    )  # fmt: skip
    rotate(intake)
    outcome = await reencrypt(intake)
    assert (outcome.unreadable, outcome.left) == (1, 1)
    answer = await intake.request(
        "POST", f"{PETITIONS}/{other}/identity-readings", json={"purpose": "电话核实来信内容"}
    )
    assert answer.status_code == 500
    assert "张三丰" not in answer.text


async def test_names_of_accounts_are_moved_too(start: Any) -> None:
    portal = await start(portal_service)
    ring, clock = portal.runtime.keyring, portal.runtime.clock
    account = Account("water", "毛润泽", "330225-slj", "33.02.25", ("handler",))
    async with portal.runtime.database.transaction() as session:
        await portal_store.add_account(session, ring, account, "hash", clock.now())
    rotate(portal)
    assert (await reencrypt(portal)).left == 0
    async with portal.runtime.database.transaction() as session:
        row = await portal_store.find_account(session, "water")
    assert row is not None
    assert portal.runtime.keyring.key_id(row.name) == "k2"
    assert portal_store.account_of(portal.runtime.keyring, row).name == "毛润泽"
