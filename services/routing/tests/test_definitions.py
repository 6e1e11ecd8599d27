"""Procedures as data: the shipped ones load, a bad one is refused with file, line and reason."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kit.errors import Refused
from routing.procedures.domain import Procedure
from routing.procedures.library import KINDS, SHIPPED, BadDefinition, Library, check_files
from routing.procedures.rules import CHANNELS, ROUTES
from routing.table import ACTIONS, ENDS, STATES

ORDINARY, SIMPLE, COMMON = "ordinary-petition.v1.yaml", "simple.v1.yaml", "common.v1.yaml"
PROCEDURES = sorted(Library.shipped().procedures.values(), key=lambda each: each.key)
WHATEVER = [(kind, route) for kind in KINDS for route in (None, *ROUTES)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the shipped definitions."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "definitions"))


def edit(directory: Path, name: str, old: str, new: str) -> Path:
    file = directory / name
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{name} has no {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def refused(directory: Path) -> list[str]:
    with pytest.raises(BadDefinition) as bad:
        Library.read(directory)
    return str(bad.value).splitlines()


@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda each: each.key)
def test_a_shipped_procedure_loads_and_knows_only_the_table(procedure: Procedure) -> None:
    assert set(procedure.actions) <= set(ACTIONS)
    assert procedure.states <= set(STATES)
    assert procedure.states & ENDS
    assert {"office-decision", "unit-notice", "objection", "receive-hand-over"} <= {
        each.name for each in procedure.clocks
    }
    for rule in procedure.actions.values():
        if rule.form is not None:
            Draft202012Validator.check_schema(rule.form)


def test_the_60_days_are_for_route_6_alone() -> None:
    library = Library.shipped()
    handling = {each.key for each in PROCEDURES if any(clock.name == "handling" for clock in each.clocks)}
    assert handling == {library.choose("appeal", 6).key} == {"ordinary-petition/1"}


@given(st.sampled_from(WHATEVER), st.sampled_from([None, "a channel of tomorrow", *CHANNELS]))
def test_there_is_a_procedure_for_whatever_can_be_registered(what: tuple[str, int | None], channel: str | None) -> None:
    kind, route = what
    library = Library.shipped()
    chosen = library.choose(kind, route, channel=channel)
    assert chosen.begins(channel)
    assert kind in chosen.kinds
    assert library.get(chosen.key) is chosen
    assert library.choices(kind, route, channel)[0] is chosen
    assert all(library.choose(kind, route, each.name) is each for each in library.choices(kind, route))


def test_what_is_called_in_begins_as_an_order_unless_it_accuses_somebody() -> None:
    library = Library.shipped()
    begun = {
        (kind, channel): library.choose(kind, None, channel=channel).name
        for kind in KINDS
        for channel in ("call", "web")
    }
    assert begun == {
        ("suggestion", "call"): "hotline-order", ("suggestion", "web"): "suggestion",
        ("appeal", "call"): "hotline-order", ("appeal", "web"): "ordinary-petition",
        ("accusation", "call"): "accusation", ("accusation", "web"): "accusation",
    }  # fmt: skip


def test_an_offices_default_for_all_others_leaves_that_of_a_channel_alone(own: Path, tmp_path: Path) -> None:
    for file in own.glob("*.yaml"):
        file.unlink()
    text = (SHIPPED / ORDINARY).read_text(encoding="utf-8").replace("name: ordinary-petition", "name: wells-330225", 1)
    (own / "wells-330225.v1.yaml").write_text(text, encoding="utf-8")
    library = Library.of_node("33.02.25", own)
    assert library.choose("appeal", 6, channel="web").name == "wells-330225"
    assert library.choose("appeal", 6, channel="call").name == "hotline-order"
    bound = text.replace("default: true", "default: true\nchannels: [call]", 1)
    (own / "wells-330225.v1.yaml").write_text(bound, encoding="utf-8")
    library = Library.of_node("33.02.25", own)
    assert library.choose("appeal", 6, channel="web").name == "ordinary-petition"
    assert library.choose("appeal", 6, channel="call").name == "wells-330225"


def test_an_appeal_nobody_has_screened_begins_as_ordinary() -> None:
    assert Library.shipped().choose("appeal", None).name == "ordinary-petition"


@pytest.mark.parametrize(
    ("kind", "route", "name"),
    [("appeal", 7, None), ("praise", None, None), ("appeal", 6, "no-such"), ("accusation", None, "simple"),
     ("appeal", 3, "ordinary-petition")],
)  # fmt: skip
def test_what_no_procedure_is_for_is_refused(kind: str, route: int | None, name: str | None) -> None:
    with pytest.raises(Refused, match="unknown-procedure"):
        Library.shipped().choose(kind, route, name)
    with pytest.raises(Refused, match="procedure-unknown-here"):
        Library.shipped().get("ordinary-petition/99")


def test_new_cases_get_the_newest_version_and_running_ones_keep_theirs(own: Path) -> None:
    text = (own / ORDINARY).read_text(encoding="utf-8")
    longer = text.replace("version: 1", "version: 12", 1).replace("length: 60", "length: 50")
    (own / "ordinary-petition.v12.yaml").write_text(longer, encoding="utf-8")
    library = Library.read(own)
    assert library.choose("appeal", 6).key == "ordinary-petition/12"
    lengths = {
        version: next(
            clock.length for clock in library.get(f"ordinary-petition/{version}").clocks if clock.name == "handling"
        )
        for version in (1, 12)
    }
    assert lengths == {1: 60, 12: 50}


class Bad(NamedTuple):
    """A mistake made in a file. line: what stands on the line that the refusal names; else the last of what is new."""

    file: str
    old: str
    new: str
    reason: str
    line: str = ""


MISTAKES = {
    "not YAML": Bad(ORDINARY, "kinds: [appeal]", "kinds: [appeal", "not YAML", "routes: [6]"),
    "twice": Bad(ORDINARY, "default: true", "default: true\ndefault: false", "'default' stands here twice"),
    "an alias": Bad(SIMPLE, "pauses: [merge, suspend]", "pauses: &m [merge]\n    yellow_share: *m", "aliases"),
    "unknown key": Bad(ORDINARY, "zh: 普通程序", "zh: 普通程序\ncolour: red", "unknown key 'colour'"),
    "missing key": Bad(
        ORDINARY, "en: Ordinary petition procedure\n", "", "'en' is missing", "name: ordinary-petition",
    ),
    "wrong type": Bad(ORDINARY, "length: 60", "length: sixty", "'sixty' is not of type"),
    "unknown kind": Bad(ORDINARY, "kinds: [appeal]", "kinds: [appeal, praise]", "'praise' is not one of"),
    "another name": Bad(ORDINARY, "name: ordinary-petition", "name: ordinary", "belongs in a file"),
    "unknown base": Bad(ORDINARY, "common/1", "common/9", "there is no template 'common/9'", "based_on"),
    "unknown action": Bad(ORDINARY, "  screen:\n", "  screen:\n  embellish:\n", "unknown action 'embellish'"),
    "unknown role": Bad(ORDINARY, "  close:\n", "  close:\n    roles: [king]\n", "unknown role 'king'"),
    "a wider role": Bad(ORDINARY, "  extend:\n", "  extend:\n    roles: [clerk]\n", "'clerk' may not extend"),
    "unknown approver": Bad(ORDINARY, "[leader]", "[leader, mayor]", "unknown role 'mayor'", "approval:"),
    "unknown paper": Bad(ORDINARY, "  close:\n", "  close:\n    papers: [poem]\n", "unknown kind of paper 'poem'"),
    "clock of no action": Bad(ORDINARY, "starts: [accept]", "starts: [welcome]", "'welcome' is no action"),
    "clock that never stops": Bad(
        ORDINARY, "stops: [serve, close, note-withdrawal]", "stops: []", "nothing stops it",
    ),
    "clock that outlives its case": Bad(
        ORDINARY, "stops: [serve, close, note-withdrawal]", "stops: [serve, close]", "when the case is withdrawn",
    ),
    "clock that never starts": Bad(
        ORDINARY, "starts: [accept]", "starts: []", "no action of this procedure starts it",
    ),
    "pause without end": Bad(
        ORDINARY, "    resumes: [resume, unmerge]\n", "", "nothing resumes it", "pauses: [suspend, merge]",
    ),
    "extension without limit": Bad(
        ORDINARY, "    longest: 30\n", "", "extends and longest go together", "extends: [extend]",
    ),
    "date from nobody": Bad(ORDINARY, "length: 60", "length: null", "only assign brings a date"),
    "channels of no default": Bad(
        "hotline-urgent.v1.yaml", "routes: [1, 2, 3, 4, 5, 6]\n", "routes: [1, 2, 3, 4, 5, 6]\nchannels: [call]\n",
        "channels say for which it is the default", "channels: [call]",
    ),
    "two defaults of a channel": Bad(
        "hotline-urgent.v1.yaml", "routes: [1, 2, 3, 4, 5, 6]\n",
        "routes: [1, 2, 3, 4, 5, 6]\ndefault: true\nchannels: [call, sms]\n",
        "hotline-order/1 is the default for appeal of route 31(6) that came by call too", "default: true",
    ),
    "unknown channel": Bad("hotline-order.v1.yaml", "channels: [call]", "channels: [drum]", "'drum' is not one of"),
    "expires into nothing": Bad("hotline-order.v1.yaml", "expires: assign", "expires: accept", "no action"),
    "right without stop": Bad(ORDINARY, "right: [request-review]", "right: [close]", "must stop the clock"),
    "no way out": Bad(
        ORDINARY, "  end-hearing:\n", "", "from the state 'hearing' no action leads", "disputed, accepted",
    ),
    "unreachable": Bad(ORDINARY, "  start-mediation:\n", "", "leads to the state 'mediating'", "mediating"),
    "undeclared": Bad(ORDINARY, "hearing, mediating,", "hearing,", "'mediating' can be reached", "states: ["),
    "form without bound": Bad(COMMON, ", maxLength: 64}", "}", "'maxLength' is missing", "concluded_number: {"),
    "form that is no schema": Bad(COMMON, "type: boolean", "type: perhaps", "'perhaps' is not one of"),
    "form open to anything": Bad(
        COMMON, "additionalProperties: false", "additionalProperties: true", "False was expected",
    ),
    "form without such a field": Bad(
        COMMON, "required: [to]", "required: [too]", "'too' is required but is no field",
    ),
    "unlabelled choice": Bad(
        COMMON, "labels: {normal: [一般, Normal], ", "labels: {", "labels and enum differ", "labels: {urgent",
    ),
    "60 days elsewhere": Bad(SIMPLE, "  simple-opinion:", "  handling:", "nothing else (Art 34)", "  handling:"),
    "no 60 days": Bad(ORDINARY, "length: 60", "length: 61", "at most 60 days (Art 34)", "clocks:"),
    "appeals without route": Bad(ORDINARY, "routes: [6]\n", "", "which of Art 31", "kinds: [appeal]"),
    "route of a suggestion": Bad(
        "suggestion.v1.yaml", "kinds: [suggestion]", "kinds: [suggestion]\nroutes: [6]", "only appeals",
    ),
    "two defaults": Bad(SIMPLE, "routes: [6]", "routes: [6]\ndefault: true", "is the default for suggestion too"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_bad_definition_is_refused_with_file_line_and_reason(own: Path, mistake: Bad) -> None:
    file = edit(own, mistake.file, mistake.old, mistake.new)
    anchor = mistake.line or mistake.new.strip().splitlines()[-1].strip()
    lines = file.read_text(encoding="utf-8").splitlines()
    expected = {f"{file}:{number}: " for number, line in enumerate(lines, 1) if anchor in line}
    assert expected, "the anchor is not in the file"
    told = [line for line in refused(own) if mistake.reason in line]
    assert told
    assert any(line.startswith(tuple(expected)) for line in told), told


def test_a_right_copy_is_not_refused(own: Path) -> None:
    assert len(Library.read(own).procedures) == len(PROCEDURES)


def test_all_mistakes_of_all_files_are_told_at_once(own: Path) -> None:
    edit(own, ORDINARY, "  screen:\n", "  embellish:\n")
    edit(own, ORDINARY, "length: 60", "length: -1")
    edit(own, ORDINARY, "  close:\n", "  close:\n    papers: [poem]\n")
    edit(own, SIMPLE, "zh: 简易办理程序\n", "")
    told = "\n".join(refused(own))
    for reason in ("'embellish'", "-1 is less than", "'poem'", "'zh' is missing"):
        assert reason in told


def test_a_default_is_needed_for_whatever_can_be_registered(own: Path) -> None:
    (own / "accusation.v1.yaml").unlink()
    assert refused(own) == [f"{own}:0: no procedure is the default for accusation"]


def test_the_same_version_twice_is_refused(own: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    shutil.copy(own / SIMPLE, more)
    with pytest.raises(BadDefinition, match=r"more/simple\.v1\.yaml:5: simple/1 is defined in .*already"):
        Library.read(own, more)


def test_a_file_that_is_no_mapping_or_empty_is_refused(own: Path) -> None:
    for text, reason in (
        ("", "the file is empty"),
        ("- a\n", "is not of type 'object'|a definition is a mapping"),
        ("\0", "."),
    ):
        (own / "odd.v1.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(BadDefinition, match=reason):
            Library.read(own)


def test_a_file_of_ones_own_is_checked_beside_the_shipped_ones(tmp_path: Path) -> None:
    text = (SHIPPED / SIMPLE).read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
    file = tmp_path / "simple.v2.yaml"
    file.write_text(text, encoding="utf-8")
    assert check_files([file]) == []
    file.write_text(text.replace("length: 10", "length: 90"), encoding="utf-8")
    (mistake,) = check_files([file])
    assert (mistake.file, "Art 34" in mistake.reason) == (str(file), True)
    assert check_files([SHIPPED / SIMPLE]) == []


ODD: Any = st.sampled_from(
    [None, True, -1, 2.5, "", "x", "close", [], ["close"], [[]], [{}], {}, {"a": None}, {"form": []}]
)


def ways(data: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [where] if where else []
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [way for key, value in pairs for way in ways(value, (*where, key))]


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([ORDINARY, SIMPLE, COMMON]), ODD)
def test_whatever_stands_in_a_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str, odd: Any
) -> None:
    content = yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))
    *way, last = data.draw(st.sampled_from(ways(content)))
    part = content
    for key in way:
        part = part[key]
    part[last] = odd
    own = tmp_path_factory.mktemp("odd")
    for file in (COMMON, ORDINARY, SIMPLE):
        shutil.copy(SHIPPED / file, own)
    (own / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadDefinition, match=r"\S+:\d+: \S"):  # the other defaults are missing at least
        Library.read(own)
