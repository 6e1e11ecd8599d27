"""Rows of cases that hang together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.auth import Principal
from kit.db import Session
from routing.links.domain import Following

LOCK = 7202302  # class of the advisory lock under which cases are merged, one after the other
NOTE = """
INSERT INTO merges (case_id, lead_id, lead_version) VALUES ($1, $2, $3)
ON CONFLICT (case_id) DO UPDATE SET lead_id = excluded.lead_id, lead_version = excluded.lead_version, confided = false
"""
MEMBERS = "SELECT case_id, lead_id FROM merges WHERE lead_id = ANY ($1::uuid[]) ORDER BY case_id"
READABLE = """
SELECT ARRAY(SELECT (id::text, number) FROM cases WHERE (id = ANY ($3::uuid[]) OR number = ANY ($4::text[]))
  AND NOT accused_units && $2::text[] AND (readers IS NULL OR readers && $2::text[])
  AND EXISTS (SELECT FROM case_scopes WHERE scope = $1 AND case_id = cases.id)) AS found
"""
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


async def note_merge(session: Session, case_id: UUID, lead: UUID, version: int) -> None:
    """version: of the lead."""
    await session.raw.execute(NOTE, case_id, lead, version)


async def following(session: Session, case_id: UUID, lead: UUID) -> Following:
    """How far it has followed the lead it was merged into last."""
    row = await session.raw.fetchrow(
        "SELECT lead_version, confided FROM merges WHERE case_id = $1 AND lead_id = $2", case_id, lead
    )
    return Following() if row is None else Following(*row)


async def note_following(session: Session, case_id: UUID, now: Following) -> None:
    await session.raw.execute(
        "UPDATE merges SET lead_version = $2, confided = $3 WHERE case_id = $1", case_id, now.version, now.confided
    )


async def readable(
    session: Session, principal: Principal, leads: Collection[UUID], numbers: Collection[str]
) -> set[str]:
    """Of these cases, named by id or number, the ids and numbers of those that the caller may read."""
    row = await session.look(READABLE, principal.region, principal.line, list(leads), list(numbers))
    return {name for pair in (row["found"] if row else ()) for name in pair}


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
