"""Work on pages that is interrupted, overtaken, or ends those who do it."""

import os
from typing import Any

import pytest
from tests.support.binding import Binder
from tests.support.scans import blank_pdf, saved, scan

from documents import resources
from documents.pages import filing, places, queue, work

OVERDUE = "UPDATE page_work SET due_at = '2020-01-01Z'"


async def test_work_of_a_process_that_died_is_done_by_another(binder: Binder) -> None:
    runtime = binder.desk.running.runtime
    bundle = (await binder.post("", {"file_ids": [await binder.upload(blank_pdf(1))]})).json()
    assert await queue.claim(runtime) is not None  # and dies
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["progress"] == {"done": 0, "of": 1}
    await binder.desk.running.rows(OVERDUE)
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["state"] == "draft"


async def test_who_was_taken_for_dead_and_is_overtaken_changes_nothing(binder: Binder) -> None:
    runtime = binder.desk.running.runtime
    bundle = await binder.made(await binder.upload(blank_pdf(1)))
    assert (await binder.file(bundle)).status_code == 202
    page = await queue.claim(runtime)
    assert page is not None
    await work.read(runtime, page)
    slow = await queue.claim(runtime)
    assert slow is not None
    assert slow.kind == "assemble"
    await binder.desk.running.rows(OVERDUE)
    await binder.work()
    with pytest.raises(queue.Overtaken):
        await filing.assemble(runtime, slow)
    assert len((await binder.desk.get("files")).json()["items"]) == 2


async def test_what_ends_every_process_that_takes_it_is_given_up(binder: Binder) -> None:
    bundle = (await binder.post("", {"file_ids": [await binder.upload(blank_pdf(1))]})).json()
    for _ in range(queue.TRIES):
        assert await queue.claim(binder.desk.running.runtime) is not None
        await binder.desk.running.rows(OVERDUE)
    await binder.work()
    (source,) = (await binder.read(bundle["bundle_id"]))["files"]
    assert (source["state"], source["problem"]["slug"]) == ("refused", "file-too-heavy")


async def test_while_the_store_is_away_work_waits_and_counts_no_try(binder: Binder, s3_shelf: Any) -> None:
    held = resources.of(binder.desk.running.runtime)
    bundle = (await binder.post("", {"file_ids": [await binder.upload(blank_pdf(1))]})).json()
    directory = held.vault.store
    away = s3_shelf.settings.model_copy(update={"endpoint": "127.0.0.1:1"})
    held.vault.store = type(s3_shelf.store)(away, s3_shelf.incoming, held.threads)
    for _ in range(queue.TRIES + 1):
        with pytest.raises(OSError):  # noqa: PT011 - whatever the S3 client meets
            await work.step(binder.desk.running.runtime)
        await binder.desk.running.rows(OVERDUE)
    held.vault.store = directory
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["state"] == "draft"


async def test_a_page_that_cannot_be_taken_over_is_named_and_the_rest_can_be_filed(binder: Binder) -> None:
    good, bad = await binder.upload(blank_pdf(1)), await binder.upload(saved(scan()), "image/png")
    bundle = await binder.made(good, bad)
    (row,) = await binder.desk.running.rows("SELECT object FROM page_sources WHERE file_id = $1::uuid", bad)
    (kept,) = [file for file in binder.desk.objects() if file.name == row["object"]]
    kept.unlink()
    again = await binder.filed(bundle)
    assert (again["state"], again["problem"]["slug"], again["problem_at"]) == ("draft", "content-damaged", 2)
    rest = (await binder.arrange(again, [(good, 1)])).json()
    assert (await binder.filed(rest))["state"] == "filed"


async def test_directories_that_killed_processes_left_are_swept(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, mine = tmp_path / f"{places.PREFIX}left", tmp_path / f"{places.PREFIX}new"
    for directory in (left, mine, tmp_path / "somebody-elses"):
        directory.mkdir()
        (directory / "source").write_bytes(b"clear text")
    monkeypatch.setattr(places, "ABANDONED", -1)
    mine.touch()
    os.utime(mine, (2**33, 2**33))
    assert places.sweep() == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["somebody-elses", mine.name]


async def test_nothing_in_clear_is_left_on_the_disk(
    binder: Binder, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    here = tmp_path / "temporary"
    here.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here))
    await binder.filed(await binder.made(await binder.upload(saved(scan()), "image/png")))
    assert list(here.iterdir()) == []


async def test_a_file_that_waits_for_the_scanner_is_not_opened_before_and_an_infected_one_never(
    binder: Binder, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = resources.of(binder.desk.running.runtime)
    clean, infected = await binder.upload(blank_pdf(1)), await binder.upload(blank_pdf(2))
    monkeypatch.setattr(held, "settings", held.settings.model_copy(update={"open_unscanned": False}))
    bundle = await binder.made(clean, infected)
    assert bundle["progress"] == {"done": 0, "of": 2}
    scan = "UPDATE objects SET scan = $1 WHERE name = (SELECT object FROM files WHERE id = $2::uuid)"
    await binder.desk.running.rows(scan, "clean", clean)
    await binder.desk.running.rows(scan, "infected", infected)
    await binder.desk.running.rows(OVERDUE)
    await binder.work()
    looked = {source["file_id"]: source for source in (await binder.read(bundle["bundle_id"]))["files"]}
    assert (looked[clean]["state"], looked[infected]["problem"]["slug"]) == ("ready", "file-infected")
