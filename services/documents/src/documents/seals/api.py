"""HTTP face of official papers, of the register of numbers, and of seals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Row

from documents import resources
from documents.access import is_readable
from documents.faces import HIGHEST, PREFIX, Reader, runtime_of
from documents.files.downloads import Download
from documents.seals import domain, store, usecases
from documents.seals.models import NumberRow, RetireIn, Seal, SealedPaper, SealIn, SealState, Standing
from kit.auth import Principal, allow, public
from kit.crypto import CODE_LETTERS
from kit.db import Db, Session
from kit.errors import CATALOGUE, Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, after_place, cursor_of, cursor_of_place
from kit.runtime import Runtime

ROOT = "/api/documents/v1"
router = APIRouter(route_class=IdempotentRoute, tags=["documents"])
Leader = Annotated[Principal, allow("leader")]
Office = Annotated[Principal, allow("leader", "operator")]
Watcher = Annotated[Principal, allow("leader", "operator", "supervisor")]
Code = Annotated[str, Path(pattern=f"^[{CODE_LETTERS}]{{{domain.CODE_LENGTH}}}$")]
UnitCode = Annotated[str | None, Query(max_length=64, description="code of a unit")]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(PREFIX + "/papers/{paper_id}/seal", status_code=202, dependencies=[Idempotent])
async def ask_for_seal(
    request: Request, session: Db, leader: Leader, petition_id: UUID, paper_id: UUID, body: SealIn
) -> SealState:
    """Have a paper of the own unit sealed (用印), or one that corrects a sealed one. It is done within seconds; an
    opinion is sealed by itself when it has been approved.
    """
    runtime = runtime_of(request)
    await usecases.ask_for_seal(
        runtime, session, leader, petition_id, paper_id, supersedes=body.supersedes, reason=body.reason
    )
    return SealState(paper_id=paper_id, state="waiting")


@router.get(PREFIX + "/papers/{paper_id}/seal")
async def seal_state(session: Db, reader: Reader, petition_id: UUID, paper_id: UUID) -> SealState:
    """Whether a paper is sealed, or why it still waits."""
    if not await is_readable(session, petition_id, reader):
        raise Refused("not-found")
    return await _state_of(session, petition_id, paper_id, reader)


async def _state_of(session: Session, petition_id: UUID, paper_id: UUID, reader: Principal) -> SealState:
    sealed = await store.find_sealed(session, petition_id, paper_id, reader)
    if sealed is not None:
        state = "sealed" if sealed.superseded_by is None else "superseded"
        return SealState(paper_id=paper_id, state=state, number=sealed.number, sealed_at=sealed.sealed_at)
    job = await store.job_of(session, paper_id)
    if job is None or job.paper_id != paper_id:
        return SealState(paper_id=paper_id, state="none")
    why = CATALOGUE.get(job.reason or "")
    return SealState(paper_id=paper_id, state="waiting", why_zh=why and why.zh, why_en=why and why.en)


@router.get(PREFIX + "/papers/{paper_id}/sealed", response_class=Response, responses=PDF)
async def read_sealed(request: Request, reader: Reader, petition_id: UUID, paper_id: UUID) -> Download:
    """The official paper, as PDF. The reading is recorded."""
    row, content = await usecases.read_sealed(runtime_of(request), reader, petition_id, paper_id)
    return Download(
        content, name=f"{row.number}.pdf", media_type="application/pdf", size=row.bytes, sha256=row.sha256
    )  # fmt: skip


@router.get(PREFIX + "/sealed-papers")
async def list_sealed(
    request: Request, session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[SealedPaper]:
    """Official papers of a petition, the newest first: what corrects a paper stands before it."""
    if not await is_readable(session, petition_id, reader):
        raise Refused("not-found")
    seen = after(cursor)
    before = HIGHEST if seen is None else min(seen.int, HIGHEST)
    rows = await store.sealed_of(session, petition_id, reader, before=before, limit=limit)
    more = cursor_of(UUID(int=rows[limit - 1].version)) if len(rows) > limit else None
    runtime = runtime_of(request)
    return Page(items=[_sealed(runtime, row) for row in rows[:limit]], next=more)


def _sealed(runtime: Runtime, row: Row[Any]) -> SealedPaper:
    return SealedPaper(
        paper_id=row.paper_id, petition_id=row.petition_id, kind=row.kind, unit=row.unit, unit_name=row.unit_name,
        number=row.number, issued_on=row.issued_on, sha256=row.sha256, bytes=row.bytes, sealed_at=row.sealed_at,
        verify_path=f"/verify/{row.code}", supersedes=row.supersedes, reason=usecases.reason_of(runtime, row),
        superseded_by=row.superseded_by, superseded_by_number=row.superseded_by_number,
    )  # fmt: skip


@router.get(ROOT + "/numbers")
async def list_numbers(
    session: Db, reader: Reader, unit: UnitCode = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[NumberRow]:
    """The register of numbers (发文登记) of a unit, by default the own, the last first."""
    before = after_place(cursor)
    rows = await store.numbers_of(session, unit or reader.unit, reader, before=before, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else cursor_of_place(last.taken_at, last.paper_id)
    return Page(items=[_number(row) for row in rows[:limit]], next=more)


def _number(row: Row[Any]) -> NumberRow:
    state = "waiting" if row.sealed_at is None else "superseded" if row.superseded_by else "sealed"
    return NumberRow(
        number=row.text, series=row.series, unit=row.unit, issued_on=row.issued_on, taken_at=row.taken_at,
        paper_id=row.paper_id, petition_id=None if row.office_unit else row.petition_id, kind=row.kind, state=state,
        sha256=row.sha256,
        sealed_at=row.sealed_at, asked_by=row.asked_by, case_version=row.case_version, supersedes=row.supersedes,
    )  # fmt: skip


@router.get(ROOT + "/seals")
async def list_seals(request: Request, session: Db, reader: Watcher) -> list[Seal]:
    """Seals of the units in the caller's region, those no longer in use too."""
    return [_seal(row) for row in await usecases.seals_near(runtime_of(request), session, reader)]


@router.post(ROOT + "/seals/{seal_id}/retirement", dependencies=[Idempotent])
async def retire_seal(request: Request, session: Db, who: Office, seal_id: UUID, body: RetireIn) -> Seal:
    """Take a seal out of use (停用); papers that bear it stand. A new one is registered at the node."""
    return _seal(await usecases.retire_seal(runtime_of(request), session, who, seal_id, body.reason))


def _seal(row: Row[Any]) -> Seal:
    return Seal(
        id=row.id, unit=row.unit, name=row.name, word=row.word, version=row.version, valid_until=row.valid_until,
        registered_by=row.registered_by, registered_at=row.registered_at, retired_at=row.retired_at,
        retired_because=row.reason,
    )  # fmt: skip


@router.get(ROOT + "/verifications/{code}", dependencies=[public()])
async def verify(request: Request, session: Db, code: Code) -> Standing:
    """Whether a paper with this code was sealed here, and still stands. Open to everybody who has the paper."""
    resources.of(runtime_of(request)).verifications.take()
    row = await store.by_code(session, code)
    if row is None:
        raise Refused("not-found")
    return Standing(
        number=row.number, unit_name=row.unit_name, kind=row.kind, issued_on=row.issued_on, sha256=row.sha256,
        standing="stands" if row.superseded_by is None else "superseded",
        superseded_by_number=row.superseded_by_number,
    )  # fmt: skip
