"""Checklists as data: those that come with the suite stay as they were released; a bad one is refused with its line."""

from pathlib import Path

import pytest

from documents.papers.library import Library
from documents.quality import __main__ as releasing
from documents.quality.library import RELEASED, SHIPPED, BadChecklist, Checklists

TEXT = (SHIPPED / "case-handling.v1.yaml").read_text(encoding="utf-8")
LINES = TEXT.splitlines()


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(LINES, 1) if text in line)


def refused(directory: Path, text: str, name: str = "office.v1.yaml") -> str:
    """The first mistake, without the directory."""
    (directory / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadChecklist) as told:
        Checklists.of_node(directory, Library.shipped())
    return str(told.value.mistakes[0]).removeprefix(f"{directory}/")


def office(text: str = TEXT) -> str:
    return text.replace("name: case-handling", "name: office")


def test_a_released_checklist_never_changes() -> None:
    assert releasing.RELEASES.problems(releasing.shipped()) == []
    assert {key for release in RELEASED.values() for key in release} == set(releasing.shipped())


def test_the_check_of_released_checklists_can_fail() -> None:
    assert "was changed" in releasing.RELEASES.problems({"case-handling/1": "0" * 64})[0]
    assert "is gone" in releasing.RELEASES.problems({})[0]


def test_an_office_adds_checklists_of_its_own_and_the_newest_is_offered(tmp_path: Path) -> None:
    (tmp_path / "office.v1.yaml").write_text(office(), encoding="utf-8")
    (tmp_path / "office.v2.yaml").write_text(office(TEXT.replace("version: 1", "version: 2")), encoding="utf-8")
    found = Checklists.of_node(tmp_path, Library.shipped())
    assert [each.key for each in found.newest()] == ["case-handling/1", "office/2"]
    assert found.get("office/1").items.keys() == found.get("office/2").items.keys()


@pytest.mark.parametrize(
    ("old", "new", "where", "why"),
    [
        ("group: handling", "group: elsewhere", "group: handling", "no group 'elsewhere'"),
        ("only_after: [extend]", "only_after: [lengthen]", "only_after: [extend]", "no action 'lengthen'"),
        ("any: [hearing-record]", "any: [minutes]", "fact: {kind: paper, any: [hearing-record]}", "kind of paper"),
        ("kind: kept-out", "kind: guess", "fact: {kind: kept-out}", "no such fact"),
        ("severity: grave", "severity: fatal", "severity: grave", "'fatal' is not one of"),
        ("weight: 10", "weight: 0", "weight: 10", "0 is less than"),
        ("answers: [pass, fail]", "answers: [pass, maybe]", "answers: [pass, fail]", "'maybe' is not one of"),
        ("  remarks:", "  served:", "  remarks:", "stands here twice"),
        ("basis: 《信访工作条例》", "basis: [", "groups:", "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, where: str, why: str) -> None:
    told = refused(tmp_path, office(TEXT.replace(old, new, 1)))
    place, _, reason = told.partition(": ")
    assert why in reason
    if why != "not YAML":
        assert place == f"office.v1.yaml:{line_of(where)}"


def test_names_that_do_not_fit_and_doubles_are_refused(tmp_path: Path) -> None:
    assert "belongs in a file" in refused(tmp_path, TEXT)
    assert "is defined in" in refused(tmp_path, TEXT, "case-handling.v1.yaml")


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadChecklist, match="no such directory"):
        Checklists.of_node(tmp_path / "nowhere", Library.shipped())
