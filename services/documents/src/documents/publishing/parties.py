"""What documents knows of a case that must not stand in an example made of it: names, addresses, accused units."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from documents import resources
from documents.pages.fields import propose
from documents.pages.sealing import text_of
from documents.pages.tables import bundles, page_texts
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.publishing.hits import Known, names_in
from documents.tables import petitions
from kit.crypto import Keyring
from kit.db import Session
from kit.runtime import Runtime

# sections of papers that name people; those who work for an office (presiding, mediator) are no parties
NAMING = ("addressee", "petitioner", "party_a", "party_b", "participants")
MOST_PAPERS, MOST_PAGES = 500, 2000


async def known_of(runtime: Runtime, session: Session, petition_id: UUID | None) -> Known:
    """Nothing where no case is named. What is read here is compared, and told to nobody."""
    if petition_id is None:
        return Known()
    found = select(papers.c.id, papers.c.content).where(papers.c.petition_id == petition_id).limit(MOST_PAPERS)
    written = (await session.sql.execute(found)).all()
    query = select(page_texts).join(bundles, bundles.c.id == page_texts.c.bundle_id)
    query = query.where(bundles.c.petition_id == petition_id).limit(MOST_PAGES)
    read = (await session.sql.execute(query)).all()
    accused = select(petitions.c.registered_accused, petitions.c.case_accused).where(petitions.c.id == petition_id)
    codes = [code for column in (await session.sql.execute(accused)).one() for code in column]
    names, addresses = await resources.of(runtime).threads.run(_people, runtime.keyring, written, read)
    units = resources.of(runtime).units.units
    return Known(names, addresses, frozenset(units[code].name if code in units else code for code in codes))


def _people(ring: Keyring, written: Sequence[Any], read: Sequence[Any]) -> tuple[frozenset[str], frozenset[str]]:
    named: list[str] = []
    for row in written:
        sections = json.loads(ring.decrypt(row.content, content_binding(row.id)))
        named += [value for name in NAMING for value in _lines(sections.get(name))]
    said = propose([text_of(ring, row) for row in read])
    names = names_in([*named, *(each.value for each in said if each.field == "name")])
    return frozenset(names), frozenset(each.value for each in said if each.field == "address")


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(line) for line in value]
    return [value] if isinstance(value, str) else []
