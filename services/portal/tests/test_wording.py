"""Both languages say the same things, and everything the pages ask for is there."""

import re
import string
from pathlib import Path

import pytest

from intake.domain import CHANNELS, KINDS
from notify.words import reading
from notify.words.domain import TYPES, USES
from portal import rendering, wording
from portal.domain import ADMIN_ROLES, BUSINESS_ROLES
from portal.wording import Wording, at_china_clock, labels, moment, size
from routing.domain import RETURN_REASONS

TEMPLATES = sorted((Path(rendering.__file__).parent / "templates").glob("*.html"))
ASKED = re.compile(r'\bt\("([a-z_.-]+)"[,)]')
BUILT = re.compile(r'\bt\("([a-z_.-]+)" ~')


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_labels_with_the_same_gaps() -> None:
    zh, en = labels("zh"), labels("en")
    assert list(zh) == list(en)
    assert {key: placeholders(text) for key, text in zh.items()} == {
        key: placeholders(text) for key, text in en.items()
    }
    assert all(text.strip() for text in (*zh.values(), *en.values()))


def test_the_chinese_labels_are_chinese_and_the_english_ones_are_not() -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    latin = {"site.name", "site.other_language", "register.category_hint"}
    assert [key for key, text in labels("en").items() if chinese.search(text) and key not in latin] == []
    marks = {"site.comma", "site.colon", "site.other_language"}
    assert [key for key, text in labels("zh").items() if not chinese.search(text) and key not in marks] == []


def test_every_label_a_template_asks_for_is_in_the_catalogue() -> None:
    known, asked = labels("zh"), set[str]()
    for file in TEMPLATES:
        text = file.read_text(encoding="utf-8")
        asked |= set(ASKED.findall(text))
        assert all(any(key.startswith(prefix) for key in known) for prefix in BUILT.findall(text))
    assert len(asked) > 80
    assert asked - set(known) == set()


def test_a_label_that_is_missing_is_noticed() -> None:
    assert ASKED.findall('{{ t("home.title") }} {{ t("petition.lead", office=x) }}') == ["home.title", "petition.lead"]
    with pytest.raises(KeyError):
        Wording("zh")("no.such.label")


def test_templates_hold_no_words_of_their_own() -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    assert [file.name for file in TEMPLATES if chinese.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("vocabulary", "values"),
    [
        ("channel", CHANNELS),
        ("kind", KINDS),
        ("kind_what", KINDS),
        ("reason", RETURN_REASONS),
        ("role", sorted(BUSINESS_ROLES | ADMIN_ROLES)),
        ("outcome", ("support", "explain", "not-support")),
        ("template", sorted({text.name for text in reading.read().texts.values()})),
        ("template", ("received",)),  # of an answer to a text in the release before
        ("template_use", tuple(USES)),
        ("notice_variable", tuple(TYPES)),
    ],
)
def test_every_value_of_a_vocabulary_has_its_word(vocabulary: str, values: tuple[str, ...]) -> None:
    for language in wording.LANGUAGES:
        assert [value for value in values if not Wording(language).knows(vocabulary, value)] == []


def test_an_unknown_value_is_shown_as_it_is() -> None:
    assert Wording("zh").word("state", "state-of-a-newer-node") == "state-of-a-newer-node"


def test_moments_are_told_in_china_time() -> None:
    assert moment("2026-01-05T16:30:00Z") == "2026-01-06 00:30"
    assert moment(None) == ""
    assert at_china_clock("2026-01-05") == "2026-01-05T23:59:59+08:00"
    assert at_china_clock("2026-01-05T09:30") == "2026-01-05T09:30:00+08:00"
    with pytest.raises(ValueError, match="Invalid isoformat"):
        at_china_clock("tomorrow")


def test_sizes_are_told_as_people_read_them() -> None:
    assert [size(count) for count in (0, 999, 1000, 2_345_678)] == ["0 B", "999 B", "1.0 KB", "2.3 MB"]
