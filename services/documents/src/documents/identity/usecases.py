"""What people decide of identity papers: this file is one, or it is none."""

from itertools import groupby
from operator import itemgetter
from uuid import UUID

from documents import access, resources
from documents.files import store as files_store
from documents.identity import noting, store
from documents.identity.domain import check_lift
from documents.moving import telling
from documents.moving.domain import FILE
from documents.moving.store import check_here
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def mark(runtime: Runtime, session: Session, who: Principal, petition_id: UUID, file_id: UUID) -> None:
    """A file is one, and so is what holds pages of it; nodes that have it are told.

    Raises Refused: "not-found", "not-here-yet", "not-available".
    """
    digest = await _digest(session, who, petition_id, file_id)
    if not await store.set_mark(session, digest, "marked", runtime.clock.now()):
        return
    access.note(runtime, session, who, petition_id, "mark-identity-paper", file=str(file_id))
    reached = await noting.spread(runtime, session, digest)
    name_of = resources.of(runtime).vault.name_of
    copies = await store.copies(session, [name_of(each) for each in reached])
    for petition, some in groupby(copies, itemgetter(0)):
        await telling.pass_on(runtime, session, petition, {each for _, each in some})


async def lift(
    runtime: Runtime, session: Session, who: Principal, petition_id: UUID, file_id: UUID, reason: str
) -> None:
    """It is none, here; other nodes decide themselves. Raises Refused: as `mark`, and "identity-not-marked",
    "identity-mark-stays".
    """
    digest = await _digest(session, who, petition_id, file_id)
    known = await store.marks(session, [digest])
    was = known[digest].mark if known else ""
    check_lift(was, may_lift="leader" in who.roles)
    access.note(runtime, session, who, petition_id, "lift-identity-mark", reason=reason, file=str(file_id), was=was)
    await noting.settle(runtime, session, digest)


async def _digest(session: Session, who: Principal, petition_id: UUID, file_id: UUID) -> str:
    """SHA-256 of a file; nobody else marks, and no bundle is filed, until the transaction ends."""
    row = await files_store.find_file(session, petition_id, file_id, who)
    if row is None or not await access.is_readable(session, petition_id, who):  # who only supports decides nothing
        await check_here(session, FILE, petition_id, file_id, who)
        raise Refused("not-found")
    await store.alone(session)
    return str(row.sha256)
