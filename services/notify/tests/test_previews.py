"""What the texts of this node say, and what they will be: parts to the letter, cost, nothing that may not go out."""

from pathlib import Path
from typing import Any

import pytest
from services.notify.tests.noticing import drafted
from services.notify.tests.telephones import told
from services.notify.tests.texting import conversation, read, write
from tests.support.nodes import token

from notify.gateways.settings import Console
from notify.main import service
from notify.outbound.parts import Alphabet
from notify.words import reading
from notify.words.previews import preview

PREVIEW, TEMPLATES = "/api/notify/v1/templates/preview", "/api/notify/v1/templates"
OWN = """
[all.text-received]
version = 100
zh = "【{office}】来信收到。"
["330225100-xf".rate-until]
version = 100
zh = "【{office}】{until}前请评价编号{number}。"
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


async def test_templates_are_listed_with_what_they_cost(start: Any) -> None:
    notify = await start(service)
    items = (await notify.request("GET", TEMPLATES)).json()
    found = {(item["name"], item["language"]): item for item in items}
    assert found["accepted", "zh"]["statutory"] is True
    assert found["registered", "zh"]["fields"] == ["link", "number", "office", "query_code"]
    assert found["registered", "zh"]["parts"] == 2
    assert {item["use"] for item in items} == {"notice", "answer", "mass"}
    assert found["list", "zh"]["sample"].count("XF3302252026") == 2
    for item in items:
        shown = (await notify.request("POST", PREVIEW, json={"text": item["sample"]})).json()
        assert len(shown["parts"]) == item["parts"], item["name"]
    some = (await notify.request("GET", f"{TEMPLATES}?use=mass&language=en")).json()
    assert {(item["use"], item["language"]) for item in some} == {("mass", "en")}
    assert len(some) == 5
    assert (await notify.request("GET", f"{TEMPLATES}?use=all")).status_code == 422
    assert (await notify.request("GET", TEMPLATES, who=token(roles=["analyst"]))).status_code == 403


async def test_a_preview_shows_where_a_text_is_divided(start: Any) -> None:
    notify = await start(service)
    answer = await notify.request("POST", PREVIEW, json={"template": "closed", "values": {"number": "XF0001"}})
    shown = answer.json()
    assert shown["text"].startswith("【丁镇信访办】您反映的事项(编号XF0001)已办结")
    assert "".join(part["text"] for part in shown["parts"]) == shown["text"]
    assert (shown["alphabet"], shown["room"], shown["costs"]) == ("ucs-2", 70, {"console": "0"})
    dated = {"template": "rate-until", "values": {"until": "2026-03-01"}}
    assert "请于2026年3月1日前" in (await notify.request("POST", PREVIEW, json=dated)).json()["text"]
    plain = await notify.request("POST", PREVIEW, json={"text": "x" * 161})
    assert [part["units"] for part in plain.json()["parts"]] == [153, 8]


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({}, "not-a-lawful-text"),
        ({"text": "a", "template": "closed"}, "not-a-lawful-text"),
        ({"template": "closed", "values": {"number": "张三的路"}}, "not-a-lawful-text"),
        ({"template": "rate-until", "values": {"until": "下周一"}}, "not-a-lawful-text"),
        ({"template": "closed", "values": {"content": "路"}}, "invalid-input"),
        ({"template": "unheard"}, "no-such-template"),
        ({"text": "x" * 2001}, "invalid-input"),
    ],
)
async def test_what_cannot_be_previewed_is_refused(start: Any, body: dict[str, Any], slug: str) -> None:
    notify = await start(service)
    answer = await notify.request("POST", PREVIEW, json=body)
    assert answer.json()["type"] == f"urn:xinqiao:problem:{slug}"


async def test_an_office_answers_and_tells_many_in_its_own_words(start: Any, tmp_path: Path) -> None:
    notify, own = await start(service), tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    notify.runtime.resources.words = reading.read(own)
    await write(notify, "你们几点上班")
    ((template, text),) = await told(notify)
    assert (template, text) == ("text-received", "【丁镇信访办】来信收到。")
    assert (await drafted(notify))["text"] == "【{office}】{until}前请评价编号{number}。"
    listed = (await notify.request("GET", TEMPLATES)).json()
    assert {(item["name"], item["unit"]) for item in listed if item["version"] >= 100} == {
        ("text-received", None), ("rate-until", "330225100-xf"),
    }  # fmt: skip


async def test_answers_of_the_release_before_are_shown_under_their_old_name(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们几点上班")
    await notify.rows("UPDATE messages SET template = 'received' RETURNING 1")
    (answer,) = [each for each in (await read(notify, reference))["said"] if each["way"] == "out"]
    assert (answer["template"], answer["hidden"]) == ("received", None)
    assert answer["text"].startswith("【丁镇信访办】您的短信已收到")
