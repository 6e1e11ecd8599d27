"""The committed contracts: true to the models, never changed once released, understood by the real consumers."""

import copy
import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from contracts import __main__ as command
from contracts import examples, schemas
from contracts.envelope import Envelope, EventData
from contracts.events import EVENTS, FileState
from contracts.letters import LETTERS, letter_schema
from contracts.speech import parse_event, parse_letter
from kit.app import Service
from kit.errors import Refused
from kit.personal import PersonalText
from node.services import load_all

ROOT = Path(command.ROOT)
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))


def test_committed_contracts_are_what_the_models_say() -> None:
    assert command.problems() == []


def _parse(body: bytes) -> Envelope:
    return parse_letter(body) if json.loads(body)["type"] in LETTERS else parse_event(body)


def test_every_event_has_passing_and_failing_examples() -> None:
    for kind in (*EVENTS, *examples.LETTER_PAYLOADS):
        names = [file.name for file in EXAMPLES if file.name.startswith(f"{kind}.")]
        assert any(name.endswith(".pass.json") for name in names), kind
        assert any(name.endswith(".fail.json") for name in names), kind


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_examples_pass_or_fail_in_the_parser_and_in_the_schema(file: Path) -> None:
    body = file.read_bytes()
    kind = json.loads(body)["type"]
    name = f"letters/{letter_schema(kind)}" if kind in LETTERS else EVENTS[kind].schema_name
    schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    if file.name.endswith(".pass.json"):
        assert _parse(body).type == kind
        assert validator.is_valid(json.loads(body))
    else:
        with pytest.raises(Refused, match="message-unreadable"):
            _parse(body)
        assert not validator.is_valid(json.loads(body))


def _consumers_of(kind: str, service: Service) -> Iterator[str]:
    for consumer in service.consumers:
        bound = any(fnmatch(kind, binding.replace("#", "*")) for binding in consumer.bindings)
        if bound or (consumer.letters and kind in consumer.handlers):
            yield consumer.queue


@pytest.mark.parametrize("service", load_all(), ids=lambda service: service.name)
async def test_passing_examples_go_through_the_real_consumers(service: Service, start: Any) -> None:
    running = await start(service, path="33.02.25")
    for file in EXAMPLES:
        if not file.name.endswith(".pass.json"):
            continue
        event = _parse(file.read_bytes())
        for queue in _consumers_of(event.type, service):
            await running.hear(queue, event)
            await running.hear(queue, event)


def test_every_event_is_heard_by_some_consumer() -> None:
    unheard = [kind for kind in EVENTS if not any(list(_consumers_of(kind, service)) for service in load_all())]
    assert unheard == []


def test_every_released_schema_stands_and_asyncapi_refers_to_committed_files() -> None:
    assert set(schemas.released_in(ROOT)) >= {event.schema_name for event in EVENTS.values()}
    document = yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"].startswith("3.")
    for message in document["components"]["messages"].values():
        assert (ROOT / message["payload"]["$ref"]).is_file()


BASE: dict[str, Any] = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string"}, "b": {"enum": ["x", "y"]}, "c": {"items": {"type": "integer"}}},
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["properties"].pop("b"), "removed"),
        (lambda s: s["properties"]["a"].update(type="integer"), "type was"),
        (lambda s: s.update(required=[]), "not any more"),
        (lambda s: s.update(required=["a", "b"]), "required now"),
        (lambda s: s["properties"]["b"]["enum"].append("z"), "grown"),
        (lambda s: s["properties"]["c"]["items"].update(type="number"), "type was"),
        (lambda s: s["properties"]["a"].update(pattern="^x$"), "pattern"),
    ],
)
def test_the_checker_fails_on_every_breaking_change(change: Any, said: str) -> None:
    new = copy.deepcopy(BASE)
    change(new)
    assert any(said in problem for problem in schemas.breaks(BASE, new))


def test_the_checker_lets_optional_fields_be_added() -> None:
    new = copy.deepcopy(BASE)
    new["properties"]["added"] = {"type": "string"}
    assert schemas.breaks(BASE, new) == []


def test_a_changed_released_file_and_a_drifted_one_are_noticed(tmp_path: Path) -> None:
    name, schema = next(iter(schemas.all_schemas().items()))
    file = tmp_path / "schemas" / f"{name}.json"
    file.parent.mkdir(parents=True)
    file.write_text(schemas.text_of({**schema, "title": "changed"}), encoding="utf-8")
    (tmp_path / "released.json").write_text(json.dumps({name: schemas.digest_of(schemas.text_of(schema))}))
    assert schemas.altered(tmp_path) == [f"{name}: a released schema was changed"]
    assert any("differs" in problem for problem in schemas.drift(tmp_path / "schemas"))
    file.unlink()
    assert schemas.altered(tmp_path) == [f"{name}: a released schema is gone"]


def test_examples_that_differ_are_missing_or_belong_to_nothing_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in examples.all_examples().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert examples.drift(tmp_path) == []
    (changed, gone, *_) = sorted(tmp_path.iterdir())
    changed.write_text("{}", encoding="utf-8")
    gone.rename(tmp_path / "routing.case.forgotten.v1.ordinary.pass.json")
    assert examples.drift(tmp_path) == [
        f"{gone.name}: no such example",
        f"{changed.name}: the committed example differs",
        "routing.case.forgotten.v1.ordinary.pass.json: an example of no event",
    ]
    monkeypatch.setattr(examples, "PAYLOADS", {p: v for p, v in examples.PAYLOADS.items() if p is not FileState})
    assert examples.drift(tmp_path) == ["FileState: examples.py does not say what it holds"]


def test_an_event_with_personal_data_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="personal data"):
        type("Leaky", (EventData,), {"__annotations__": {"name": PersonalText}, "__module__": __name__})
    with pytest.raises(TypeError, match="personal data"):
        type("Hidden", (EventData,), {"__annotations__": {"names": list[PersonalText | None]}, "__module__": __name__})
