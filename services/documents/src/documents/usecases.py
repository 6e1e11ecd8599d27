"""What can be done with files and papers."""

import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.events import FileState, PaperState
from contracts.speech import emit
from documents import downloads, resources, store, uploads
from documents.domain import Notice, Opinion
from documents.vault import Kept
from kit import audit
from kit.auth import Principal
from kit.crypto import Keyring
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

STORED = "documents.file.stored.v1"
FILED = "documents.paper.filed.v1"
HANDLING = frozenset({"handler", "leader"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way: ids, what the sender says of it, and its bytes."""

    petition_id: UUID
    file_id: UUID
    declared: str
    name: str | None
    body: AsyncIterator[bytes]

    def __repr__(self) -> str:
        return f"Upload({self.file_id})"


def name_binding(file_id: UUID) -> str:
    """What an encrypted name is bound to."""
    return f"files/{file_id}/name"


def name_of(ring: Keyring, row: Row[Any]) -> str | None:
    """The file's name, in clear."""
    return None if row.name is None else ring.decrypt(row.name, name_binding(row.id))


def note(
    runtime: Runtime, session: Session, who: Principal, petition_id: UUID, action: str, version: int | None = None,
    **detail: str,
) -> None:  # fmt: skip
    """Audit an action or a reading. version: of the petition's documents after it."""
    audit.note(
        session, action, subject=petition_id, at=runtime.clock.now(), actor=who.subject, unit=who.unit,
        before=version and version - 1, after=version, detail=detail,
    )  # fmt: skip


async def store_file(runtime: Runtime, writer: Principal, upload: Upload) -> tuple[Row[Any], bool]:
    """Keep a file of a petition: (its row, whether it is new). The same content under the same id changes nothing.

    Two short transactions, before and after the bytes: a slow sender must not hold a database connection.
    Raises Refused, OSError while the store is away.
    """
    held = resources.of(runtime)
    with held.uploads.take():
        async with runtime.database.transaction() as session:
            if not await store.is_readable(session, upload.petition_id, writer):
                raise Refused("not-found")
        async with held.vault.receiving() as receiving:
            media_type = await uploads.receive(receiving, upload.body, upload.declared)
            kept = await receiving.keep()
    async with runtime.database.transaction() as session:
        return await _note_file(runtime, session, writer, upload, media_type, kept)


async def _note_file(
    runtime: Runtime, session: Session, writer: Principal, upload: Upload, media_type: str, kept: Kept
) -> tuple[Row[Any], bool]:
    """The row and the event of a file whose bytes are in the store. Scope again: it may have changed meanwhile."""
    if await store.lock(session, upload.petition_id, writer) is None:
        raise Refused("not-found")
    known = await store.file_of_any(session, upload.file_id)
    if known is not None:
        if (known.petition_id, known.sha256) != (upload.petition_id, kept.digest):
            raise Refused("file-id-reused")
        return known, False
    version = await store.advance(session, upload.petition_id)
    at = runtime.clock.now()
    row = await store.add_file(
        session, id=upload.file_id, petition_id=upload.petition_id, version=version,
        name=upload.name and runtime.keyring.encrypt(upload.name, name_binding(upload.file_id)),
        media_type=media_type, bytes=kept.size, sha256=kept.digest, object=kept.name,
        unit=writer.unit, stored_by=writer.subject, stored_at=at,
    )  # fmt: skip
    state = FileState(
        file_id=upload.file_id, sha256=kept.digest, bytes=kept.size, media_type=media_type, unit=writer.unit,
        stored_at=at,
    )  # fmt: skip
    emit(runtime, session, STORED, state, subject=upload.petition_id, sequence=version)
    note(
        runtime, session, writer, upload.petition_id, "store-file", version,
        file=str(upload.file_id), sha256=kept.digest,
    )  # fmt: skip
    return row, True


async def read_file(
    runtime: Runtime, reader: Principal, petition_id: UUID, file_id: UUID
) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:
    """A file's row and bytes; the reading is recorded first. Raises Refused: "not-found", "content-damaged"."""
    async with runtime.database.transaction() as session:
        row = await store.find_file(session, petition_id, file_id, reader)
        if row is None:
            raise Refused("not-found")
        note(runtime, session, reader, petition_id, "read-file", file=str(file_id))
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.sha256), file_id)
    return row, await downloads.begun(content)


async def file_paper(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, paper: Opinion | Notice
) -> Row[Any]:
    """File a paper of the case; returns its row. A notice is for whoever may take the decision it tells of, an opinion
    for who handles the case. Raises Refused: "not-allowed", "not-found".
    """
    if paper.kind == "opinion" and not writer.roles & HANDLING:
        raise Refused("not-allowed")
    if await store.lock(session, petition_id, writer) is None:
        raise Refused("not-found")
    paper_id, at = runtime.ids.new(), runtime.clock.now()
    version = await store.advance(session, petition_id)
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
    note(runtime, session, writer, petition_id, "file-paper", version, paper=str(paper_id), sha256=digest)
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
    note(runtime, session, reader, petition_id, "read-paper", paper=str(paper_id))
    text: dict[str, str] = json.loads(runtime.keyring.decrypt(row.content, content_binding(row.id)))
    return row, text
