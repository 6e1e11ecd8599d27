"""What may leave: in every use only what that use may say, of its type, signed; each name once, in both languages."""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from notify import domain
from notify.callbacks.domain import ASKED
from notify.desk.usecases import REPLY
from notify.inbound.usecases import BY_TEXT
from notify.outbound.parts import split
from notify.outbound.settings import STATUTORY
from notify.words import reading
from notify.words.domain import LANGUAGES, OWN, SHIPPED, STATES, USES, Text, Words, day_in
from notify.words.previews import sample

WORDS = reading.read()
OFFICE = {"office": "某县信访局", "link": "https://x.example"}
UNIT = "330225100-xf"
OWN_FILE = """
[all.closed]
version = 100
zh = "【{office}】编号{number}已办结。"
["330225100-xf".closed]
version = 101
zh = "【{office}】您的事项{number}办完了。"
[all.text-received]
version = 100
en = "[{office}] Thank you. We answer soon: {link}"
["330225100-xf".rate-until]
version = 100
zh = "【{office}】请于{until}前评价编号{number}:{link}"
[all.states]
accepted = {zh = "已正式受理"}
["330225100-xf".stages]
review = {zh = "复查阶段:"}
"""


def names(use: str, words: Words = WORDS) -> set[str]:
    return {text.name for text in words.texts.values() if text.use == use}


def own(tmp_path: Path, text: str) -> Path:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    return tmp_path / "own.toml"


def test_every_text_is_there_once_in_both_languages() -> None:
    assert names("notice") == {
        domain.REGISTERED, *domain.TOLD, domain.ASKED_TO_RATE, *domain.IN_REVIEW, ASKED,
    }  # fmt: skip
    assert names("mass") == {"stage-told", "rate-until", "supplement-until", "office-closed", "reception-day"}
    assert {BY_TEXT, "text-received", "callback-thanks", "objection-lift", "objection-keep"} <= names("answer")
    assert {(SHIPPED, name, language) for use in USES for name in names(use) for language in LANGUAGES} == set(
        WORDS.texts
    )
    assert names("notice") >= STATUTORY
    assert REPLY not in {text.name for text in WORDS.texts.values()}, "what operators write themselves"


@pytest.mark.parametrize("text", WORDS.texts.values(), ids=lambda text: f"{text.name}.{text.language}")
def test_every_text_can_be_made_and_is_signed_and_short(text: Text) -> None:
    said = sample(text, OFFICE)
    assert said.startswith(("【某县信访局】", "[某县信访局]"))
    assert "{" not in said
    assert len(split(said)) <= (2 if text.language == "zh" else 3), said
    if (
        text.use == "answer"
        and text.language == "zh"
        and text.name not in {"help", "rated-review", "list", "which-number"}
    ):
        assert len(split(said)) == 1, said


