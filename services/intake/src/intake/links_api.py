"""HTTP face of recognising and linking petitions."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row

from intake import linking, recognising, repeats_store, store
from intake.api import PetitionId, Reader, Registrar, person_of, runtime_of
from intake.links_models import (
    NO_LONGER_ACCEPTED,
    REASONS,
    CandidatesIn,
    InChain,
    LinkChange,
    Linked,
    LinksOut,
    ProposalOut,
    RepeatIn,
    Told,
    UndoIn,
)
from intake.recognising import Proposed
from intake.terminated_store import Concluded
from kit.auth import Principal
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute, Keyed

# action on a case -> the change of links that it is
MERGING = {"merge": "merged", "unmerge": "unmerged"}
router = APIRouter(prefix="/api/intake/v1/petitions", route_class=IdempotentRoute, tags=["intake"])


@router.post("/candidates", dependencies=[Keyed])
async def propose_before_registering(
    request: Request, session: Db, principal: Registrar, body: CandidatesIn
) -> list[ProposalOut]:
    """Earlier petitions that may be of the same people or about the same matter as one to be registered, best first.

    It reads only; it is a POST so that no identity number stands in an address.
    """
    runtime = runtime_of(request)
    people = [person_of(person) for person in body.petitioners]
    wanted = recognising.sought(runtime, people, body.title, body.content)
    return _shown(await recognising.propose(runtime, session, principal, wanted))


@router.get("/{petition_id}/candidates")
async def propose(request: Request, session: Db, principal: Reader, petition_id: PetitionId) -> list[ProposalOut]:
    """The same for a petition that is here: registered on the web, or received from another node."""
    wanted = await recognising.sought_for(session, petition_id, principal)
    return _shown(await recognising.propose(runtime_of(request), session, principal, wanted))


@router.post("/{petition_id}/link-repeat", dependencies=[Idempotent])
async def link_repeat(
    request: Request, response: Response, session: Db, principal: Registrar, petition_id: PetitionId, body: RepeatIn
) -> LinksOut:
    """Recognise a petition as a repeat (重复信访) of an earlier one."""
    done = await linking.link_repeat(runtime_of(request), session, petition_id, body.repeat_of, principal, body.reason)
    return await _answer(response, session, petition_id, principal, done=done)


@router.post("/{petition_id}/unlink-repeat", dependencies=[Idempotent])
async def unlink_repeat(
    request: Request, response: Response, session: Db, principal: Registrar, petition_id: PetitionId, body: UndoIn
) -> LinksOut:
    """It was no repeat after all."""
    done = await linking.unlink_repeat(runtime_of(request), session, petition_id, principal, body.reason)
    return await _answer(response, session, petition_id, principal, done=done)


@router.get("/{petition_id}/links")
async def read_links(session: Db, principal: Reader, petition_id: PetitionId) -> LinksOut:
    """The chain of repeats a petition stands in, what it leads or is merged into, and who decided so."""
    return await _links(session, petition_id, principal)


async def _answer(
    response: Response, session: Session, petition_id: PetitionId, principal: Principal, *, done: bool
) -> LinksOut:
    """202 with the links as they still are where the registering node was asked to change them."""
    if not done:
        response.status_code = 202
    return await _links(session, petition_id, principal)


async def _links(session: Session, petition_id: PetitionId, principal: Principal) -> LinksOut:
    scope, line = principal.region, principal.line
    row = await store.find(session, petition_id, scope, line)
    if row is None:
        raise Refused("not-found")
    await session.flush()
    changes = await _changes(session, petition_id)
    whole = [each["id"] for each in (await repeats_store.chains(session, [petition_id]))[petition_id]]
    kept = await repeats_store.kept(session, line, [*whole, *(each.other_id for each in changes if each.other_id)])
    chain = [each for each in whole if each not in kept]
    shown = await repeats_store.related(session, scope, line, chain, petition_id)
    ordinals = {other: place for place, other in enumerate(chain, start=1)}
    return LinksOut(
        petition_id=row.id,
        repeat_of=row.repeat_of,
        first_of=chain[0],
        ordinal=ordinals[row.id],
        terminated_before=row.terminated_before,
        chain=[InChain(**_line(each), ordinal=ordinals[each.id]) for each in shown if each.id in ordinals],
        merged_into=row.merged_into,
        members=[Linked(**_line(each)) for each in shown if each.merged_into == petition_id],
        history=[each for each in changes if each.other_id not in kept],
    )


async def _changes(session: Session, petition_id: PetitionId) -> list[LinkChange]:
    """Repeats were linked here; cases are merged in routing, whose events tell which unit did it and when."""
    rows = await repeats_store.changes_of(session, petition_id)
    found = [LinkChange.model_validate(row, from_attributes=True) for row in rows]
    lead: UUID | None = None
    for step in await store.steps_of(session, petition_id):
        lead = step.merged_into or lead
        if step.action in MERGING:
            told = {"change": MERGING[step.action], "other_id": lead, "unit": step.unit, "at": step.at}
            found.append(LinkChange.model_validate({**told, "subject": None, "reason": None}))
    return sorted(found, key=lambda change: change.at)


def _line(row: "Row[object] | Concluded") -> dict[str, object]:
    return {
        "petition_id": row.id, "number": row.number, "title": row.title, "state": row.state,
        "registered_at": row.registered_at,
    }  # fmt: skip


def _shown(proposed: list[Proposed]) -> list[ProposalOut]:
    return [
        ProposalOut.model_validate(
            {
                **_line(each.row),
                "score": round(each.proposal.found.score, 1),
                "likely": each.proposal.likely,
                "reasons": [_told(reason, REASONS[reason]) for reason in each.proposal.reasons],
                "terminated": each.terminated,
                "advice": _told("no-longer-accepted", NO_LONGER_ACCEPTED) if each.terminated else None,
            }
        )
        for each in proposed
    ]


def _told(code: str, words: tuple[str, str]) -> Told:
    return Told(code=code, zh=words[0], en=words[1])
