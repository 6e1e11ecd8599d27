"""What can be done with publications before they are public: written, checked, explained, sent, reviewed, flagged."""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.office import store as office
from documents.papers.domain import canonical
from documents.papers.shown import parts
from documents.papers.usecases import read_paper
from documents.publishing import domain, store
from documents.publishing.checking import Content, found_in, topics_of
from documents.publishing.domain import Reviewer, Standing
from documents.publishing.models import PublicationIn
from documents.publishing.releasing import publish
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

MOST_VERSIONS = 500
WATCHING = frozenset({"leader", "supervisor"})


async def found(session: Session, publication_id: UUID, reader: Principal, *, lock: bool = False) -> Row[Any]:
    """Raises Refused("not-found")."""
    row = await store.find(session, publication_id, reader, lock=lock)
    if row is None:
        raise Refused("not-found")
    return row


async def standing_of(session: Session, row: Row[Any]) -> Standing:
    decided = await store.decided(session, row.id)
    approvals = {each.step: each.account for each in decided if each.round == row.round and each.decision == "approve"}
    authors = await store.authors(session, row.id) | {row.begun_by}
    return Standing(row.state, row.version, row.round, row.sensitive, authors, approvals)


def content_of(runtime: Runtime, row: Row[Any]) -> Content:
    """The text of a row's newest version."""
    return Content(**json.loads(runtime.keyring.decrypt(row.content, store.version_binding(row.id, row.version))))


async def begin(runtime: Runtime, session: Session, writer: Principal, asked: PublicationIn) -> Row[Any]:
    """Begin a draft: with what is sent, with the text of a paper of the case, or with what it supersedes.

    Raises Refused: "not-found", "publication-not-public", "publication-paper", "invalid-input", "not-allowed".
    """
    if asked.petition_id is not None and not await access.is_readable(session, asked.petition_id, writer):
        raise Refused("not-found")
    content = await _beginning(runtime, session, writer, asked)
    await check_paper(session, asked.paper_id, writer)
    folder = await office.folder_of(session, writer)
    if folder is None:
        await office.begin_folder(session, runtime.ids.new(), writer)
        folder = await office.folder_of(session, writer)
    publication_id, at = runtime.ids.new(), runtime.clock.now()
    await store.add(
        session, id=publication_id, folder_id=folder, unit=writer.unit, kind=asked.kind, petition_id=asked.petition_id,
        paper_id=asked.paper_id, supersedes=asked.supersedes, state="draft", version=1, round=0, step=None,
        sensitive=False, topics=[], begun_by=writer.subject, begun_at=at, saved_by=writer.subject, saved_at=at,
    )  # fmt: skip
    await _keep(runtime, session, publication_id, 1, content, writer)
    access.note(runtime, session, writer, publication_id, "begin-publication", kind=asked.kind)
    return await found(session, publication_id, writer)


async def _beginning(runtime: Runtime, session: Session, writer: Principal, asked: PublicationIn) -> Content:
    if asked.supersedes is not None:
        return await _superseded(runtime, session, writer, asked)
    if asked.content is not None:
        return Content(**asked.content.model_dump())
    if asked.petition_id is None or asked.case_paper_id is None:
        raise Refused("invalid-input", errors=[{"field": "body.content", "reason": "is required (必填)"}])
    row, sections = await read_paper(runtime, session, writer, asked.petition_id, asked.case_paper_id)
    known = resources.of(runtime).templates.templates.get(row.template or f"{row.kind}/1")
    body = "\n\n".join(f"{part.title}\n{part.zh}" for part in parts(known, sections))
    return Content("典型案例", body[:50_000])


async def _superseded(runtime: Runtime, session: Session, writer: Principal, asked: PublicationIn) -> Content:
    older = None if asked.supersedes is None else await store.find(session, asked.supersedes, writer)
    if older is None or (older.unit, older.kind) != (writer.unit, asked.kind):
        raise Refused("not-found")
    if older.published_at is None or older.withdrawn_at is not None or older.superseded_by is not None:
        raise Refused("publication-not-public")
    return content_of(runtime, older) if asked.content is None else Content(**asked.content.model_dump())


async def check_paper(session: Session, paper_id: UUID | None, writer: Principal) -> None:
    """Raises Refused("publication-paper") for what is no sealed paper of the own unit, or was superseded."""
    row = None if paper_id is None else await office.paper(session, paper_id, writer)
    if paper_id is None or (row and row.unit == writer.unit and row.sealed_at and not row.superseded_by):
        return
    raise Refused("publication-paper")


