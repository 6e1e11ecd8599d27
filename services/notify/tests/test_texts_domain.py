"""What texts mean: as people type them, whatever it is, and in no more time than it takes to read them."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import texts as fuzz

from notify.inbound.deciding import decide
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
from notify.inbound.facts import (
    DUPLICATE,
    HANDLED,
    LIMITED,
    UNPARSED,
    WAITING,
    Dialogue,
    Known,
    Phone,
    Policy,
    Text,
)
from notify.inbound.saying import answered
from notify.words import reading

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
    ("said", "first"), [("你们几点上班", UNPARSED), (f"BC {N} 又积水", WAITING), (f"PJ {N} 1", WAITING)]
)
def test_the_same_text_twice_is_one_only_within_its_window(said: str, first: str) -> None:
    phone = Phone()
    times = [0, 1, 2, 3]
    states = [decide(Text(UUID(int=n), NOW + timedelta(minutes=n), b"d", said), phone, POLICY).state for n in times]
    assert states == [first, DUPLICATE, first, DUPLICATE]


def test_the_same_petition_is_one_for_a_day_and_who_sends_it_again_is_told_its_number() -> None:
    """Also where a centre brings it again that has not seen that it was kept."""
    phone, petition = Phone(), UUID(int=99)

    def states(*minutes: int) -> list[tuple[str, str | None]]:
        came = [Text(UUID(int=n), NOW + timedelta(minutes=n), b"d", "张三#某村#积水") for n in minutes]
        return [
            (did.state, did.answer.template if did.answer else None) for did in (decide(t, phone, POLICY) for t in came)
        ]

    assert states(0, 1, 30) == [(WAITING, None), (DUPLICATE, None), (DUPLICATE, None)]
    phone.known = (Known(petition, N),)
    phone.past = [replace(past, state=HANDLED, petition_id=petition) for past in phone.past]
    assert states(60, 61) == [(HANDLED, "raised-before"), (DUPLICATE, None)]
    assert states(24 * 60 - 1, 24 * 60) == [(HANDLED, "raised-before"), (DUPLICATE, None)]
    assert states(24 * 60 + 5) == [(WAITING, None)]


WISHES = st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["TD", "KT"])), max_size=150)


@given(WISHES)
def test_every_wish_is_done_and_a_flood_of_them_is_not_answered(sent: list[tuple[int, str]]) -> None:
    phone, at, answered = Phone(), NOW, []
    for place, (seconds, said) in enumerate(sent):
        at += timedelta(seconds=seconds)
        made = decide(Text(UUID(int=place), at, said.encode(), said), phone, POLICY)
        assert phone.opted_out is (said == "TD"), "the last word counts"
        answered += [at] if made.answer is not None else []
    assert all(sum(at - timedelta(hours=1) < each <= at for each in answered) <= POLICY.per_hour + 4 for at in answered)
    assert len(answered) <= POLICY.per_day + 2 + 5, "both wishes once a day, and that there were too many"


def test_a_long_message_counts_as_the_more_texts_the_longer_it_is() -> None:
    phone = Phone()
    for n, parts in enumerate((10, 11, 20)):
        made = decide(Text(UUID(int=n), NOW + timedelta(minutes=n), bytes([n]), "你好", parts=parts), phone, POLICY)
        assert made.state == UNPARSED
    assert decide(Text(UUID(int=9), NOW + timedelta(minutes=9), b"9", "你好"), phone, POLICY).state == LIMITED


M = N[:-1] + "X"
SENT = st.lists(
    st.tuples(
        st.integers(1, 700),
        st.sampled_from(
            ["BC 路又断了", "PJ 12", "A", "b", "C", N, M, f"BC {N}", f"PJ{M}", "CX", "1", "你好", "某村#某镇#"]
        ),
    ),
    max_size=30,
)


@given(SENT)
def test_what_was_said_of_no_petition_in_particular_goes_to_the_one_that_is_named_and_only_once(
    sent: list[tuple[int, str]],
) -> None:
    phone = Phone(known=(Known(UUID(int=91), N), Known(UUID(int=92), M)))
    policy, at = replace(POLICY, per_hour=99, per_day=99), NOW
    open_one: dict[UUID, tuple[datetime, str]] = {}
    for place, (minutes, said) in enumerate(sent):
        at += timedelta(minutes=minutes)
        text = Text(UUID(int=place), at, bytes([place]), said)
        made = decide(text, phone, policy)
        if made.answer is not None and made.answer.template == "which-number":
            open_one = {text.id: (at, said)}
        elif isinstance(made.letter, Supplement | Rating):
            asked_at, first = open_one.pop(made.thread or UUID(int=0))  # once each, and never without a question
            assert at < asked_at + timedelta(hours=24)
            assert isinstance(made.letter, Supplement) == first.startswith("BC")
            assert made.letter.number == (N if said in {"A", N, f"BC {N}"} else M)
        assert phone.question is None or phone.question.thread in open_one


@pytest.mark.parametrize("said", [N, "CX", "HELP", "TD", "KT"])
def test_who_asks_again_is_answered_again_but_not_for_a_text_that_came_twice(said: str) -> None:
    phone = Phone()
    made = [
        decide(Text(UUID(int=n), NOW + timedelta(seconds=seconds), b"d", said), phone, POLICY)
        for n, seconds in enumerate((0, 1, 4, 5, 9, 10))
    ]
    assert [did.state for did in made] == [HANDLED, DUPLICATE, DUPLICATE, HANDLED, DUPLICATE, HANDLED]
    assert [did.wants_answer for did in made] == [True, False, False, True, False, True]


def test_what_nobody_knows_the_day_of_is_told_without_one() -> None:
    """Its number has no day, and the case was never heard of: the answer still goes out."""
    number = "XF330225209913990000035"
    made = decide(Text(UUID(int=1), NOW, b"d", number), Phone(known=(Known(UUID(int=2), number),)), POLICY)
    assert made.answer is not None
    of_node = {"office": "丁镇信访办", "link": "https://x.example"}
    text, said = answered(reading.read(), "", "zh", made.answer, **of_node)
    assert (text.name, said) == ("list", f"【丁镇信访办】您的信访事项:{number} 已登记")
