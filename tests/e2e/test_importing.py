"""`xinqiao import` as an operator runs it: CSV, XLSX, JSONL.gz; refused rows in a report; again without doubles."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from node.importing.mapping import Unmapped, body_of
from node.importing.reading import rows_of
from tests.support.tree import Tree

COMMAND = Path(sys.executable).with_name("xinqiao")


def imported(tree: Tree, file: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, "import", file, "--node", "township", *more], env=tree.environment, cwd=file.parent,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_csv_with_chinese_headers_is_registered_and_bad_rows_are_reported(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text(
        "编号,标题,内容,姓名,电话,渠道,来信时间\n"
        "1,路面破损,村道路面破损。,张三,13800001111,来信,2026-01-05 08:00:00\n"
        "2,路灯不亮,路灯不亮。,李四,不是电话,来访,2026-01-05 08:00:00\n"
        "3,井盖缺失,井盖缺失。,王五,,论坛,昨天\n"
        "4,,没有标题。,赵六,,来信,\n",
        encoding="utf-8-sig",
    )
    done = imported(tree, file)
    assert done.returncode == 1
    assert "登记 1" in done.stdout
    report = (tmp_path / "refused-letters.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in report] == [
        ["row", "field"],
        ["3", "petitioners.0.phone"],
        ["4", "received_at"],
        ["5", "title"],
    ]


def test_running_it_again_registers_nothing_twice(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "board.jsonl.gz"
    rows = [
        {"id": str(n), "author": f"A{n}", "title": f"第{n}件", "created_at": "2020-01-06 12:09:38", "content": "内容",
         "against": 0, "support": 1}
        for n in range(50)
    ]  # fmt: skip
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert "登记 50, known before 已有 0" in imported(tree, file).stdout
    assert "登记 0, known before 已有 50" in imported(tree, file).stdout


def test_a_workbook_is_registered(tree: Tree, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["来源编号", "标题", "内容", "姓名", "电话", "目的"])
    sheet.append([7001, "建议增设公交站", "建议在村口增设公交站。", "钱七", 13800002222, "建议意见"])
    file = tmp_path / "visits.xlsx"
    book.save(file)
    done = imported(tree, file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "登记 1" in done.stdout


def test_a_file_of_no_known_kind_is_refused_with_a_reason(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "letters.docx"
    file.write_bytes(b"PK")
    done = imported(tree, file)
    assert done.returncode == 2
    assert "neither .csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_long_titles_are_cut_and_kept_whole_in_the_content(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"title": "长" * 300, "content": "正文"}) + "\nnot json\n", encoding="utf-8")
    (_, row), (number, bad) = rows_of(file)
    body = body_of(row, "rows")
    assert len(body["title"]) == 200
    assert body["content"].startswith("长" * 300)
    assert number == 2
    with pytest.raises(Unmapped):
        body_of(bad, "rows")
