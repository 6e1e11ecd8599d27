"""Rows of marks, and which contents hold pages of identity papers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, exists

from documents.files.tables import files
from documents.identity.domain import Mark
from documents.identity.tables import identity_marks
from kit.db import Session

LOCK = 0x6964656E74  # filings share it, who marks has it alone: of the two one sees the other
MARKS = "SELECT sha256, mark, at FROM identity_marks WHERE sha256 = ANY($1) AND mark <> 'lifted'"
# of several decisions, told in whatever order, the last one counts
SET = """
INSERT INTO identity_marks (sha256, mark, at) VALUES ($1, $2, $3)
ON CONFLICT (sha256) DO UPDATE SET mark = excluded.mark, at = excluded.at
  WHERE identity_marks.at <= excluded.at AND (identity_marks.mark, identity_marks.at) <> (excluded.mark, excluded.at)
RETURNING sha256
"""
PROPOSE = "INSERT INTO identity_marks (sha256, mark, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING sha256"
# the PDFs of filed bundles with a page of this content
DERIVED = """
SELECT DISTINCT made.sha256 FROM files AS part JOIN bundles ON bundles.petition_id = part.petition_id
JOIN bundle_pages ON bundle_pages.bundle_id = bundles.id AND bundle_pages.file_id = part.id
JOIN files AS made ON made.id = bundles.file_id
WHERE part.object = $1
"""
# whether a PDF of this content was made of pages of one, by way of others too; a PDF of all pages of another may be
# that other byte by byte, so nothing is held to be one for the reason that it holds itself
CONTAINS = """
WITH RECURSIVE parts (object) AS (
  SELECT $1
  UNION
  SELECT part.object FROM parts JOIN files AS made ON made.object = parts.object
  JOIN bundles ON bundles.file_id = made.id
  JOIN bundle_pages ON bundle_pages.bundle_id = bundles.id JOIN files AS part ON part.id = bundle_pages.file_id
)
SELECT EXISTS (
  SELECT FROM parts JOIN files USING (object) JOIN identity_marks USING (sha256)
  WHERE object <> $1 AND mark IN ('proposed', 'marked'))
"""
ANY = """
SELECT EXISTS (SELECT FROM files JOIN identity_marks USING (sha256) WHERE petition_id = $1 AND mark <> 'lifted')
"""
COPIES = "SELECT petition_id, id FROM files WHERE object = ANY($1) ORDER BY petition_id, id LIMIT 1000"


class Marked(NamedTuple):
    mark: str
    at: datetime


async def marks(session: Session, digests: Collection[str]) -> dict[str, Marked]:
    """Which contents are identity papers, or hold pages of one: by SHA-256."""
    if not digests:
        return {}
    rows = await session.raw.fetch(MARKS, list(digests))
    return {row["sha256"]: Marked(row["mark"], row["at"]) for row in rows}


def is_identity() -> ColumnElement[bool]:
    """The same of a row of `files`, in a query."""
    return exists().where(identity_marks.c.sha256 == files.c.sha256, identity_marks.c.mark != "lifted")


async def any_in(session: Session, petition_id: UUID) -> bool:
    """Whether some file of a petition is one."""
    found: bool = await session.raw.fetchval(ANY, petition_id)
    return found


async def alone(session: Session) -> None:
    """Until the transaction ends nobody else marks, and no bundle is filed."""
    await session.raw.execute("SELECT pg_advisory_xact_lock($1)", LOCK)


async def beside_filings(session: Session) -> None:
    """Until the transaction ends nobody marks."""
    await session.raw.execute("SELECT pg_advisory_xact_lock_shared($1)", LOCK)


async def set_mark(session: Session, digest: str, mark: Mark, at: datetime) -> bool:
    """Whether it changes anything: it, or a later decision, may be known."""
    return await session.raw.fetchval(SET, digest, mark, at) is not None


async def propose(session: Session, digest: str, mark: Mark, at: datetime) -> bool:
    """As `set_mark`, where nothing was ever decided."""
    return await session.raw.fetchval(PROPOSE, digest, mark, at) is not None


async def derived(session: Session, name: str) -> list[str]:
    """name: of the content in the store."""
    return [row["sha256"] for row in await session.raw.fetch(DERIVED, name)]


async def contains(session: Session, name: str) -> bool:
    """name: of the content in the store."""
    found: bool = await session.raw.fetchval(CONTAINS, name)
    return found


async def copies(session: Session, names: Sequence[str]) -> list[tuple[UUID, UUID]]:
    """(petition, file) of what has these contents. names: in the store."""
    return [(row["petition_id"], row["id"]) for row in await session.raw.fetch(COPIES, names)]
