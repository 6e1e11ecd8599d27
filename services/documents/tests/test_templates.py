"""Templates as data: those that come with the suite, and what an office may not add."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.papers import __main__ as releasing
from documents.papers.checking import LONGEST, check, check_complete, tidied
from documents.papers.library import RELEASED, SHIPPED, BadTemplate, Library, digest_of
from documents.papers.models import FormIn, NoticeIn, OpinionIn
from kit.errors import Refused

LIBRARY = Library.shipped()


def own(directory: Path, kind: str = "notice", version: str = "2", **files: str) -> Path:
    """A version of the office's own: the shipped one with some files replaced, named by their stems."""
    place = directory / kind / version
    shutil.copytree(SHIPPED / "notice" / "1", place)
    for stem, text in files.items():
        name = {"paper": "paper.yaml", "schema": "schema.json", "template": "template.html"}[stem]
        (place / name).write_text(text, encoding="utf-8")
    return place


def refused(directory: Path) -> str:
    with pytest.raises(BadTemplate) as told:
        Library.of_node(directory)
    return str(told.value)


def test_a_released_template_never_changes() -> None:
    assert releasing.RELEASES.problems(releasing.shipped()) == []
    assert {key for release in RELEASED.values() for key in release} == set(releasing.shipped())


def test_the_check_of_released_templates_can_fail() -> None:
    found = releasing.shipped()
    assert "opinion/1" in releasing.RELEASES.problems({**found, "opinion/1": "0" * 64})[0]
    gone = {key: digest for key, digest in found.items() if key != "base/1"}
    assert "base/1" in releasing.RELEASES.problems(gone)[0]


def test_a_digest_tells_of_every_file(tmp_path: Path) -> None:
    place = own(tmp_path)
    before = digest_of(place)
    (place / "schema.json").write_text((place / "schema.json").read_text() + "\n")
    assert digest_of(place) != before


def test_both_ways_of_filing_know_the_same_kinds() -> None:
    """Kinds with a short form have a first template that takes it as it is."""
    notices = set(NoticeIn.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]  # a Literal
    forms = set(FormIn.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
    assert {"opinion"} | notices | forms == {each.kind for each in LIBRARY.offered() if each.of == "case"}
    for kind in notices:
        check_complete(LIBRARY.get(kind, 1), {"text": "正文", "legal_basis": "第二十三条"})
        assert LIBRARY.get(kind, 1).files_as == kind
    short = dict.fromkeys(OpinionIn.model_fields, "文字") | {"outcome": "explain"}
    check_complete(LIBRARY.get("opinion", 1), {name: value for name, value in short.items() if name != "kind"})


def test_opinions_of_a_review_are_filed_as_opinions_and_suggestions_as_one_kind() -> None:
    for kind, filed in (("review-opinion", "opinion"), ("re-review-opinion", "opinion")):
        assert LIBRARY.newest(kind).files_as == filed
    assert {each.files_as for each in LIBRARY.offered() if each.kind.startswith("suggestion-")} == {"suggestion-letter"}


def test_an_offices_own_version_is_the_one_new_papers_are_written_with(tmp_path: Path) -> None:
    own(tmp_path)
    library = Library.of_node(tmp_path)
    assert (library.newest("notice").version, library.newest("opinion").version) == (2, 1)
    assert library.get("notice", 1).version == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"template": "{% extends 'base/1/base.html' %}{% block body %}{{ s.nothing }}{% endblock %}"}, "nothing"),
        ({"template": "{% for %}"}, "template.html: line 1"),
        ({"template": "{% include '/etc/passwd' %}"}, "TemplateNotFound"),
        ({"template": "{{ ''.__class__.__mro__ }}"}, "SecurityError"),
        ({"template": "{{ s.update({'a': 1}) }}"}, "SecurityError"),
        ({"template": "{{ 'x' * 300000 }}"}, "more than"),
        ({"template": "{{ 1 / 0 }}"}, "ZeroDivisionError"),
        ({"schema": "{"}, "schema.json: not JSON"),
        ({"schema": '{"type": "nonsense"}'}, "schema.json: not a JSON Schema"),
        (
            {"schema": '{"type": "object", "additionalProperties": false, "properties": {"a": {"type": "object"}}}'},
            "$.",
        ),
        ({"paper": "name: [\n"}, "paper.yaml: not YAML"),
        ({"paper": "name: 告知书\n"}, "paper.yaml: $: 'name_en' is a required property"),
        ({"paper": "!!python/object/apply:os.getcwd []"}, "paper.yaml: not YAML"),
    ],
)
def test_a_bad_template_is_refused_with_file_and_reason(tmp_path: Path, files: dict[str, str], said: str) -> None:
    place = own(tmp_path, **files)
    told = refused(tmp_path)
    assert told.startswith(str(place))
    assert said in told


