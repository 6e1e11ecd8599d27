"""`python -m contracts generate | check | release`: the committed contracts, kept true."""

import json
import sys
from pathlib import Path

from contracts import asyncapi, examples, schemas

ROOT = Path(__file__).parents[2]


def generate() -> None:
    """Write schemas, examples and the AsyncAPI document from the models. Released schemas are not touched."""
    released = schemas.released_in(ROOT)
    for name, schema in schemas.all_schemas().items():
        if name not in released:
            file = ROOT / "schemas" / f"{name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(schemas.text_of(schema), encoding="utf-8")
    for name, example in examples.all_examples().items():
        (ROOT / "examples" / name).write_text(example, encoding="utf-8")
    (ROOT / "asyncapi.yaml").write_text(asyncapi.text(), encoding="utf-8")


def problems() -> list[str]:
    """Everything that is not as it should be."""
    found = schemas.drift(ROOT / "schemas") + schemas.altered(ROOT) + schemas.incompatible(ROOT)
    found += examples.drift(ROOT / "examples")
    if (ROOT / "asyncapi.yaml").read_text(encoding="utf-8") != asyncapi.text():
        found.append("asyncapi.yaml: differs from the models")
    return found


def release() -> None:
    """Promise the present schemas for ever."""
    digests = {name: schemas.digest_of(schemas.text_of(schema)) for name, schema in schemas.all_schemas().items()}
    merged = {**digests, **schemas.released_in(ROOT)}
    text = json.dumps(merged, indent=2, sort_keys=True) + "\n"
    (ROOT / "released.json").write_text(text, encoding="utf-8")


def main() -> int:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command == "generate":
        generate()
    elif command == "release" and not problems():
        release()
    elif command not in {"check", "release"}:
        sys.stderr.write("usage: python -m contracts generate | check | release\n")
        return 2
    found = problems()
    sys.stderr.writelines(f"contracts: {problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
