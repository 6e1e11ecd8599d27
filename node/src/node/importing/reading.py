"""Rows of CSV, XLSX and JSONL(.gz) files, one at a time: a file may be larger than memory."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Unreadable(ValueError):
    """The file is of no known kind, or broken."""


def rows_of(file: Path) -> Iterator[tuple[int, Row]]:
    """(row number as a person counts them in the file, row). Raises Unreadable or OSError.

    A JSON line that is none is given as {"": text}, so that it is refused like any other bad row.
    """
    name = file.name.lower()
    if name.endswith((".jsonl", ".jsonl.gz")):
        return _json_lines(file)
    if name.endswith(".csv"):
        return _csv(file)
    if name.endswith(".xlsx"):
        return _xlsx(file)
    raise Unreadable(f"{file.name}: neither .csv, .xlsx, .jsonl nor .jsonl.gz")


def count(file: Path) -> int:
    """How many rows there are, by reading through once."""
    return sum(1 for _ in rows_of(file))


def source_of(file: Path) -> str:
    """The name of the source that a file came from: its own, without endings."""
    return file.name.split(".", 1)[0]


def _json_lines(file: Path) -> Iterator[tuple[int, Row]]:
    is_packed = file.name.endswith(".gz")
    with gzip.open(file, "rt", encoding="utf-8-sig") if is_packed else file.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _json_row(line)
        except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
            raise Unreadable(f"{file.name}: {error}") from error


def _json_row(line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        return {"": line[:200]}
    return row if isinstance(row, dict) else {"": line[:200]}


def _csv(file: Path) -> Iterator[tuple[int, Row]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            reader = csv.DictReader(lines)
            for row in reader:
                yield reader.line_num, {name: value for name, value in row.items() if name is not None}
        except (csv.Error, UnicodeDecodeError) as error:
            raise Unreadable(f"{file.name}: {error}; save it as CSV UTF-8") from error


def _xlsx(file: Path) -> Iterator[tuple[int, Row]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError) as error:
        raise Unreadable(f"{file.name}: not a readable workbook") from error
    try:
        cells = (book.active or book.worksheets[0]).iter_rows(values_only=True)
        names = [str(name).strip() if name is not None else "" for name in next(cells, ())]
        for number, values in enumerate(cells, start=2):
            if any(value is not None for value in values):
                yield number, {name: _text(value) for name, value in zip(names, values, strict=False) if name}
    finally:
        book.close()


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # identifiers and phone numbers that a workbook keeps as numbers
    return value if value is None else str(value)