def test_only_what_goes_to_the_petitioner_alone_tells_the_query_code() -> None:
    assert {text.name for text in WORDS.texts.values() if "query_code" in text.fields} == {
        "registered", "registered-by-text",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("use", "text"),
    [
        ("notice", "【{office}】{content}"),
        ("notice", "【{office}】{accused}"),
        ("notice", "【{office}】{number.__class__}"),
        ("notice", "【{office}】{0}"),
        ("notice", "【{office}】{}"),
        ("notice", "【{office}】{number!r}"),
        ("notice", "【{office}】{number:>99}"),
        ("notice", "【{office}】{number"),
        ("notice", "【{office}】{statuses}"),
        ("notice", "line\nbreak {office}{number}"),
        ("notice", "{office}" + "长" * 1000),
        ("notice", "{number}已办结"),
        ("answer", "【{office}】{name}您好"),
        ("answer", "【{office}】{until}"),
        ("mass", "【{office}】{query_code}"),
        ("mass", "【{office}】{content}"),
    ],
)
def test_a_text_that_would_tell_more_than_its_use_may_is_refused(use: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^some\.zh: "):
        Text(use, "some", "zh", 1, text)


def test_the_same_texts_are_lawful_where_their_use_may_say_so() -> None:
    for use, text in (
        ("notice", "{office}{query_code}"),
        ("answer", "{office}{statuses}"),
        ("mass", "{office}{until}"),
    ):
        assert sample(Text(use, "some", "zh", 1, text), OFFICE).startswith("某县信访局")


@pytest.mark.parametrize(
    ("use", "field", "value"),
    [
        ("notice", "number", "路灯坏了两个月"),
        ("notice", "number", "XF1 张三"),
        ("notice", "query_code", "his name"),
        ("notice", "link", "https://x.example 张三"),
        ("notice", "stage", "张三反映13812345678"),
        ("notice", "office", "某局】张三【"),
        ("notice", "office", "a\nb"),
        ("answer", "numbers", "A XF0001;张三"),
        ("answer", "statuses", "XF0001 路灯13812345678"),
    ],
)
def test_a_value_that_is_not_of_its_type_does_not_go_out_and_is_not_told(use: str, field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field) as raised:
        sample(Text(use, "t", "zh", 1, "【{office}】{" + field + "}"), OFFICE | {field: value})
    assert value not in str(raised.value)
    with pytest.raises(ValueError, match=r"'date'.* is not of its type"):
        Text("mass", "t", "zh", 1, "{office}{date}").render({**OFFICE, "date": "2026-01-05"})


def test_states_have_words_of_their_type_and_what_a_newer_node_knows_is_being_handled() -> None:
    shown = Text("mass", "t", "zh", 1, "{office}{stage}")
    for _, kind, code, language in WORDS.stages:
        if kind == STATES:
            said = WORDS.stage_of(UNIT, language, code, "re-review")
            assert said in shown.render({**OFFICE, "stage": said})
    assert WORDS.stage_of(UNIT, "zh", "something-new", "review") == "复查:办理中"
    assert WORDS.stage_of(UNIT, "en", None) == "registered"


def test_a_day_is_written_in_one_way_with_its_year_as_it_is_in_china() -> None:
    assert day_in("zh", date(2026, 1, 5)) == "2026年1月5日"
    assert day_in("en", date(2026, 1, 5)) == "5 January 2026"
    assert day_in("zh", datetime(2026, 12, 31, 16, 30, tzinfo=UTC)) == "2027年1月1日"


def test_a_unit_says_it_in_its_own_words_whatever_the_use(tmp_path: Path) -> None:
    words, other = reading.read(own(tmp_path, OWN_FILE)), "330225101-xf"
    assert [words.of(unit, "closed", "zh").version for unit in (UNIT, other)] == [101, 100]
    assert words.of(UNIT, "closed", "en").version < OWN
    assert words.of(other, "text-received", "en").use == "answer"
    assert [words.of(unit, "rate-until", "zh").version for unit in (UNIT, other)] == [100, 1]
    assert words.stage_of(UNIT, "zh", "accepted", "review") == "复查阶段:已正式受理"
    assert words.stage_of(other, "zh", "accepted", "review") == "复查:已正式受理"
    assert words.stage_of(other, "en", "accepted") == "accepted"
    listed = {(unit, text.name, text.language): text.version for unit, text in words.listed()}
    assert (listed[None, "closed", "zh"], listed[UNIT, "closed", "zh"]) == (100, 101)
    assert len(listed) == len(WORDS.texts) + 2


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[all.closed]\nversion = 100\nzh = "【{office}】{query_code}"', 3, "says more than the shipped text"),
        ('[all.closed]\nversion = 100\nzh = "{number}已办结"', 3, "not signed"),
        ('[all.closed]\nversion = 1\nzh = "【{office}】已办结"', 2, "versions of own texts count from 100"),
        ('[all.closed]\nzh = "【{office}】已办结"', 1, "'version' is missing"),
        ('[all.unheard]\nversion = 100\n\nzh = "【{office}】已办结"', 4, "no such text"),
        ('[all.closed]\nversion = 100\nfr = "【{office}】"', 3, "no such text"),
        ('\n[all]\nclosed = {version = 100, zh = "【{office}】{content}"}', 3, "may not go out"),
        ('[all.closed]\nversion = 100\nen = """[{office}]\nclosed"""', 4, "one line"),
        ('[all.rate-until]\nversion = 100\nzh = "【{office}】{query_code}"', 3, "may not go out"),
        ('[all.states]\n\naccepted = {zh = "张三13812345678"}', 3, "no digits"),
        ('[all.states]\nno-such = {zh = "受理"}', 2, "no such word"),
        ('[all]\nclosed = "【{office}】"', 2, "is no table"),
        ('[all.closed]\nversion = 100\nzh = 【{office}】"', 3, "not TOML"),
        ('["330225100-xx".closed]\nversion = 100\nzh = "【{office}】已办结"', 1, "no unit 330225100-xx"),
    ],
)
def test_what_is_wrong_with_own_words_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:  # fmt: skip
    file = own(tmp_path, text)
    (mistake,) = reading.check(file, ["330225100-xf"])
    assert (mistake.file, mistake.line) == (str(file), line), mistake
    assert reason in mistake.reason
    if "unit" in reason:  # of which a node's words say nothing to anybody
        assert reading.read(file)
    else:
        with pytest.raises(ValueError, match=r"own\.toml:"):
            reading.read(file)


def test_own_words_that_are_right_have_no_mistakes(tmp_path: Path) -> None:
    assert reading.check(own(tmp_path, OWN_FILE), [UNIT]) == []
    assert reading.check(Path(__file__).parents[1] / "docs" / "own-texts.toml", [UNIT]) == []


@pytest.mark.parametrize(
    ("file", "changes", "reason"),
    [
        ("notice.toml", {"en = ": "de = "}, "'en' is missing"),
        ("answer.toml", {"[status]": "[closed]"}, "closed stands in another file"),
        ("stages.toml", {'en = "registered"': 'de = "registered"'}, "states.registered.en"),
    ],
)
def test_shipped_files_that_lack_something_do_not_load(
    tmp_path: Path, file: str, changes: Mapping[str, str], reason: str
) -> None:
    shutil.copytree(reading.FOLDER, tmp_path, dirs_exist_ok=True)
    changed = (tmp_path / file).read_text(encoding="utf-8")
    for before, after in changes.items():
        changed = changed.replace(before, after, 1)
    (tmp_path / file).write_text(changed, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        reading.read(folder=tmp_path)
