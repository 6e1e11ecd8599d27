"""`python -m routing.procedures check | release X.Y`: the shipped definitions, kept as they were released."""

import json
import sys

from routing.procedures.library import RELEASED, SHIPPED, Library


def problems() -> list[str]:
    """Definitions that are not, or not any more, as they were promised."""
    shipped = {key: procedure.digest for key, procedure in Library.shipped().procedures.items()}
    promised = {key: digest for release in RELEASED.values() for key, digest in release.items()}
    gone = [f"{key}: a released definition is gone; cases follow it" for key in promised if key not in shipped]
    changed = [
        f"{key}: a released definition, or its template, was changed; write the next version instead"
        for key, digest in shipped.items()
        if promised.get(key, digest) != digest
    ]
    return gone + changed


def fresh() -> dict[str, str]:
    """Those that no release has yet: key -> SHA-256."""
    promised = {key for release in RELEASED.values() for key in release}
    return {key: each.digest for key, each in Library.shipped().procedures.items() if key not in promised}


def main() -> int:
    words = sys.argv[1:]
    if words[:1] not in (["check"], ["release"]) or len(words) != {"check": 1, "release": 2}[words[0]]:
        sys.stderr.write("usage: python -m routing.procedures check | release X.Y\n")
        return 2
    found = problems()
    if words[0] == "check":
        found += [f"{key}: not released; `python -m routing.procedures release X.Y`" for key in fresh()]
    elif not found and fresh():
        releases = {**RELEASED, words[1]: {**RELEASED.get(words[1], {}), **fresh()}}
        text = json.dumps(releases, indent=2, sort_keys=True) + "\n"
        (SHIPPED / "released.json").write_text(text, encoding="utf-8")
    sys.stderr.writelines(f"procedures: {problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
