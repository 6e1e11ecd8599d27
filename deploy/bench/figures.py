"""What was measured: pairs of rounds as ratios, limits, and how they are shown and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

MARKS = {True: "[green]met[/green]", False: "[red]short[/red]", None: ""}


@dataclass(frozen=True)
class Figure:
    """name, unit, target as shown; ours, floor: one value a round; value: what the target speaks of (None: could not
    be measured, `note` tells why); met: whether the target is.
    """

    key: str
    name: str
    unit: str
    target: str
    value: float | None
    met: bool | None
    ours: Sequence[float] = ()
    floor: Sequence[float] = ()
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def ratio(
    key: str, name: str, *, unit: str, at_least: float, ours: Sequence[float], floor: Sequence[float], **rest: Any
) -> Figure:
    """Median of the ratios of neighbouring rounds: what disturbs the machine disturbs both of a pair."""
    value = median(mine / bare for mine, bare in zip(ours, floor, strict=True))
    return Figure(key, name, unit, f"≥ {at_least:g} x floor", value, value >= at_least, ours, floor, **rest)


def limit(key: str, name: str, *, unit: str, below: float, value: float, **rest: Any) -> Figure:
    """A value that should stay below a limit."""
    return Figure(key, name, unit, f"< {below:g} {unit}", value, value < below, **rest)


def at_least(key: str, name: str, *, unit: str, least: float, value: float, **rest: Any) -> Figure:
    """A value that should reach a limit."""
    return Figure(key, name, unit, f"≥ {least:g} {unit}", value, value >= least, **rest)


def unmeasured(key: str, name: str, *, target: str, why: str) -> Figure:
    return Figure(key, name, "", target, None, None, note=why)


def show(figures: Sequence[Figure], console: Console) -> None:
    """A table: medians with the smallest and the largest round."""
    table = Table(title="Speed against floors of the same run", show_lines=True)
    for column in ("measure", "floor", "ours", "figure", "target", ""):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for each in figures:
        mark = MARKS[each.met] if each.value is not None else "[yellow]not measured[/yellow]"
        name = f"{each.name}\n[dim]{each.note}[/dim]" if each.note else each.name
        table.add_row(name, _span(each.floor), _span(each.ours), _value(each), each.target, mark)
    console.print(table)


def _span(rounds: Sequence[float]) -> str:
    return f"{median(rounds):,.0f}\n[dim]{min(rounds):,.0f} … {max(rounds):,.0f}[/dim]" if rounds else ""


def _value(figure: Figure) -> str:
    if figure.value is None:
        return ""
    return f"{figure.value:.2f} x" if figure.floor else f"{figure.value:,.1f} {figure.unit}"


def keep(figures: Sequence[Figure], file: Path, **facts: Any) -> None:
    """Write them as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {**facts, "figures": [asdict(figure) for figure in figures]}
    file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
