"""What the texts of this node say, and what they will be: parts to the letter, cost, nothing that may not go out."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.nodes import token

from notify.domain import Template
from notify.gateways.settings import Console
from notify.main import service
from notify.outbound import templates
from notify.outbound.parts import Alphabet
from notify.outbound.previews import preview, sample

PREVIEW, TEMPLATES = "/api/notify/v1/templates/preview", "/api/notify/v1/templates"
VALUES = {"office": "某县信访局", "link": "https://x.example"}
OWN = """
[all.closed]
version = 100
zh = "【{office}】编号{number}已办结。"
["330225100-xf".closed]
version = 101
zh = "【{office}】您的事项{number}办完了。"
"""


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "parts"),
    [
        ("【某县信访局】" + "好" * 63, Alphabet.UCS2, 70, 1),
        ("【某县信访局】" + "好" * 64, Alphabet.UCS2, 71, 2),
        ("【某县信访局】" + "😀" * 32, Alphabet.UCS2, 71, 2),
        ("a" * 160, Alphabet.GSM, 160, 1),
        ("a" * 161, Alphabet.GSM, 161, 2),
    ],
)
def test_a_preview_counts_as_the_network_does(text: str, alphabet: Alphabet, units: int, parts: int) -> None:
    gateways = [Console(name="dear", cost="0.05"), Console(name="cheap")]
    shown = preview(text, gateways)
    assert (shown.parts.alphabet, shown.parts.units, len(shown.parts)) == (alphabet, units, parts)
    assert {name: str(cost) for name, cost in shown.costs.items()} == {"dear": f"{0.05 * parts:.2f}", "cheap": "0"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "路灯坏了两个月"),
        ("number", "XF1 张三"),
        ("query_code", "his name"),
        ("link", "https://x.example 张三"),
        ("stage", "张三反映13812345678"),
        ("date", "昨天"),
        ("office", "某局】张三【"),
        ("office", "a\nb"),
    ],
)
def test_a_value_that_is_not_of_its_type_does_not_go_out_and_is_not_told(field: str, value: str) -> None:
    template = Template("t", "zh", 1, "【{office}】{" + field + "}")
    with pytest.raises(ValueError, match=field) as raised:
        sample(template, VALUES | {field: value})
    assert value not in str(raised.value)


def test_every_shipped_text_can_be_made_and_is_signed() -> None:
    for template in templates.read().values():
        text = sample(template, VALUES)
        assert text.startswith(("【某县信访局】", "[某县信访局]"))


def test_a_unit_says_it_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    found = templates.read(own=tmp_path / "own.toml")
    said = {unit: found.of(unit, "closed", "zh").version for unit in ("330225100-xf", "330225101-xf")}
    assert said == {"330225100-xf": 101, "330225101-xf": 100}
    assert found["closed", "zh"].version == 100
    assert found.of("330225100-xf", "closed", "en").version < templates.OWN


@pytest.mark.parametrize(
    "text",
    [
        '[all.closed]\nversion = 100\nzh = "【{office}】{query_code}"',
        '[all.closed]\nversion = 100\nzh = "{number}已办结"',
        '[all.closed]\nversion = 1\nzh = "【{office}】已办结"',
        '[all.unheard]\nversion = 100\nzh = "【{office}】已办结"',
        '[all.closed]\nversion = 100\nfr = "【{office}】"',
        '[all.closed]\nversion = 100\nzh = "【{office}】{content}"',
    ],
)
def test_own_words_that_say_more_or_are_not_signed_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"closed|unheard"):
        templates.read(own=tmp_path / "own.toml")


async def test_templates_are_listed_with_what_they_cost(start: Any) -> None:
    notify = await start(service)
    items = (await notify.request("GET", TEMPLATES)).json()
    found = {(item["name"], item["language"]): item for item in items}
    assert found["accepted", "zh"]["statutory"] is True
    assert found["registered", "zh"]["fields"] == ["link", "number", "office", "query_code"]
    assert found["registered", "zh"]["parts"] == 2
    assert (await notify.request("GET", TEMPLATES, who=token(roles=["analyst"]))).status_code == 403


async def test_a_preview_shows_where_a_text_is_divided(start: Any) -> None:
    notify = await start(service)
    answer = await notify.request("POST", PREVIEW, json={"template": "closed", "values": {"number": "XF0001"}})
    shown = answer.json()
    assert shown["text"].startswith("【丁镇信访办】您反映的事项(编号XF0001)已办结")
    assert "".join(part["text"] for part in shown["parts"]) == shown["text"]
    assert (shown["alphabet"], shown["room"], shown["costs"]) == ("ucs-2", 70, {"console": "0"})
    plain = await notify.request("POST", PREVIEW, json={"text": "x" * 161})
    assert [part["units"] for part in plain.json()["parts"]] == [153, 8]


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({}, "not-a-lawful-text"),
        ({"text": "a", "template": "closed"}, "not-a-lawful-text"),
        ({"template": "closed", "values": {"number": "张三的路"}}, "not-a-lawful-text"),
        ({"template": "closed", "values": {"content": "路"}}, "invalid-input"),
        ({"template": "unheard"}, "no-such-template"),
        ({"text": "x" * 2001}, "invalid-input"),
    ],
)
async def test_what_cannot_be_previewed_is_refused(start: Any, body: dict[str, Any], slug: str) -> None:
    notify = await start(service)
    answer = await notify.request("POST", PREVIEW, json=body)
    assert answer.json()["type"] == f"urn:xinqiao:problem:{slug}"
