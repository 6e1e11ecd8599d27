"""Procedures an office writes itself: read at start, never changed under a case, understood wherever a case goes."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from services.routing.tests.test_cases import CASES, COUNTY, NOTICE, OFFICE, do, offered_case, opened
from tests.support.nodes import settings_of, token
from tests.support.running import Running

from contracts.letters import CaseFile
from contracts.units import UnitDirectory
from kit.bus import Bus
from kit.errors import Refused
from kit.runtime import Runtime
from kit.testing import eventually
from routing import resources
from routing.main import service
from routing.procedures import __main__ as released
from routing.procedures.library import EVERYWHERE, RELEASED, SHIPPED, BadDefinition, Library, check_files
from routing.procedures.rules import CHANNELS
from routing.procedures.usecases import keeping
from routing.upkeep import WORKERS

FOLLOWER = next(worker for worker in WORKERS if worker.name == "routing.procedures")
OWN = "wells-330225"
TOWN = token("330225100-xf")
Begin = Callable[..., Awaitable[Running]]


def definition(**changes: str) -> str:
    """A procedure of the county, made of a shipped one. changes: what to replace by what."""
    text = (SHIPPED / "ordinary-petition.v1.yaml").read_text(encoding="utf-8")
    text = text.replace("name: ordinary-petition", f"name: {OWN}", 1).replace("default: true\n", "", 1)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The county's directory, with one procedure."""
    directory = tmp_path / "procedures"
    directory.mkdir()
    (directory / f"{OWN}.v1.yaml").write_text(definition(), encoding="utf-8")
    return directory


@pytest.fixture
def begin(start: Any, tmp_path: Path) -> Begin:
    """Start routing with a directory of definitions; like: on the database of one that ran before."""

    async def begun(own: Path | None, *, path: str = "33.02.25", like: Running | None = None) -> Running:
        first: Running = like or await start(service, path=path)
        routing = {"definitions": str(own)} if own else {}
        settings = first.runtime.settings.model_copy(update={"services": {"routing": routing}})
        again: Running = await start(service, path=path, settings=settings)
        return again

    return begun


async def following(routing: Running) -> str:
    """A case of the county that was given its own procedure."""
    case = await opened(routing)
    done = await do(routing, case, "screen", version=1, route=6, procedure=OWN)
    assert done.json()["procedure"] == f"{OWN}/1", done.text
    return case


async def test_a_procedure_of_the_office_is_chosen_beside_the_shipped_ones(begin: Begin, own: Path) -> None:
    routing = await begin(own)
    listed = await routing.request("GET", "/api/routing/v1/procedures?kind=appeal&route=6", who=OFFICE)
    first, *others = [each["name"] for each in listed.json()]
    assert first == "ordinary-petition"
    assert OWN in others
    case = await following(routing)
    accepted = await do(routing, case, "accept", version=2, fields=NOTICE)
    assert next(clock for clock in accepted.json()["clocks"] if clock["name"] == "handling")["due_at"]


async def test_it_is_told_which_procedure_is_given_to_what_came_by_which_channel(begin: Begin, own: Path) -> None:
    """A default of the office leaves the shipped one none, though that is a default too."""
    text = definition().replace("kinds: [appeal]\n", "kinds: [appeal]\ndefault: true\n", 1)
    (own / f"{OWN}.v1.yaml").write_text(text, encoding="utf-8")
    for directory, usual in ((None, "ordinary-petition"), (own, OWN)):
        routing = await begin(directory)
        answer = await routing.request("GET", "/api/routing/v1/procedures?kind=appeal&route=6", who=OFFICE)
        listed = {each["name"]: each for each in answer.json()}
        given = {name: each["automatic"] for name, each in listed.items() if each["automatic"]}
        assert given == {"hotline-order": ["call"], usual: [each for each in CHANNELS if each != "call"]}
        assert listed["ordinary-petition"]["default"]
        assert listed["hotline-order"]["channels"] == ["call"]
    library = Library.of_node("33.02.25", own)
    for channel in CHANNELS:
        (name,) = [name for name, channels in given.items() if channel in channels]
        assert library.choose("appeal", 6, channel=channel).name == name


def test_a_default_of_the_office_comes_before_the_shipped_one(own: Path) -> None:
    text = definition().replace("kinds: [appeal]\n", "kinds: [appeal]\ndefault: true\n", 1)
    (own / f"{OWN}.v1.yaml").write_text(text, encoding="utf-8")
    library = Library.of_node("33.02.25", own)
    assert library.choose("appeal", 6).name == OWN
    assert library.choices("appeal", 6)[0].name == OWN
    assert library.choose("appeal", 4).name == "matter-31-4"
    assert Library.shipped().choose("appeal", 6).name == "ordinary-petition"


