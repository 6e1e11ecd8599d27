"""How a list of readers names who alone may read something: everybody, a unit, who holds a role there."""

EVERYBODY = "*"
MARK = ":"  # in no code of a unit, so that no list of readers can be taken for one of units


def reader(unit: str, role: str = "") -> str:
    """Whoever is of the unit, or holds the role there."""
    return f"{unit}{MARK}{role}"
