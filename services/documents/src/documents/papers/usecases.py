"""What can be done with papers."""

import hashlib
import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.events import PaperState
from contracts.speech import emit
from documents import access
from documents.moving.domain import PAPER
from documents.moving.store import check_here
from documents.papers import store
from documents.papers.domain import FromTemplate, Notice, Opinion
from documents.papers.store import Filed
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

FILED = "documents.paper.filed.v1"
HANDLING = frozenset({"handler", "leader"})


async def file_paper(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, paper: Opinion | Notice | FromTemplate
) -> Filed:
    """File a paper of the case; returns its row. A notice is for whoever may take the decision it tells of, an opinion
    for who handles the case. Raises Refused: "not-allowed", "not-found".
    """
    if paper.kind == "opinion" and not writer.roles & HANDLING:
        raise Refused("not-allowed")
    version = await access.next_version(session, petition_id, writer)
    if version is None:
        raise Refused("not-found")
    paper_id, at = runtime.ids.new(), runtime.clock.now()
    content = paper.content()
    digest = hashlib.sha256(content.encode()).hexdigest()
    sealed = runtime.keyring.encrypt(content, content_binding(paper_id))
    row = Filed(
        paper_id, petition_id, version, paper.kind, sealed, digest, writer.unit, writer.subject, at, paper.template
    )
    session.write(store.FILE, *row)
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
) -> tuple[Row[Any], dict[str, Any]]:
    """A paper's row and text; the reading is recorded. Raises Refused: "not-found", "not-here-yet", "not-available"."""
    row = await store.find_paper(session, petition_id, paper_id, reader)
    if row is None:
        await check_here(session, PAPER, petition_id, paper_id, reader)
        raise Refused("not-found")
    access.note(runtime, session, reader, petition_id, "read-paper", paper=str(paper_id))
    text: dict[str, Any] = json.loads(runtime.keyring.decrypt(row.content, content_binding(row.id)))
    return row, text
