"""Rows of bundles and their pages. Whose they are is checked in each statement that answers somebody."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, insert, select, update

from documents.access import readable
from documents.files.tables import files
from documents.pages.domain import Leaf
from documents.pages.tables import bundle_pages, bundles, page_texts, page_work, sources, thumbnails
from documents.storage.vault import Kept
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session

# locks the rows in any case: whoever settles a look at one of them comes before us or after us
WANT = """
INSERT INTO page_sources (file_id, state) SELECT unnest($1::uuid[]), 'waiting'
ON CONFLICT (file_id) DO UPDATE SET state = 'waiting', problem = NULL WHERE page_sources.state = 'refused'
RETURNING file_id
"""


async def readable_files(session: Session, petition_id: UUID, file_ids: Sequence[UUID], reader: Principal) -> set[UUID]:
    query = select(files.c.id).join(petitions).where(files.c.id.in_(file_ids), readable(petition_id, reader))
    return set((await session.sql.execute(query)).scalars())


async def want(session: Session, file_ids: Sequence[UUID]) -> list[UUID]:
    """Files that are to be looked at; those that were, or that already wait, are left out."""
    return [row["file_id"] for row in await session.raw.fetch(WANT, sorted(file_ids))]


async def add(session: Session, **columns: Any) -> Row[Any]:
    added: Row[Any] = (await session.sql.execute(insert(bundles).values(columns).returning(bundles))).one()
    return added


def _of(petition_id: UUID, bundle_id: UUID, reader: Principal) -> Select[Any]:
    return select(bundles).join(petitions).where(bundles.c.id == bundle_id, readable(petition_id, reader))


async def find(session: Session, petition_id: UUID, bundle_id: UUID, reader: Principal) -> Row[Any] | None:
    found: Row[Any] | None = (await session.sql.execute(_of(petition_id, bundle_id, reader))).one_or_none()
    return found


async def lock(session: Session, petition_id: UUID, bundle_id: UUID, writer: Principal) -> Row[Any] | None:
    query = _of(petition_id, bundle_id, writer).with_for_update(of=bundles, key_share=True)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def lock_any(session: Session, bundle_id: UUID) -> Row[Any]:
    """Whatever the scope: for the work that somebody in scope has left. A lock that goes with the foreign keys of rows
    that were added before: two who have added some would wait for each other.
    """
    return (
        await session.sql.execute(select(bundles).where(bundles.c.id == bundle_id).with_for_update(key_share=True))
    ).one()


async def lock_preparing(session: Session, file_id: UUID) -> Sequence[Row[Any]]:
    """The bundles that wait for a look at this file."""
    query = select(bundles).where(bundles.c.state == "preparing", bundles.c.files.contains([file_id]))
    return (await session.sql.execute(query.order_by(bundles.c.id).with_for_update(key_share=True))).all()


async def change(session: Session, bundle_id: UUID, **columns: Any) -> Row[Any]:
    """Every change that a reader can see counts the version up."""
    statement = update(bundles).where(bundles.c.id == bundle_id)
    statement = statement.values(version=bundles.c.version + 1, **columns)
    changed: Row[Any] = (await session.sql.execute(statement.returning(bundles))).one()
    return changed


async def page(
    session: Session, petition_id: UUID, reader: Principal, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Bundles in the order they were made; one more than `limit` tells that there is a next page."""
    query = select(bundles).join(petitions).where(readable(petition_id, reader))
    if after is not None:
        query = query.where(bundles.c.id > after)
    return (await session.sql.execute(query.order_by(bundles.c.id).limit(limit + 1))).all()


