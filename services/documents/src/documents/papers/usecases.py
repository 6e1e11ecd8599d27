"""What can be done with papers."""

import hashlib
import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.events import PaperState
from contracts.speech import emit
from documents import access
from documents.papers import store
from documents.papers.domain import Notice, Opinion
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

FILED = "documents.paper.filed.v1"
HANDLING = frozenset({"handler", "leader"})


async def file_paper(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, paper: Opinion | Notice
) -> Row[Any]:
    """File a paper of the case; returns its row. A notice is for whoever may take the decision it tells of, an opinion
    for who handles the case. Raises Refused: "not-allowed", "not-found".
    """
    if paper.kind == "opinion" and not writer.roles & HANDLING:
        raise Refused("not-allowed")
    if await access.lock(session, petition_id, writer) is None:
        raise Refused("not-found")
    paper_id, at = runtime.ids.new(), runtime.clock.now()
    version = await access.advance(session, petition_id)
    content = paper.content()
    digest = hashlib.sha256(content.encode()).hexdigest()
    sealed = runtime.keyring.encrypt(content, content_binding(paper_id))
    row = await store.add_paper(
        session, id=paper_id, petition_id=petition_id, version=version, kind=paper.kind, content=sealed,
        sha256=digest, unit=writer.unit, written_by=writer.subject, written_at=at,
    )  # fmt: skip
    state = PaperState(
        paper_id=paper_id, kind=paper.kind, sha256=digest, unit=writer.unit, written_at=at, outcome=paper.outcome
    )
    emit(runtime, session, FILED, state, subject=petition_id, sequence=version)
    access.note(runtime, session, writer, petition_id, "file-paper", version, paper=str(paper_id), sha256=digest)
    return row


def content_binding(paper_id: UUID) -> str:
    """What the encrypted text of a paper is bound to."""
    return f"papers/{paper_id}/content"


async def read_paper(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, paper_id: UUID
) -> tuple[Row[Any], dict[str, str]]:
    """A paper's row and text; the reading is recorded. Raises Refused("not-found")."""
    row = await store.find_paper(session, petition_id, paper_id, reader)
    if row is None:
        raise Refused("not-found")
    access.note(runtime, session, reader, petition_id, "read-paper", paper=str(paper_id))
    text: dict[str, str] = json.loads(runtime.keyring.decrypt(row.content, content_binding(row.id)))
    return row, text
