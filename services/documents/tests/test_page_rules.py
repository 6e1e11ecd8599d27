"""The rules of pages: lists of pages, texts as they are compared, what a letter seems to say."""

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.pages import domain, fields
from documents.pages.domain import Leaf
from kit.errors import Refused

FILES = [uuid.UUID(int=n) for n in range(3)]
HELD = dict(zip(FILES, (2, 0, 5), strict=True))
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
form = st.text(st.sampled_from("姓名信访人电话地址身份证号请求:: ,。\n0123456789Xx张三省市县-·"), max_size=120)


def test_all_pages_of_all_files_come_in_order() -> None:
    leaves = domain.all_leaves(FILES, HELD)
    assert [(leaf.file_id.int, leaf.page) for leaf in leaves] == [(0, 1), (0, 2), *((2, n) for n in range(1, 6))]
    domain.check_leaves(leaves, HELD, 7)


@pytest.mark.parametrize(
    ("leaves", "slug"),
    [
        ([], "no-pages-left"),
        (domain.all_leaves(FILES, HELD), "too-many-pages"),
        ([Leaf(FILES[1], 1)], "no-such-page"),
        ([Leaf(FILES[0], 0)], "no-such-page"),
        ([Leaf(FILES[0], 3)], "no-such-page"),
        ([Leaf(FILES[0], 1), Leaf(FILES[0], 1, 90)], "no-such-page"),
        ([Leaf(uuid.UUID(int=9), 1)], "no-such-page"),
    ],
)
def test_a_list_of_pages_that_cannot_be_is_refused(leaves: list[Leaf], slug: str) -> None:
    with pytest.raises(Refused) as refused:
        domain.check_leaves(leaves, HELD, 6)
    assert refused.value.slug == slug


@given(anything)
def test_a_tidied_text_stays_as_it_is_and_has_no_line_that_is_empty(text: str) -> None:
    tidied = domain.tidy(text)
    assert domain.tidy(tidied) == tidied
    assert all(line.strip() for line in tidied.split("\n")) or not tidied


def test_only_the_blanks_between_chinese_letters_go() -> None:
    assert domain.tidy("门 前 道路 \x0c\n\n see page 5 of 9") == "门前道路\nsee page 5 of 9"


@given(anything, anything, anything)
def test_whatever_stands_in_a_text_is_found_and_all_its_pairs_are_in_the_texts(a: str, sought: str, b: str) -> None:
    text = f"{a}\n{sought}\n{b}"
    if len(domain.letters(sought)) > 1:
        assert domain.pairs(sought) <= domain.pairs(text)
        excerpt = domain.excerpt(text, sought)
        assert excerpt is not None
        assert domain.letters(sought) in excerpt


def test_what_does_not_stand_there_is_not_found() -> None:
    assert domain.excerpt("门前道路积水", "路道") is None
    assert domain.excerpt("门前道路积水", ",") is None


def id_number(seed: int) -> str:
    chance = random.Random(seed)
    start = f"3302251980{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(0, 999):03}"
    total = sum(int(digit) * weight for digit, weight in zip(start, fields.WEIGHTS, strict=True))
    return start + fields.CHECKS[total % 11]


@given(st.integers(0, 10**6), st.integers(0, 17), st.integers(1, 9))
def test_an_identity_number_with_one_wrong_digit_is_none(seed: int, place: int, shift: int) -> None:
    right = id_number(seed)
    assert fields.is_id_number(right)
    wrong = str((int(right[place].replace("X", "0")) + shift) % 10)
    assert not fields.is_id_number(right[:place] + wrong + right[place + 1 :]) or wrong == right[place]


@given(st.lists(form, max_size=4))
def test_every_proposed_value_stands_where_it_is_said_to_stand(pages: list[str]) -> None:
    texts = [domain.tidy(page) for page in pages]
    for each in fields.propose(texts):
        rest = "".join(texts[each.page - 1].split("\n")[each.line - 1 :])
        bare = "".join(letter for letter in rest[each.column :] if letter not in " -")
        value = "".join(letter for letter in each.value if letter not in " -")
        assert value in bare.upper() or value in bare or each.field == "phone"
        if each.field == "id_number":
            assert fields.is_id_number(each.value)


@given(anything)
def test_no_text_breaks_the_proposal(text: str) -> None:
    fields.propose([text])


def found(text: str) -> dict[str, list[str]]:
    proposed: dict[str, list[str]] = {}
    for each in fields.propose([domain.tidy(text)]):
        proposed.setdefault(each.field, []).append(each.value)
    return proposed


def test_a_letter_says_who_wrote_it_and_what_is_asked() -> None:
    number = id_number(7)
    told = found(
        f"信 访 人:张三丰 性别:男 联系电话:138 1234 5678\n身份证号:{number}\n现住址:甲省丙县丁镇幸福路5号,邮编315000\n"
        "门前道路积水三个月。请求修复道路,\n补偿损失。望早日答复。谢谢。"
    )
    assert told == {
        "name": ["张三丰"], "id_number": [number], "phone": ["13812345678"], "address": ["甲省丙县丁镇幸福路5号"],
        "request": ["修复道路,补偿损失。望早日答复。"],
    }  # fmt: skip


def test_digits_of_an_identity_number_are_no_telephone_and_a_label_is_no_name() -> None:
    told = found(f"证件 {id_number(3)} 座机 0574-87654321 信访人代表签名 姓名:")
    assert told["phone"] == ["057487654321"]
    assert "name" not in told


def test_two_people_are_two_names_each_once() -> None:
    assert found("信访人:张三\n信访人:李四\n姓名:张三")["name"] == ["张三", "李四"]
    assert found("姓名:阿卜杜拉·买买提 电话")["name"] == ["阿卜杜拉·买买提"]
