"""The forms of actions agree with routing's interface, and everything routing can tell has its words."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from portal.actions import BARE, GROUPS, OWN, REASONED, WRITTEN_WITH, menu_of
from portal.wording import LANGUAGES, Wording, labels

ROOT = Path(__file__).parents[3]
ROUTING = ROOT / "services" / "routing" / "src" / "routing"
ALWAYS_THERE = {"version", "note", "fields"}
# requests to other units, which are no actions on the case
OTHERS = {"urge", "supervise", "instruct", "suggest", "ask-support"}


def interface() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs" / "openapi" / "routing.json").read_text(encoding="utf-8"))
    return document


def bodies(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """action -> what its body takes beside what every action takes."""
    found = {}
    for path, methods in document["paths"].items():
        action = re.fullmatch(r"/api/routing/v1/cases/\{case_id\}/([a-z-]+)", path)
        if action is None or "post" not in methods:
            continue
        reference = methods["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        shape = document["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
        if set(shape) >= ALWAYS_THERE:
            found[action[1]] = set(shape) - ALWAYS_THERE
    return found


def tuple_in(file: Path, name: str) -> tuple[str, ...]:
    """A tuple of words that a module of another service defines, read without running it."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            value: tuple[str, ...] = ast.literal_eval(node.value)
            return value
    raise LookupError(name)


def slugs_told(source: str, catalogue: str) -> set[str]:
    """Slugs of a catalogue of refusals that a module mentions."""
    defined = set(re.findall(r'define\(\s*"([a-z-]+)"', catalogue))
    words = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    return {slug for slug in defined if slug in words}


def without_words(vocabulary: str, values: set[str], known: Mapping[str, str] | None = None) -> set[tuple[str, str]]:
    """(language, value) that has no label."""
    return {
        (language, value)
        for language in LANGUAGES
        for value in values
        if f"{vocabulary}.{value}" not in (known or labels(language))
    }


def test_every_form_sends_what_routing_takes() -> None:
    taken = bodies(interface())
    assert len(taken) > 30
    assert {action: set(OWN.get(action, ())) for action in taken} == taken


def test_every_action_has_its_place_on_the_page() -> None:
    placed = [action for members in GROUPS.values() for action in members]
    assert sorted(placed) == sorted(bodies(interface()))
    assert set(placed) >= BARE | REASONED | set(WRITTEN_WITH) | set(OWN)


@pytest.mark.parametrize("vocabulary", ["action", "action_what", "done", "step"])
def test_every_action_has_its_words(vocabulary: str) -> None:
    assert without_words(vocabulary, set(bodies(interface()))) == set()


def test_every_state_has_its_words_for_staff_and_for_petitioners() -> None:
    states = set(tuple_in(ROUTING / "table.py", "STATES"))
    assert len(states) == 23
    assert without_words("state", states) | without_words("state_plain", states) == set()


def test_what_the_system_does_by_itself_has_its_words() -> None:
    assert without_words("step", set(tuple_in(ROUTING / "table.py", "BY_ITSELF"))) == set()


def test_every_reason_why_not_has_its_words() -> None:
    catalogue = (ROUTING / "refusals.py").read_text(encoding="utf-8")
    deciding = [(ROUTING / name).read_text(encoding="utf-8") for name in ("domain.py", "guards.py", "showing.py")]
    reasons = {slug for source in deciding for slug in slugs_told(source, catalogue)}
    assert {"not-the-holder", "four-eyes", "was-handed-over", "not-forced", "incomplete"} <= reasons
    assert without_words("why", reasons | {"not-allowed"}) == set()


def test_every_procedure_and_paper_has_its_words() -> None:
    files = {file.name.partition(".")[0] for file in (ROUTING / "procedures" / "definitions").glob("*.yaml")} - {
        "common"
    }
    assert len(files) > 8
    assert without_words("procedure", files) == set()
    chosen = {key.partition(".")[2] for key in labels("zh") if key.startswith("procedure_choice.")}
    assert chosen <= files
    papers = set(re.findall(r'(?m)^    "([a-z-]+)": \(', (ROUTING / "papers.py").read_text(encoding="utf-8")))
    assert "opinion" in papers
    assert without_words("paper", papers) == set()


