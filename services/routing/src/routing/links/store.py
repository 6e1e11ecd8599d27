"""Rows of cases that hang together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.db import Session

LOCK = 7202302  # class of the advisory lock under which cases are merged, one after the other
NOTE = """
INSERT INTO merges (case_id, lead_id) VALUES ($1, $2) ON CONFLICT (case_id) DO UPDATE SET lead_id = excluded.lead_id
"""
MEMBERS = "SELECT case_id, lead_id FROM merges WHERE lead_id = ANY ($1::uuid[]) ORDER BY case_id"
KEEP = """
INSERT INTO recognitions (case_id, version, terminated, node) VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, terminated = excluded.terminated, node = excluded.node
  WHERE recognitions.version < excluded.version
RETURNING true
"""
# said by a node that held the case, and not what the case says
UNSETTLED = """
SELECT r.* FROM recognitions r JOIN cases c ON c.id = r.case_id
WHERE r.case_id = ANY ($1::uuid[]) AND c.body->'nodes' ? r.node
  AND (c.body->>'terminated_before')::boolean <> r.terminated
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the register found, at which version of the petition, and which node says so."""

    case_id: UUID
    version: int
    terminated: bool
    node: str


async def hold(session: Session) -> None:
    """Until the transaction ends nobody else merges, so two cases never wait for each other."""
    await session.raw.execute("SELECT pg_advisory_xact_lock($1, 0)", LOCK)


async def note_merge(session: Session, case_id: UUID, lead: UUID) -> None:
    await session.raw.execute(NOTE, case_id, lead)


async def members(session: Session, leads: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """What was merged here into each of these leads, and may still be."""
    found: dict[UUID, list[UUID]] = {}
    for row in await session.raw.fetch(MEMBERS, list(leads)):
        found.setdefault(row["lead_id"], []).append(row["case_id"])
    return found


async def keep(session: Session, told: Recognition) -> bool:
    """Whether it is newer than what was known."""
    return bool(await session.raw.fetchval(KEEP, told.case_id, told.version, told.terminated, told.node))


async def unsettled(session: Session, case_ids: Sequence[UUID]) -> list[Recognition]:
    """What the register found of these cases, and they do not say yet."""
    rows = await session.raw.fetch(UNSETTLED, list(case_ids))
    return [Recognition(row["case_id"], row["version"], row["terminated"], row["node"]) for row in rows]
