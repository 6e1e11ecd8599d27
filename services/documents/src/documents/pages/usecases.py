"""What can be done with bundles of pages."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.files import downloads
from documents.identity import stating
from documents.identity import store as identity
from documents.identity.domain import Purpose, told
from documents.pages import domain, fields, queue, sealing, store
from documents.pages.domain import Leaf
from documents.scans.gate import check_all
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def make(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, file_ids: Sequence[UUID]
) -> Row[Any]:
    """A bundle of these files, with all their pages as soon as each was looked at. Raises Refused: "not-found",
    "too-many-files", "invalid-input".
    """
    settings = resources.of(runtime).settings.pages
    if len(file_ids) > settings.most_files:
        raise Refused("too-many-files", most=settings.most_files)
    if len(set(file_ids)) < len(file_ids):
        raise Refused("invalid-input", errors=[{"field": "body.file_ids", "reason": "named twice (重复)"}])
    if await store.readable_files(session, petition_id, file_ids, writer) != set(file_ids):
        raise Refused("not-found")
    bundle = await store.add(
        session, id=runtime.ids.new(), petition_id=petition_id, version=1, state="preparing", files=list(file_ids),
        unit=writer.unit, made_by=writer.subject, made_at=runtime.clock.now(),
    )  # fmt: skip
    await queue.add(runtime, session, "look", files=await store.want(session, file_ids))
    access.note(runtime, session, writer, petition_id, "make-bundle", bundle=str(bundle.id))
    return await advance(runtime, session, bundle)


async def advance(runtime: Runtime, session: Session, bundle: Row[Any]) -> Row[Any]:
    """Once all files of a locked bundle that is prepared were looked at, it is a draft of all their pages."""
    looked = await store.sources_of(session, bundle.files)
    if any(source.state == "waiting" for source in looked.values()):
        return bundle
    pages = {file_id: source.pages for file_id, source in looked.items()}
    leaves = domain.all_leaves(bundle.files, pages)
    most = resources.of(runtime).settings.pages.most_pages
    await store.set_leaves(session, bundle.id, leaves[:most])
    problem = "too-many-pages" if len(leaves) > most else None
    return await store.change(session, bundle.id, state="draft", problem=problem)


async def _draft(session: Session, writer: Principal, petition_id: UUID, bundle_id: UUID, version: int) -> Row[Any]:
    """The bundle, locked. Raises Refused: "not-found", "bundle-not-draft", "version-conflict"."""
    bundle = await store.lock(session, petition_id, bundle_id, writer)
    if bundle is None:
        raise Refused("not-found")
    if bundle.state != "draft":
        raise Refused("bundle-not-draft", state=bundle.state)
    if bundle.version != version:
        raise Refused("version-conflict", version=bundle.version)
    return bundle


async def arrange(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, bundle_id: UUID, version: int,
    leaves: Sequence[Leaf],
) -> Row[Any]:  # fmt: skip
    """Give a draft these pages in this order. Raises Refused as `_draft` and `domain.check_leaves` do."""
    bundle = await _draft(session, writer, petition_id, bundle_id, version)
    looked = await store.sources_of(session, bundle.files)
    pages = {file_id: source.pages for file_id, source in looked.items()}
    domain.check_leaves(leaves, pages, resources.of(runtime).settings.pages.most_pages)
    await store.set_leaves(session, bundle_id, leaves)
    return await store.change(session, bundle_id, problem=None, problem_at=None)


async def file(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, bundle_id: UUID, version: int, name: str
) -> Row[Any]:
    """Have a draft's pages read and assembled to one PDF, in the background. Raises Refused as `_draft` does, and
    "no-pages-left", "file-infected", "file-not-scanned".
    """
    await _draft(session, writer, petition_id, bundle_id, version)
    leaves = await store.leaves_of(session, bundle_id)
    if not leaves:
        raise Refused("no-pages-left")
    sources = await store.sources_of_leaves(session, bundle_id)
    await check_all(runtime, session, {source.object for source in sources})
    await store.forget_reading(session, bundle_id)
    await queue.add(runtime, session, "read", bundle=bundle_id, positions=[leaf.position for leaf in leaves])
    access.note(runtime, session, writer, petition_id, "file-bundle", bundle=str(bundle_id))
    return await store.change(
        session, bundle_id, state="filing", problem=None, problem_at=None, filed_unit=writer.unit,
        filed_by=writer.subject, name=runtime.keyring.encrypt(f"{name}.pdf", sealing.name_binding(bundle_id)),
    )  # fmt: skip


async def find(session: Session, reader: Principal, petition_id: UUID, bundle_id: UUID) -> Row[Any]:
    """Raises Refused("not-found")."""
    bundle = await store.find(session, petition_id, bundle_id, reader)
    if bundle is None:
        raise Refused("not-found")
    return bundle


async def thumbnail(
    runtime: Runtime, reader: Principal, petition_id: UUID, bundle_id: UUID, file_id: UUID, number: int,
    purpose: Purpose | None,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """A small picture of a page; the reading is recorded first. Raises Refused: "not-found", "content-damaged",
    "purpose-needed".
    """
    async with runtime.database.transaction() as session:
        bundle = await find(session, reader, petition_id, bundle_id)
        row = await store.thumbnail(session, bundle, file_id, number)
        if row is None:
            raise Refused("not-found")
        await stating.check(runtime, session, (await store.digests_of(session, [file_id])).values(), purpose)
        access.note(
            runtime, session, reader, petition_id, "read-thumbnail", file=str(file_id), page=str(number),
            **told(purpose),
        )  # fmt: skip
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.sha256), file_id)
    return await downloads.begun(content)


async def read_text(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, bundle_id: UUID, number: int,
    purpose: Purpose | None,
) -> str:  # fmt: skip
    """What was read on a page; the reading is recorded. Raises Refused: "not-found", "purpose-needed"."""
    bundle = await find(session, reader, petition_id, bundle_id)
    rows = await store.texts_of(session, bundle.id, number)
    if not rows:
        raise Refused("not-found")
    digests = await store.digests_of_pages(session, bundle.id)
    await stating.check(runtime, session, [digests[number]], purpose)
    access.note(
        runtime, session, reader, petition_id, "read-text", bundle=str(bundle_id), page=str(number), **told(purpose)
    )
    return sealing.text_of(runtime.keyring, rows[0])


async def propose(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, bundle_id: UUID, purpose: Purpose | None
) -> tuple[list[fields.Proposed], int]:
    """What the pages that were read by now seem to say for the registration form, and how many pages were left out, as
    they are of identity papers and no purpose was stated; recorded as a reading. Raises Refused("not-found").
    """
    bundle = await find(session, reader, petition_id, bundle_id)
    rows = await store.texts_of(session, bundle.id)
    digests = await store.digests_of_pages(session, bundle.id)
    kept_back = {} if purpose else await identity.marks(session, {*digests.values()})
    shown = [row for row in rows if digests[row.position] not in kept_back]
    access.note(runtime, session, reader, petition_id, "propose-fields", bundle=str(bundle_id), **told(purpose))
    texts = {row.position: sealing.text_of(runtime.keyring, row) for row in shown}
    found = fields.propose([texts.get(number, "") for number in range(1, max(texts, default=0) + 1)])
    return found, len(rows) - len(shown)