async def test_a_bad_one_keeps_the_service_from_starting(begin: Begin, own: Path) -> None:
    file = own / f"{OWN}.v1.yaml"
    file.write_text(definition(**{"\n  screen:": "\n  embellish:"}), encoding="utf-8")
    line = next(n for n, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if "embellish" in text)
    with pytest.raises(BadDefinition, match=f"{file}:{line}: unknown action 'embellish'"):
        await begin(own)
    with pytest.raises(BadDefinition, match="there is no such directory"):
        await begin(own / "missing")


def test_the_name_says_whose_it_is(own: Path) -> None:
    file = own / f"{OWN}.v1.yaml"
    assert check_files([file], "33.02.25") == []
    (mistake,) = check_files([file], "33.02.26")
    assert (mistake.file, "ends with its region: -330226" in mistake.reason) == (str(file), True)
    with pytest.raises(BadDefinition, match="-330226"):
        Library.of_node("33.02.26", own)


async def test_a_version_that_cases_follow_never_changes(begin: Begin, own: Path) -> None:
    file = own / f"{OWN}.v1.yaml"
    before = await begin(own)
    file.write_text(definition(**{"length: 60": "length: 50"}), encoding="utf-8")
    routing = await begin(own, like=before)  # no case follows it yet
    case = await following(routing)
    file.write_text("# only a remark\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    await begin(own, like=routing)
    file.write_text(definition(), encoding="utf-8")
    with pytest.raises(BadDefinition) as refused:
        await begin(own, like=routing)
    assert f"{OWN}.v1.yaml" in str(refused.value)
    assert f"write the change as {OWN}.v2.yaml" in str(refused.value)
    (own / f"{OWN}.v2.yaml").write_text(definition(**{"version: 1": "version: 2"}), encoding="utf-8")
    file.write_text(definition(**{"length: 60": "length: 50"}), encoding="utf-8")
    again = await begin(own, like=routing)
    assert (await again.request("GET", f"{CASES}/{case}", who=OFFICE)).json()["procedure"] == f"{OWN}/1"
    assert resources.of(again.runtime).procedures.choose("appeal", 6, OWN).key == f"{OWN}/2"


async def test_a_case_keeps_its_procedure_although_the_file_is_gone(begin: Begin, own: Path) -> None:
    routing = await begin(own)
    case = await following(routing)
    again = await begin(None, like=routing)
    accepted = await do(again, case, "accept", version=2, fields=NOTICE)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")


async def test_the_letter_that_brings_a_case_brings_its_procedure(begin: Begin, start: Any, own: Path) -> None:
    county = await begin(own)
    case = await following(county)
    assert (await do(county, case, "transfer", version=2, to_unit="330225100-xf")).status_code == 200
    (row,) = await county.sent("letters")
    township = await start(service)
    beside = await start(service, settings=township.runtime.settings)  # another process of the same node
    await township.hear("routing.letters", opened_letter(township, row["body"]))

    async def learned() -> bool:
        return f"{OWN}/1" in resources.of(beside.runtime).procedures.procedures

    await eventually(learned, within=5)
    received = await do(beside, case, "receive", TOWN, version=3)
    assert received.status_code == 200, received.text
    accepted = await do(township, case, "accept", TOWN, version=4, fields=NOTICE)
    assert "handling" in [clock["name"] for clock in accepted.json()["clocks"]]
    assert len(await township.rows("SELECT 1 FROM deadlines WHERE clock = 'handling'")) == 1


def opened_letter(running: Running, body: bytes) -> Any:
    _, payload = running.runtime.sealer.open(body)
    return running.consumer("routing.letters").decode(payload)


async def test_what_every_node_knows_is_not_sent(start: Any) -> None:
    county = await start(service, **COUNTY)
    case = await opened(county)
    await do(county, case, "transfer", version=1, to_unit="330225100-xf")
    (row,) = await county.sent("letters")
    township = await start(service)
    assert opened_letter(township, row["body"]).data.definition is None
    assert set(EVERYWHERE) <= set(Library.shipped().procedures)


async def brought(township: Running, text: str | None, key: str = f"{OWN}/1") -> str:
    """A case comes from the county that follows a procedure; text: its definition, as the letter has it."""
    letter, state = await offered_case(township)
    file = CaseFile(case=state.model_copy(update={"procedure": key}), definition=text)
    await township.hear("routing.letters", letter.model_copy(update={"data": file}))
    return str(letter.subject)


async def test_a_case_whose_procedure_is_unknown_here_is_kept_to_be_read_and_taken_up_later(start: Any) -> None:
    """From a newer node: what it wrote has an action that this release does not know."""
    whole = json.loads(Library.of_node("33.02.25", None).get("ordinary-petition/1").text)
    newer = {**whole, "name": OWN, "default": False, "actions": {**whole["actions"], "consult-residents": {}}}
    township = await start(service)
    case = await brought(township, json.dumps(newer))
    listed = await township.request("GET", f"{CASES}?state=offered", who=TOWN)
    assert [each["id"] for each in listed.json()["items"]] == [case]
    shown = (await township.request("GET", f"{CASES}/{case}", who=TOWN)).json()
    assert {each["reason"] for each in shown["actions"]} == {"procedure-unknown-here"}
    refused = await do(township, case, "receive", TOWN, version=2)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:procedure-unknown-here")
    assert await FOLLOWER.step(township.runtime) == 0
    # a release that understands it: the same definition without what was not understood
    del newer["actions"]["consult-residents"]
    await township.rows("UPDATE procedures SET text = $1 WHERE key = $2 RETURNING key", json.dumps(newer), f"{OWN}/1")
    later = await start(service, settings=township.runtime.settings)
    assert await FOLLOWER.step(later.runtime) == 1
    assert await FOLLOWER.step(later.runtime) == 0
    assert (await do(later, case, "receive", TOWN, version=2)).status_code == 200


async def test_the_clocks_of_a_case_are_counted_once_its_procedure_is_known(start: Any) -> None:
    township = await start(service)
    key = f"{OWN}/1"
    letter, state = await offered_case(township)
    ordinary = Library.of_node("33.02.25", None).get("ordinary-petition/1")
    running = {"name": "receive-hand-over", "started_at": state.registered_at, "due_at": "2026-02-01T00:00:00Z"}
    held = state.model_validate({**state.model_dump(), "procedure": key, "clocks": [running]})
    await township.hear("routing.letters", letter.model_copy(update={"data": CaseFile(case=held)}))
    watched = "SELECT 1 FROM deadlines WHERE case_id = $1"
    assert await township.rows(watched, letter.subject) == []
    text = json.dumps({**json.loads(ordinary.text), "name": OWN, "default": False})
    await brought(township, text)  # the next letter of an upgraded sender has it
    assert await FOLLOWER.step(township.runtime) == 1
    assert len(await township.rows(watched, letter.subject)) == 1


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"name": "other", "version": 1})])
async def test_what_is_no_definition_does_no_harm(start: Any, text: str) -> None:
    township = await start(service)
    case = await brought(township, text)
    shown = await township.request("GET", f"{CASES}/{case}", who=TOWN)
    assert (shown.status_code, shown.json()["level"]) == (200, "green")
    await start(service, settings=township.runtime.settings)


