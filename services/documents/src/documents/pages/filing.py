"""Assembling a bundle whose pages were read: one PDF, which becomes an ordinary file of the petition."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from contracts.events import FileState
from contracts.speech import emit
from documents import access
from documents.files import store as files_store
from documents.files.usecases import STORED
from documents.files.usecases import name_binding as file_name_binding
from documents.identity import noting
from documents.identity import store as identity
from documents.pages import places, queue, sealing, store
from documents.pages.queue import Work, given
from documents.pages.tools import PDF, Tools, Unfit
from documents.storage import store as objects
from documents.storage.vault import Kept
from kit import audit
from kit.db import Session
from kit.runtime import Runtime


class Unfiled(Exception):
    """It could not be assembled; problem: a slug, position: the page at fault, where one is."""

    def __init__(self, problem: str, position: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position


async def assemble(runtime: Runtime, work: Work) -> None:
    """Make the PDF and file it; what cannot be assembled is a draft again, and says why."""
    async with runtime.database.transaction() as session:
        bundle = await store.lock_any(session, given(work.bundle_id))
        leaves = await store.sources_of_leaves(session, bundle.id)
        layers = {
            row.position: sealing.layer_of(runtime.keyring, row) for row in await store.texts_of(session, bundle.id)
        }
    try:
        kept = await _assembled(runtime, work, leaves, layers)
    except Unfiled as error:
        async with runtime.database.transaction() as session:
            await queue.finish(session, work)
            await store.change(session, bundle.id, state="draft", problem=error.problem, problem_at=error.position)
        return
    async with runtime.database.transaction() as session:
        await queue.finish(session, work)
        await _file(runtime, session, bundle, leaves, kept)


async def _assembled(runtime: Runtime, work: Work, leaves: Sequence[Row[Any]], layers: dict[int, bytes | None]) -> Kept:
    """Raises Unfiled."""
    if work.hopeless:
        raise Unfiled("file-too-heavy")
    async with places.place(runtime) as tools:
        return await places.keep(runtime, await _made(runtime, tools, leaves, layers))


async def _made(runtime: Runtime, tools: Tools, leaves: Sequence[Row[Any]], layers: dict[int, bytes | None]) -> Path:
    """Raises Unfiled."""
    orders: list[dict[str, Any]] = []
    last = {leaf.file_id: leaf.position for leaf in leaves}
    for leaf in leaves:
        try:
            orders.append(await _prepared(runtime, tools, leaf, layers.get(leaf.position), last=last[leaf.file_id]))
        except Unfit as error:
            raise Unfiled(error.problem, leaf.position) from error
    made = tools.place / "bundle.pdf"
    try:
        found = await tools.craft("assemble", seconds=tools.settings.file_seconds, leaves=orders, out=made)
    except Unfit as error:
        raise Unfiled(error.problem) from error
    if found["pages"] != len(leaves):
        raise Unfiled("file-damaged")
    return made


async def _prepared(
    runtime: Runtime, tools: Tools, leaf: Row[Any], layer: bytes | None, *, last: int
) -> dict[str, Any]:
    """How to take a page over. last: the position after which its file is not needed any more. Raises Unfit."""
    source = tools.place / f"file-{leaf.file_id}"
    if not source.exists():
        await places.fetch(runtime, leaf.object, leaf.sha256, leaf.file_id, source)
    order = {"media_type": leaf.media_type, "source": source, "page": leaf.page, "rotation": leaf.rotation}
    if leaf.media_type != PDF:
        picture = tools.place / f"page-{leaf.position}.jpg"
        await tools.picture(leaf, source, picture)
        order["source"] = picture
        if leaf.position == last:
            source.unlink()
    if layer is None:
        return {**order, "layer": None}
    written = tools.place / f"layer-{leaf.position}.pdf"
    await asyncio.to_thread(written.write_bytes, layer)
    return {**order, "layer": written}


async def _file(runtime: Runtime, session: Session, bundle: Row[Any], leaves: Sequence[Row[Any]], kept: Kept) -> None:
    """The file, its event, and the bundle that from now on says what it was made of.

    Who asked for it could see the petition then; that nothing leaves its scope is seen to when somebody reads it.
    """
    file_id, at, ring = runtime.ids.new(), runtime.clock.now(), runtime.keyring
    name = ring.decrypt(bundle.name, sealing.name_binding(bundle.id))
    await identity.beside_filings(session)  # before the petition's row: who marks takes them in this order
    version = await access.advance(session, bundle.petition_id)
    await objects.note(session, kept, at)
    await files_store.add_file(
        session, id=file_id, petition_id=bundle.petition_id, version=version,
        name=ring.encrypt(name, file_name_binding(file_id)), media_type=PDF, bytes=kept.size, sha256=kept.digest,
        object=kept.name, unit=bundle.filed_unit, stored_by=bundle.filed_by, stored_at=at,
    )  # fmt: skip
    await noting.inherit(session, kept.digest, await _digests(session, leaves), at)
    state = FileState(
        file_id=file_id, sha256=kept.digest, bytes=kept.size, media_type=PDF, unit=bundle.filed_unit, stored_at=at
    )
    emit(runtime, session, STORED, state, subject=bundle.petition_id, sequence=version)
    audit.note(
        session, "store-file", subject=bundle.petition_id, at=at, actor=bundle.filed_by, unit=bundle.filed_unit,
        before=version - 1, after=version,
        detail={"file": str(file_id), "sha256": kept.digest, "bundle": str(bundle.id), "pages": digest_of(leaves)},
    )  # fmt: skip
    await store.drop_layers(session, bundle.id)
    await store.change(session, bundle.id, state="filed", file_id=file_id, filed_at=at, name=None)


async def _digests(session: Session, leaves: Sequence[Row[Any]]) -> set[str]:
    return {*(await store.digests_of(session, [leaf.file_id for leaf in leaves])).values()}


def digest_of(leaves: Sequence[Row[Any]]) -> str:
    """SHA-256, hexadecimal, of lines `file id:page:rotation`: the audit holds what the file was made of."""
    lines = "\n".join(f"{leaf.file_id}:{leaf.page}:{leaf.rotation}" for leaf in leaves)
    return hashlib.sha256(lines.encode()).hexdigest()