async def save(
    runtime: Runtime, session: Session, writer: Principal, publication_id: UUID, version: int, content: Content,
    paper_id: UUID | None,
) -> Row[Any]:  # fmt: skip
    """Save the next version over this one; the same content sent again is the same version.

    Raises Refused: "not-found", "not-allowed", "version-conflict", "publication-in-review", "publication-out",
    "publication-paper", "draft-too-long".
    """
    row = await _own(session, publication_id, writer)
    same = (content_of(runtime, row), row.paper_id) == (content, paper_id)
    if same and row.version in {version, version + 1}:
        return row
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    if row.version >= MOST_VERSIONS:
        raise Refused("draft-too-long", versions=MOST_VERSIONS)
    after = domain.save(await standing_of(session, row), writer.subject)
    await check_paper(session, paper_id, writer)
    await _keep(runtime, session, row.id, after.version, content, writer)
    await store.change(
        session, row.id, version=after.version, paper_id=paper_id, saved_by=writer.subject,
        saved_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(runtime, session, writer, row.id, "save-publication", after.version)
    return await found(session, publication_id, writer)


async def explain(
    runtime: Runtime, session: Session, writer: Principal, publication_id: UUID, mark: str, reason: str
) -> None:
    """Answer for something that the check finds: it may be public. Once for each.

    Raises Refused: as `save`, "no-such-hit".
    """
    row = await _own(session, publication_id, writer)
    domain.explain(await standing_of(session, row), writer.subject)
    hits = {each.mark: each for each in await found_in(runtime, session, row, content_of(runtime, row))}
    if mark not in hits:
        raise Refused("no-such-hit")
    if hits[mark].explanation is not None:
        return
    await store.explain(
        session, publication_id=row.id, mark=mark, rule=hits[mark].hit.rule,
        reason=runtime.keyring.encrypt(reason, store.explanation_binding(row.id, mark)), explained_by=writer.subject,
        explained_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(runtime, session, writer, row.id, "explain-hit", mark=mark, rule=hits[mark].hit.rule)


async def submit(runtime: Runtime, session: Session, writer: Principal, publication_id: UUID, version: int) -> None:
    """Send this version to be reviewed. Raises Refused: as `save`, "publication-blocked", "invalid-input"."""
    row = await _own(session, publication_id, writer)
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    content = content_of(runtime, row)
    if row.supersedes is not None and content.correction is None:
        raise Refused("invalid-input", errors=[{"field": "body.content.correction", "reason": "is required (必填)"}])
    topics = await topics_of(runtime, session, row, content)
    after = domain.submit(
        await standing_of(session, row), hits=await _unexplained(runtime, session, row, content), topics=topics
    )
    await _stand(runtime, session, row, after, topics=sorted({*row.topics, *topics}))
    access.note(runtime, session, writer, row.id, "send-publication", after.version, round=str(after.round))


async def _unexplained(runtime: Runtime, session: Session, row: Row[Any], content: Content) -> int:
    return sum(each.explanation is None for each in await found_in(runtime, session, row, content))


async def _stand(runtime: Runtime, session: Session, row: Row[Any], after: Standing, **more: Any) -> None:
    step = domain.next_step(resources.of(runtime).publishing, after)
    await store.change(
        session,
        row.id,
        state=after.state,
        round=after.round,
        sensitive=after.sensitive,
        step=step and step.name,
        **more,
    )


async def flag(runtime: Runtime, session: Session, who: Principal, publication_id: UUID) -> None:
    """Call it sensitive, which nobody takes back. For the unit's own, and for leaders and supervisors who may read it.

    Raises Refused: "not-found", "not-allowed", "publication-out".
    """
    row = await found(session, publication_id, who, lock=True)
    if row.unit != who.unit and not who.roles & WATCHING:
        raise Refused("not-allowed")
    after = domain.flag(await standing_of(session, row))
    await _stand(runtime, session, row, after, topics=sorted({*row.topics, domain.BY_HAND}))
    access.note(runtime, session, who, row.id, "flag-publication")


async def decide(
    runtime: Runtime, session: Session, who: Principal, publication_id: UUID, number: int, step: str,
    reason: str | None,
) -> None:  # fmt: skip
    """Take a step of the review: approve, or return with a reason; the last approval publishes. number: of the round.

    Raises Refused: "not-found", "version-conflict", those of domain.approve; "publication-blocked",
    "publication-not-public".
    """
    row = await found(session, publication_id, who, lock=True)
    before = await standing_of(session, row)
    if before.round != number:
        raise Refused("version-conflict", round=before.round)
    by, policy = Reviewer(who.subject, who.roles, row.unit == who.unit), resources.of(runtime).publishing
    after = (domain.approve if reason is None else domain.send_back)(before, policy, step, by)
    await store.decide(
        session, publication_id=row.id, round=number, account=who.subject, version=row.version, step=step,
        decision="approve" if reason is None else "return", unit=who.unit, decided_at=runtime.clock.now(),
        reason=reason and runtime.keyring.encrypt(reason, store.decision_binding(row.id, number, who.subject)),
    )  # fmt: skip
    action = "return-publication" if reason else "approve-publication"
    access.note(runtime, session, who, row.id, action, round=str(number), step=step)
    if after.state == "published":
        content = content_of(runtime, row)
        if hits := await _unexplained(runtime, session, row, content):  # more was learned of the case meanwhile
            raise Refused("publication-blocked", hits=hits)
        await publish(runtime, session, who, row, content, after)
    await _stand(runtime, session, row, after)


async def _own(session: Session, publication_id: UUID, writer: Principal) -> Row[Any]:
    """Of the writer's own unit, locked. Raises Refused."""
    row = await found(session, publication_id, writer, lock=True)
    if row.unit != writer.unit:
        raise Refused("not-allowed")
    return row


async def _keep(
    runtime: Runtime, session: Session, publication_id: UUID, version: int, content: Content, writer: Principal
) -> None:
    sealed = runtime.keyring.encrypt(canonical(asdict(content)), store.version_binding(publication_id, version))
    await store.add_version(
        session, publication_id=publication_id, version=version, content=sealed, saved_by=writer.subject,
        saved_at=runtime.clock.now(),
    )  # fmt: skip
