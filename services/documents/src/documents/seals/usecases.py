"""What can be done with seals: ask for one, see how it stands, read what was sealed; register and retire a seal."""

import json
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from documents import access, resources
from documents.files import downloads
from documents.papers import store as papers_store
from documents.papers.store import Filed
from documents.papers.usecases import content_binding
from documents.seals import store
from documents.seals.domain import LONGEST_WAIT, Draft, Sealer, check_sealable
from documents.seals.working import CHANNEL, usable_seal
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime

APPROVED = "routing.case.opinion-approved.v1"


async def on_approved(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Papers whose last approver has approved are to be sealed: by the node that wrote them, with the seal of the unit
    whose opinion it is.
    """
    told = [
        (paper_id, event.subject, event.data.handler_unit, event.version, event.data.last.at)
        for event in events
        if event.node == runtime.node and event.data.state == "opinion-approved"
        for paper_id in event.data.papers
    ]
    if told:
        ids, petitions, units, versions, at = (list(column) for column in zip(*told, strict=True))
        now = runtime.wall.now()
        await session.raw.execute(store.ASK_APPROVED, ids, petitions, units, versions, now, at, LONGEST_WAIT)
        session.wake.add(CHANNEL)


async def ask_for_seal(
    runtime: Runtime, session: Session, leader: Principal, petition_id: UUID, paper_id: UUID, *,
    supersedes: UUID | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Have a paper of the own unit sealed that no approval chain decides on; supersedes: the sealed one it corrects.

    Raises Refused: "not-found", "sealed-already", "superseded-already", "no-seal", "seal-expired", and those of
    `check_sealable`.
    """
    if await access.lock(session, petition_id, leader) is None:
        raise Refused("not-found")
    paper = await papers_store.find_paper(session, petition_id, paper_id, leader)
    if paper is None:
        raise Refused("not-found")
    older = None if supersedes is None else await to_correct(session, petition_id, supersedes, leader)
    corrected = None if older is None else sealable(runtime, older)
    check_sealable(sealable(runtime, paper), Sealer(leader.subject, leader.unit), corrected)
    if await store.sealed_of_any(session, paper_id) or await store.job_of(session, paper_id):
        raise Refused("sealed-already")
    await usable_seal(session, paper.unit, runtime.wall.now())
    now = runtime.clock.now()
    correction = reason and runtime.keyring.encrypt(reason, store.correction_binding(paper_id))
    await store.ask(
        session, paper_id=paper_id, petition_id=petition_id, unit=paper.unit, asked_by=leader.subject, asked_at=now,
        supersedes=supersedes, correction=correction, due_at=runtime.wall.now(),
    )  # fmt: skip
    access.note(runtime, session, leader, petition_id, "ask-seal", paper=str(paper_id))
    session.wake.add(CHANNEL)


async def to_correct(session: Session, petition_id: UUID, paper_id: UUID, leader: Principal) -> Row[Any]:
    """The paper that is to be corrected: sealed, and not superseded yet. Raises Refused."""
    sealed = await store.find_sealed(session, petition_id, paper_id, leader)
    if sealed is None:
        raise Refused("not-a-correction")
    if sealed.superseded_by is not None or await store.job_of(session, paper_id):
        raise Refused("superseded-already")
    paper = await papers_store.find_paper(session, petition_id, paper_id, leader)
    if paper is None:
        raise Refused("not-a-correction")
    return paper


def sealable(runtime: Runtime, row: Row[Any] | Filed) -> Draft:
    """A paper as the rules of sealing look at it."""
    text: dict[str, Any] = json.loads(runtime.keyring.decrypt(row.content, content_binding(row.id)))
    return Draft(row.id, row.petition_id, row.kind, row.unit, row.written_by, text.get("outcome"))


async def read_sealed(
    runtime: Runtime, reader: Principal, petition_id: UUID, paper_id: UUID
) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:
    """The official paper as PDF; the reading is recorded first. Raises Refused: "not-found", "content-damaged"."""
    async with runtime.database.transaction() as session:
        row = await store.find_sealed(session, petition_id, paper_id, reader)
        if row is None:
            raise Refused("not-found")
        access.note(runtime, session, reader, petition_id, "read-sealed-paper", paper=str(paper_id))
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.sha256), paper_id)
    return row, await downloads.begun(content)


def reason_of(runtime: Runtime, row: Row[Any]) -> str | None:
    """Why a paper corrects another, in clear."""
    if row.correction is None:
        return None
    return runtime.keyring.decrypt(row.correction, store.correction_binding(row.paper_id))


async def seals_near(runtime: Runtime, session: Session, reader: Principal) -> Sequence[Row[Any]]:
    """All seals of the units in the reader's region, those no longer in use too."""
    units = [each.code for each in resources.of(runtime).units.units.values() if lies_in(each.region, reader.region)]
    return await store.seals_of(session, units)


async def retire_seal(runtime: Runtime, session: Session, who: Principal, seal_id: UUID, reason: str) -> Row[Any]:
    """A seal is used no more; papers that bear it stand. A leader retires that of the own unit, an operator any of the
    own region. Raises Refused: "not-found", "seal-retired".
    """
    row = await store.seal(session, seal_id)
    unit = None if row is None else resources.of(runtime).units.units.get(row.unit)
    mine = unit is not None and (
        unit.code == who.unit or ("operator" in who.roles and lies_in(unit.region, who.region))
    )
    if row is None or not mine:
        raise Refused("not-found")
    if row.retired_at is not None:
        raise Refused("seal-retired")
    await retire(session, row.id, row.unit, reason, by=who.subject, at=runtime.clock.now())
    found = await store.seal(session, seal_id)
    if found is None:
        raise Refused("not-found")
    return found


async def retire(session: Session, seal_id: UUID, unit: str, reason: str, *, by: str, at: datetime) -> None:
    """Raises IntegrityError when another was faster."""
    await store.retire(session, seal_id=seal_id, reason=reason, retired_by=by, retired_at=at)
    audit.note(session, "retire-seal", subject=seal_id, at=at, actor=by, unit=unit, reason=reason)
