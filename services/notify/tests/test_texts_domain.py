"""What texts mean: as people type them, whatever it is, and in no more time than it takes to read them."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import texts as fuzz

from notify.inbound import answers
from notify.inbound.deciding import (
    DUPLICATE,
    HANDLED,
    LIMITED,
    UNPARSED,
    WAITING,
    Answer,
    Dialogue,
    Known,
    Phone,
    Policy,
    Text,
    decide,
)
from notify.inbound.domain import (
    Appeal,
    Digit,
    Meaning,
    Petition,
    Rating,
    Status,
    Supplement,
    Unclear,
    Wish,
    clean,
    parse,
)
from notify.outbound.parts import split

ROOT = Path(__file__).parents[3]
N = "XF330225202601050000035"
NOW = datetime(2026, 1, 5, 1, tzinfo=UTC)
WHOLE = Petition("张三", "某镇某村", "门前道路积水")
SAID: list[tuple[str, Meaning]] = [
    ("张三#某镇某村#门前道路积水", WHOLE),
    ("张三＃某镇某村＃门前道路积水", WHOLE),
    (" 张三 # 某镇某村 #\n门前道路积水 ", WHOLE),
    ("姓名：张三#地址：某镇某村#内容：门前道路积水", WHOLE),
    ("张三#某镇某村#4#楼#积水", Petition("张三", "某镇某村", "4#楼#积水")),
    ("#某镇某村#门前道路积水", Petition(None, "某镇某村", "门前道路积水")),
    ("张三##门前道路积水", Petition("张三", None, "门前道路积水")),
    ("张三#某镇某村#", Petition("张三", "某镇某村")),
    ("张三#某镇某村5号", Petition("张三", "某镇某村5号")),
    ("张三#门前道路积水三个月无人管", Petition("张三", None, "门前道路积水三个月无人管")),
    ("匿名#某村#有人排污", Petition("", "某村", "有人排污")),
    ("我家在4#楼,没有电梯", Unclear()),
    ("三期9#10#11#栋偷工减料", Unclear()),
    ("#", Unclear()),
    ("你好", Unclear()),
    ("", Unclear()),
    (N, Status(N)),
    (N.lower(), Status(N)),
    ("ＸＦ３３０２２５２０２６０１０５０００００３５", Status(N)),
    ("XF 330225 20260105 000003 5", Status(N)),
    (f"编号:{N}", Status(N)),
    (f"编号 {N}。", Status(N)),
    (f"查询编号{N}", Status(N)),
    (N.removeprefix("XF"), Status(N)),
    ("XF3302252026", Status("XF3302252026")),
    ("CX", Status(None)),
    ("查询", Status(None)),
    (f"BC {N} 又下雨了", Supplement(N, "又下雨了")),
    (f"bc{N}又下雨了", Supplement(N, "又下雨了")),
    (f"补充 编号{N}:3#楼", Supplement(N, "3#楼")),
    ("BC 又下雨了", Supplement(None, "又下雨了")),
    ("补充说明一下情况", Unclear()),
    ("BCD公司污染", Unclear()),
    (f"PJ {N} 1", Rating(N, "satisfied", "satisfied")),
    (f"PJ{N}23", Rating(N, "fairly", "not")),
    (f"pj {N} 1,3", Rating(N, "satisfied", "not")),
    (f"评价 {N} 信访局满意，承办单位不满意", Rating(N, "satisfied", "not")),
    ("PJ 基本满意", Rating(None, "fairly", "fairly")),
    (f"PJ {N} 4", Rating(N, None, None)),
    ("评价很差的单位", Unclear()),
    ("1", Digit(1)),
    ("３", Digit(3)),
    ("TD", Wish("opt-out")),
    ("退订。", Wish("opt-out")),
    ("kt", Wish("opt-in")),
    ("Help", Wish("help")),
    ("帮助", Wish("help")),
    ("SS 我没有乱发", Appeal()),
]


@pytest.mark.parametrize(("said", "meaning"), SAID)
def test_what_people_type_is_understood(said: str, meaning: Meaning) -> None:
    assert parse(said) == meaning


ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
FORMS = st.text("XFxf0123456789 #＃BCPJSSTD编号补充评价满意不满意张三某村\n:：-", max_size=60)


@given(ANY | FORMS)
def test_nothing_that_anybody_sends_fails(said: str) -> None:
    meaning = parse(said)
    if isinstance(meaning, Petition):
        assert meaning != Petition()
        json.dumps([meaning.name, meaning.address, meaning.content]).encode()


LETTERS = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=12)


@given(name=st.text("赵钱孙李周吴郑王冯陈", min_size=2, max_size=4), content=st.lists(LETTERS, min_size=1),
       sign=st.sampled_from("#＃"), gap=st.sampled_from(["", " ", "\n"]))  # fmt: skip
def test_the_form_is_read_however_it_is_spaced_and_signs_in_the_content_stay(
    name: str, content: list[str], sign: str, gap: str
) -> None:
    said = sign.join(content)
    meaning = parse(sign.join((name + gap, gap + "某镇某村", gap + said)))
    assert meaning == Petition(name, "某镇某村", clean(said))


@given(st.integers(0, 10**20 - 1), st.sampled_from("0123456789ABCXYZ"), st.lists(st.integers(0, 20), max_size=5))
def test_a_number_is_read_however_it_is_written(digits: int, check: str, gaps: list[int]) -> None:
    number = f"XF{digits:020}{check}"
    written = number.lower()
    for gap in sorted(gaps, reverse=True):
        written = written[: 2 + gap] + " " + written[2 + gap :]
    assert parse(written) == Status(number)


@pytest.mark.timeout(60)  # seconds of which it needs one; with the square of the length it would need hours
@pytest.mark.parametrize("said", [
    "XF123456" + " " * 1_000_000 + "x", "#" * 1_000_000, "PJ" + " " * 1_000_000 + "x", "BC" + "1 " * 500_000,
    "PJ " + "满意" * 500_000, "1" * 1_000_000, "编号" * 500_000, "张" * 1_000_000 + "#",
    "PJ " + "信访部门" * 250_000 + "x",
], ids=range(9))  # fmt: skip
def test_what_is_made_to_be_slow_is_read_at_once(said: str) -> None:
    assert parse(said) is not None


POLICY = Policy(timedelta(minutes=2), timedelta(hours=24), 5, 8, 3, timedelta(hours=24), timedelta(seconds=5))


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["CX", "HELP", "你好", "#某村#", "李四", "1"])), max_size=40
    )
)
def test_every_text_is_decided_on_and_no_more_are_acted_on_than_the_limits_say(sent: list[tuple[int, str]]) -> None:
    phone, at, made = Phone(), NOW, []
    for place, (minutes, said) in enumerate(sent):
        at += timedelta(minutes=minutes)
        made.append((at, decide(Text(UUID(int=place), at, said.encode(), said), phone, POLICY)))
    acted = [moment for moment, did in made if did.state not in {DUPLICATE, LIMITED, "blocked"}]
    for moment in acted:
        assert sum(moment - timedelta(hours=1) < each <= moment for each in acted) <= POLICY.per_hour
        assert sum(moment - timedelta(days=1) < each <= moment for each in acted) <= POLICY.per_day
    assert all(did.wants_answer for _, did in made if did.state not in {DUPLICATE, LIMITED, "blocked"})


@given(ANY)
def test_what_answers_a_question_is_freed_of_what_no_petition_is_written_with(said: str) -> None:
    phone = Phone(dialogue=Dialogue(UUID(int=1), Petition("张三", "某村"), "content", NOW + timedelta(hours=1)))
    made = decide(Text(UUID(int=2), NOW, b"d", said), phone, POLICY)
    if isinstance(made.letter, Petition):
        assert made.letter.content
        assert b"\x00" not in made.letter.content.encode()


def test_what_no_text_should_do_is_found_by_octets_that_nobody_thought_of(tmp_path: Path) -> None:
    options = ["-runs=6000", "-seed=7", "-max_len=400", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, "-m", "tests.fuzz.texts", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 6000 runs" in done.stderr


def test_a_fault_in_the_reading_of_texts_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "parse", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fuzz.read("")


@pytest.mark.parametrize(
    ("said", "first"),
    [("你们几点上班", UNPARSED), ("张三#某村#积水", WAITING), (f"BC {N} 又积水", WAITING), (f"PJ {N} 1", WAITING)],
)
def test_the_same_text_twice_is_one_only_within_its_window(said: str, first: str) -> None:
    phone = Phone()
    times = [0, 1, 2, 3]
    states = [decide(Text(UUID(int=n), NOW + timedelta(minutes=n), b"d", said), phone, POLICY).state for n in times]
    assert states == [first, DUPLICATE, first, DUPLICATE]


@pytest.mark.parametrize("said", [N, "CX", "HELP", "TD", "KT"])
def test_who_asks_again_is_answered_again_but_not_for_a_text_that_came_twice(said: str) -> None:
    phone = Phone()
    made = [
        decide(Text(UUID(int=n), NOW + timedelta(seconds=seconds), b"d", said), phone, POLICY)
        for n, seconds in enumerate((0, 1, 4, 5, 9, 10))
    ]
    assert [did.state for did in made] == [HANDLED, DUPLICATE, DUPLICATE, HANDLED, DUPLICATE, HANDLED]
    assert [did.wants_answer for did in made] == [True, False, False, True, False, True]


@pytest.mark.parametrize("book", answers.read().values(), ids=lambda book: book.language)
def test_every_answer_has_both_languages_and_the_usual_ones_fit_into_one_part(book: answers.Book) -> None:
    known = (Known(UUID(int=1), N, "accepted", "handling", NOW),)
    for name in book.answers:
        said = book.render(Answer(name, known), "丁镇信访办", query_code="23456789AB", link="https://x.cn")
        assert "{" not in said
        if book.language == "zh" and name != "help":
            assert len(split(said)) == 1, (name, said)


@pytest.mark.parametrize("text", ["【{office}】{name}您好", "{office} {content}", "{office}\n{number}"])
def test_an_answer_that_says_more_than_it_may_does_not_load(text: str) -> None:
    with pytest.raises(ValueError, match="may not go out"):
        answers.Words("some", "zh", 1, text)


def test_states_that_a_newer_node_knows_are_being_handled() -> None:
    book = answers.read()["zh"]
    assert book.stage_of(Known(UUID(int=1), N, "something-new", "review")) == "复查:办理中"
