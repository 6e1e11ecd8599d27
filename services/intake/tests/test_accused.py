"""What accuses a unit is kept from it and from those below it (Art 30), even that there is such a petition."""

import asyncio
import uuid
from typing import Any

import pytest
from deploy.bench.plans import plan_of
from services.intake.tests.linked import AGAIN, PETITIONS, PUDDLE, ZHANG, hear_state, opened, petition, register, status
from services.intake.tests.test_following import NOW, case
from tests.support.nodes import settings_of, token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import PetitionFile
from intake import repeats_store, store
from intake.main import service
from kit.testing import eventually

# both may read the whole county, as some accounts do; the station lies below the township's office
OFFICE = token("330225100-xf", "33.02.25")
STATION = token("330225100-cj", "33.02.25")
BESIDE = token("330225101-xf", "33.02.25")
COUNTY = token("330225-xf", "33.02.25")


async def known_of(intake: Running, who: str, petition_id: str) -> list[str]:
    """The routes by which this caller learns anything of the petition."""
    one = f"{PETITIONS}/{petition_id}"
    paths = (PETITIONS, f"{PETITIONS}?ids={petition_id}", "/api/intake/v1/group-alarms", one, f"{one}/links",
             f"{one}/candidates", f"{one}/rating")  # fmt: skip
    answers = {path: await intake.request("GET", path, who=who) for path in paths}
    assert {answer.status_code for answer in answers.values()} <= {200, 404}
    return [
        path
        for path, answer in answers.items()
        if petition_id in answer.text or (path.startswith(one) and answer.is_success)
    ]


def raised(subject: uuid.UUID, **more: Any) -> Envelope:
    """A petition of the township below, as its event tells it."""
    state = PetitionState(
        number="XF1", region="33.02.25.100", unit="330225100-xf", channel="web", kind="appeal", petitioners=1,
        received_at=NOW, registered_at=NOW, **more,
    )  # fmt: skip
    return told("intake.petition.registered.v1", state, subject=subject, node="33.02.25.100")


async def test_what_turns_out_to_accuse_a_unit_is_kept_from_it_as_if_that_had_been_known(start: Any) -> None:
    intake = await start(service)
    receipt = await register(intake, BESIDE, channel="visit")
    assert await known_of(intake, STATION, receipt["id"])
    learned = case(
        "screen", subject=uuid.UUID(receipt["id"]), kind="accusation", accused_units=["330225100-xf"], state="screened"
    )
    await intake.hear("intake.on-case", learned)
    assert not await known_of(intake, STATION, receipt["id"])
    shown = (await intake.request("GET", f"{PETITIONS}/{receipt['id']}", who=BESIDE)).json()
    assert (shown["kind"], shown["accused_units"]) == ("accusation", ["330225100-xf"])
    (row,) = (await intake.request("GET", PETITIONS, who=BESIDE)).json()["items"]
    assert row["kind"] == "accusation"


@pytest.mark.parametrize("case_first", [True, False])
async def test_so_it_is_above_whichever_comes_first_and_what_was_known_before_stays(
    start: Any, case_first: bool
) -> None:
    county = await start(service, path="33.02.25")
    subject = uuid.uuid4()
    registered = raised(subject, accused_units=["330225101-xf"])
    learned = case("screen", subject=subject, node="33.02.25.100", accused_units=["330225100-xf"], state="screened")
    heard = [("intake.on-petition-registered", registered), ("intake.on-case", learned)]
    for queue, event in heard[::-1] if case_first else heard:
        await county.hear(queue, event)
    for who, kept in ((STATION, True), (BESIDE, True), (COUNTY, False)):
        assert bool(await known_of(county, who, str(subject))) is not kept


