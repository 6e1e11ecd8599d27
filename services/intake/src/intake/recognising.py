"""Recognising a matter that was raised before: what is proposed to the clerk, who decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from intake import repeats, repeats_store, resources, similarity, store, terminated_store
from intake.domain import Petitioner
from intake.repeats import Found, Proposal
from intake.terminated_store import Concluded
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

OF_ONE_PERSON = 50  # newest petitions compared; who has raised more is known to the clerk


@dataclass(frozen=True, slots=True)
class Proposed:
    """terminated: that matter went through re-review, so it is no longer accepted (Art 36). row: what may be shown."""

    proposal: Proposal
    row: Row[Any] | Concluded
    terminated: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """Blind indexes of the people, and what they say. but: the petition itself, which is no proposal."""

    id_indexes: Sequence[bytes]
    phone_indexes: Sequence[bytes]
    text: str
    but: UUID | None = None


def sought(runtime: Runtime, people: Sequence[Petitioner], title: str, content: str) -> Sought:
    ring = runtime.keyring
    return Sought(
        [index for person in people if (index := store.id_index(ring, person))],
        [index for person in people if (index := store.phone_index(ring, person))],
        title + content,
    )


async def sought_for(session: Session, petition_id: UUID, principal: Principal) -> Sought:
    """For a petition that is here: registered before its likes came in, or received from another node.

    Raises Refused("not-found").
    """
    row = await store.find(session, petition_id, principal.region, principal.line)
    if row is None:
        raise Refused("not-found")
    ids, phones = await repeats_store.indexes_of(session, petition_id)
    return Sought(ids, phones, (row.title or "") + (row.content or ""), petition_id)


async def propose(runtime: Runtime, session: Session, principal: Principal, wanted: Sought) -> list[Proposed]:
    """Petitions within the caller's scope that may be of the same people or about the same matter; and of matters of
    these people that went through re-review, wherever they were registered, the number (Art 36).

    The people are found by index, then only their petitions and the newest ones are compared: the cost is bounded.
    """
    settings = resources.of(runtime).settings
    scope, line = principal.region, principal.line
    found = await repeats_store.of_people(
        session, scope, line, id_indexes=wanted.id_indexes, phone_indexes=wanted.phone_indexes, limit=OF_ONE_PERSON
    )
    for row in await repeats_store.newest(session, scope, line, settings.similar_among):
        found.setdefault(row.id, (row, False, False))
    compared = [
        Found(row.id, by_id, by_phone, similarity.score(wanted.text, row.title + row.content))
        for row, by_id, by_phone in found.values()
        if row.id != wanted.but
    ]
    beyond = {each.id: (each, score) for each, score in await concluded(session, wanted, line) if each.id not in found}
    compared += [Found(each.id, each.by_id, each.by_phone, score) for each, score in beyond.values()]
    proposals = repeats.propose(
        compared, same_matter=settings.repeat_score, mass_similar=settings.merge_score, most=settings.proposals
    )
    terminated = await terminated_among(session, [each.found.id for each in proposals]) | beyond.keys()
    shown: dict[UUID, Row[Any] | Concluded] = {key: row for key, (row, _, _) in found.items()}
    shown |= {key: row for key, (row, _) in beyond.items()}
    return [Proposed(each, shown[each.found.id], each.found.id in terminated) for each in proposals]


async def concluded(session: Session, wanted: Sought, line: Sequence[str]) -> list[tuple[Concluded, float]]:
    """Matters of these people that went through re-review, whoever may read them, and how alike the texts are: those
    whose petition file is here, and what the node at the top has answered.
    """
    here = await terminated_store.here(session, wanted.id_indexes, wanted.phone_indexes, line, OF_ONE_PERSON)
    found = [(each, similarity.score(wanted.text, said)) for each, said in here if each.id != wanted.but]
    if wanted.but is None:
        return found
    return [*found, *await terminated_store.elsewhere(session, wanted.but, line, OF_ONE_PERSON)]


async def terminated_among(session: Session, petition_ids: Sequence[UUID]) -> set[UUID]:
    """Those whose matter went through re-review: they themselves, or another one of their chain (Art 36)."""
    chains = await repeats_store.chains(session, petition_ids)
    return {start for start, chain in chains.items() if any(row["terminated"] for row in chain)}
