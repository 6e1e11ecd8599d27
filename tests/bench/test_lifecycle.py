"""The benchmark of whole lives of cases: that it runs, and that it counts nothing that was not done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.bench.lifecycle_load import CASE, MARK, Case, Plan, Step, Work
from deploy.bench.steps import of_floor, up_to

ROOT = Path(__file__).parents[2]
ROWS = {"lifecycle-0", "call-0", "lifecycle-300", "call-300", "lifecycle-growth", "to-do", "cases-page"}


@pytest.mark.bench
@pytest.mark.timeout(420)
def test_lives_are_led_on_an_empty_node_and_among_copies_of_cases(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    words = [sys.executable, "-m", "deploy.bench", "--lifecycle", "--quick", "--sizes", "0,300", "--out", str(file)]
    environment = {**os.environ, "XQ_RUN_DIR": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = {row["key"]: row for row in json.loads(file.read_text())["figures"]}
    assert rows.keys() == ROWS
    assert all(row["value"] for row in rows.values())
    assert "ix_cases_to_do" in rows["to-do"]["more"]["plan"]


REGISTER = Step("register", "/x", f'{{"title": "{MARK}"}}', "t", 201, ("id", CASE))
TRANSFER = Step("transfer", f"/x/{CASE}", "{}", "t", early=(404,))


def begun() -> tuple[Work, Case]:
    work = Work(Plan(1, [REGISTER, TRANSFER], 1, 1, 60, 1))
    case = work.take()
    assert case is not None
    work.answered(case, 201, b'{"id": "7"}', 0.01)
    return work, case


def test_a_call_that_came_too_early_is_tried_again_and_not_counted() -> None:
    work, case = begun()
    assert b"POST /x/7 " in work.request(case)
    work.answered(case, 404, b"", 0.01)
    assert (work.early["transfer"], list(work.calls), work.done) == (1, ["register"], [])
    work.answered(case, 200, b"", 0.02)
    assert (work.calls["transfer"], work.done, work.over) == ([20.0], ["7"], True)


def test_an_answer_that_no_step_may_get_ends_the_run() -> None:
    work, case = begun()
    with pytest.raises(RuntimeError, match="transfer was answered 500"):
        work.answered(case, 500, b"", 0.01)


def test_a_case_that_stops_on_its_way_has_had_so_many_calls() -> None:
    assert [step.name for step in up_to(of_floor(), 3)] == ["register", "transfer", "receive"]
