"""Shipped files that never change once they were released: what was promised is kept beside them, in released.json."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Digests = Mapping[str, str]  # key -> SHA-256


@dataclass(frozen=True)
class Releases:
    """module: its `check | release X.Y` is `python -m module`; things: what they are called together; thing: one of
    them; used: what would lose it; file: the released.json; promised: what is in it, by release; also: what else it is
    made of.
    """

    module: str
    things: str
    thing: str
    used: str
    file: Path
    promised: Mapping[str, Digests]
    also: str = ""

    def problems(self, found: Digests) -> list[str]:
        """Those that are not, or not any more, as they were promised."""
        promised = {key: digest for release in self.promised.values() for key, digest in release.items()}
        gone = [f"{key}: a released {self.thing} is gone; {self.used}" for key in promised if key not in found]
        changed = [
            f"{key}: a released {self.thing}{self.also} was changed; write the next version instead"
            for key, digest in found.items()
            if promised.get(key, digest) != digest
        ]
        return gone + changed

    def fresh(self, found: Digests) -> dict[str, str]:
        """Those that no release has yet."""
        return {key: digest for key, digest in found.items() if not any(key in each for each in self.promised.values())}

    def command(self, words: Sequence[str], shipped: Callable[[], Digests]) -> int:
        """The exit code: 1 for problems, 2 for words that are none."""
        if words[:1] not in (["check"], ["release"]) or len(words) != {"check": 1, "release": 2}[words[0]]:
            sys.stderr.write(f"usage: python -m {self.module} check | release X.Y\n")
            return 2
        found = shipped()
        told, fresh = self.problems(found), self.fresh(found)
        if words[0] == "check":
            told += [f"{key}: not released; `python -m {self.module} release X.Y`" for key in fresh]
        elif not told and fresh:
            releases = {**self.promised, words[1]: {**self.promised.get(words[1], {}), **fresh}}
            self.file.write_text(json.dumps(releases, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        sys.stderr.writelines(f"{self.things}: {problem}\n" for problem in told)
        return 1 if told else 0
