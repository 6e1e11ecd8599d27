"""Rows of approval: papers that were filed, opinions as approved, who approves for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, select

from contracts.envelope import Envelope
from kit.db import Session
from routing.domain import Case
from routing.tables import delegations


async def keep_papers(session: Session, events: Sequence[Envelope]) -> None:
    await session.raw.execute(
        "INSERT INTO papers (paper_id, case_id, kind, written_at, unit, outcome)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])"
        " ON CONFLICT DO NOTHING",
        [event.data.paper_id for event in events],
        [event.subject for event in events],
        [event.data.kind for event in events],
        [event.data.written_at for event in events],
        [event.data.unit for event in events],
        [event.data.outcome for event in events],
    )


def keep_opinion(session: Session, case: Case, behalf: str | None) -> None:
    """Write down an opinion as approved; from here on the database refuses to change it. behalf: the absent approver
    whose role it was.
    """
    session.write(
        "opinion AS (INSERT INTO opinions (case_id, version, stage, unit, outcome, papers, approved_by, approved_at,"
        " approved_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))",
        case.id, case.version, case.stage, case.last.unit, case.outcome, list(case.papers), case.last.actor,
        case.last.at, behalf,
    )  # fmt: skip


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


async def end_delegation(
    session: Session, delegation: UUID, *, unit: str, by: str, now: datetime
) -> asyncpg.Record | None:
    """It holds no longer; what was over before stays as it was. None when this account gave no such delegation."""
    return await session.raw.fetchrow(
        "UPDATE delegations SET until = least(until, $4) WHERE id = $1 AND unit = $2 AND from_subject = $3 RETURNING *",
        delegation, unit, by, now,
    )  # fmt: skip
