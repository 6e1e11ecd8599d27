"""Rows of approval: which papers a case has, the opinions as approved, who approves for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from contracts.envelope import Envelope
from kit.db import Session
from routing.domain import Case
from routing.tables import delegations


async def keep_papers(session: Session, events: Sequence[Envelope]) -> None:
    await session.raw.execute(
        "INSERT INTO papers (paper_id, case_id, kind, written_at)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) ON CONFLICT DO NOTHING",
        [event.data.paper_id for event in events],
        [event.subject for event in events],
        [event.data.kind for event in events],
        [event.data.written_at for event in events],
    )


async def filed_kinds(session: Session, case: Case) -> set[str]:
    """Kinds of the papers filed for the case in its present stage."""
    review = next((hop for hop in reversed(case.hops) if hop.kind == "review"), None)
    since = review.offered_at if review is not None and case.stage != "handling" else None
    rows = await session.raw.fetch(
        "SELECT DISTINCT kind FROM papers WHERE case_id = $1 AND ($2::timestamptz IS NULL OR written_at >= $2)",
        case.id, since,
    )  # fmt: skip
    return {row["kind"] for row in rows}


async def are_papers(session: Session, case_id: UUID, paper_ids: Sequence[UUID]) -> bool:
    """All of them were filed for this case, one of them being an opinion."""
    rows = await session.raw.fetch(
        "SELECT kind FROM papers WHERE case_id = $1 AND paper_id = ANY($2::uuid[])", case_id, list(paper_ids)
    )
    return len(rows) == len(set(paper_ids)) and any(row["kind"].endswith("opinion") for row in rows)


async def keep_opinion(session: Session, case: Case) -> None:
    """Write down an opinion as approved; from here on the database refuses to change it."""
    await session.raw.execute(
        "INSERT INTO opinions (case_id, version, stage, unit, outcome, papers, approved_by, approved_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        case.id, case.version, case.stage, case.last.unit, case.outcome, list(case.papers), case.last.actor,
        case.last.at,
    )  # fmt: skip


async def submitter(session: Session, case_id: UUID) -> str | None:
    """Who sent the opinion for approval, as far as it was done at this node."""
    found: str | None = await session.raw.fetchval(
        "SELECT actor FROM timeline WHERE case_id = $1 AND action = 'submit' ORDER BY version DESC LIMIT 1", case_id
    )
    return found


async def delegated_roles(session: Session, unit: str, subject: str, now: datetime) -> frozenset[str]:
    """Roles that somebody of the unit who is absent has given this account for now."""
    rows = await session.raw.fetch(
        "SELECT role FROM delegations WHERE unit = $1 AND to_subject = $2 AND since <= $3 AND until > $3",
        unit, subject, now,
    )  # fmt: skip
    return frozenset(row["role"] for row in rows)


async def delegate(
    session: Session, delegation: UUID, *, unit: str, role: str, by: str, to: str, since: datetime, until: datetime
) -> None:
    await session.raw.execute(
        "INSERT INTO delegations (id, unit, role, from_subject, to_subject, since, until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        delegation, unit, role, by, to, since, until,
    )  # fmt: skip


async def delegations_of(session: Session, unit: str, now: datetime) -> Sequence[Row[Any]]:
    """Those that are not over, the first to end first."""
    query = select(delegations).where(delegations.c.unit == unit, delegations.c.until > now)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(delegations.c.until).limit(200))).all()
    return rows
