"""What can be done with drafts."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.access import Folder
from documents.drafts import facts, store, word
from documents.drafts.domain import Difference, differences
from documents.papers import checking
from documents.papers.domain import canonical
from documents.papers.library import Template
from documents.papers.rendering import Filled, Marks
from documents.papers.store import Filed
from documents.papers.usecases import file_paper, read_paper
from documents.views.showing import marked_pdf
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

MOST_VERSIONS = 500
UNSEALED = "未盖章"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and one of its versions. number: of the version whose sections these are."""

    row: Row[Any]
    template: Template
    number: int
    sections: dict[str, Any] = field(repr=False)


def version_binding(draft_id: UUID, version: int) -> str:
    """What the encrypted text of a version is bound to."""
    return f"drafts/{draft_id}/{version}"


async def begin(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, kind: str, sections: Mapping[str, Any]
) -> Draft:
    """Begin a draft with what is known of the case and what the writer sends, which counts more.

    Raises Refused: "template-unknown-here", "not-allowed", "not-found", "invalid-input".
    """
    template = resources.of(runtime).templates.newest(kind)
    of = "unit" if isinstance(petition_id, Folder) else "case"
    if not writer.roles & template.drafted_by or template.of != of:
        raise Refused("not-allowed")
    if not await access.is_readable(session, petition_id, writer):
        raise Refused("not-found")
    known = await facts.known(session, petition_id)
    begun = {name: value for name, value in known.items() if name in template.schema["properties"]}
    tidy = _writable(template, {**begun, **sections})
    draft_id, at = runtime.ids.new(), runtime.clock.now()
    row = await store.add(
        session, id=draft_id, petition_id=petition_id, template=template.key, unit=writer.unit, version=1,
        begun_by=writer.subject, begun_at=at, saved_by=writer.subject, saved_at=at,
    )  # fmt: skip
    await _keep(runtime, session, row, tidy, "form")
    access.note(runtime, session, writer, petition_id, "begin-draft", draft=str(draft_id), template=template.key)
    return Draft(row, template, 1, tidy)


async def save(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, draft_id: UUID, version: int,
    sections: Mapping[str, Any], source: str = "form",
) -> Draft:  # fmt: skip
    """Save the next version over this one. The same content sent again is the same version.

    Raises Refused: "not-found", "draft-filed", "version-conflict", "not-allowed", "invalid-input", "draft-too-long".
    """
    row = await _open(session, petition_id, draft_id, writer)
    template = _template(runtime, row, writer)
    tidy = _writable(template, sections)
    if row.version in {version, version + 1}:
        standing = await read(runtime, session, row, row.version)
        if canonical(standing.sections) == canonical(tidy):
            return standing
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    if row.version >= MOST_VERSIONS:
        raise Refused("draft-too-long", versions=MOST_VERSIONS)
    changed = await store.change(
        session, draft_id, version=version + 1, saved_by=writer.subject, saved_at=runtime.clock.now()
    )
    await _keep(runtime, session, changed, tidy, source)
    saved = {"draft": str(draft_id), "saved": str(version + 1), "source": source}
    access.note(runtime, session, writer, petition_id, "save-draft", None, **saved)
    return Draft(changed, template, version + 1, tidy)


async def file(
    runtime: Runtime, session: Session, writer: Principal, petition_id: UUID, draft_id: UUID, version: int
) -> Filed:
    """File this version as a paper of the case. Raises Refused: as `save`, with all that is missing."""
    row = await _open(session, petition_id, draft_id, writer)
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    draft = await read(runtime, session, row, version)
    paper = checking.written(draft.template, draft.sections, writer, "sections")
    filed = await file_paper(runtime, session, writer, petition_id, paper)
    await session.flush()  # the draft's row refers to that of the paper
    await store.change(session, draft_id, paper_id=filed.id)
    return filed


async def open_draft(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, draft_id: UUID, *, action: str,
    number: int | None = None,
) -> Draft:  # fmt: skip
    """A draft of the reader's unit, its newest version or this one; the reading is recorded as `action`.

    Raises Refused("not-found").
    """
    row = await found(session, petition_id, draft_id, reader)
    shown = row.version if number is None else number
    draft = await read(runtime, session, row, shown)
    access.note(runtime, session, reader, petition_id, action, draft=str(draft_id), shown=str(shown))
    return draft


async def compare(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, draft_id: UUID, before: int, after: int
) -> tuple[Draft, list[Difference]]:
    """What changed from one version to another; the reading is recorded. Raises Refused("not-found")."""
    new = await open_draft(runtime, session, reader, petition_id, draft_id, action="compare-draft", number=after)
    old = await read(runtime, session, new.row, before)
    order = tuple(new.template.schema["properties"])
    found = await resources.of(runtime).threads.run(differences, old.sections, new.sections, order)
    return new, found


