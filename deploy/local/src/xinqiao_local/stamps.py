"""Whether a node was set up with exactly what is here now: then a second start need not do it again."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[4]
CODE = ("libs", "contracts", "services", "node", "requirements.lock")  # whatever setup runs, migrations included
STAMP = "setup.stamp"


def print_of(files: Sequence[Path]) -> str:
    """Fingerprint of a node's own files and of all code that sets it up."""
    digest = hashlib.sha256()
    for file in (*files, *_code()):
        content = file.read_bytes()
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _code() -> Iterator[Path]:
    for name in CODE:
        if (ROOT / name).is_file():
            yield ROOT / name
        else:
            yield from sorted(file for file in (ROOT / name).rglob("*.py") if "tests" not in file.parts)


class Stamps:
    """homes: what setup fills, each with a stamp inside, so that one that is thrown away takes its stamp with it."""

    def __init__(self, *homes: Path) -> None:
        self._files = [home / STAMP for home in homes]

    def say(self, fingerprint: str) -> bool:
        """Whether all that was set up is still there, and as this fingerprint says."""
        return all(file.exists() and file.read_text() == fingerprint for file in self._files)

    def put(self, fingerprint: str) -> None:
        for file in self._files:
            file.write_text(fingerprint)

    def remove(self) -> None:
        """Before setup: one that fails half-way leaves none."""
        for file in self._files:
            file.unlink(missing_ok=True)
