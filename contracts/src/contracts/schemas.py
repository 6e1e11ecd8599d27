"""JSON Schemas of all events and letters, made from the models; what a release promises, and whether it is kept."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.envelope import Envelope
from contracts.events import EVENTS, EventType
from contracts.letters import LETTERS, letter_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def _envelope_schema(schema_id: str, kind: str, payload: Schema, title: str) -> Schema:
    """One self-contained schema: the envelope with the type fixed and the payload in `data`."""
    definitions = payload.pop("$defs", {})
    envelope = Envelope.model_json_schema()
    properties = {**envelope["properties"], "type": {"const": kind}, "data": payload}
    return {
        "$schema": DIALECT,
        "$id": schema_id,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": sorted({*envelope["required"], "specversion", "datacontenttype", "type", "data"}),
        "$defs": definitions,
    }


def event_schema(event: EventType) -> Schema:
    """The schema of one event; `$id` is its `dataschema`."""
    payload = event.payload.model_json_schema(mode="validation")
    return _envelope_schema(event.dataschema, event.type, payload, f"{event.en} ({event.zh})")


def all_schemas() -> dict[str, Schema]:
    """File name (without .json) -> schema."""
    events = {event.schema_name: event_schema(event) for event in EVENTS.values()}
    letters = {
        f"letters/{letter_schema(kind)}": _envelope_schema(
            f"urn:xinqiao:schema:{letter_schema(kind)}",
            kind,
            payload.model_json_schema(),
            (payload.__doc__ or "").strip(),
        )
        for kind, payload in LETTERS.items()
    }
    return {**events, **letters}


def text_of(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def drift(directory: Path) -> list[str]:
    """Schemas whose committed file is missing, differs from the models, or has no model any more."""
    wanted = all_schemas()
    found = {str(file.relative_to(directory))[: -len(".json")] for file in directory.rglob("*.json")}
    released = released_in(directory.parent)
    problems = [
        f"{name}: the committed file differs from the model"
        for name, schema in wanted.items()
        if name in found and (directory / f"{name}.json").read_text(encoding="utf-8") != text_of(schema)
    ]
    problems += [f"{name}: not committed" for name in sorted(set(wanted) - found)]
    problems += [f"{name}: no model and never released" for name in sorted(found - set(wanted) - set(released))]
    return problems


def released_in(root: Path) -> dict[str, str]:
    """Released schemas: name -> SHA-256 of the file, for ever."""
    file = root / "released.json"
    released: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return released


def altered(root: Path) -> list[str]:
    """Released schema files that are gone or changed."""
    problems = []
    for name, digest in released_in(root).items():
        file = root / "schemas" / f"{name}.json"
        if not file.exists():
            problems.append(f"{name}: a released schema is gone")
        elif digest_of(file.read_text(encoding="utf-8")) != digest:
            problems.append(f"{name}: a released schema was changed")
    return problems


def incompatible(root: Path) -> list[str]:
    """What a reader of a released schema could not understand in what is written now, or the other way round."""
    problems = []
    wanted = all_schemas()
    for name in released_in(root):
        old = json.loads((root / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
        kind = old["properties"]["type"]["const"]
        new = [schema for schema in wanted.values() if schema["properties"]["type"]["const"] == kind]
        if not new:
            problems.append(f"{name}: {kind} is not published any more; keep it until nothing binds it")
        for schema in new:
            problems += [f"{name}: {problem}" for problem in breaks(old, schema)]
    return problems


def breaks(old: Schema, new: Schema) -> list[str]:
    """Differences between two schemas that are more than added optional fields."""
    return list(_breaks(old, new, old, new, "$"))


def _breaks(old: Any, new: Any, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for keyword in ("type", "const", "format", "pattern"):
        if old.get(keyword) != new.get(keyword) and keyword in {*old, *new}:
            yield f"{at}: {keyword} was {old.get(keyword)!r} and is {new.get(keyword)!r}"
    grown = set(map(str, new.get("enum", []))) - set(map(str, old.get("enum", [])))
    if "enum" in old and grown:
        yield f"{at}: the closed enum has grown by {sorted(grown)}"
    yield from _object_breaks(old, new, old_root, new_root, at)
    if "items" in old and "items" in new:
        yield from _breaks(old["items"], new["items"], old_root, new_root, f"{at}[]")
    yield from _choice_breaks(old, new, old_root, new_root, at)


def _object_breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(before) - set(after)):
        yield f"{at}.{name}: removed"
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        yield f"{at}.{name}: was required and is not any more"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{at}.{name}: is required now, so events of the past would be refused"
    for name in sorted(set(before) & set(after)):
        yield from _breaks(before[name], after[name], old_root, new_root, f"{at}.{name}")


def _choice_breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{at}: the choice of types has changed"
        return
    for place, (left, right) in enumerate(zip(before, after, strict=True)):
        yield from _breaks(left, right, old_root, new_root, f"{at}|{place}")


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Schema = root["$defs"][str(reference).rsplit("/", 1)[-1]]
    return target
