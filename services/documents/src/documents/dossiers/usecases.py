"""What can be done with dossiers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.dossiers import store
from documents.dossiers.working import purpose_binding
from documents.files import downloads
from documents.identity import stating
from documents.identity import store as identity
from documents.identity.domain import Purpose, told
from documents.storage.vault import Vault
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def ask(runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, purpose: str) -> Row[Any]:
    """Have the whole of a case bound; returns its row. Raises Refused("not-found")."""
    if not await access.is_readable(session, petition_id, reader):
        raise Refused("not-found")
    dossier_id, at = runtime.ids.new(), runtime.clock.now()
    row = await store.add(
        session, id=dossier_id, petition_id=petition_id, unit=reader.unit, asked_by=reader.subject, asked_at=at,
        purpose=runtime.keyring.encrypt(purpose, purpose_binding(dossier_id)), due_at=runtime.wall.now(),
    )  # fmt: skip
    access.note(runtime, session, reader, petition_id, "ask-for-dossier", dossier=str(dossier_id))
    session.wake.add(store.CHANNEL)
    return row


async def read(
    runtime: Runtime, reader: Principal, petition_id: UUID, dossier_id: UUID, purpose: Purpose | None, *,
    bound: bool = False,
) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:  # fmt: skip
    """Row and bytes of a made one, bound: of its PDF alone; the reading is recorded. Raises Refused: "not-found",
    "dossier-not-ready", "dossier-without-pdf", "content-damaged", "purpose-needed" where an identity paper is among
    what the petition has.
    """
    async with runtime.database.transaction() as session:
        row = await store.find(session, petition_id, dossier_id, reader)
        if row is None:
            raise Refused("not-found")
        if row.made_at is None:
            raise Refused("dossier-not-ready", done=row.done, total=row.total)
        if purpose is None and await identity.any_in(session, petition_id):
            raise stating.needed(runtime)
        if bound and row.bound_from is None:
            raise Refused("dossier-without-pdf")
        access.note(runtime, session, reader, petition_id, "read-dossier", dossier=str(dossier_id), **told(purpose))
    vault = resources.of(runtime).vault
    content = _part(vault, row) if bound else vault.read(row.object, row.sha256)
    return row, await downloads.begun(downloads.checked(content, dossier_id))


async def _part(vault: Vault, row: Row[Any]) -> AsyncGenerator[bytes, None]:
    """The bound PDF, out of the archive in which nothing is packed."""
    left = row.bound_bytes
    async with aclosing(vault.read_from(row.object, row.sha256, row.bound_from)) as chunks:
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return
