"""What was read on pages: kept encrypted, found by search within the scope, proposed and never written anywhere."""

import json
import uuid
from typing import Any

import pytest
from tests.support.nodes import token
from tests.support.scans import LETTER, saved, scan

from documents import resources
from documents.pages import sealing
from documents.pages.tables import page_texts
from kit.sealing import reencrypt

ID_NUMBER = "33022519800101123X"
LEADER = token("330225-xf", "33.02.25", ["leader"], subject="county-leader")


async def search(desk: Any, text: str, who: str = "") -> Any:
    return await desk.running.request("POST", "/api/documents/v1/search", who=who, json={"text": text})


@pytest.fixture
async def letter(binder: Any) -> Any:
    """A letter of two pages that was filed."""
    pages = [saved(scan(*LETTER)), saved(scan("附件共二页", "证明材料如下"))]
    return await binder.filed(await binder.made(*[await binder.upload(page, "image/png") for page in pages]))


async def test_a_page_is_read_within_the_scope_and_every_reading_is_recorded(
    desk: Any, letter: Any, neighbour: str
) -> None:
    path = f"{letter['bundle_id']}/pages/1/text"
    text = (await desk.get("bundles", path, who=LEADER)).json()["text"]
    assert ID_NUMBER in text.split("\n")[1]
    assert (await desk.get("bundles", path, who=neighbour)).status_code == 404
    assert (await desk.get("bundles", f"{letter['bundle_id']}/pages/3/text")).status_code == 404
    (reading,) = await desk.running.rows("SELECT * FROM audit WHERE action = 'read-text'")
    assert (reading["actor"], json.loads(reading["detail"])) == (
        "county-leader", {"bundle": letter["bundle_id"], "page": "1"},
    )  # fmt: skip


async def test_nothing_that_was_read_lies_open_in_the_database_or_goes_out(desk: Any, letter: Any) -> None:
    tables = ("page_texts", "bundles", "bundle_pages", "page_sources", "page_work", "audit", "outbox", "files")
    kept = [dict(row) for table in tables for row in await desk.running.rows(f"SELECT * FROM {table}")]  # noqa: S608 - the names above
    everything = " ".join(str(value) for row in kept for value in row.values())
    everything += " ".join(
        value.decode("utf-8", "ignore") for row in kept for value in row.values() if isinstance(value, bytes)
    )
    assert not any(secret in everything for secret in (ID_NUMBER, "13812345678", "张三", "来信"))
    assert all(row["layer"] is None for row in await desk.running.rows("SELECT layer FROM page_texts"))


async def test_texts_move_under_a_new_key(desk: Any, letter: Any) -> None:
    sealed = next(each for each in desk.running.service.sealed if each.table is page_texts)
    runtime = desk.running.runtime
    before = [row["text"] for row in await desk.running.rows("SELECT text FROM page_texts ORDER BY position")]
    ring = type(runtime.keyring)(
        "k2", {**runtime.keyring.keys, "k2": bytes(range(32))}, runtime.keyring.index, runtime.keyring.codes
    )
    assert sum([each.moved async for each in reencrypt(runtime.database, sealed, ring)]) == 2
    after = [row["text"] for row in await desk.running.rows("SELECT text FROM page_texts ORDER BY position")]
    bound = sealing.text_binding(uuid.UUID(letter["bundle_id"]), 1, "text")
    assert ring.decrypt(after[0], bound) == runtime.keyring.decrypt(before[0], bound)


async def test_a_page_is_found_by_what_is_written_on_it(desk: Any, letter: Any) -> None:
    for text in ("修复道路", "３３０２２５ 19800101123x", "道路,补偿"):
        found = (await search(desk, text)).json()
        (hit,) = found["hits"]
        assert (hit["petition_id"], hit["file_id"], hit["number"], found["more"]) == (
            str(desk.petition), letter["file_id"], 1, False,
        )  # fmt: skip
        assert len(hit["excerpt"]) < 100
    assert (await search(desk, "证明材料")).json()["hits"][0]["number"] == 2
    assert (await search(desk, "路道")).json()["hits"] == []
    (entry, *_) = await desk.running.rows("SELECT * FROM audit WHERE action = 'search-text'")
    assert (entry["subject"], json.loads(entry["detail"])) == (desk.petition, {"pages": "1"})


async def test_a_search_stays_in_the_scope_and_away_from_the_accused(desk: Any, letter: Any, neighbour: str) -> None:
    accused = token("330225-js", "33.02.25", ["handler"])
    assert len((await search(desk, "修复道路", who=accused)).json()["hits"]) == 1
    await desk.running.rows("UPDATE petitions SET case_accused = '{330225-js}'")
    assert (await search(desk, "修复道路", who=accused)).json()["hits"] == []
    assert (await search(desk, "修复道路", who=neighbour)).json()["hits"] == []
    assert len((await search(desk, "修复道路", who=LEADER)).json()["hits"]) == 1


async def test_a_search_for_less_than_two_letters_is_refused(desk: Any) -> None:
    for text in ("路", "路,", ",。!"):
        assert (await search(desk, text)).status_code == 422


async def test_fields_are_proposed_with_their_place_and_written_nowhere(desk: Any, letter: Any) -> None:
    answer = await desk.get("bundles", f"{letter['bundle_id']}/proposal")
    fields = {each["field"]: each for each in answer.json()["fields"]}
    assert (fields["id_number"]["value"], fields["phone"]["value"]) == (ID_NUMBER, "13812345678")
    assert fields["request"]["value"].endswith("积水造成的损失。")
    assert "幸福路5号" in fields["address"]["value"]
    assert {(each["page"], each["verified"]) for each in fields.values()} == {(1, False)}
    assert (fields["id_number"]["line"], fields["phone"]["line"]) == (2, 3)
    (reading,) = await desk.running.rows("SELECT * FROM audit WHERE action = 'propose-fields'")
    assert json.loads(reading["detail"]) == {"bundle": letter["bundle_id"]}
    supervisor = token("330225-xf", "33.02.25", ["supervisor"])
    refused = await desk.get("bundles", f"{letter['bundle_id']}/proposal", who=supervisor)
    assert desk.slug_of(refused) == "not-allowed"


async def test_where_pages_cannot_be_read_each_is_named_and_the_bundle_is_filed_without_text(
    desk: Any, binder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = resources.of(desk.running.runtime)
    file_id = await binder.upload(saved(scan()), "image/png")
    bundle = await binder.made(file_id)
    pages = held.settings.pages.model_copy(update={"languages": "no_such_language"})
    monkeypatch.setattr(held, "settings", held.settings.model_copy(update={"pages": pages}))
    filed = await binder.filed(bundle)
    assert filed["state"] == "filed"
    assert [page["problem"]["slug"] for page in filed["pages"]] == ["page-not-read"]
    assert await desk.running.rows("SELECT * FROM page_texts") == []


async def test_where_no_reader_is_installed_that_is_said(
    desk: Any, binder: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    bundle = await binder.made(await binder.upload(saved(scan()), "image/png"))
    monkeypatch.setenv("PATH", str(tmp_path))
    filed = await binder.filed(bundle)
    assert (filed["state"], filed["pages"][0]["problem"]["slug"]) == ("filed", "reading-not-installed")
