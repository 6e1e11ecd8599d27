"""Finding pages by what is written on them, within the reader's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from documents import access
from documents.files.tables import files
from documents.identity.store import is_identity
from documents.pages import domain, sealing
from documents.pages.tables import bundle_pages, bundles, page_texts
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

CANDIDATES = 300  # pages that are opened for one search: buckets alone do not tell
HITS = 50


@dataclass(frozen=True, slots=True)
class Found:
    petition_id: UUID
    bundle_id: UUID
    file_id: UUID
    number: int
    excerpt: str

    def __repr__(self) -> str:
        return f"Found({self.file_id}, page {self.number})"


async def search(runtime: Runtime, session: Session, reader: Principal, text: str) -> tuple[list[Found], bool]:
    """Pages of filed bundles on which it stands, newest first, and whether there may be more; none of identity papers,
    as nobody has said what for: they are found by the letter they came with. What is shown of each
    petition is recorded as a reading. Raises Refused("invalid-input") for fewer than two letters.
    """
    sought = sealing.buckets(runtime.keyring, text)
    if not sought:
        reason = "at least two letters (至少两个字)"
        raise Refused("invalid-input", errors=[{"field": "body.text", "reason": reason}])
    rows = await _candidates(session, reader, sought)
    found: list[Found] = []
    for row in rows:
        excerpt = domain.excerpt(sealing.text_of(runtime.keyring, row), text)
        if excerpt is not None:
            found.append(Found(row.petition_id, row.bundle_id, row.file_id, row.position, excerpt))
    shown = found[:HITS]
    for petition_id in dict.fromkeys(each.petition_id for each in shown):
        pages = sum(each.petition_id == petition_id for each in shown)
        access.note(runtime, session, reader, petition_id, "search-text", pages=str(pages))
    return shown, len(rows) == CANDIDATES or len(found) > HITS


async def _candidates(session: Session, reader: Principal, sought: Sequence[int]) -> Sequence[Row[Any]]:
    query = (
        select(page_texts, bundles.c.petition_id, bundles.c.file_id)
        .join(bundles, bundles.c.id == page_texts.c.bundle_id)
        .join(petitions, petitions.c.id == bundles.c.petition_id)
        .join(
            bundle_pages,
            and_(bundle_pages.c.bundle_id == bundles.c.id, bundle_pages.c.position == page_texts.c.position),
        )
        .join(files, files.c.id == bundle_pages.c.file_id)
        .where(page_texts.c.buckets.contains(sought), bundles.c.state == "filed", access.visible(reader))
        .where(~is_identity())
        .order_by(page_texts.c.bundle_id.desc(), page_texts.c.position)
        .limit(CANDIDATES)
    )
    return (await session.sql.execute(query)).all()
