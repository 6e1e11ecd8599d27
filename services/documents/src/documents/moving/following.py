"""Where cases are and who supports: which nodes may have the documents of a petition, by what routing tells."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CaseState, RequestState
from contracts.units import Unit, UnitDirectory
from documents.moving.domain import Hop, Whereabouts, units_of
from kit.db import Session

ENDED = ("closed", "cancelled")
SUPPORT = "support"
# a consumer keeps the highest version: any order, any repetition, same result
FOLLOW = """
INSERT INTO whereabouts (petition_id, sequence, writer, nodes, senders)
SELECT DISTINCT ON (id) id, sequence, writer, ARRAY(SELECT jsonb_array_elements_text(nodes)),
  ARRAY(SELECT jsonb_array_elements_text(senders))
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], $5::jsonb[])
  AS told (id, sequence, writer, nodes, senders)
ORDER BY id, sequence DESC
ON CONFLICT (petition_id) DO UPDATE SET sequence = excluded.sequence, writer = excluded.writer, nodes = excluded.nodes,
  senders = excluded.senders
  WHERE whereabouts.sequence < excluded.sequence
"""
SUPPORTS = """
INSERT INTO supports (request_id, petition_id, sequence, from_node, to_node, to_unit, accused_units, open)
SELECT DISTINCT ON (id) id, petition, sequence, sender, receiver, unit,
  ARRAY(SELECT jsonb_array_elements_text(accused)), open
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bool[])
  AS told (id, petition, sequence, sender, receiver, unit, accused, open)
ORDER BY id, sequence DESC
ON CONFLICT (request_id) DO UPDATE SET sequence = excluded.sequence, from_node = excluded.from_node,
  to_node = excluded.to_node, to_unit = excluded.to_unit, accused_units = excluded.accused_units, open = excluded.open
  WHERE supports.sequence < excluded.sequence
"""
WHOSE = "SELECT id, registered_accused || case_accused AS accused, readers FROM petitions WHERE id = ANY ($1::uuid[])"
# the case is or was its, or it supports who has it
MAY_HAVE = """
SELECT EXISTS (SELECT FROM whereabouts WHERE petition_id = $1 AND $2 = ANY (nodes)),
  EXISTS (SELECT FROM supports WHERE petition_id = $1 AND to_node = $2 AND from_node = $3 AND open)
"""
# what it tells of a petition is believed: it has to do with it, or serves a region whose units do; nothing is known yet
MAY_TELL = """
SELECT EXISTS (SELECT FROM whereabouts WHERE petition_id = $1 AND $2 = ANY (nodes))
  OR EXISTS (SELECT FROM supports WHERE petition_id = $1 AND from_node = $2)
  OR EXISTS (SELECT FROM petition_scopes WHERE petition_id = $1 AND scope = $2)
  OR NOT EXISTS (SELECT FROM petition_scopes WHERE petition_id = $1)
"""


class Neighbours:
    """The nodes there are, and the units each of them serves."""

    def __init__(self, units: UnitDirectory) -> None:
        self._units = units
        self._served: dict[str, list[Unit]] = {}
        for unit in units.units.values():
            self._served.setdefault(unit.node, []).append(unit)

    def may_have(self, node: str, accused: Collection[str], readers: Collection[str] | None = None) -> bool:
        """Whether some unit there may read what accuses these (Art 30), and what only these may read (保密)."""
        only = None if readers is None else units_of(readers)
        return any(
            (only is None or unit.code in only) and not self._units.is_kept_from(unit, accused)
            for unit in self._served.get(node, ())
        )


def whereabouts_of(state: CaseState) -> Whereabouts:
    under_way = [] if state.hand_over is None else [state.hand_over]
    return Whereabouts(state.writer, tuple(Hop(hop.from_node, hop.to_node) for hop in [*state.hops, *under_way]))


async def follow_cases(session: Session, neighbours: Neighbours, events: Sequence[Envelope]) -> None:
    """Keep where each case is, and which nodes may have what belongs to it. `petitions` says already who may not."""
    known = {row["id"]: row for row in await session.raw.fetch(WHOSE, [event.subject for event in events])}
    rows = [_row(neighbours, event, known[event.subject]) for event in events]
    await session.raw.execute(FOLLOW, *zip(*rows, strict=True))


def _row(neighbours: Neighbours, event: Envelope, whose: Mapping[str, Any]) -> tuple[Any, ...]:
    state: CaseState = event.data
    there = whereabouts_of(state)

    def told(nodes: Iterable[str]) -> str:
        return json.dumps(
            sorted(each for each in nodes if neighbours.may_have(each, whose["accused"], whose["readers"]))
        )

    return event.subject, event.version, state.writer, told(there.nodes), told(there.senders)


async def follow_requests(session: Session, events: Sequence[Envelope]) -> None:
    """Keep which units support whom, and until when."""
    rows = [_support(event) for event in events if event.data.kind == SUPPORT]
    if rows:
        await session.raw.execute(SUPPORTS, *zip(*rows, strict=True))


def _support(event: Envelope) -> tuple[Any, ...]:
    state: RequestState = event.data
    return (
        state.id, event.subject, event.version, state.from_node, state.to_node, state.to_unit,
        json.dumps(state.accused_units), state.status not in ENDED,
    )  # fmt: skip


async def may_have(session: Session, petition_id: UUID, node: str, here: str) -> tuple[bool, bool]:
    """Whether a node may ask this one for the documents of a petition: (all, files alone)."""
    row = await session.raw.fetchrow(MAY_HAVE, petition_id, node, here)
    return (False, False) if row is None else (row[0], row[1])


async def may_tell(session: Session, petition_id: UUID, node: str) -> bool:
    """Whether what a node tells of a petition's documents is believed."""
    believed: bool = await session.raw.fetchval(MAY_TELL, petition_id, node)
    return believed
