"""What can be done with dossiers."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.dossiers import store
from documents.dossiers.working import purpose_binding
from documents.files import downloads
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
    runtime: Runtime, reader: Principal, petition_id: UUID, dossier_id: UUID
) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:
    """Row and bytes of a made one; the reading is recorded. Raises Refused: "not-found", "dossier-not-ready",
    "content-damaged".
    """
    async with runtime.database.transaction() as session:
        row = await store.find(session, petition_id, dossier_id, reader)
        if row is None:
            raise Refused("not-found")
        if row.made_at is None:
            raise Refused("dossier-not-ready", done=row.done, total=row.total)
        access.note(runtime, session, reader, petition_id, "read-dossier", dossier=str(dossier_id))
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.sha256), dossier_id)
    return row, await downloads.begun(content)
