"""Writes node.toml: everything one node is told."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Table = Mapping[str, Any]


def render(sections: Mapping[str, Table | Sequence[Table]]) -> str:
    """TOML text of tables and lists of tables, whose values are strings and integers."""
    return "\n".join(_section(name, content) for name, content in sections.items() if content)


def _section(name: str, content: Table | Sequence[Table]) -> str:
    if isinstance(content, Mapping):
        return f"[{name}]\n{_lines(content)}"
    return "\n".join(f"[[{name}]]\n{_lines(table)}" for table in content)


def _lines(table: Table) -> str:
    """A JSON string of these values is a TOML string too, and so are numbers and true and false."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
