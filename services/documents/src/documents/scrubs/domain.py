"""The rules of collecting what no row names. Standard library only."""

from dataclasses import dataclass

FEW = 100  # so many are never too many


@dataclass
class Walk:
    """How far a process has come through the store, and what it has found. counted: what the walk before found."""

    after: str = ""
    found: int = 0
    counted: int | None = None


def too_many(found: int, known: int) -> bool:
    """More than failed keepers leave: the database may be older than the store, and what it does not know be wanted."""
    return found > max(FEW, known // 100)
