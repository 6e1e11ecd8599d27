"""Dotted paths of a tree ("33.02.25.100"): the one shape that scopes, nodes and links share."""


def ancestors(path: str) -> list[str]:
    """The path itself and every path above it, longest first: "33.02" gives ["33.02", "33"]."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def lies_in(path: str, subtree: str) -> bool:
    """Whether path is the root of subtree or below it."""
    return path == subtree or path.startswith(subtree + ".")
