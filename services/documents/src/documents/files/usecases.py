"""What can be done with files."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.events import FileState
from contracts.speech import emit
from documents import access, resources
from documents.files import downloads, store, uploads
from documents.files.domain import Claim
from documents.files.uploads import Received
from documents.identity import noting, stating
from documents.identity.domain import Purpose, told
from documents.moving.domain import FILE
from documents.moving.store import check_here
from documents.scans.gate import check_scanned
from documents.storage import store as objects
from documents.storage.vault import Kept
from kit.auth import Principal
from kit.crypto import Keyring
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

STORED = "documents.file.stored.v1"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way: ids, what the sender says of it, its bytes. identity: it is an identity paper."""

    petition_id: UUID
    file_id: UUID
    declared: str
    name: str | None
    body: AsyncGenerator[bytes, None]
    identity: bool = False

    def __repr__(self) -> str:
        return f"Upload({self.file_id})"


def name_binding(file_id: UUID) -> str:
    """What an encrypted name is bound to."""
    return f"files/{file_id}/name"


def name_of(ring: Keyring, row: Row[Any]) -> str | None:
    """The file's name, in clear."""
    return None if row.name is None else ring.decrypt(row.name, name_binding(row.id))


async def store_file(runtime: Runtime, writer: Principal, upload: Upload) -> tuple[Row[Any], bool]:
    """Keep a file of a petition: (its row, whether it is new). The same content under the same id changes nothing.

    Two short transactions, before and after the bytes: a slow sender must not hold a database connection.
    Raises Refused, OSError while the store is away.
    """
    with resources.of(runtime).uploads.take():
        async with runtime.database.transaction() as session:
            if not await access.is_readable(session, upload.petition_id, writer):
                raise Refused("not-found")
        return await keep_file(runtime, writer, upload)


async def keep_file(runtime: Runtime, writer: Principal, upload: Upload) -> tuple[Row[Any], bool]:
    """As store_file, for who has a place and has looked whether the petition is the writer's."""
    held = resources.of(runtime)
    claim = Claim(upload.declared, upload.name, held.settings.kinds)
    async with held.vault.receiving() as receiving:
        received = await uploads.receive(receiving, upload.body, claim)
        kept = await receiving.keep()
    async with runtime.database.transaction() as session:
        return await _note_file(runtime, session, writer, upload, received, kept)


async def _note_file(
    runtime: Runtime, session: Session, writer: Principal, upload: Upload, received: Received, kept: Kept
) -> tuple[Row[Any], bool]:
    """The row and the event of a file whose bytes are in the store. Scope again: it may have changed meanwhile."""
    if await access.lock(session, upload.petition_id, writer) is None:
        raise Refused("not-found")
    known = await store.file_of_any(session, upload.file_id)
    if known is not None:
        if (known.petition_id, known.sha256) != (upload.petition_id, kept.digest):
            raise Refused("file-id-reused")
        return known, False
    version = await access.advance(session, upload.petition_id)
    at = runtime.clock.now()
    await objects.note(session, kept, at, encrypted=received.encrypted)
    row = await store.add_file(
        session, id=upload.file_id, petition_id=upload.petition_id, version=version,
        name=upload.name and runtime.keyring.encrypt(upload.name, name_binding(upload.file_id)),
        media_type=received.media_type, bytes=kept.size, sha256=kept.digest, object=kept.name,
        unit=writer.unit, stored_by=writer.subject, stored_at=at,
    )  # fmt: skip
    state = FileState(
        file_id=upload.file_id, sha256=kept.digest, bytes=kept.size, media_type=received.media_type,
        unit=writer.unit, stored_at=at,
    )  # fmt: skip
    emit(runtime, session, STORED, state, subject=upload.petition_id, sequence=version)
    mark = await noting.note_new(runtime, session, kept.digest, upload.name, is_one=upload.identity)
    access.note(
        runtime, session, writer, upload.petition_id, "store-file", version,
        file=str(upload.file_id), sha256=kept.digest, **({"identity": mark} if mark else {}),
    )  # fmt: skip
    return row, True


async def openable(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, file_id: UUID, purpose: Purpose | None
) -> Row[Any]:
    """The row of a file that this reader may open now.

    Raises Refused: "not-found", "not-here-yet", "not-available", "file-infected", "file-not-scanned",
    "purpose-needed".
    """
    row = await store.find_file(session, petition_id, file_id, reader)
    if row is None:
        await check_here(session, FILE, petition_id, file_id, reader)
        raise Refused("not-found")
    state = (await objects.states(session, [row.object]))[row.object]
    check_scanned(state.scan, opens_unscanned=resources.of(runtime).settings.opens_unscanned)
    await stating.check(runtime, session, [row.sha256], purpose)
    return row


async def read_file(
    runtime: Runtime, reader: Principal, petition_id: UUID, file_id: UUID, purpose: Purpose | None = None
) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:
    """A file's row and bytes; the reading is recorded first, with what it is for.

    Raises Refused: as `openable`, and "content-damaged".
    """
    async with runtime.database.transaction() as session:
        row = await openable(runtime, session, reader, petition_id, file_id, purpose)
        access.note(runtime, session, reader, petition_id, "read-file", file=str(file_id), **told(purpose))
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.sha256), file_id)
    return row, await downloads.begun(content)
