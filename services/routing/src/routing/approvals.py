"""Rows of approval: papers that were filed, opinions as approved, who approves for whom."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import DateTime, Row, Text, column, select, text

from contracts.envelope import Envelope
from kit.auth import Principal
from kit.db import Session
from kit.pages import Place
from routing.domain import Case
from routing.tables import cases, delegations

# The next approver's role is the procedure's to say (turn), and neither who sent the opinion nor who approved it since
# approves it (part): the same as routing.guards says of one case, with what routing.standing reads of it.
WAITING = """
SELECT cases.id, cases.version, cases.holder_unit, cases.due_at, cases.body, turn.role, part.sent_by, part.sent_at
FROM cases
JOIN unnest(CAST(:procedures AS text[]), CAST(:steps AS int[]), CAST(:roles AS text[])) AS turn (procedure, step, role)
  ON (turn.procedure, turn.step) = (cases.body->>'procedure', CAST(cases.body->>'step' AS int))
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(actor) FILTER (WHERE actor IS NOT NULL), '{}') AS people, min(at) AS sent_at,
    min(actor) FILTER (WHERE action = 'submit') AS sent_by
  FROM timeline WHERE case_id = cases.id AND action IN ('submit', 'approve')
    AND version >= (SELECT max(version) FROM timeline WHERE case_id = cases.id AND action = 'submit')) AS part
WHERE state = 'in-approval' AND holder_unit = :unit AND writer = :node
  AND NOT accused_units && CAST(:line AS text[]) AND (readers IS NULL OR readers && CAST(:line AS text[]))
  AND EXISTS (SELECT FROM case_scopes WHERE scope = :scope AND case_id = cases.id)
  AND :subject <> ALL (part.people)
  AND (turn.role = ANY (CAST(:held AS text[])) OR EXISTS (
    SELECT FROM delegations AS lent WHERE lent.unit = :unit AND to_subject = :subject AND lent.role = turn.role
      AND since <= :now AND until > :now AND from_subject <> ALL (part.people)))
  AND (coalesce(due_at, 'infinity'), cases.id) > (coalesce(CAST(:due AS timestamptz), 'infinity'), CAST(:after AS uuid))
ORDER BY coalesce(due_at, 'infinity'), cases.id LIMIT :limit
"""
START = datetime(1, 1, 2, tzinfo=UTC)  # before whatever is due
Turn = tuple[str, int, str]  # a procedure, how many have approved, and the role of who is next


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


async def waiting(
    session: Session, turns: Sequence[Turn], principal: Principal, node: str, now: datetime, *, limit: int,
    after: Place | None,
) -> Sequence[Row[Any]]:  # fmt: skip
    """Cases whose opinion this caller may approve now, what is due first first; one row more than `limit` tells that
    there is a next page.
    """
    procedures, steps, roles = zip(*turns, strict=True)
    due, last = after or (START, UUID(int=0))
    query = text(WAITING).columns(
        cases.c.id, cases.c.version, cases.c.holder_unit, cases.c.due_at, cases.c.body, column("role", Text),
        column("sent_by", Text), column("sent_at", DateTime(timezone=True)),
    )  # fmt: skip
    given = {
        "procedures": procedures, "steps": steps, "roles": roles, "unit": principal.unit, "node": node,
        "line": principal.line, "scope": principal.region, "subject": principal.subject,
        "held": sorted(principal.roles), "now": now, "due": due, "after": last, "limit": limit + 1,
    }  # fmt: skip
    rows: Sequence[Row[Any]] = (await session.sql.execute(query, given)).all()
    return rows


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
