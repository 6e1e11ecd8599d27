"""Setup is done again when anything it depends on changed, or what it filled is gone."""

import shutil
from pathlib import Path

import pytest

from xinqiao_local import stamps
from xinqiao_local.stamps import Stamps, print_of


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "database", tmp_path / "broker"]
    for home in made:
        home.mkdir()
    return made


def test_what_was_set_up_as_it_is_now_need_not_be_set_up_again(homes: list[Path]) -> None:
    assert not Stamps(*homes).say("a")
    Stamps(*homes).put("a")
    assert Stamps(*homes).say("a")
    assert not Stamps(*homes).say("b")


def test_a_broker_or_database_that_was_thrown_away_is_set_up_again(homes: list[Path]) -> None:
    for home in homes:
        Stamps(*homes).put("a")
        shutil.rmtree(home)
        home.mkdir()
        assert not Stamps(*homes).say("a")


def test_a_setup_that_failed_half_way_leaves_no_stamp(homes: list[Path]) -> None:
    Stamps(*homes).put("a")
    Stamps(*homes).remove()
    assert not Stamps(*homes).say("a")


def test_a_change_of_a_file_or_of_the_code_changes_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "ROOT", tmp_path)
    for name in stamps.CODE:
        (tmp_path / name).mkdir()
    units, code, test = tmp_path / "units.csv", tmp_path / "services/a.py", tmp_path / "services/tests/a.py"
    test.parent.mkdir()
    prints = []
    for number, file in enumerate((units, code, units, code, test)):
        for each in (units, code):
            each.touch()
        file.write_text(str(number))
        prints.append(print_of([units]))
    assert len(set(prints)) == 4
    assert prints[3] == prints[4]  # tests set nothing up


def test_the_code_that_is_looked_at_is_there() -> None:
    assert all((stamps.ROOT / name).exists() for name in stamps.CODE)