async def test_a_petition_and_whom_its_case_accuses_may_come_at_the_same_time(start: Any) -> None:
    county = await start(service, path="33.02.25")
    subject = uuid.uuid4()
    learned = case("screen", subject=subject, node="33.02.25.100", accused_units=["330225100-xf"], state="screened")
    consumer = county.consumer("intake.on-petition-registered")
    async with county.runtime.database.transaction() as session:
        await consumer.handlers["*"](county.runtime, session, [raised(subject)])
        second = asyncio.ensure_future(county.hear("intake.on-case", learned))

        async def waits() -> list[Any]:
            rows: list[Any] = await county.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return rows

        await eventually(waits)
    await second
    assert not await known_of(county, STATION, str(subject))


@pytest.mark.parametrize("who", [OFFICE, STATION])
@pytest.mark.parametrize("accused", [[], ["330225100-xf"]])
async def test_no_route_tells_the_accused_unit_or_one_below_it(start: Any, who: str, accused: list[str]) -> None:
    intake = await start(service)
    people = [{**ZHANG, "name": f"张{n}"} for n in range(5)]
    receipt = await register(intake, BESIDE, channel="visit", petitioners=people, accused_units=accused)
    (alarm,) = [event for event in await intake.events() if event.type == "intake.group.alarm.v1"]
    await intake.hear("intake.on-petition-changed", alarm)
    assert len(await known_of(intake, BESIDE, receipt["id"])) == 7  # a unit beside the accused
    assert len(await known_of(intake, who, receipt["id"])) == (0 if accused else 7)
    reading = await intake.request(
        "POST", f"{PETITIONS}/{receipt['id']}/identity-readings", who=who, json={"purpose": "核实来信内容"}
    )
    assert reading.status_code == (404 if accused else 201)
    linked = await register(intake, who, **AGAIN)
    answer = await intake.request(
        "POST",
        f"{PETITIONS}/{linked['id']}/link-repeat",
        who=who,
        json={"repeat_of": receipt["id"], "reason": "同一人"},
    )
    assert answer.status_code == (404 if accused else 200)


@pytest.mark.parametrize("who", [OFFICE, STATION])
async def test_a_proposal_of_repeats_does_not_reveal_what_accuses_the_clerks_unit(start: Any, who: str) -> None:
    intake = await start(service)
    receipt = await register(intake, BESIDE, accused_units=["330225100-xf"])
    sought = {**PUDDLE, "petitioners": [ZHANG]}
    for clerk, shown in ((who, []), (BESIDE, [receipt["id"]])):
        answer = await intake.request("POST", f"{PETITIONS}/candidates", who=clerk, json=sought)
        assert [each["petition_id"] for each in answer.json()] == shown
    repeat = {**AGAIN, "channel": "letter", "kind": "appeal", "petitioners": [ZHANG], "repeat_of": receipt["id"]}
    assert (await intake.request("POST", PETITIONS, who=who, json=repeat)).status_code == 404
    assert (await intake.request("POST", PETITIONS, who=BESIDE, json=repeat)).status_code == 201


async def test_links_of_a_petition_do_not_reveal_an_earlier_one_that_accuses_the_reader(start: Any) -> None:
    intake = await start(service)
    first = await register(intake, COUNTY, accused_units=["330225100-xf"])
    second = await register(intake, COUNTY, **AGAIN, repeat_of=first["id"])
    one = f"{PETITIONS}/{second['id']}"
    for path in (one, f"{one}/links", PETITIONS):
        assert first["id"] in (await intake.request("GET", path, who=COUNTY)).text
        assert first["id"] not in (await intake.request("GET", path, who=STATION)).text
    links = (await intake.request("GET", f"{one}/links", who=STATION)).json()
    assert (links["repeat_of"], links["first_of"], links["ordinal"], links["history"]) == (None, second["id"], 1, [])
    third = await register(intake, COUNTY)
    body = {"repeat_of": third["id"], "reason": "核对属实"}
    again = await intake.request("POST", f"{one}/link-repeat", who=STATION, json=body)
    assert again.json()["type"] == "urn:xinqiao:problem:linked-already"
    assert first["id"] not in again.text


