"""What can be done with papers of a unit: drafted as those of a case are, sent, decided on, sealed by the worker."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access
from documents.access import Folder
from documents.drafts import store as drafts_store
from documents.drafts import usecases as drafts
from documents.office import store
from documents.office.domain import State, check_decision, state_of
from documents.papers import checking
from documents.papers import store as papers_store
from documents.papers.domain import FromTemplate
from documents.papers.store import Filed
from documents.papers.usecases import content_binding
from documents.seals import store as seals_store
from documents.seals.domain import Sealer, check_sealable
from documents.seals.usecases import sealable, to_correct
from documents.seals.working import CHANNEL, usable_seal
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def own_folder(session: Session, reader: Principal) -> Folder:
    """The folder of the reader's unit. Raises Refused("not-found") while nothing was drafted there."""
    folder = await store.folder_of(session, reader)
    if folder is None:
        raise Refused("not-found")
    return folder


async def begin(
    runtime: Runtime, session: Session, writer: Principal, kind: str, sections: Mapping[str, Any]
) -> drafts.Draft:
    """Begin a draft of a paper of the writer's unit.

    Raises Refused: "template-unknown-here", "not-allowed", "invalid-input".
    """
    folder = await store.folder_of(session, writer)
    if folder is None:
        await store.begin_folder(session, runtime.ids.new(), writer)
        folder = await own_folder(session, writer)
    return await drafts.begin(runtime, session, writer, folder, kind, sections)


