"""What goes into a dossier: read while it is made, a thing at a time."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import resources
from documents.dossiers import store
from documents.dossiers.domain import AUDIT, STEPS, What, file_path
from documents.files.downloads import checked
from documents.files.usecases import name_of
from documents.papers.usecases import content_binding
from documents.scans.gate import check_all
from kit.db import Session
from kit.runtime import Runtime

SUFFIXES = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "text/plain": ".txt"}


@dataclass(frozen=True, slots=True)
class Thing:
    """A piece of the dossier, not read yet. size: bytes; sha256: what it must have, None for what is made here."""

    path: str
    what: What
    title: str
    media_type: str
    read: Callable[[], AsyncIterator[bytes]]
    size: int
    sha256: str | None = None
    unit: str = ""
    at: str = ""
    id: str = ""


async def things(runtime: Runtime, session: Session, petition_id: UUID) -> Sequence[Thing]:
    """In the order in which they lie in the dossier: official papers, their texts, what was handed in, records.

    Raises Refused: "file-infected", "file-not-scanned".
    """
    sealed = await store.sealed_of(session, petition_id)
    papers = await store.papers_of(session, petition_id)
    files = await store.files_of(session, petition_id)
    await check_all(runtime, session, {row.object for row in files})
    found = [_sealed(runtime, place, row) for place, row in enumerate(sealed, 1)]
    found += [_paper(runtime, place, row) for place, row in enumerate(papers, 1)]
    found += [_file(runtime, place, row) for place, row in enumerate(files, 1)]
    found.append(_record(STEPS, "办理过程", await _steps(session, petition_id)))
    found.append(_record(AUDIT, "审计摘录", await _audit(runtime, session, petition_id)))
    return found


def _sealed(runtime: Runtime, place: int, row: Row[Any]) -> Thing:
    title = f"{_kind(runtime, row.kind)} {row.number}"
    return Thing(
        file_path(place, "official", f"{row.number}.pdf"), "sealed-paper", title, "application/pdf",
        lambda: _content(runtime, row, row.paper_id), row.bytes, row.sha256, row.unit, row.sealed_at.isoformat(),
        str(row.paper_id),
    )  # fmt: skip


def _content(runtime: Runtime, row: Row[Any], thing_id: UUID) -> AsyncIterator[bytes]:
    return checked(resources.of(runtime).vault.read(row.object, row.sha256), thing_id)


def _kind(runtime: Runtime, kind: str) -> str:
    """What people call a kind of paper."""
    known = {template.kind: template.zh for template in resources.of(runtime).templates.offered()}
    return known.get(kind, kind)


def _paper(runtime: Runtime, place: int, row: Row[Any]) -> Thing:
    """Its text, whose SHA-256 the approval names."""
    title = f"{_kind(runtime, row.kind)}(文字)"
    text = runtime.keyring.decrypt(row.content, content_binding(row.id)).encode()
    return Thing(
        file_path(place, "papers", f"{row.kind}.json"), "paper", title, "application/json", lambda: once(text),
        len(text), row.sha256, row.unit, row.written_at.isoformat(), str(row.id),
    )  # fmt: skip


def _file(runtime: Runtime, place: int, row: Row[Any]) -> Thing:
    name = name_of(runtime.keyring, row) or f"材料{place}{SUFFIXES.get(row.media_type, '')}"
    return Thing(
        file_path(place, "files", name), "file", name, row.media_type, lambda: _content(runtime, row, row.id),
        row.bytes, row.sha256, row.unit, row.stored_at.isoformat(), str(row.id),
    )  # fmt: skip


def _record(path: str, title: str, text: str) -> Thing:
    content = text.encode()
    return Thing(path, "record", title, "application/json", lambda: once(content), len(content))


async def once(content: bytes) -> AsyncIterator[bytes]:
    """What is at hand already, as what is read."""
    yield content


async def _steps(session: Session, petition_id: UUID) -> str:
    rows = [{**row, "at": row["at"].isoformat()} for row in await store.steps_of(session, petition_id)]
    return json.dumps(rows, ensure_ascii=False, indent=1)


async def _audit(runtime: Runtime, session: Session, petition_id: UUID) -> str:
    """A line for each entry: it hashes, with the hash before it, to the one in the chain (kit.chain)."""
    lines = [
        {
            "service": runtime.service, "position": row["position"], "previous": row["previous"].hex(),
            "hash": row["hash"].hex(), "fields": row["fields"],
        }
        for row in await store.audit_of(session, petition_id)
    ]  # fmt: skip
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
