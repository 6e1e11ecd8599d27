"""`xinqiao procedures` as an operator types it."""

from pathlib import Path

from typer.testing import CliRunner, Result

from node.cli import app
from routing.procedures.library import SHIPPED


def procedures(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["procedures", *(str(word) for word in words)])


def test_the_shipped_procedures_are_listed() -> None:
    listed = procedures("list")
    assert listed.exit_code == 0
    assert "matter-31-5/1" in listed.output
    assert "普通程序" in listed.output


def test_a_right_file_is_right_and_a_bad_one_is_told_line_by_line(tmp_path: Path) -> None:
    right = (SHIPPED / "simple.v1.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
    file = tmp_path / "simple.v2.yaml"
    file.write_text(right, encoding="utf-8")
    assert "right 无误: simple.v2.yaml" in procedures("check", file).output
    file.write_text(right.replace("  screen:\n", "  embellish:\n"), encoding="utf-8")
    told = procedures("check", file)
    line = right.split("  screen:\n")[0].count("\n") + 1
    assert told.exit_code == 1
    assert f"{file}:{line}: unknown action 'embellish'" in told.output