async def submit(
    runtime: Runtime, session: Session, writer: Principal, draft_id: UUID, version: int, *,
    supersedes: UUID | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Send this version to be approved. Whoever saves another one afterwards takes it back. Sent again it is the same.

    Raises Refused: "not-found", "draft-filed", "version-conflict", "draft-sent", "not-allowed", "invalid-input" with
    all that is missing, "not-a-correction", "superseded-already".
    """
    folder = await own_folder(session, writer)
    draft = await _locked(runtime, session, writer, folder, draft_id, version)
    checking.written(draft.template, draft.sections, writer, "sections")
    if supersedes is not None:
        await to_correct(session, folder, supersedes, writer)
    standing = await store.draft(session, draft_id)
    if standing.sent_at is not None:
        raise Refused("draft-sent")
    correction = reason and runtime.keyring.encrypt(reason, store.correction_binding(draft_id, version))
    await store.submit(
        session, draft_id=draft_id, version=version, supersedes=supersedes, correction=correction,
        sent_by=writer.subject, sent_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(runtime, session, writer, folder, "send-draft", draft=str(draft_id), sent=str(version))


async def _locked(
    runtime: Runtime, session: Session, writer: Principal, folder: Folder, draft_id: UUID, version: int
) -> drafts.Draft:
    row = await drafts_store.find(session, folder, draft_id, writer, lock=True)
    if row is None:
        raise Refused("not-found")
    if row.paper_id is not None:
        raise Refused("draft-filed", paper_id=str(row.paper_id))
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    return await drafts.read(runtime, session, row, version)


async def send_back(
    runtime: Runtime, session: Session, leader: Principal, draft_id: UUID, version: int, reason: str
) -> None:
    """Return a draft that waits, saying why. Raises Refused: as `approve`, of the draft."""
    folder = await own_folder(session, leader)
    await _locked(runtime, session, leader, folder, draft_id, version)
    await _check(session, draft_id, leader)
    await store.decide(
        session, draft_id=draft_id, version=version, decision="return", paper_id=None,
        reason=runtime.keyring.encrypt(reason, store.reason_binding(draft_id, version)),
        decided_by=leader.subject, decided_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(runtime, session, leader, folder, "return-draft", draft=str(draft_id), sent=str(version))


async def approve(runtime: Runtime, session: Session, leader: Principal, draft_id: UUID, version: int) -> Filed:
    """The draft becomes a paper, and has its number and the unit's seal within seconds.

    Raises Refused: "not-found", "draft-filed", "version-conflict", "draft-not-sent", "four-eyes-paper",
    "not-a-correction", "superseded-already", "no-seal", "seal-expired".
    """
    folder = await own_folder(session, leader)
    draft = await _locked(runtime, session, leader, folder, draft_id, version)
    await _check(session, draft_id, leader)
    await usable_seal(session, draft.row.unit, runtime.wall.now())
    filed = await _file(runtime, session, leader, folder, draft)
    await session.flush()  # what follows refers to the paper's row
    await drafts_store.change(session, draft_id, paper_id=filed.id)
    await store.decide(
        session, draft_id=draft_id, version=version, decision="approve", paper_id=filed.id, reason=None,
        decided_by=leader.subject, decided_at=filed.written_at,
    )  # fmt: skip
    await _ask_for_seal(runtime, session, leader, folder, filed, draft)
    return filed


async def _check(session: Session, draft_id: UUID, leader: Principal) -> None:
    row = await store.draft(session, draft_id)
    check_decision(standing(row), await store.authors(session, draft_id), leader.subject)


def standing(row: Row[Any]) -> State:
    """How a draft of `store` stands."""
    return state_of(filed=row.paper_id is not None, sent=row.sent_at is not None, decided=row.decision is not None)


async def _file(runtime: Runtime, session: Session, leader: Principal, folder: Folder, draft: drafts.Draft) -> Filed:
    """As any paper is filed, but no event tells of it: those are about petitions."""
    version = await access.next_version(session, folder, leader)
    if version is None:
        raise Refused("not-found")
    paper = FromTemplate(draft.template.files_as, draft.template.key, draft.sections)
    paper_id, content = runtime.ids.new(), paper.content()
    digest = hashlib.sha256(content.encode()).hexdigest()
    row = Filed(
        paper_id, folder, version, paper.kind, runtime.keyring.encrypt(content, content_binding(paper_id)), digest,
        draft.row.unit, draft.row.saved_by, runtime.clock.now(), paper.template,
    )  # fmt: skip
    session.write(papers_store.FILE, *row)
    access.note(runtime, session, leader, folder, "approve-paper", version, paper=str(paper_id), sha256=digest)
    return row


async def _ask_for_seal(
    runtime: Runtime, session: Session, leader: Principal, folder: Folder, filed: Filed, draft: drafts.Draft
) -> None:
    sent = await store.submission(session, draft.row.id, draft.number)
    supersedes = None if sent is None else sent.supersedes
    correction: bytes | None = None
    older = None if supersedes is None else await to_correct(session, folder, supersedes, leader)
    corrected = None if older is None else sealable(runtime, older)
    check_sealable(sealable(runtime, filed), Sealer(leader.subject, leader.unit), corrected)
    if sent is not None and sent.correction is not None:
        reason = runtime.keyring.decrypt(sent.correction, store.correction_binding(draft.row.id, draft.number))
        correction = runtime.keyring.encrypt(reason, seals_store.correction_binding(filed.id))
    await seals_store.ask(
        session, paper_id=filed.id, petition_id=folder, unit=filed.unit, asked_by=leader.subject,
        asked_at=filed.written_at, supersedes=supersedes, correction=correction, due_at=runtime.wall.now(),
    )  # fmt: skip
    session.wake.add(CHANNEL)


async def found(session: Session, paper_id: UUID, reader: Principal) -> tuple[Row[Any], Folder]:
    """A paper of a unit that the reader may see, and where it lies. Raises Refused("not-found")."""
    row = await store.paper(session, paper_id, reader)
    if row is None:
        raise Refused("not-found")
    return row, Folder(int=row.petition_id.int)


def reason_of(runtime: Runtime, row: Row[Any]) -> str | None:
    """Why a version was returned, in clear."""
    if row.reason is None:
        return None
    return runtime.keyring.decrypt(row.reason, store.reason_binding(row.draft_id, row.version))
