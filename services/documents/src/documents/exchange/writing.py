"""A dispatch before it is sent: it is begun, and gets files and papers, its own or borrowed ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, insert, select

from documents import access, resources
from documents.exchange import store
from documents.exchange.domain import Kind
from documents.exchange.tables import dispatches
from documents.files import store as files_store
from documents.files.usecases import name_binding, name_of
from documents.moving.domain import FILE
from documents.moving.store import check_here
from documents.papers import checking
from documents.papers.store import Filed
from documents.papers.usecases import file_paper
from documents.seals import store as seals_store
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.readers import reader
from kit.runtime import Runtime

LETTERS = {"paper": "official-letter", "bulletin": "bulletin"}  # by template
CONTAINER = "INSERT INTO petitions (id, about, registered_accused, readers) VALUES ($1, $2, $3, $4)"


def title_binding(dispatch_id: UUID) -> str:
    """What the encrypted title of a dispatch is bound to."""
    return f"dispatches/{dispatch_id}/title"


def copy_binding(dispatch_id: UUID, to_unit: str, column: str) -> str:
    """What the encrypted words on a copy (reason, note) are bound to."""
    return f"copies/{dispatch_id}/{to_unit}/{column}"


@dataclass(frozen=True, slots=True)
class Beginning:
    """answers, source: a dispatch that the unit has signed for."""

    kind: Kind
    title: str
    petition_id: UUID | None = None
    answers: UUID | None = None
    source: UUID | None = None

    def __repr__(self) -> str:
        return f"Beginning({self.kind})"


async def begin(runtime: Runtime, session: Session, writer: Principal, asked: Beginning) -> UUID:
    """Begin a dispatch; its id. What answers another, or was made from it, is about the same petition.

    Raises Refused: "not-found", "dispatch-unread" and others of `signed_for`, "not-a-bulletin".
    """
    earlier_id = asked.answers or asked.source
    earlier = None if earlier_id is None else await signed_for(session, earlier_id, writer)
    if asked.source is not None and (earlier is None or earlier.kind != "bulletin" or asked.kind != "bulletin"):
        raise Refused("not-a-bulletin")
    about = asked.petition_id if earlier is None or earlier.petition_id is None else earlier.petition_id
    if asked.petition_id is not None and about == asked.petition_id:
        inherited = earlier is not None and earlier.petition_id == about
        if not inherited and not await access.is_readable(session, asked.petition_id, writer):
            raise Refused("not-found")
    dispatch_id = runtime.ids.new()
    accused = [] if earlier is None else earlier.registered_accused
    await session.raw.execute(CONTAINER, dispatch_id, about, accused, [reader(writer.unit)])
    await access.add_scopes(session, [(dispatch_id, region_of(runtime, writer))])
    await session.sql.execute(insert(dispatches).values(
        id=dispatch_id, kind=asked.kind, node=runtime.node, unit=writer.unit,
        title=runtime.keyring.encrypt(asked.title, title_binding(dispatch_id)), petition_id=about,
        only=None if earlier is None else earlier.only, answers=asked.answers, source=asked.source,
        source_unit=None if asked.source is None or earlier is None else earlier.unit, made_by=writer.subject,
        made_at=runtime.clock.now(),
    ))  # fmt: skip
    access.note(runtime, session, writer, dispatch_id, "begin-dispatch", about=str(about or ""))
    return dispatch_id


def region_of(runtime: Runtime, who: Principal) -> str:
    """Of the unit, as the directory has it."""
    unit = resources.of(runtime).units.units.get(who.unit)
    return who.region if unit is None else unit.region


async def signed_for(session: Session, dispatch_id: UUID, who: Principal) -> Row[Any]:
    """A dispatch that the unit has signed for. Raises Refused: "not-found", "dispatch-unread", "dispatch-returned"."""
    row = await store.find_received(session, dispatch_id, who)
    if row is None or row.state == "recalled":
        raise Refused("not-found")
    if row.state != "signed":
        raise Refused("dispatch-unread" if row.state == "arrived" else "dispatch-returned")
    return row


async def draft_of(session: Session, dispatch_id: UUID, writer: Principal) -> Row[Any]:
    """A dispatch of the unit that was not sent yet, locked. Raises Refused: "not-found", "dispatch-sent"."""
    row = await store.find_own(session, dispatch_id, writer, lock=True)
    if row is None:
        raise Refused("not-found")
    if row.sent_at is not None:
        raise Refused("dispatch-sent")
    return row


async def write(
    runtime: Runtime, session: Session, writer: Principal, dispatch_id: UUID, sections: Mapping[str, Any]
) -> Filed:
    """File its text as a paper. Raises Refused: "not-found", "dispatch-sent", "invalid-input"."""
    draft = await draft_of(session, dispatch_id, writer)
    template = resources.of(runtime).templates.newest(LETTERS[draft.kind])
    paper = checking.written(template, sections, writer)
    return await file_paper(runtime, session, writer, dispatch_id, paper)


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Files and sealed papers of a petition, or of a dispatch that was received."""

    of: UUID
    files: Sequence[UUID]
    sealed_papers: Sequence[UUID]