async def preview(
    runtime: Runtime, reader: Principal, petition_id: UUID, draft_id: UUID, number: int | None
) -> tuple[Draft, bytes]:
    """The draft as PDF, marked as one and with who looks; the reading is recorded. No connection is held while it is
    laid out. Raises Refused: "not-found", "paper-not-rendered", "not-viewable".
    """
    async with runtime.database.transaction() as session:
        draft = await open_draft(runtime, session, reader, petition_id, draft_id, action="preview-draft", number=number)
    filled = Filled(draft.template.kind, draft.template.version, draft.sections)
    marks = Marks(None, unit_name(runtime, draft.row.unit))
    return draft, await marked_pdf(runtime, reader, await resources.of(runtime).renderers.render(filled, marks))


async def unsealed(runtime: Runtime, reader: Principal, petition_id: UUID, paper_id: UUID) -> bytes:
    """A filed paper as it will be laid out, without number and seal, marked with who looks; the reading is recorded.

    Raises Refused: as `preview`.
    """
    async with runtime.database.transaction() as session:
        row, sections = await read_paper(runtime, session, reader, petition_id, paper_id)
    marks = Marks(None, unit_name(runtime, row.unit), watermark=UNSEALED)
    pdf = await resources.of(runtime).renderers.render(Filled.of(row.kind, row.template, sections), marks)
    return await marked_pdf(runtime, reader, pdf)


async def bring_from_word(
    runtime: Runtime, writer: Principal, petition_id: UUID, draft_id: UUID, body: AsyncIterator[bytes],
    version: int | None,
) -> Draft:  # fmt: skip
    """Save a .docx as the next version; no connection is held while it comes. version: the one it was written over,
    where the file does not say which was downloaded. Raises Refused: as `save`, and "docx-unreadable".
    """
    async with runtime.database.transaction() as session:
        row = await found(session, petition_id, draft_id, writer)
    edited = await word.from_docx(template_of(runtime, row), b"".join([chunk async for chunk in body]))
    over = version or edited.version
    if over is None:
        raise Refused("docx-unreadable", reason="version-unknown")
    async with runtime.database.transaction() as session:
        return await save(runtime, session, writer, petition_id, draft_id, over, edited.sections, "docx")


def unit_name(runtime: Runtime, code: str) -> str:
    """As the directory has it; a unit of another node's directory keeps its code."""
    unit = resources.of(runtime).units.units.get(code)
    return code if unit is None else unit.name


async def read(runtime: Runtime, session: Session, row: Row[Any], number: int) -> Draft:
    """A version of a draft that the caller may read. Raises Refused("not-found")."""
    kept = await store.version(session, row.id, number)
    if kept is None:
        raise Refused("not-found")
    sections: dict[str, Any] = json.loads(runtime.keyring.decrypt(kept.content, version_binding(row.id, number)))
    return Draft(row, template_of(runtime, row), number, sections)


async def found(session: Session, petition_id: UUID, draft_id: UUID, reader: Principal) -> Row[Any]:
    """A draft of the reader's unit. Raises Refused("not-found")."""
    row = await store.find(session, petition_id, draft_id, reader)
    if row is None:
        raise Refused("not-found")
    return row


async def _open(session: Session, petition_id: UUID, draft_id: UUID, writer: Principal) -> Row[Any]:
    """Locked until the transaction ends: of two who save over one version, one is told of the other."""
    row = await store.find(session, petition_id, draft_id, writer, lock=True)
    if row is None:
        raise Refused("not-found")
    if row.paper_id is not None:
        raise Refused("draft-filed", paper_id=str(row.paper_id))
    return row


def template_of(runtime: Runtime, row: Row[Any]) -> Template:
    """The one a draft began with. Raises Refused("template-unknown-here")."""
    kind, _, version = row.template.partition("/")
    return resources.of(runtime).templates.get(kind, int(version))


def _template(runtime: Runtime, row: Row[Any], writer: Principal) -> Template:
    template = template_of(runtime, row)
    if not writer.roles & template.drafted_by:
        raise Refused("not-allowed")
    return template


def _writable(template: Template, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Sections as they are kept: they may be missing, but not wrong."""
    tidy = checking.tidied(sections)
    wrong, _ = checking.check(template, tidy)
    if wrong:
        raise Refused("invalid-input", errors=checking.told(wrong, "body.sections"))
    return tidy


async def _keep(runtime: Runtime, session: Session, row: Row[Any], sections: Mapping[str, Any], source: str) -> None:
    sealed = runtime.keyring.encrypt(canonical(sections), version_binding(row.id, row.version))
    await store.add_version(
        session, draft_id=row.id, version=row.version, content=sealed, source=source, saved_by=row.saved_by,
        saved_at=row.saved_at,
    )  # fmt: skip
