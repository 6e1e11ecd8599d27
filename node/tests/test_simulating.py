"""`xinqiao simulate`: months of petitions through all procedures, the same for the same seed, every rule checked."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from node.cli import app
from node.simulating import choosing
from node.simulating.figures import figures
from node.simulating.invariants import check
from node.simulating.running import Life, Plan, Simulation
from node.simulating.warning import Warnings
from routing.domain import Actor, Case, Why, refusal
from routing.procedures.domain import Procedure
from routing.procedures.library import Library
from routing.table import ENDS

SMALL = Plan(days=60, petitions=150, seed=1, start=date(2026, 1, 5))


def simulated(plan: Plan = SMALL) -> Simulation:
    simulation = Simulation(plan)
    simulation.run(simulation.end)
    simulation.check_warnings()
    return simulation


@cache
def once() -> Simulation:
    return simulated()


def command(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", "--days", "60", "--petitions", "150", *words])


def test_every_petition_is_opened_and_every_rule_holds() -> None:
    simulation = once()
    assert len(simulation.lives) == 150
    assert simulation.breaches == []


def test_every_shipped_procedure_is_followed_and_much_happens() -> None:
    found = figures(simulated(replace(SMALL, days=120, petitions=600)))
    assert all(each["opened"] > 0 for each in found["procedures"])
    assert len(found["procedures"]) == len(Library.shipped().newest())
    assert min(found["events"][name] for name in ("objections", "disputes", "reviews", "returned_drafts")) > 0
    assert found["breaches"] == []


def test_no_case_is_stuck_once_nothing_more_comes_in() -> None:
    simulation = simulated()
    simulation.run(simulation.end + timedelta(days=900))
    simulation.check_warnings()
    assert [life.case.number for life in simulation.lives.values() if life.case.state not in ENDS] == []
    assert simulation.breaches == []


def test_opened_are_finished_or_open() -> None:
    for each in figures(once())["procedures"]:
        assert each["opened"] == each["finished"] + each["open"]
        assert each["overdue"] <= each["open"]


def test_each_rate_has_its_definition_and_its_parts_add_up() -> None:
    for each in figures(once())["rates"]:
        assert each["definition_zh"]
        assert each["definition_en"]
        assert each["of"] == sum(each[part] for part in ("on-time", "late", "not-yet-due", "overdue"))
        assert each["rate"] == round(each["on-time"] / each["of"], 4)


def run_apart(file: Path, seed: int, hashes: int) -> bytes:
    """In a process of its own, where sets have another order."""
    words = ["simulate", "--days", "60", "--petitions", "150", "--seed", str(seed), "--json", str(file)]
    environment = {**os.environ, "PYTHONHASHSEED": str(hashes)}
    subprocess.run(
        [sys.executable, "-c", "from node.cli import main; main()", *words],
        env=environment,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return file.read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    first = run_apart(tmp_path / "first.json", 7, hashes=1)
    assert first == run_apart(tmp_path / "second.json", 7, hashes=2)
    assert first != run_apart(tmp_path / "third.json", 8, hashes=1)


def test_the_command_prints_the_figures_in_both_languages_and_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    told = command("--json", str(file))
    assert told.exit_code == 0
    for expected in ("办理程序", "procedures", "按期答复率", "on-time answer", "口径 definition", "规则均成立"):
        assert expected in told.output
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert written["plan"] == {"days": 60, "petitions": 150, "seed": 1, "start": "2026-01-05"}
    assert written == figures(once())


@pytest.mark.parametrize("words", [("--days", "0"), ("--petitions", "-1"), ("--start", "1999-01-01"), ("--start", "x")])
def test_bad_input_is_refused(words: tuple[str, str]) -> None:
    assert command(*words).exit_code == 2


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    told = command("--petitions", "1", "--json", str(tmp_path / "missing" / "figures.json"))
    assert told.exit_code == 2
    assert "cannot be written" in told.output


def test_no_petitions_are_no_figures() -> None:
    found = figures(simulated(replace(SMALL, petitions=0)))
    assert {each["rate"] for each in found["rates"]} == {None}


def some_life(state: str) -> tuple[Simulation, Life]:
    """One of the simulation whose case is in this state."""
    simulation = once()
    return simulation, next(life for life in simulation.lives.values() if life.case.state == state)


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
def test_a_broken_case_is_noticed(rule: str, broken: dict[str, Any]) -> None:
    simulation, life = some_life("accepted")
    before = replace(life.case, version=life.case.version - 1, state="received")
    after = replace(life.case, **broken)
    found = check(before, after, simulation.procedure(after), simulation.world, simulation.now)
    assert rule in {each.rule for each in found}


def test_a_clock_that_ends_before_it_began_or_outlives_its_case_is_noticed() -> None:
    simulation, life = some_life("accepted")
    turned = [replace(clock, due_at=clock.started_at) for clock in life.case.clocks]
    after = replace(life.case, clocks=tuple(turned), state="declined")
    rules = {each.rule for each in check(None, after, simulation.procedure(after), simulation.world, simulation.now)}
    assert {"a clock ends after it began", "no duty runs after the end that nothing can stop"} <= rules


def test_a_warning_that_is_never_told_or_told_twice_is_noticed() -> None:
    simulation, life = some_life("accepted")
    rules = simulation.procedure(life.case).clocks
    warnings, late = Warnings(), simulation.end + timedelta(days=200)
    planned = list(warnings.plan(life.case, rules, simulation.now))
    assert warnings.missed(life.case, rules, late) == planned
    assert list(warnings.plan(life.case, rules, simulation.now)) == []
    for due in planned:
        assert warnings.reach(due, life.case, rules)
    assert warnings.missed(life.case, rules, late) == []
    assert warnings.doubled() == []
    warnings.reach(planned[0], life.case, rules)
    assert len(warnings.doubled()) == 1


def test_a_stuck_case_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the domain allows nothing any more, the command says so and fails."""

    def never_accepted(case: Case, action: str, actor: Actor, procedure: Procedure, at: datetime) -> Why | None:
        return Why("no") if case.state == "accepted" else refusal(case, action, actor, procedure, at)

    monkeypatch.setattr(choosing, "refusal", never_accepted)
    told = command("--json", str(tmp_path / "figures.json"))
    assert told.exit_code == 1
    assert "broken rules" in told.output
    breaches = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["breaches"]
    assert {(each["rule"], each["state"]) for each in breaches} == {
        ("in an open case somebody may do something", "accepted")
    }
