"""`python -m documents.quality check | release X.Y`: the shipped checklists, kept as they were released."""

import json
import sys

from documents.quality.library import RELEASED, SHIPPED, Checklists


def shipped() -> dict[str, str]:
    """Key -> SHA-256. Raises BadChecklist."""
    return {key: each.digest for key, each in Checklists.shipped().checklists.items()}


def problems(found: dict[str, str]) -> list[str]:
    """Those that are not, or not any more, as they were promised."""
    promised = {key: digest for release in RELEASED.values() for key, digest in release.items()}
    gone = [f"{key}: a released checklist is gone; cases were reviewed by it" for key in promised if key not in found]
    changed = [
        f"{key}: a released checklist was changed; write the next version instead"
        for key, digest in found.items()
        if promised.get(key, digest) != digest
    ]
    return gone + changed


def main() -> int:
    words = sys.argv[1:]
    if words[:1] not in (["check"], ["release"]) or len(words) != {"check": 1, "release": 2}[words[0]]:
        sys.stderr.write("usage: python -m documents.quality check | release X.Y\n")
        return 2
    found = shipped()
    told = problems(found)
    fresh = {key: digest for key, digest in found.items() if not any(key in each for each in RELEASED.values())}
    if words[0] == "check":
        told += [f"{key}: not released; `python -m documents.quality release X.Y`" for key in fresh]
    elif not told and fresh:
        releases = {**RELEASED, words[1]: {**RELEASED.get(words[1], {}), **fresh}}
        text = json.dumps(releases, indent=2, sort_keys=True) + "\n"
        (SHIPPED / "released.json").write_text(text, encoding="utf-8")
    sys.stderr.writelines(f"checklists: {problem}\n" for problem in told)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