def test_a_template_with_too_few_or_too_many_files_or_another_ones_place_is_refused(tmp_path: Path) -> None:
    place = own(tmp_path)
    (place / "helper.py").write_text("print()")
    assert "helper.py" in refused(tmp_path)
    shutil.rmtree(tmp_path / "notice")
    own(tmp_path, version="1")
    assert "already" in refused(tmp_path)
    shutil.rmtree(tmp_path / "notice")
    own(tmp_path, version="latest")
    assert "is a number" in refused(tmp_path)
    assert "no such directory" in refused(tmp_path / "nowhere")


def test_an_example_that_the_schema_refuses_is_refused(tmp_path: Path) -> None:
    schema = json.loads((SHIPPED / "notice" / "1" / "schema.json").read_text(encoding="utf-8"))
    schema["properties"]["text"]["maxLength"] = 3
    own(tmp_path, schema=json.dumps(schema))
    assert "the example of text" in refused(tmp_path)


def sections_told(error: Refused) -> set[str]:
    return {each["field"].removeprefix("body.sections.") for each in error.facts["errors"]}


def test_all_that_is_missing_or_wrong_is_told_at_once_and_never_what_was_written() -> None:
    template = LIBRARY.newest("supervision-letter")
    with pytest.raises(Refused) as none:
        check_complete(template, {})
    assert sections_told(none.value) == {"to_unit", "matter", "petition_number", "problems", "demands", "due_on"}
    written = {"due_on": "明天", "matter": 7, "unheard_of": "张三丰", "problems": "\x00张三丰", "copies_to": "张三丰"}
    with pytest.raises(Refused) as some:
        check_complete(template, written)
    assert sections_told(some.value) == {"to_unit", "petition_number", "demands", *written}
    assert "张三丰" not in str(some.value)
    for each in some.value.facts["errors"]:
        assert each["zh"] != each["en"]


def test_a_text_stands_for_all_other_sections() -> None:
    template = LIBRARY.newest("decline-notice")
    with pytest.raises(Refused) as told:
        check_complete(template, {})
    assert sections_told(told.value) == {"addressee", "received_on", "matter", "reasons"}
    check_complete(template, {"text": "不予受理。"})


@pytest.mark.parametrize("text", ["2026-1-5", "2026-02-30", "20260105", "2026-01-05T00:00:00"])
def test_a_date_is_a_day_of_the_calendar(text: str) -> None:
    wrong, _ = check(LIBRARY.newest("notice"), {"text": "x", "received_on": text})
    assert [(each.section, each.rule) for each in wrong] == [("received_on", "format")]


def test_a_paper_is_not_endless() -> None:
    sections = dict.fromkeys(("request", "facts", "opinion", "legal_basis"), "长" * 20_000) | {"outcome": "support"}
    check_complete(LIBRARY.newest("opinion"), sections)
    many = {**sections, "attachments": ["长" * 300] * 30}
    assert sum(len(each) for each in many["attachments"]) + 80_000 < LONGEST
    review = {**LIBRARY.newest("review-opinion").examples, **sections}
    wrong, _ = check(LIBRARY.newest("review-opinion"), {**review, "addressee": "长" * 201})
    assert {each.section for each in wrong} == {"addressee"}


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30),
    st.lists(st.text(max_size=9), max_size=4), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)  # fmt: skip


@given(
    template=st.sampled_from(LIBRARY.offered()),
    sections=st.dictionaries(st.one_of(st.sampled_from(["text", "matter", "due_on"]), st.text(max_size=9)), values),
)
def test_whatever_is_sent_is_checked_without_a_crash(template: Any, sections: dict[str, Any]) -> None:
    wrong, missing = check(template, tidied(sections))
    if not wrong and not missing:
        check_complete(template, tidied(sections))
