"""The rules of publishing: who may review what, and what may not stand in a public text."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.publishing import domain
from documents.publishing.domain import Policy, Reviewer, Standing
from documents.publishing.hits import Known, find, names_in, topics_in
from documents.publishing.policies import SHIPPED, read_policy
from kit.errors import Refused

POLICY = read_policy()
STEPS = [step.name for step in (*POLICY.steps, *POLICY.more)]
PEOPLE = [f"p{number}" for number in range(7)]
EVERYTHING = frozenset({"clerk", "handler", "leader", "supervisor"})
ACTION = st.tuples(
    st.sampled_from(["save", "explain", "submit", "submit-sensitive", "flag", "return", *["approve"] * 6]),
    st.sampled_from(PEOPLE),
    st.sampled_from(["turn", *STEPS]),
)  # fmt: skip


def act(standing: Standing, policy: Policy, action: str, by: str, step: str) -> Standing:
    turn = domain.next_step(policy, standing)
    name = turn.name if step == "turn" and turn else step
    reviewer = Reviewer(by, EVERYTHING, own_unit=True)
    done: dict[str, Any] = {
        "save": lambda: domain.save(standing, by),
        "explain": lambda: domain.explain(standing, by),
        "submit": lambda: domain.submit(standing, hits=0, topics=[]),
        "submit-sensitive": lambda: domain.submit(standing, hits=0, topics=["courts"]),
        "flag": lambda: domain.flag(standing),
        "approve": lambda: domain.approve(standing, policy, name, reviewer),
        "return": lambda: domain.send_back(standing, policy, name, reviewer),
    }
    try:
        found: Standing = done[action]()
    except Refused:
        return standing
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTION, max_size=60))
def test_no_sequence_of_actions_publishes_with_too_few_reviewers_or_an_author(actions: list[Any]) -> None:
    standing, wrote, flagged = Standing(authors=frozenset({"p0"})), {"p0"}, False
    for action, by, step in actions:
        before, standing = standing, act(standing, POLICY, action, by, step)
        if standing != before:
            wrote |= {by} if action in {"save", "explain"} else set()
            flagged = flagged or action in {"flag", "submit-sensitive"}
        if standing.state == "published":
            approvers = set(standing.approvals.values())
            assert len(approvers) >= (5 if flagged else 3)
            assert not approvers & wrote
            assert len(approvers) == len(standing.approvals)
        assert standing.sensitive == flagged


@pytest.mark.parametrize(("sensitive", "people"), [(False, 3), (True, 5)])
def test_so_many_different_people_are_enough(*, sensitive: bool, people: int) -> None:
    standing = domain.submit(Standing(authors=frozenset({"author"})), hits=0, topics=["courts"] if sensitive else [])
    for number in range(people):
        assert standing.state == "review"
        standing = act(standing, POLICY, "approve", PEOPLE[number], "turn")
    assert standing.state == "published"


def test_calling_it_sensitive_during_the_review_adds_two_before_the_last_step() -> None:
    standing = domain.submit(Standing(), hits=0, topics=[])
    standing = act(act(standing, POLICY, "approve", "p1", "turn"), POLICY, "approve", "p2", "turn")
    turn = domain.next_step(POLICY, standing)
    assert turn is not None
    assert turn.name == "final"
    turn = domain.next_step(POLICY, domain.flag(standing))
    assert turn is not None
    assert turn.name == "extra-first"


def test_a_policy_with_fewer_reviews_is_refused(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    fewer = "\n".join(line for line in text.splitlines() if "name: second" not in line)
    twice = text.replace("name: second", "name: first")
    for number, wrong in enumerate((fewer, twice, text.replace("of: unit", "of: nowhere"), "steps: [")):
        file = tmp_path / f"{number}.yaml"
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match=f"{number}.yaml"):
            read_policy(file)


def rules(text: str, known: Known = Known()) -> list[tuple[str, str]]:  # noqa: B008 - frozen
    return [(hit.rule, hit.value) for hit in find(text, known)]


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("联系电话13812345678。", "phone", "13812345678"),
        ("电话：138 1234-5678", "phone", "13812345678"),
        ("电话１３８１２３４５６７８", "phone", "13812345678"),
        ("电话138\u200b1234\u200b5678", "phone", "13812345678"),
        ("座机0571-87654321", "phone", "057187654321"),
        ("身份证33022519800101123X", "id_number", "33022519800101123x"),
        ("身份证 330225 19800101 1234", "id_number", "330225198001011234"),
        ("家住幸福路十二号三单元", "address", "家住幸福路十二号三单元"),
        ("丁镇东村3组12号", "address", None),
        ("信访件XF33022520260105000001A", "petition_number", "xf33022520260105000001a"),
        ("发到zhang.san@mail.example.cn", "mail", None),
    ],
)
def test_numbers_and_places_of_people_are_found_however_they_are_written(
    text: str, rule: str, value: str | None
) -> None:
    found = rules(text)
    assert rule in [name for name, _ in found], found
    if value is not None:
        assert (rule, value) in found


@pytest.mark.parametrize("text", ["2026年登记1286件次，同比下降6.3%。", "《信访工作条例》第二十二条", "拨打12345热线"])
def test_what_reports_are_made_of_is_no_hit(text: str) -> None:
    assert rules(text) == []


def test_names_of_the_case_are_found_through_spaces_and_breaks_and_nothing_else_is() -> None:
    known = Known(frozenset({"欧阳禾苗"}), frozenset({"东村大樟树旁"}), frozenset({"丙县住建局"}))
    text = "欧阳 禾苗反映,东村\n大樟树旁道路积水,丙县住建局未处理。"
    assert {rule for rule, _ in rules(text, known)} == {"name", "address", "accused"}
    assert rules("某村民反映道路积水。", known) == []


def test_each_finding_is_told_once_and_none_is_left_out() -> None:
    assert len(rules("13812345678、13812345678")) == 1
    assert len(rules("、".join(f"138{number:08}" for number in range(500)))) == 500


def test_names_are_taken_out_of_the_sections_that_name_people() -> None:
    said = ["欧阳禾苗等5人", "甲方代表：张三、李四（妻）", "王小兰女士", "某"]
    assert names_in(said) == {"欧阳禾苗", "张三", "李四", "王小兰"}


def test_sensitive_topics_are_told_by_their_words() -> None:
    assert topics_in("关于征 地补偿的常见问题", POLICY.topics) == ["demolition"]
    assert topics_in("道路养护常见问题", POLICY.topics) == []


def test_a_finding_shows_nothing_in_a_log() -> None:
    (hit,) = find("电话13812345678", Known())
    assert "13812345678" not in repr(hit)
    assert "欧阳" not in repr(Known(frozenset({"欧阳禾苗"})))
