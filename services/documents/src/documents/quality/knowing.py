"""What documents knows of a case, as its record: steps and dates that routing told, papers and files that are here."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from documents import resources
from documents.drafts.facts import CHINA
from documents.quality.facts import ARRIVED, Done, Filed, Record
from kit.db import Session
from kit.runtime import Runtime

STEPS = "SELECT action, unit, at FROM steps WHERE petition_id = $1 ORDER BY version"
PAPERS = """
SELECT papers.kind, written_at, sealed_papers.paper_id IS NOT NULL AS sealed
FROM papers LEFT JOIN sealed_papers ON sealed_papers.paper_id = papers.id WHERE papers.petition_id = $1
ORDER BY papers.version
"""
KNOWN = """
SELECT registered_accused || case_accused AS accused, received_on, due_on, writer,
  (SELECT count(*) FROM files WHERE petition_id = petitions.id) AS files
FROM petitions LEFT JOIN case_facts ON case_facts.petition_id = petitions.id
  LEFT JOIN whereabouts ON whereabouts.petition_id = petitions.id
WHERE petitions.id = $1
"""


async def record_of(runtime: Runtime, session: Session, petition_id: UUID) -> Record:
    """Of a petition that the caller may read."""
    known: Any = await session.raw.fetchrow(KNOWN, petition_id)
    took = [Done(row["action"], row["unit"], _day(row["at"])) for row in await session.raw.fetch(STEPS, petition_id)]
    arrived = [] if known["received_on"] is None else [Done(ARRIVED, "", known["received_on"])]
    papers = [
        Filed(row["kind"], _day(row["written_at"]), row["sealed"])
        for row in await session.raw.fetch(PAPERS, petition_id)
    ]
    return Record(
        steps=(*arrived, *took), papers=tuple(papers), files=known["files"], due_on=known["due_on"],
        whole=known["writer"] in {None, runtime.node}, accused=bool(known["accused"]),
        names={each.files_as: each.zh for each in resources.of(runtime).templates.offered()},
        kept_out=_kept_out(runtime, {step.unit for step in took}, known["accused"]),
    )  # fmt: skip


def _kept_out(runtime: Runtime, units: set[str], accused: list[str]) -> frozenset[str]:
    directory = resources.of(runtime).units
    known = [directory.units[code] for code in units if code in directory.units]
    return frozenset(unit.code for unit in known if directory.is_kept_from(unit, accused))


def _day(at: datetime) -> date:
    return at.astimezone(CHINA).date()