async def test_who_registers_what_accuses_the_own_unit_keeps_but_the_receipt(start: Any) -> None:
    intake = await start(service)
    receipt = await register(intake, OFFICE, accused_units=["330225100-xf"], external_id="old-7")
    same = petition(accused_units=["330225100-xf"], external_id="old-7")
    assert (await intake.request("POST", PETITIONS, who=OFFICE, json=same)).json() == receipt
    assert await known_of(intake, OFFICE, receipt["id"]) == []
    await hear_state(intake, receipt, "screened")
    assert (await status(intake, receipt)).json()["state"] == "screened"  # what the petitioner sees with it


async def test_the_file_goes_to_the_node_where_the_case_is_opened_and_there_its_holder_reads_it(start: Any) -> None:
    intake, county = await start(service), await start(service, path="33.02.25")
    receipt = await register(intake, OFFICE, accused_units=["330225100-xf"])
    told = case(
        "open", 1, subject=uuid.UUID(receipt["id"]), node="33.02.25.100", to="33.02.25", state="registered",
        holder_unit="330225-xf", registered_region="33.02.25.100",
    )  # fmt: skip
    await intake.hear("intake.on-case", told, told)
    (letter,) = [row for row in await intake.sent("letters") if row["routing_key"] == "letter.33.02.25.intake"]
    file = opened(letter["body"], settings_of(county.runtime.settings.home, "33.02.25", database="none"))
    assert isinstance(file.data, PetitionFile)
    await county.hear("intake.letters", file)
    await county.hear("intake.on-case", told)
    read = (await county.request("GET", f"{PETITIONS}/{receipt['id']}", who=COUNTY)).json()
    assert (read["title"], read["holder_unit"]) == (PUDDLE["title"], "330225-xf")
    assert (await county.request("GET", f"{PETITIONS}/{receipt['id']}", who=STATION)).status_code == 404


async def test_what_accuses_everybody_above_is_refused_by_the_rule(start: Any) -> None:
    intake = await start(service)
    body = {**PUDDLE, "channel": "letter", "kind": "accusation", "accused_units": ["330000-xf"]}
    answer = await intake.request("POST", PETITIONS, json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:xinqiao:problem:accused-unit")
    assert answer.json()["rule"] == "Art 30"
    assert not await intake.rows("SELECT 1 FROM petitions")


# one in ten accuses somebody, one in a hundred the unit that asks or one above it; a unit has a hundred above it
FILL = """
INSERT INTO petitions (id, number, region, unit, channel, kind, title, content, accused_units, petitioner_count,
  received_at, registered_at, registered_node)
SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, 'SYN' || n, '33.02.25.100',
  '330225100-xf', 'letter', 'appeal', '积水', '门前积水',
  CASE WHEN n % 100 = 0 THEN ARRAY['above' || n % 30] WHEN n % 10 = 0 THEN ARRAY['another' || n % 200] ELSE '{}' END,
  1, now(), now(), '33.02.25.100'
FROM generate_series(1, 30000) AS n
"""
SCOPES = """
INSERT INTO petition_scopes (scope, petition_id)
SELECT scope, id FROM petitions, unnest(ARRAY['33', '33.02', '33.02.25', '33.02.25.100']) AS scope
"""
LINE = ["asks", *(f"above{n}" for n in range(100))]


async def test_the_ledger_is_read_by_its_index_however_many_units_are_above(start: Any) -> None:
    intake = await start(service)
    for statement in (FILL, SCOPES, "ANALYZE petitions, petition_scopes"):
        await intake.rows(statement)
    dsn = intake.runtime.settings.database.dsn("intake")
    plans = [
        await plan_of(dsn, lambda session: store.page(session, "33.02.25", LINE, before=None, limit=50, number=None)),
        await plan_of(dsn, lambda session: repeats_store.newest(session, "33.02.25", LINE, 100)),
    ]
    for plan in plans:
        assert "pk_petition_scopes" in plan, plan
        assert "Seq Scan on petitions" not in plan, plan
        assert "Seq Scan on petition_scopes" not in plan, plan
    async with intake.runtime.database.transaction() as session:
        rows = await store.page(session, "33.02.25", LINE, before=None, limit=50, number=None)
        assert len(rows) == 51
        assert not any(set(row.accused_units) & set(LINE) for row in rows)
