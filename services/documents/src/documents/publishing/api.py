"""HTTP face of publications before they are public: parse, call a use case, answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row

from documents import access, resources
from documents.faces import Office, Reader, runtime_of
from documents.publishing import checking, domain, models, releasing, store, usecases
from documents.publishing.checking import Content
from documents.publishing.domain import Reviewer, State
from documents.publishing.policies import labels_of
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime

router = APIRouter(prefix="/api/documents/v1/publications", route_class=IdempotentRoute, tags=["documents"])
Reviewing = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Leader = Annotated[Principal, allow("leader")]
MOST = 200  # hits that are told at once
Turn = Annotated[bool, Query(description="only those whose next review the caller may do")]


@router.post("", status_code=201, dependencies=[Idempotent])
async def begin_publication(
    request: Request, session: Db, writer: Office, body: models.PublicationIn
) -> models.PublicationOut:
    """Begin something that is to be public (信息公开): answers to common questions, rules, reports, case examples."""
    runtime = runtime_of(request)
    return await _shown(runtime, session, await usecases.begin(runtime, session, writer, body), writer)


@router.get("")
async def list_publications(
    request: Request, session: Db, reader: Reader, state: State | None = None, turn: Turn = False, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[models.PublicationRow]:  # fmt: skip
    """What is written, reviewed and public, the newest first, as far as the caller may read it."""
    runtime = runtime_of(request)
    policy = resources.of(runtime).publishing if turn else None
    rows = await store.listed(session, reader, state=state, turn=policy, before=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[_row(runtime, row) for row in rows[:limit]], next=more)


@router.get("/{publication_id}")
async def read_publication(
    request: Request, session: Db, reader: Reader, publication_id: UUID
) -> models.PublicationOut:
    """With its text, what the check finds in it, and its reviews. The reading is recorded."""
    runtime = runtime_of(request)
    row = await usecases.found(session, publication_id, reader)
    access.note(runtime, session, reader, row.id, "read-publication", read=str(row.version))
    return await _shown(runtime, session, row, reader)


@router.put("/{publication_id}")
async def save_publication(
    request: Request, session: Db, writer: Office, publication_id: UUID, body: models.PublicationChange
) -> models.PublicationOut:
    """Save the next version. All versions are kept."""
    runtime, content = runtime_of(request), Content(**body.content.model_dump())
    row = await usecases.save(runtime, session, writer, publication_id, body.version, content, body.paper_id)
    return await _shown(runtime, session, row, writer)


@router.post("/{publication_id}/explanations", dependencies=[Idempotent])
async def explain_hit(
    request: Request, session: Db, writer: Office, publication_id: UUID, body: models.ExplanationIn
) -> models.PublicationOut:
    """Say why something that the check finds may be public; whoever does has a part in it and reviews it no more."""
    runtime = runtime_of(request)
    await usecases.explain(runtime, session, writer, publication_id, body.mark, body.reason)
    return await _again(runtime, session, publication_id, writer)


@router.post("/{publication_id}/submission", dependencies=[Idempotent])
async def send_publication(
    request: Request, session: Db, writer: Office, publication_id: UUID, body: models.SubmissionIn
) -> models.PublicationOut:
    """Send it to be reviewed (送审); refused while the check finds what nobody removed or explained."""
    runtime = runtime_of(request)
    await usecases.submit(runtime, session, writer, publication_id, body.version)
    return await _again(runtime, session, publication_id, writer)


@router.post("/{publication_id}/decisions", dependencies=[Idempotent])
async def review_publication(
    request: Request, session: Db, who: Reviewing, publication_id: UUID, body: models.DecisionIn
) -> models.PublicationOut:
    """Approve a step (初审, 复审, 终审; two more of what is sensitive) or return it; the last approval publishes."""
    runtime = runtime_of(request)
    await usecases.decide(runtime, session, who, publication_id, body.round, body.step, body.reason)
    return await _again(runtime, session, publication_id, who)


@router.post("/{publication_id}/flag", dependencies=[Idempotent])
async def flag_publication(
    request: Request, session: Db, who: Reviewing, publication_id: UUID
) -> models.PublicationOut:
    """Call it sensitive (敏感): two more approve it. Nobody takes that back."""
    runtime = runtime_of(request)
    await usecases.flag(runtime, session, who, publication_id)
    return await _again(runtime, session, publication_id, who)


@router.post("/{publication_id}/withdrawal", dependencies=[Idempotent])
async def withdraw_publication(
    request: Request, session: Db, leader: Leader, publication_id: UUID, body: models.WithdrawalIn
) -> models.PublicationOut:
    """Take what is public out of sight (撤稿); it stays in the records."""
    runtime = runtime_of(request)
    await releasing.withdraw(runtime, session, leader, publication_id, body.reason)
    return await _again(runtime, session, publication_id, leader)


async def _again(runtime: Runtime, session: Session, publication_id: UUID, who: Principal) -> models.PublicationOut:
    return await _shown(runtime, session, await usecases.found(session, publication_id, who), who)


def _named(runtime: Runtime, name: str) -> models.Named:
    if name == domain.BY_HAND:
        return models.Named(name=name, zh="人工标注", en="By hand")
    zh, en = labels_of(resources.of(runtime).publishing).get(name, (name, name))
    return models.Named(name=name, zh=zh, en=en)


def _row(runtime: Runtime, row: Row[Any]) -> models.PublicationRow:
    standing = row.state if row.published_at is None else "public"
    if row.superseded_by is not None:
        standing = "superseded"
    if row.withdrawn_at is not None:
        standing = "withdrawn"
    return models.PublicationRow(
        id=row.id, kind=row.kind, title=usecases.content_of(runtime, row).title, unit=row.unit, state=row.state,
        standing=standing, version=row.version, round=row.round, step=row.step and _named(runtime, row.step),
        sensitive=row.sensitive, saved_by=row.saved_by, saved_at=row.saved_at, published_at=row.published_at,
    )  # fmt: skip


async def _shown(runtime: Runtime, session: Session, row: Row[Any], reader: Principal) -> models.PublicationOut:
    content, policy = usecases.content_of(runtime, row), resources.of(runtime).publishing
    standing = await usecases.standing_of(session, row)
    found = [] if row.state == "published" else await checking.found_in(runtime, session, row, content)
    hits = sorted(found, key=lambda each: each.explanation is not None)[:MOST]
    public = row.published_at is not None and row.withdrawn_at is None and row.superseded_by is None
    own = row.unit == reader.unit and bool(reader.roles & {"clerk", "handler", "leader"})
    return models.PublicationOut(
        **_row(runtime, row).model_dump(exclude={"title"}), title=content.title, body=content.body,
        correction=content.correction, petition_id=row.petition_id, paper_id=row.paper_id, supersedes=row.supersedes,
        topics=[_named(runtime, name) for name in row.topics], begun_by=row.begun_by,
        hits=[_hit(runtime, row.id, each) for each in hits],
        required=[_named(runtime, step.name) for step in policy.required(sensitive=row.sensitive)],
        decisions=[_decision(runtime, each) for each in await store.decided(session, row.id)],
        may_write=own and row.state == "draft",
        may_review=_may_review(runtime, row, standing, reader),
        may_withdraw=public and releasing.may_withdraw(runtime, row, reader),
        withdrawn_because=row.withdrawn_because
        and runtime.keyring.decrypt(row.withdrawn_because, store.withdrawal_binding(row.id)),
    )  # fmt: skip


def _may_review(runtime: Runtime, row: Row[Any], standing: domain.Standing, reader: Principal) -> bool:
    by = Reviewer(reader.subject, reader.roles, row.unit == reader.unit)
    try:
        domain.approve(standing, resources.of(runtime).publishing, row.step or "", by)
    except Refused:
        return False
    return True


def _hit(runtime: Runtime, publication_id: UUID, found: checking.Found) -> models.Hit:
    said = found.explanation
    binding = store.explanation_binding(publication_id, found.mark)
    return models.Hit(
        mark=found.mark, rule=found.hit.rule, excerpt=found.hit.excerpt,
        reason=said and runtime.keyring.decrypt(said.reason, binding), explained_by=said and said.explained_by,
    )  # fmt: skip


def _decision(runtime: Runtime, row: Row[Any]) -> models.DecisionRow:
    binding = store.decision_binding(row.publication_id, row.round, row.account)
    return models.DecisionRow(
        round=row.round, step=_named(runtime, row.step), decision=row.decision, account=row.account, unit=row.unit,
        reason=row.reason and runtime.keyring.decrypt(row.reason, binding), decided_at=row.decided_at,
    )  # fmt: skip
