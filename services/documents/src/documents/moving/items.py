"""What can follow a case, a file or a paper: how each is listed, read in pieces, and kept where it arrives."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from sqlalchemy import Row, insert, select

from contracts.moving import ManifestItem
from documents import resources
from documents.files import store as files_store
from documents.files.tables import files
from documents.files.usecases import name_binding
from documents.identity import store as identity
from documents.moving.domain import FILE, PAPER, SEALED
from documents.moving.tables import awaited
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.seals.tables import numbers, sealed_papers
from documents.storage import store as storage_store
from documents.storage.vault import Kept
from kit.crypto import Keyring
from kit.db import Session
from kit.runtime import Runtime

HERE = """
WITH asked AS (SELECT * FROM unnest($2::uuid[], $3::text[]) AS asked (id, sha256))
SELECT id, bytes, sha256, object, NULL AS content FROM files JOIN asked USING (id, sha256) WHERE petition_id = $1
UNION ALL
SELECT id, NULL, sha256, NULL, content FROM papers JOIN asked USING (id, sha256) WHERE petition_id = $1
"""
SEALED_HERE = "SELECT paper_id, bytes, sha256, object FROM sealed_papers WHERE petition_id = $1"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is here. object: its name in the store; text: that of a paper."""

    kind: str
    size: int
    sha256: str
    object: str = ""
    text: bytes = field(default=b"", repr=False)


def copy_of(paper_id: UUID) -> UUID:
    """The id that the signed PDF of a paper goes by, beside the paper itself; elsewhere it is a file."""
    return uuid5(paper_id, SEALED)


async def listed(ring: Keyring, session: Session, petition_id: UUID) -> Sequence[ManifestItem]:
    """What there is of a petition, and what is known of and not here yet; whatever the scope."""
    stored = await session.sql.execute(select(files).where(files.c.petition_id == petition_id))
    filed = await session.sql.execute(select(papers).where(papers.c.petition_id == petition_id))
    query = select(sealed_papers, numbers.c.text.label("number")).join(numbers)
    official = await session.sql.execute(query.where(sealed_papers.c.petition_id == petition_id))
    elsewhere = await session.sql.execute(select(awaited).where(awaited.c.petition_id == petition_id))
    return await _with_marks(session, [
        *(_told(ring, row, FILE, row.media_type, row.bytes) for row in stored),
        *(_paper(ring, row) for row in filed),
        *(_official(row) for row in official),
        *(_told(ring, row, row.kind, row.what, row.bytes, here=False) for row in elsewhere),
    ])  # fmt: skip


async def _with_marks(session: Session, items: Sequence[ManifestItem]) -> Sequence[ManifestItem]:
    """Identity papers are some wherever they go."""
    marks = await identity.marks(session, {item.sha256 for item in items if item.kind == FILE})
    return [
        item.model_copy(update={"identity_at": marks[item.sha256].at}) if item.sha256 in marks else item
        for item in items
    ]


def _told(ring: Keyring, row: Row[Any], kind: str, what: str, size: int, *, here: bool = True) -> ManifestItem:
    name = row.name and ring.decrypt(row.name, name_binding(row.id))
    return ManifestItem(
        id=row.id, kind=kind, what=what, name=name, sha256=row.sha256, size=size, unit=row.unit, by=row.stored_by,
        at=row.stored_at, here=here, template=None if here else row.template,
    )  # fmt: skip


def _paper(ring: Keyring, row: Row[Any]) -> ManifestItem:
    return ManifestItem(
        id=row.id, kind=PAPER, what=row.kind, sha256=row.sha256, size=len(_text(ring, row.id, row.content)),
        unit=row.unit, by=row.written_by, at=row.written_at, template=row.template,
    )  # fmt: skip


def _official(row: Row[Any]) -> ManifestItem:
    return ManifestItem(
        id=copy_of(row.paper_id), kind=SEALED, what="application/pdf", name=f"{row.number}.pdf", sha256=row.sha256,
        size=row.bytes, unit=row.unit, by=row.asked_by or row.unit, at=row.sealed_at,
    )  # fmt: skip


def _text(ring: Keyring, paper_id: UUID, content: bytes) -> bytes:
    """The text whose digest stands for the paper."""
    return ring.decrypt(content, content_binding(paper_id)).encode()


async def here(
    ring: Keyring, session: Session, petition_id: UUID, items: Sequence[tuple[UUID, str]]
) -> dict[UUID, Found]:
    """Which of these ids and digests are here, among what belongs to the petition."""
    rows = await session.raw.fetch(HERE, petition_id, [each for each, _ in items], [digest for _, digest in items])
    found = {row["id"]: _found(ring, row) for row in rows}
    for row in await session.raw.fetch(SEALED_HERE, petition_id):
        if (copy_of(row["paper_id"]), row["sha256"]) in items:
            found[copy_of(row["paper_id"])] = Found(SEALED, row["bytes"], row["sha256"], row["object"])
    return found


def _found(ring: Keyring, row: asyncpg.Record) -> Found:
    if row["content"] is None:
        return Found(FILE, row["bytes"], row["sha256"], row["object"])
    text = _text(ring, row["id"], row["content"])
    return Found(PAPER, len(text), row["sha256"], text=text)


async def read(runtime: Runtime, found: Found, start: int, size: int) -> bytes:
    """Bytes of what is here. Raises Absent, Undecipherable, OSError."""
    if not found.object:
        return found.text[start : start + size]
    whole = bytearray()
    async with aclosing(resources.of(runtime).vault.read_from(found.object, found.sha256, start)) as chunks:
        async for chunk in chunks:
            whole += chunk
            if len(whole) >= size:
                break
    return bytes(whole[:size])


async def is_here(session: Session, petition_id: UUID, item_id: UUID) -> bool:
    """Whatever it is, and of whatever petition; an official paper of this node is no file besides."""
    known: bool = await session.raw.fetchval(
        "SELECT EXISTS (SELECT FROM files WHERE id = $1) OR EXISTS (SELECT FROM papers WHERE id = $1)", item_id
    )
    own = [] if known else await session.raw.fetch(SEALED_HERE, petition_id)
    return known or any(copy_of(row["paper_id"]) == item_id for row in own)


async def keep_file(session: Session, item: Row[Any], kept: Kept, at: datetime, *, encrypted: bool) -> None:
    """The row of a file as its sender has it: who stored it there and when. at: when it came here."""
    await storage_store.note(session, kept, at, encrypted=encrypted)
    await files_store.add_file(
        session, id=item.id, petition_id=item.petition_id, version=item.version, name=item.name,
        media_type=item.what, bytes=item.bytes, sha256=item.sha256, object=kept.name, unit=item.unit,
        stored_by=item.stored_by, stored_at=item.stored_at,
    )  # fmt: skip


async def keep_paper(ring: Keyring, session: Session, item: Row[Any], text: str) -> None:
    """As `keep_file`."""
    await session.sql.execute(insert(papers).values(
        id=item.id, petition_id=item.petition_id, version=item.version, kind=item.what,
        content=ring.encrypt(text, content_binding(item.id)), sha256=item.sha256, unit=item.unit,
        written_by=item.stored_by, written_at=item.stored_at, template=item.template,
    ))  # fmt: skip