async def enclose(
    runtime: Runtime, session: Session, writer: Principal, dispatch_id: UUID, borrowed: Borrowed
) -> None:  # fmt: skip
    """Make the same content the dispatch's own; twice is once. Only of the petition that it is about: whom that accuses
    is kept from it (Art 30); or of the unit's own folder.

    Raises Refused: "not-found", "not-here-yet", "dispatch-sent", "invalid-input".
    """
    row = await draft_of(session, dispatch_id, writer)
    of = await _lender(session, writer, row, borrowed.of)
    for file_id in borrowed.files:
        await _file(runtime, session, writer, row, of, file_id)
    for paper_id in borrowed.sealed_papers:
        sealed = await seals_store.find_sealed(session, of, paper_id, writer)
        if sealed is None:
            raise Refused("not-found")
        await _keep(runtime, session, writer, row, sealed, (paper_id, f"{sealed.number}.pdf", "application/pdf"))


async def _lender(session: Session, writer: Principal, row: Row[Any], of: UUID) -> UUID:
    """What may be borrowed from. Raises Refused: "not-found", "invalid-input"."""
    unit = (await session.sql.execute(select(petitions.c.office_unit).where(petitions.c.id == of))).scalar_one_or_none()
    if unit is not None and unit == writer.unit:
        of = access.Folder(int=of.int)
    if not await access.is_readable(session, of, writer):
        raise Refused("not-found")
    if not isinstance(of, access.Folder) and of != row.petition_id:
        other = await store.dispatch_of_any(session, of)
        if other is None or other.petition_id not in {None, row.petition_id}:
            reason = "not of what this is about (不是本文所涉事项的材料)"
            raise Refused("invalid-input", errors=[{"field": "body.of", "reason": reason}])
    return of


async def _file(
    runtime: Runtime, session: Session, writer: Principal, row: Row[Any], of: UUID, file_id: UUID
) -> None:  # fmt: skip
    found = await files_store.find_file(session, of, file_id, writer)
    if found is None:
        await check_here(session, FILE, of, file_id, writer)
        raise Refused("not-found")
    await _keep(runtime, session, writer, row, found, (file_id, name_of(runtime.keyring, found), found.media_type))


async def _keep(
    runtime: Runtime, session: Session, writer: Principal, row: Row[Any], content: Row[Any],
    what: tuple[UUID, str | None, str],
) -> None:  # fmt: skip
    """what: id where it is borrowed, name, media type."""
    borrowed_id, name, media_type = what
    file_id = uuid5(row.id, str(borrowed_id))
    if await files_store.file_of_any(session, file_id) is not None:
        return
    version = await access.advance(session, row.id)
    await files_store.add_file(
        session, id=file_id, petition_id=row.id, version=version,
        name=name and runtime.keyring.encrypt(name, name_binding(file_id)), media_type=media_type,
        bytes=content.bytes, sha256=content.sha256, object=content.object, unit=writer.unit,
        stored_by=writer.subject, stored_at=runtime.clock.now(),
    )  # fmt: skip
    enclosed = {"file": str(file_id), "sha256": content.sha256, "borrowed": str(borrowed_id)}
    access.note(runtime, session, writer, row.id, "enclose-file", version, **enclosed)
    if row.petition_id is not None:
        access.note(runtime, session, writer, row.petition_id, "lend-file", file=str(borrowed_id), dispatch=str(row.id))
