"""What a dispatch holds: files and papers of its own, and of these the ones that were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from documents.files.tables import files
from documents.files.usecases import name_of
from documents.moving.domain import FILE, PAPER, SEALED
from documents.moving.items import copy_of
from documents.moving.tables import awaited
from documents.papers.tables import papers
from documents.seals.tables import numbers, seal_jobs, sealed_papers
from kit.crypto import Keyring
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Item:
    """id: of a file or a paper; of a sealed paper that of its PDF, which elsewhere is a file. kind: where it is read.

    name: of a file; what: its media type, or the kind of a paper.
    """

    id: UUID
    kind: str
    what: str
    name: str | None
    bytes: int | None
    paper_id: UUID | None = None
    here: bool = True
    pending: bool = False

    def __repr__(self) -> str:
        return f"Item({self.kind}, {self.id})"


async def contents(ring: Keyring, session: Session, dispatch_id: UUID) -> Mapping[UUID, Item]:
    """All there is of a dispatch that the caller may read, papers first; a sealed one as its PDF alone."""
    found: list[Item] = []
    filed = select(papers, seal_jobs.c.paper_id.label("job")).outerjoin(seal_jobs, seal_jobs.c.paper_id == papers.c.id)
    official = select(sealed_papers, numbers.c.text.label("number")).join(numbers)
    sealed = {
        row.paper_id: Item(copy_of(row.paper_id), SEALED, row.kind, f"{row.number}.pdf", row.bytes, row.paper_id)
        for row in await session.sql.execute(official.where(sealed_papers.c.petition_id == dispatch_id))
    }
    for row in await session.sql.execute(filed.where(papers.c.petition_id == dispatch_id).order_by(papers.c.version)):
        paper = Item(row.id, PAPER, row.kind, None, None, row.id, pending=row.job is not None)
        found.append(sealed.get(row.id, paper))
    stored = select(files).where(files.c.petition_id == dispatch_id).order_by(files.c.version)
    found += [
        Item(row.id, FILE, row.media_type, name_of(ring, row), row.bytes) for row in await session.sql.execute(stored)
    ]
    coming = select(awaited).where(awaited.c.petition_id == dispatch_id).order_by(awaited.c.version)
    for row in await session.sql.execute(coming):
        name = name_of(ring, row) if row.kind == FILE else None
        found.append(Item(row.id, row.kind, row.what, name, row.bytes, here=False))
    return {item.id: item for item in found}


def in_order(found: Mapping[UUID, Item], items: Sequence[Any]) -> list[Item]:
    """Those that were sent, the body first; what this node has not been told of yet is left out."""
    return [found[each] for each in items if each in found]
