"""Where what was not scanned may not be opened, it gets into no bundle and no dossier either; nothing is lost by it."""

from typing import Any

import pytest
from services.documents.tests.sealing import LEADER
from tests.support.scans import blank_pdf

from documents import resources
from documents.dossiers import store, working
from documents.pages import work

PURPOSE = {"purpose": "行政复议机关调卷"}


def closed(desk: Any, *, to_unscanned: bool = True) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"open_unscanned": not to_unscanned})


async def scanned(desk: Any, verdict: str = "clean") -> None:
    await desk.running.rows("UPDATE objects SET scan = $1, scanned_at = now()", verdict)


async def due(desk: Any) -> None:
    await desk.running.rows("UPDATE page_work SET due_at = now() - interval '1 minute'")


async def test_a_bundle_of_what_was_not_scanned_waits_and_is_prepared_when_it_was(desk: Any, binder: Any) -> None:
    closed(desk)
    bundle = await binder.made(await binder.upload(blank_pdf(2)))
    assert (bundle["state"], bundle["pages"]) == ("preparing", [])
    await scanned(desk)
    await due(desk)
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["state"] == "draft"


async def test_what_was_looked_at_before_the_policy_was_closed_is_not_filed_unscanned(desk: Any, binder: Any) -> None:
    bundle = await binder.made(await binder.upload(blank_pdf(1)))
    closed(desk)
    refused = await binder.file(bundle)
    assert (refused.status_code, desk.slug_of(refused)) == (409, "file-not-scanned")
    closed(desk, to_unscanned=False)
    assert (await binder.file(bundle)).status_code == 202
    closed(desk)  # between the filing and the work
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["state"] == "filing"
    (waiting,) = await desk.running.rows("SELECT kind, attempts FROM page_work")
    assert (waiting["kind"], waiting["attempts"]) == ("read", 0)
    await scanned(desk)
    await due(desk)
    await binder.work()
    await due(desk)
    await binder.work()
    assert (await binder.read(bundle["bundle_id"]))["state"] == "filed"


async def test_an_infected_file_gets_into_no_bundle(desk: Any, binder: Any) -> None:
    bundle = await binder.made(await binder.upload(blank_pdf(1)))
    await scanned(desk, "infected")
    refused = await binder.file(bundle)
    assert (refused.status_code, desk.slug_of(refused)) == (403, "file-infected")


async def test_a_dossier_waits_for_the_scan_without_using_up_its_tries(desk: Any) -> None:
    await desk.put(blank_pdf(1))
    closed(desk)
    asked = await desk.running.request("POST", desk.path("dossiers"), who=LEADER, json=PURPOSE)
    path = desk.path("dossiers", asked.json()["dossier_id"])
    for _ in range(store.MOST + 1):
        assert await working.step(desk.running.runtime) == 1
        await desk.running.rows("UPDATE dossiers SET due_at = asked_at - interval '1 day'")
    state = (await desk.running.request("GET", path, who=LEADER)).json()
    assert (state["state"], state["why_en"]) == ("waiting", "The file was not scanned for malware yet")
    await scanned(desk)
    assert await working.step(desk.running.runtime) == 1
    assert (await desk.running.request("GET", path, who=LEADER)).json()["state"] == "ready"


async def test_where_the_policy_is_open_nothing_waits(desk: Any, binder: Any) -> None:
    file_id = await binder.upload(blank_pdf(1))
    assert (await binder.filed(await binder.made(file_id)))["state"] == "filed"
    assert [row["scan"] for row in await desk.running.rows("SELECT DISTINCT scan FROM objects")] == ["unscanned"]
    assert work.WORKER in desk.running.service.workers


@pytest.mark.parametrize("setting", [True, False, None])
def test_the_policy_is_that_of_the_settings(desk: Any, setting: bool | None) -> None:
    held = resources.of(desk.running.runtime)
    settings = held.settings.model_copy(update={"open_unscanned": setting})
    assert settings.opens_unscanned is (setting is not False)  # without clamd
