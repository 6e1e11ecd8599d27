"""Rows of publications. Who may read one before it is public, each statement says: whoever reads its unit's papers,
and the case it was made from.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, insert, or_, select, tuple_, union, update

from documents.access import visible
from documents.papers.tables import papers
from documents.publishing.domain import Policy
from documents.publishing.tables import decisions, explanations, publications, published, versions, withdrawals
from documents.seals.tables import numbers, sealed_papers
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.pages import Place
from kit.sealing import Sealed

NEWER = published.alias("newer")
MOST_DECISIONS = 200


def version_binding(publication_id: UUID, version: int) -> str:
    """What the encrypted text of a version is bound to."""
    return f"publications/{publication_id}/{version}"


def explanation_binding(publication_id: UUID, mark: str) -> str:
    return f"publications/{publication_id}/explanations/{mark}"


def decision_binding(publication_id: UUID, number: int, account: str) -> str:
    """number: of the round."""
    return f"publications/{publication_id}/decisions/{number}/{account}"


def withdrawal_binding(publication_id: UUID) -> str:
    return f"publications/{publication_id}/withdrawal"


def _readable(reader: Principal) -> ColumnElement[bool]:
    folder = exists().where(petitions.c.id == publications.c.folder_id, visible(reader))
    case = exists().where(petitions.c.id == publications.c.petition_id, visible(reader))
    return and_(folder, or_(publications.c.petition_id.is_(None), case))


def _shown(reader: Principal) -> Select[Any]:
    """Publications, with what became of those that were public."""
    return (
        select(
            publications, versions.c.content, published.c.published_at, withdrawals.c.withdrawn_at,
            withdrawals.c.reason.label("withdrawn_because"), NEWER.c.publication_id.label("superseded_by"),
        )
        .join(
            versions,
            and_(versions.c.publication_id == publications.c.id, versions.c.version == publications.c.version),
        )
        .outerjoin(published, published.c.publication_id == publications.c.id)
        .outerjoin(withdrawals, withdrawals.c.publication_id == publications.c.id)
        .outerjoin(NEWER, NEWER.c.supersedes == publications.c.id)
        .where(_readable(reader))
    )  # fmt: skip


async def find(session: Session, publication_id: UUID, reader: Principal, *, lock: bool = False) -> Row[Any] | None:
    query = _shown(reader).where(publications.c.id == publication_id)
    if lock:  # first: what is read with it then stands until the transaction ends
        await session.raw.execute("SELECT FROM publications WHERE id = $1 FOR UPDATE", publication_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def listed(
    session: Session, reader: Principal, *, state: str | None, turn: Policy | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """The newest first. turn: only those whose next review the reader may do, by this policy."""
    query = _shown(reader).order_by(publications.c.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(publications.c.state == state)
    if turn is not None:
        query = query.where(publications.c.state == "review", _turn_of(reader, turn))
    if before is not None:
        query = query.where(publications.c.id < before)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


def _turn_of(reader: Principal, policy: Policy) -> ColumnElement[bool]:
    mine = [step for step in (*policy.steps, *policy.more) if step.roles & reader.roles]
    step = publications.c.step
    wherever = step.in_([each.name for each in mine if not each.own_unit])
    here = and_(step.in_([each.name for each in mine if each.own_unit]), publications.c.unit == reader.unit)
    any_ = versions.alias("any_version")
    wrote = exists().where(any_.c.publication_id == publications.c.id, any_.c.saved_by == reader.subject)
    explained = exists().where(
        explanations.c.publication_id == publications.c.id, explanations.c.explained_by == reader.subject
    )
    decided = exists().where(
        decisions.c.publication_id == publications.c.id, decisions.c.round == publications.c.round,
        decisions.c.account == reader.subject,
    )  # fmt: skip
    return and_(or_(wherever, here), ~wrote, ~explained, ~decided)


async def add(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(publications).values(columns))


async def add_version(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(versions).values(columns))


async def change(session: Session, publication_id: UUID, **columns: Any) -> None:
    await session.sql.execute(update(publications).where(publications.c.id == publication_id).values(columns))


async def explain(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(explanations).values(columns))


async def explained(session: Session, publication_id: UUID) -> Sequence[Row[Any]]:
    query = select(explanations).where(explanations.c.publication_id == publication_id)
    return (await session.sql.execute(query)).all()


async def decide(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(decisions).values(columns))


async def decided(session: Session, publication_id: UUID) -> Sequence[Row[Any]]:
    """All that was decided, the newest last."""
    query = select(decisions).where(decisions.c.publication_id == publication_id)
    query = query.order_by(decisions.c.decided_at.desc()).limit(MOST_DECISIONS)
    return (await session.sql.execute(query)).all()[::-1]


async def authors(session: Session, publication_id: UUID) -> frozenset[str]:
    """Everybody who saved a version or explained a hit."""
    wrote = select(versions.c.saved_by).where(versions.c.publication_id == publication_id)
    said = select(explanations.c.explained_by).where(explanations.c.publication_id == publication_id)
    return frozenset((await session.sql.execute(union(wrote, said))).scalars())


async def publish(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(published).values(columns))


async def withdraw(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(withdrawals).values(columns))


async def paper_content(session: Session, paper_id: UUID) -> bytes:
    """The encrypted text of a paper that is published with a text."""
    content: bytes = (await session.sql.execute(select(papers.c.content).where(papers.c.id == paper_id))).scalar_one()
    return content


def _public() -> ColumnElement[bool]:
    """It is public now: neither withdrawn nor superseded, even by what was withdrawn since."""
    return and_(
        ~exists().where(withdrawals.c.publication_id == published.c.publication_id),
        ~exists().where(NEWER.c.supersedes == published.c.publication_id),
    )


async def public_one(session: Session, publication_id: UUID) -> Row[Any] | None:
    """With its text, and the sealed paper that goes with it."""
    query = (
        select(
            published, numbers.c.text.label("number"), sealed_papers.c.sha256.label("paper_sha256"),
            sealed_papers.c.bytes.label("paper_bytes"), sealed_papers.c.object, sealed_papers.c.code,
        )
        .outerjoin(sealed_papers, sealed_papers.c.paper_id == published.c.paper_id)
        .outerjoin(numbers, numbers.c.paper_id == published.c.paper_id)
        .where(published.c.publication_id == publication_id, _public())
    )  # fmt: skip
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def public_rows(session: Session, *, kind: str | None, before: Place | None, limit: int) -> Sequence[Row[Any]]:
    """The newest first, without their texts; one more than `limit` tells of a next page."""
    told = [each for each in published.c if each.name not in {"body", "correction"}]
    query: Select[Any] = (
        select(*told)
        .where(_public())
        .order_by(published.c.published_at.desc(), published.c.publication_id.desc())
        .limit(limit + 1)
    )
    if kind is not None:
        query = query.where(published.c.kind == kind)
    if before is not None:
        query = query.where(tuple_(published.c.published_at, published.c.publication_id) < tuple_(*before))
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


SEALED = (
    Sealed(versions, ("content",), version_binding, immutable=True),
    Sealed(explanations, ("reason",), explanation_binding, immutable=True),
    Sealed(decisions, ("reason",), decision_binding, immutable=True),
    Sealed(withdrawals, ("reason",), withdrawal_binding, immutable=True),
)
