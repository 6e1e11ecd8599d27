"""The background work on files and single pages. See queue.py for who does what when, filing.py for what follows."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import resources
from documents.files import store as files_store
from documents.pages import domain, filing, places, queue, sealing, store, usecases
from documents.pages.queue import Work, given
from documents.pages.tools import PDF, PICTURES, SUFFIXES, Tools, Unfit
from documents.storage import store as objects
from documents.storage.vault import Kept
from kit.app import Job
from kit.runtime import Runtime
from kit.workers import Worker

AS_IT_IS = {"page-not-shown", "reading-not-installed"}  # told of a page; whatever else: it was not read


@dataclass
class Looked:
    """What a look has found. source: columns of its row; thumbnails: by page; converted: the PDF made of it."""

    source: dict[str, Any]
    thumbnails: dict[int, Kept] = field(default_factory=dict)
    converted: Kept | None = None

    @property
    def kept(self) -> list[Kept]:
        return [*self.thumbnails.values(), *filter(None, [self.converted])]


async def look(runtime: Runtime, work: Work) -> None:
    """Find out which pages a file has, once for all bundles it will be in."""
    file_id = given(work.file_id)
    try:
        looked = await _looked(runtime, work, file_id)
    except Unfit as error:
        looked = Looked({"state": "refused", "problem": error.problem})
    async with runtime.database.transaction() as session:
        await queue.finish(session, work)
        for kept in looked.kept:
            await objects.note(session, kept, runtime.clock.now())
        await store.note_source(session, file_id, **looked.source)
        await store.note_thumbnails(session, file_id, looked.thumbnails)
        for bundle in await store.lock_preparing(session, file_id):
            await usecases.advance(runtime, session, bundle)


async def _looked(runtime: Runtime, work: Work, file_id: UUID) -> Looked:
    """Raises Unfit, queue.NotYet."""
    if work.hopeless:
        raise Unfit("file-too-heavy")
    async with runtime.database.transaction() as session:
        file = given(await files_store.file_of_any(session, file_id))
    if file.media_type not in {PDF, *PICTURES, *SUFFIXES}:
        raise Unfit("no-pages")
    async with places.place(runtime) as tools:
        return await _pages_of(runtime, tools, file)


async def _pages_of(runtime: Runtime, tools: Tools, file: Row[Any]) -> Looked:
    looked = Looked({"media_type": file.media_type, "object": file.object, "sha256": file.sha256})
    content = tools.place / "source"
    await places.fetch(runtime, file.object, file.sha256, file.id, content)
    if file.media_type in SUFFIXES:
        content = await tools.convert(content, file.media_type)
        kept = looked.converted = await places.keep(runtime, content)
        looked.source = {"media_type": PDF, "object": kept.name, "sha256": kept.digest}
    settings, out = tools.settings, tools.place
    found = await tools.craft(
        "look", seconds=settings.file_seconds, source=content, media_type=looked.source["media_type"], out=out,
        most_pages=settings.most_pages,
    )  # fmt: skip
    for page in found["thumbnails"]:
        looked.thumbnails[int(page)] = await places.keep(runtime, out / f"{page}.jpg")
    looked.source |= {"state": "ready", "problem": None, "pages": int(found["pages"])}
    return looked


async def read(runtime: Runtime, work: Work) -> None:
    """Read the text of a page of a bundle. A page that cannot be read is named, and filed without its text."""
    bundle_id, position = given(work.bundle_id), given(work.position)
    text, layer, problem = "", None, None
    try:
        text, layer = await _read(runtime, work, bundle_id, position)
    except Unfit as error:
        problem = error.problem if error.problem in AS_IT_IS else "page-not-read"
    async with runtime.database.transaction() as session:
        await queue.finish(session, work)
        if text:
            row = sealing.sealed(runtime.keyring, bundle_id, position, text, layer)
            await store.add_text(session, **row)
        await store.note_read(session, bundle_id, position, problem)
        await store.lock_any(session, bundle_id)  # so that of the last two pages one sees that all are done
        if not await store.work_left(session, bundle_id):
            await queue.add(runtime, session, "assemble", bundle=bundle_id)


async def _read(runtime: Runtime, work: Work, bundle_id: UUID, position: int) -> tuple[str, bytes | None]:
    """A page's text, tidied, and the layer that has it where the page has none of its own. Raises Unfit."""
    if work.hopeless:
        raise Unfit("page-not-read")
    async with runtime.database.transaction() as session:
        (leaf,) = await store.sources_of_leaves(session, bundle_id, position)
    async with places.place(runtime) as tools:
        source, picture = tools.place / "source", tools.place / "page.jpg"
        await places.fetch(runtime, leaf.object, leaf.sha256, leaf.file_id, source)
        found = await tools.picture(leaf, source, picture)
        if found["text"]:
            return domain.tidy(found["text"]), None
        text, layer = await tools.read(picture)
    return domain.tidy(text), layer


WORKS = {"look": look, "read": read, "assemble": filing.assemble}


async def _one(runtime: Runtime) -> int:
    work = await queue.claim(runtime)
    if work is None:
        return 0
    async with queue.held(runtime, work):
        await WORKS[work.kind](runtime, work)
    return 1


async def step(runtime: Runtime) -> int:
    """Some of the work, several pieces at once: each is a process of its own."""
    at_once = resources.of(runtime).settings.pages.at_once
    done = await asyncio.gather(*(_one(runtime) for _ in range(at_once)), return_exceptions=True)
    for failed in done:
        if isinstance(failed, BaseException):
            raise failed
    return sum(each for each in done if isinstance(each, int))


WORKER = Worker("pages", queue.CHANNEL, step)
SWEEP_PLACES = Job("sweep-places", timedelta(hours=1), places.sweep_places)
