"""`xinqiao simulate`: months of petitions through all procedures, the same for the same seed, every rule checked."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.support.infra import Infra
from typer.testing import CliRunner, Result

from contracts.events import ClockState
from node.cli import app
from node.simulating import choosing
from node.simulating.engine import engine, throwaway
from node.simulating.figures import figures
from node.simulating.invariants import check
from node.simulating.running import Life, Plan, Simulation
from node.simulating.warning import Due, Warnings
from node.simulating.world import world
from routing.domain import Actor, Case, Why, refusal
from routing.procedures.domain import Procedure
from routing.procedures.library import Library
from routing.table import ENDS

SMALL = Plan(days=60, petitions=110, seed=1, start=date(2026, 1, 5))


async def simulated(infra: Infra, plan: Plan = SMALL, further: timedelta = timedelta(0)) -> Simulation:
    """further: how long people go on after the last petition."""
    async with throwaway(infra.postgres) as dsn:
        routing = engine(dsn, world(), plan.begin)
        simulation = Simulation(plan, world(), routing)
        await simulation.run(simulation.end + further)
        await routing.close()
    simulation.check_warnings()
    return simulation


@pytest.fixture(scope="module")
async def once(infra: Infra) -> Simulation:
    return await simulated(infra)


@pytest.fixture
def command(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("XQ_SIMULATION_SERVER", infra.postgres)
    return lambda *words: CliRunner().invoke(app, ["simulate", "--days", "60", "--petitions", "110", *words])


async def databases(infra: Infra) -> list[str]:
    connection = await asyncpg.connect(infra.postgres)
    found = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'xinqiao_simulation_%'")
    await connection.close()
    return [row["datname"] for row in found]


def test_every_petition_is_opened_and_every_rule_holds(once: Simulation) -> None:
    assert len(once.lives) == SMALL.petitions
    assert once.breaches == []


async def test_nothing_of_it_stays(infra: Infra) -> None:
    async with throwaway(infra.postgres) as dsn:
        (name,) = await databases(infra)
        assert dsn.endswith(name)
    assert await databases(infra) == []


# by the luck of its seed all of this happens also where few come in; a change of the simulation may need another one
EVERYTHING = replace(SMALL, days=120, petitions=200)


@pytest.mark.parametrize(
    "plan", [EVERYTHING, pytest.param(replace(EVERYTHING, petitions=2000), marks=pytest.mark.soak)], ids=["few", "many"]
)
async def test_every_shipped_procedure_is_followed_and_much_happens(infra: Infra, plan: Plan) -> None:
    """Reviews that are recorded late and disputes are among it: their limits are told of too."""
    found = figures(await simulated(infra, plan))
    assert all(each["opened"] > 0 for each in found["procedures"])
    assert len(found["procedures"]) == len(Library.shipped().newest())
    happened = ("objections", "disputes", "reviews", "returned_drafts", "proposals")
    assert min(found["events"][name] for name in happened) > 0
    assert found["breaches"] == []


@pytest.mark.parametrize("petitions", [60, pytest.param(600, marks=pytest.mark.soak)])
async def test_no_case_is_stuck_once_nothing_more_comes_in(infra: Infra, petitions: int) -> None:
    simulation = await simulated(infra, replace(SMALL, petitions=petitions), further=timedelta(days=900))
    assert [life.case.number for life in simulation.lives.values() if life.case.state not in ENDS] == []
    assert simulation.breaches == []


def test_opened_are_finished_or_open(once: Simulation) -> None:
    for each in figures(once)["procedures"]:
        assert each["opened"] == each["finished"] + each["open"]
        assert each["overdue"] <= each["open"]


def test_each_rate_has_its_definition_and_its_parts_add_up(once: Simulation) -> None:
    for each in figures(once)["rates"]:
        assert each["definition_zh"]
        assert each["definition_en"]
        assert each["of"] == sum(each[part] for part in ("on-time", "late", "not-yet-due", "overdue"))
        assert each["rate"] == round(each["on-time"] / each["of"], 4)


FEW = ("--days", "20", "--petitions", "30")


def run_apart(infra: Infra, file: Path, seed: int, hashes: int) -> bytes:
    """In a process of its own, where sets have another order."""
    words = ["simulate", *FEW, "--seed", str(seed), "--json", str(file)]
    environment = {**os.environ, "PYTHONHASHSEED": str(hashes), "XQ_SIMULATION_SERVER": infra.postgres}
    subprocess.run(
        [sys.executable, "-c", "from node.cli import main; main()", *words],
        env=environment,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return file.read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    command: Any, infra: Infra, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as side_by_side:
        files = [(infra, tmp_path / f"{hashes}.json", 7, hashes) for hashes in (1, 2)]
        first, second = side_by_side.map(lambda run: run_apart(*run), files)
    assert first == second
    other = tmp_path / "other.json"
    assert command(*FEW, "--seed", "8", "--json", str(other)).exit_code == 0
    assert first != other.read_bytes()
    assert json.loads(first)["procedures"] != json.loads(other.read_bytes())["procedures"]


def test_the_command_prints_the_figures_in_both_languages_and_writes_them(
    command: Any, once: Simulation, tmp_path: Path
) -> None:
    file = tmp_path / "figures.json"
    told = command("--json", str(file))
    assert told.exit_code == 0
    for expected in ("办理程序", "procedures", "按期答复率", "on-time answer", "口径 definition", "规则均成立"):
        assert expected in told.output
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert written["plan"] == {"days": 60, "petitions": 110, "seed": 1, "start": "2026-01-05"}
    assert written == figures(once)


@pytest.mark.parametrize("words", [("--days", "0"), ("--petitions", "-1"), ("--start", "1999-01-01"), ("--start", "x")])
def test_bad_input_is_refused(command: Any, words: tuple[str, str]) -> None:
    assert command(*words).exit_code == 2


def test_without_a_server_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XQ_RUN_DIR", str(tmp_path))
    told = CliRunner().invoke(app, ["simulate"])
    assert (told.exit_code, "make up" in told.output) == (2, True)
    told = CliRunner().invoke(app, ["simulate", "--server", "postgresql://nobody@127.0.0.1:1/none"])
    assert (told.exit_code, "does not answer" in told.output) == (2, True)


def test_a_file_that_cannot_be_written_is_told(command: Any, tmp_path: Path) -> None:
    told = command("--petitions", "1", "--json", str(tmp_path / "missing" / "figures.json"))
    assert told.exit_code == 2
    assert "cannot be written" in told.output


async def test_no_petitions_are_no_figures(infra: Infra) -> None:
    found = figures(await simulated(infra, replace(SMALL, petitions=0)))
    assert {each["rate"] for each in found["rates"]} == {None}


def life_in(simulation: Simulation, state: str) -> Life:
    """One whose case is in this state, with limits that run."""
    return next(life for life in simulation.lives.values() if life.case.state == state and life.case.due_at is not None)


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("exactly one unit holds the case", {"holder_unit": ""}),
        ("the node of the unit that decides writes", {"writer": "44"}),
        ("every version is one more than the last", {"version": 99}),
        ("somebody is asked in an objection or dispute and only then", {"asked": "330000-xf"}),
        ("the case is due when its first duty is", {"due_at": None}),
        ("the state belongs to the procedure", {"procedure": "suggestion/1", "state": "hearing"}),
    ],
)
def test_a_broken_case_is_noticed(once: Simulation, rule: str, broken: dict[str, Any]) -> None:
    life = life_in(once, "accepted")
    before = replace(life.case, version=life.case.version - 1, state="received")
    after = replace(life.case, **broken)
    found = check(before, after, once.procedure(after), once.world, once.now)
    assert rule in {each.rule for each in found}


def test_a_clock_that_ends_before_it_began_or_outlives_its_case_is_noticed(once: Simulation) -> None:
    life = life_in(once, "accepted")
    turned = [replace(clock, due_at=clock.started_at) for clock in life.case.clocks]
    after = replace(life.case, clocks=tuple(turned), state="declined")
    rules = {each.rule for each in check(None, after, once.procedure(after), once.world, once.now)}
    assert {"a clock ends after it began", "no duty runs after the end that nothing can stop"} <= rules


def test_a_warning_that_is_never_told_or_told_twice_is_noticed(once: Simulation) -> None:
    case = life_in(once, "accepted").case
    rules, warnings, late = once.procedure(case).clocks, Warnings(), once.end + timedelta(days=200)
    untold = warnings.missed(case, rules, late)
    assert {due.level for due in untold} == {"yellow", "red"}
    for due in untold:
        assert warnings.tell(case, state_of(case, due))
    assert warnings.missed(case, rules, late) == []
    assert warnings.doubled() == []
    warnings.tell(case, state_of(case, untold[0]))
    assert len(warnings.doubled()) == 1
    elsewhen = state_of(case, untold[0]).model_copy(update={"due_at": late})
    assert not warnings.tell(case, elsewhen)


def state_of(case: Case, due: Due) -> ClockState:
    return ClockState(
        number=case.number, clock=due.run[1], level=due.level, due_at=due.due_at, holder_unit=case.holder_unit,
        holder_region=case.holder_region, at=due.at,
    )  # fmt: skip


def test_a_stuck_case_is_noticed(command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the domain allows nothing any more, the command says so and fails."""

    def never_accepted(case: Case, action: str, actor: Actor, procedure: Procedure, at: datetime) -> Why | None:
        return Why("no") if case.state == "accepted" else refusal(case, action, actor, procedure, at)

    monkeypatch.setattr(choosing, "refusal", never_accepted)
    told = command("--petitions", "40", "--json", str(tmp_path / "figures.json"))
    assert told.exit_code == 1
    assert "broken rules" in told.output
    breaches = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["breaches"]
    assert {(each["rule"], each["state"]) for each in breaches} == {
        ("in an open case somebody may do something", "accepted")
    }
