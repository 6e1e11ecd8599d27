"""Rows of proposals of supervision: one for each cause while nobody has decided, decided once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update

from kit.auth import Principal
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import ancestors
from routing.requests.tables import proposal_scopes, proposals
from routing.store import open_to
from routing.tables import cases

# what was decided is no cause again, however late it is told once more; what comes after it is
PROPOSE = """
WITH proposed AS (
  INSERT INTO proposals (id, case_id, trigger, clock, number, holder_unit, holder_region, at, proposed_by)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
  WHERE NOT EXISTS (
    SELECT FROM proposals WHERE case_id = $2 AND trigger = $3 AND clock = $4 AND holder_unit = $6 AND at >= $8)
  ON CONFLICT (case_id, trigger, clock, holder_unit) WHERE decision IS NULL DO NOTHING RETURNING id)
INSERT INTO proposal_scopes (scope, proposal_id) SELECT scope, id FROM proposed, unnest($10::text[]) AS scope
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Cause to supervise (Art 40). proposed_by: account of the person, None when an event gave cause; clock: which is
    overdue.
    """

    id: UUID
    case_id: UUID
    trigger: str
    number: str
    holder_unit: str
    holder_region: str
    at: datetime
    proposed_by: str | None = None
    clock: str = ""


def reason_binding(proposal_id: UUID) -> str:
    """What an encrypted reason is bound to."""
    return f"proposals/{proposal_id}"


def opened_reason(ring: Keyring, row: Row[Any]) -> str | None:
    return row.reason and ring.decrypt(row.reason, reason_binding(row.id))


async def propose(session: Session, proposal: Proposal) -> bool:
    """Store it unless the same is proposed already, or was decided after it came about. False when it was."""
    status: str = await session.raw.execute(
        PROPOSE, proposal.id, proposal.case_id, proposal.trigger, proposal.clock, proposal.number,
        proposal.holder_unit, proposal.holder_region, proposal.at, proposal.proposed_by,
        ancestors(proposal.holder_region),
    )  # fmt: skip
    return status != "INSERT 0 0"


def _readable(scope: str, line: Sequence[str]) -> Select[Any]:
    """Proposals to a unit of this region, above the holder, never the holder itself, that may read the case."""
    return (
        select(proposals)
        .join(proposal_scopes, proposal_scopes.c.proposal_id == proposals.c.id)
        .join(cases, cases.c.id == proposals.c.case_id)
        .where(
            proposal_scopes.c.scope == scope,
            proposals.c.holder_unit != line[0],
            open_to(line),
        )
    )


async def locked(session: Session, proposal_id: UUID, scope: str, line: Sequence[str]) -> Row[Any] | None:
    query = _readable(scope, line).where(proposals.c.id == proposal_id).with_for_update(of=proposals)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def page(
    session: Session,
    scope: str,
    line: Sequence[str],
    *,
    before: UUID | None,
    limit: int,
    trigger: str | None,
    decided: bool,
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = _readable(scope, line)
    query = query.where(proposals.c.decision.isnot(None) if decided else proposals.c.decision.is_(None))
    if before is not None:
        query = query.where(proposal_scopes.c.proposal_id < before)
    if trigger is not None:
        query = query.where(proposals.c.trigger == trigger)
    ordered = query.order_by(proposal_scopes.c.proposal_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(ordered)).all()
    return rows


async def decide(
    session: Session, ring: Keyring, proposal_id: UUID, decision: str, by: Principal, at: datetime, *,
    request_id: UUID | None = None, reason: str = "",
) -> None:  # fmt: skip
    """Record what a person decided."""
    sealed = ring.encrypt(reason, reason_binding(proposal_id)) if reason else None
    values = {
        "decision": decision, "decided_by": by.subject, "decided_unit": by.unit, "decided_at": at,
        "request_id": request_id, "reason": sealed,
    }  # fmt: skip
    await session.sql.execute(update(proposals).where(proposals.c.id == proposal_id).values(values))