def test_a_word_or_a_field_that_is_missing_is_noticed() -> None:
    assert without_words("state", {"closed", "lost"}) == {("zh", "lost"), ("en", "lost")}
    assert without_words("action", {"accept"}, {"action.close": "办结"}) == {("zh", "accept"), ("en", "accept")}
    document = interface()
    document["components"]["schemas"]["TransferIn"]["properties"]["by"] = {}
    assert bodies(document)["transfer"] == {"to_unit", "by"}
    assert slugs_told('Why("lost" if gone else "found")', 'define("lost", x) define("kept", y)') == {"lost"}
    with pytest.raises(LookupError):
        tuple_in(ROUTING / "table.py", "NO_SUCH_NAME")


ZH, EN = Wording("zh"), Wording("en")
FORM = {
    "required": ["head_count", "organ"],
    "properties": {
        "seen_on": {"type": "string", "format": "date", "title": "日期", "title_en": "Day"},
        "told_at": {"type": "string", "format": "date-time", "title": "时间", "title_en": "Time"},
        "head_count": {"type": "integer", "title": "人数", "title_en": "Heads", "minimum": 1, "maximum": 9},
        "organ": {
            "type": "string", "title": "机关", "title_en": "Organ", "enum": ["court", "other"],
            "labels": {"court": ["法院", "Court"]},
        },
        "public": {"type": "boolean", "title": "公开", "title_en": "Public"},
        "short": {"type": "string", "title": "短", "title_en": "Short", "maxLength": 60},
        "long": {"type": "string", "title": "长", "title_en": "Long", "maxLength": 2000},
    },
}  # fmt: skip


def one(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "allowed": True, "reason": None, "article": None, "missing": [], "form": None, **more}


def test_the_form_of_a_procedure_becomes_plain_inputs_required_ones_first() -> None:
    [act] = menu_of([one("export", form=FORM)], ZH).allowed
    shown = {field.mark.removeprefix("fields."): (field.name, field.kind, field.required) for field in act.fields}
    assert list(shown)[:2] == ["head_count", "organ"]
    assert shown == {
        "head_count": ("fields.integer.head_count", "number", True),
        "organ": ("fields.string.organ", "select", True),
        "seen_on": ("fields.date.seen_on", "date", False),
        "told_at": ("fields.date-time.told_at", "datetime-local", False),
        "public": ("fields.boolean.public", "select", False),
        "short": ("fields.string.short", "text", False),
        "long": ("fields.string.long", "area", False),
    }
    numbers, organ = act.fields[:2]
    assert (numbers.low, numbers.high, numbers.label) == (1, 9, "人数")
    assert organ.options == (("court", "法院"), ("other", "other"))
    english = {field.mark: field for field in menu_of([one("export", form=FORM)], EN).allowed[0].fields}
    assert english["fields.organ"].options[0] == ("court", "Court")
    assert english["fields.public"].options == (("true", "Yes"), ("false", "No"))


def test_actions_are_sorted_into_possible_lacking_and_refused() -> None:
    menu = menu_of(
        [
            one("transfer"),
            one("accept", form=FORM),
            one("investigate"),
            one("decline", allowed=False, reason="incomplete", missing=["decline-notice"]),
            one("submit", allowed=False, reason="incomplete", missing=["opinion"]),
            one("close", allowed=False, reason="not-in-this-state", article="Art 32"),
            one("approve", allowed=False, reason="four-eyes"),
            one("action-of-a-newer-node"),
        ],
        ZH,
    )
    assert [act.action for act in menu.groups["now"]] == ["accept", "investigate", "submit"]
    assert [act.action for act in menu.groups["change"]] == ["action-of-a-newer-node"]
    assert [act.action for act in menu.allowed if act.bare] == ["investigate"]
    assert [(act.action, act.missing) for act in menu.lacking] == [("decline", ("decline-notice",))]
    assert {why: [act.action for act in acts] for why, acts in menu.refused.items()} == {
        "four-eyes": ["approve"],
        "not-in-this-state": ["close"],
    }


def test_an_opinion_that_lacks_more_than_itself_cannot_be_sent() -> None:
    lacks = one("submit", allowed=False, reason="incomplete", missing=["opinion", "hearing-record"])
    assert [act.action for act in menu_of([lacks], ZH).lacking] == ["submit"]