async def sources_of(session: Session, file_ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    found = await session.sql.execute(select(sources).where(sources.c.file_id.in_(file_ids)))
    return {row.file_id: row for row in found}


async def note_source(session: Session, file_id: UUID, **columns: Any) -> None:
    await session.sql.execute(update(sources).where(sources.c.file_id == file_id).values(columns))


async def note_thumbnails(session: Session, file_id: UUID, kept: Mapping[int, Kept]) -> None:
    rows = [
        {"file_id": file_id, "page": page, "object": each.name, "sha256": each.digest, "bytes": each.size}
        for page, each in kept.items()
    ]
    if rows:
        await session.sql.execute(insert(thumbnails), rows)


async def thumbnail(session: Session, bundle: Row[Any], file_id: UUID, number: int) -> Row[Any] | None:
    """Of a file that is in the bundle, which the caller has found to be readable."""
    mine = and_(thumbnails.c.file_id == file_id, thumbnails.c.page == number)
    query = select(thumbnails).join(bundles, bundles.c.files.contains([file_id]))
    return (await session.sql.execute(query.where(mine, bundles.c.id == bundle.id))).one_or_none()


async def leaves_of(session: Session, bundle_id: UUID) -> Sequence[Row[Any]]:
    query = select(bundle_pages).where(bundle_pages.c.bundle_id == bundle_id).order_by(bundle_pages.c.position)
    return (await session.sql.execute(query)).all()


async def set_leaves(session: Session, bundle_id: UUID, leaves: Sequence[Leaf]) -> None:
    """Its pages from now on."""
    for table in (page_texts, bundle_pages):
        await session.sql.execute(delete(table).where(table.c.bundle_id == bundle_id))
    rows = [
        {"bundle_id": bundle_id, "position": position, "file_id": leaf.file_id, "page": leaf.page,
         "rotation": leaf.rotation}
        for position, leaf in enumerate(leaves, 1)
    ]  # fmt: skip
    if rows:
        await session.sql.execute(insert(bundle_pages), rows)


async def sources_of_leaves(session: Session, bundle_id: UUID, position: int | None = None) -> Sequence[Row[Any]]:
    """Its pages, or one of them, and what each is taken from."""
    query = (
        select(bundle_pages, sources.c.object, sources.c.sha256, sources.c.media_type)
        .join(sources, sources.c.file_id == bundle_pages.c.file_id)
        .where(bundle_pages.c.bundle_id == bundle_id)
        .order_by(bundle_pages.c.position)
    )
    if position is not None:
        query = query.where(bundle_pages.c.position == position)
    return (await session.sql.execute(query)).all()


async def note_read(session: Session, bundle_id: UUID, position: int, problem: str | None) -> None:
    mine = and_(bundle_pages.c.bundle_id == bundle_id, bundle_pages.c.position == position)
    await session.sql.execute(update(bundle_pages).where(mine).values(read=True, problem=problem))


async def forget_reading(session: Session, bundle_id: UUID) -> None:
    """Before its pages are read, or are to be read again."""
    await session.sql.execute(delete(page_texts).where(page_texts.c.bundle_id == bundle_id))
    mine = bundle_pages.c.bundle_id == bundle_id
    await session.sql.execute(update(bundle_pages).where(mine).values(read=False, problem=None))


async def work_left(session: Session, bundle_id: UUID) -> int:
    left: int = (await session.sql.execute(select(func.count()).where(page_work.c.bundle_id == bundle_id))).scalar_one()
    return left


async def add_text(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(page_texts).values(columns))


async def texts_of(session: Session, bundle_id: UUID, number: int | None = None) -> Sequence[Row[Any]]:
    query = select(page_texts).where(page_texts.c.bundle_id == bundle_id).order_by(page_texts.c.position)
    if number is not None:
        query = query.where(page_texts.c.position == number)
    return (await session.sql.execute(query)).all()


async def digests_of(session: Session, file_ids: Sequence[UUID]) -> dict[UUID, str]:
    """SHA-256 of files, as they were handed in."""
    query = select(files.c.id, files.c.sha256).where(files.c.id.in_(file_ids))
    return {row.id: row.sha256 for row in await session.sql.execute(query)}


async def digests_of_pages(session: Session, bundle_id: UUID) -> dict[int, str]:
    """SHA-256 of the file that each page is of, by the page's position."""
    query = (
        select(bundle_pages.c.position, files.c.sha256)
        .join(files, files.c.id == bundle_pages.c.file_id)
        .where(bundle_pages.c.bundle_id == bundle_id)
    )
    return {row.position: row.sha256 for row in await session.sql.execute(query)}


async def drop_layers(session: Session, bundle_id: UUID) -> None:
    """They are in the PDF now."""
    await session.sql.execute(update(page_texts).where(page_texts.c.bundle_id == bundle_id).values(layer=None))
