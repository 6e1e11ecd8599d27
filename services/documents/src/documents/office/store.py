"""Rows of a unit's own papers. What lies in a folder is read by the regions that petitions are read by; drafts by the
unit alone.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, insert, select

from documents import access
from documents.access import Folder, visible
from documents.drafts.tables import draft_versions, drafts
from documents.office.tables import decisions, submissions
from documents.papers.tables import papers
from documents.seals.tables import numbers, seal_jobs, sealed_papers
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session

# who comes second finds the folder of the first
BEGIN = """
INSERT INTO petitions (id, office_unit) VALUES ($1, $2)
ON CONFLICT (office_unit) WHERE office_unit IS NOT NULL DO NOTHING
"""
HISTORY = 50


def correction_binding(draft_id: UUID, version: int) -> str:
    """What the encrypted reason of a correction is bound to, until it is sealed."""
    return f"office-submissions/{draft_id}/{version}"


def reason_binding(draft_id: UUID, version: int) -> str:
    """What the encrypted reason of a return is bound to."""
    return f"office-decisions/{draft_id}/{version}"


async def folder_of(session: Session, reader: Principal) -> Folder | None:
    """The folder of the reader's own unit; None while nothing was drafted."""
    query = select(petitions.c.id).where(petitions.c.office_unit == reader.unit, visible(reader))
    found: UUID | None = (await session.sql.execute(query)).scalar_one_or_none()
    return None if found is None else Folder(int=found.int)


async def begin_folder(session: Session, folder_id: UUID, writer: Principal) -> None:
    """Its papers may be read in the unit's region and all above it."""
    await session.raw.execute(BEGIN, folder_id, writer.unit)
    begun: UUID = await session.raw.fetchval("SELECT id FROM petitions WHERE office_unit = $1", writer.unit)
    await access.add_scopes(session, [(begun, writer.region)])


def _drafts() -> Select[Any]:
    """Drafts, with what became of their newest version."""
    newest = and_(submissions.c.draft_id == drafts.c.id, submissions.c.version == drafts.c.version)
    decided = and_(decisions.c.draft_id == drafts.c.id, decisions.c.version == drafts.c.version)
    return (
        select(drafts, submissions.c.sent_by, submissions.c.sent_at, decisions.c.decision)
        .outerjoin(submissions, newest)
        .outerjoin(decisions, decided)
    )


async def draft(session: Session, draft_id: UUID) -> Row[Any]:
    """One that was found among the unit's own."""
    found: Row[Any] = (await session.sql.execute(_drafts().where(drafts.c.id == draft_id))).one()
    return found


async def drafts_of(
    session: Session, folder: Folder, reader: Principal, *, waiting: bool, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """The newest first, or those only that wait for a decision; one more than `limit` tells of a next page."""
    query = _drafts().where(drafts.c.petition_id == folder, drafts.c.unit == reader.unit)
    if waiting:
        query = query.where(submissions.c.sent_at.is_not(None), decisions.c.decided_at.is_(None))
    if before is not None:
        query = query.where(drafts.c.id < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(drafts.c.id.desc()).limit(limit + 1))).all()
    return rows


async def history(session: Session, draft_id: UUID) -> Sequence[Row[Any]]:
    """Which versions were sent, and what was decided, the newest first."""
    query = (
        select(submissions, decisions.c.decision, decisions.c.reason, decisions.c.decided_by, decisions.c.decided_at)
        .outerjoin(
            decisions,
            and_(decisions.c.draft_id == submissions.c.draft_id, decisions.c.version == submissions.c.version),
        )
        .where(submissions.c.draft_id == draft_id)
        .order_by(submissions.c.version.desc())
        .limit(HISTORY)
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def authors(session: Session, draft_id: UUID) -> set[str]:
    """Everybody who saved a version."""
    query = select(func.array_agg(draft_versions.c.saved_by.distinct())).where(draft_versions.c.draft_id == draft_id)
    return set((await session.sql.execute(query)).scalar_one() or ())


async def submission(session: Session, draft_id: UUID, version: int) -> Row[Any] | None:
    query = select(submissions).where(submissions.c.draft_id == draft_id, submissions.c.version == version)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def submit(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(submissions).values(columns))


async def decide(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(decisions).values(columns))


def _papers(reader: Principal) -> Select[Any]:
    """Papers of units, each with its number and what became of it."""
    newer = sealed_papers.alias("newer")
    return (
        select(
            papers, decisions.c.decided_by, numbers.c.text.label("number"), sealed_papers.c.sealed_at,
            sealed_papers.c.code, sealed_papers.c.supersedes, newer.c.paper_id.label("superseded_by"),
            seal_jobs.c.reason.label("waits_for"),
        )
        .join(petitions, petitions.c.id == papers.c.petition_id)
        .join(decisions, decisions.c.paper_id == papers.c.id)
        .outerjoin(numbers, numbers.c.paper_id == papers.c.id)
        .outerjoin(sealed_papers, sealed_papers.c.paper_id == papers.c.id)
        .outerjoin(newer, newer.c.supersedes == papers.c.id)
        .outerjoin(seal_jobs, seal_jobs.c.paper_id == papers.c.id)
        .where(petitions.c.office_unit.is_not(None), visible(reader))
    )  # fmt: skip


async def papers_of(
    session: Session, unit: str, reader: Principal, *, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """A unit's own papers, the newest first; one more than `limit` tells of a next page."""
    query = _papers(reader).where(petitions.c.office_unit == unit).order_by(papers.c.version.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(papers.c.version < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def paper(session: Session, paper_id: UUID, reader: Principal) -> Row[Any] | None:
    """One of them, whichever unit's."""
    query = _papers(reader).where(papers.c.id == paper_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found