async def test_two_procedures_of_one_name_are_not_taken_for_each_other(start: Any) -> None:
    township = await start(service)
    other = json.loads(Library.shipped().get("simple/1").text) | {"approval": ["clerk"]}
    with pytest.raises(Refused, match="procedure-differs"):
        await brought(township, json.dumps(other), "simple/1")


async def test_without_a_database_it_starts_and_compares_as_soon_as_there_is_one(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database="postgresql://nobody@127.0.0.1:1/none")
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build("routing", settings, Bus("amqp://127.0.0.1:1/", name="test"), units.above)
    async with keeping(runtime, None) as library:
        assert "ordinary-petition/1" in library.procedures
    await runtime.database.close()


def test_the_shipped_ones_are_as_they_were_released() -> None:
    shipped = released.shipped()
    assert (released.RELEASES.problems(shipped), released.RELEASES.fresh(shipped)) == ([], {})
    promised = {"1.0": {**RELEASED["1.0"], "simple/1": "0" * 64, "gone/1": "0" * 64}}
    del promised["1.0"]["suggestion/1"]
    others = replace(released.RELEASES, promised=promised)
    gone, changed = others.problems(shipped)
    assert gone.startswith("gone/1: a released definition is gone")
    assert changed.startswith("simple/1: a released definition, or its template, was changed")
    assert list(others.fresh(shipped)) == ["suggestion/1"]
