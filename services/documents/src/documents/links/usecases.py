"""What can be done with links: ask for one, open it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from documents import access, resources
from documents.drafts import usecases as drafts
from documents.files import usecases as files
from documents.identity.domain import Purpose, told
from documents.links import store
from documents.links.models import Disposition, Kind
from documents.links.tokens import link_of, token_of
from documents.moving.domain import PAPER
from documents.moving.store import check_here
from documents.papers import store as papers
from documents.seals import store as seals
from documents.seals import usecases as sealing
from documents.views.domain import PDF
from documents.views.showing import marked
from kit.app import Job
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link is to lead to."""

    kind: Kind
    id: UUID
    disposition: Disposition
    once: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link gives. sha256: of an original."""

    content: AsyncGenerator[bytes, None]
    name: str
    media_type: str
    size: int
    sha256: str | None
    inline: bool


async def make(
    runtime: Runtime, session: Session, reader: Principal, petition_id: UUID, wanted: Wanted, purpose: Purpose | None
) -> tuple[str, datetime]:
    """A token and when it ends: minutes from now, and never after the reader's session. It is recorded.

    Raises Refused as reading it now would: "not-found", "not-here-yet", "not-available", "file-infected",
    "file-not-scanned", "purpose-needed".
    """
    if wanted.kind == "file":
        await files.openable(runtime, session, reader, petition_id, wanted.id, purpose)
    elif await papers.find_paper(session, petition_id, wanted.id, reader) is None:
        await check_here(session, PAPER, petition_id, wanted.id, reader)
        raise Refused("not-found")
    link_id, minutes = runtime.ids.new(), timedelta(minutes=resources.of(runtime).settings.link_minutes)
    expires_at = min(runtime.wall.now() + minutes, datetime.fromtimestamp(reader.expires, UTC))
    await store.add(
        session, id=link_id, petition_id=petition_id, kind=wanted.kind, thing_id=wanted.id,
        disposition=wanted.disposition, account=reader.subject, unit=reader.unit, region=reader.region,
        roles=sorted(reader.roles), purpose=purpose and purpose.code, once=wanted.once, expires_at=expires_at,
    )  # fmt: skip
    asked = {wanted.kind: str(wanted.id), "disposition": wanted.disposition, "once": str(wanted.once).lower()}
    access.note(
        runtime, session, reader, petition_id, "make-link", link=str(link_id), **asked, **told(purpose)
    )  # fmt: skip
    return token_of(runtime.keyring, link_id, expires_at), expires_at


async def open_link(runtime: Runtime, token: str) -> Opened:
    """What a link leads to, read with the rights its reader has now; recorded as a use of the link and as a reading.

    Raises Refused: "not-found" also where the right was taken away, "link-ended", "not-viewable", and as reading does.
    """
    link_id = link_of(runtime.keyring, token, runtime.wall.now())
    async with runtime.database.transaction() as session:
        link = await store.take(session, link_id, runtime.wall.now())
        if link is None:
            raise Refused("link-ended")
        reader = _reader(runtime, link)
        purpose = Purpose(link["purpose"]) if link["purpose"] else None
        access.note(
            runtime, session, reader, link["petition_id"], "open-link", link=str(link_id),
            disposition=link["disposition"], **told(purpose),
        )  # fmt: skip
    found = await _file(runtime, link, reader, purpose) if link["kind"] == "file" else await _paper(
        runtime, link, reader)  # fmt: skip
    return await _shown(runtime, reader, found) if link["disposition"] == "inline" and found.sha256 else found


def _reader(runtime: Runtime, link: asyncpg.Record) -> Principal:
    """As when it was asked for, but for what the units of this node are now."""
    above = resources.of(runtime).units.above(link["unit"], link["region"])
    return Principal(
        link["account"], link["unit"], link["region"], frozenset(link["roles"]), link["expires_at"].timestamp(), above
    )


async def _file(runtime: Runtime, link: asyncpg.Record, reader: Principal, purpose: Purpose | None) -> Opened:
    row, content = await files.read_file(runtime, reader, link["petition_id"], link["thing_id"], purpose)
    name = files.name_of(runtime.keyring, row) or str(row.id)
    return Opened(content, name, row.media_type, row.bytes, row.sha256, inline=False)


async def _paper(runtime: Runtime, link: asyncpg.Record, reader: Principal) -> Opened:
    """The sealed PDF; before it is sealed its layout, which is marked already and no original of anything."""
    petition_id, paper_id = link["petition_id"], link["thing_id"]
    async with runtime.database.transaction() as session:
        sealed = await seals.find_sealed(session, petition_id, paper_id, reader)
    if sealed is None:
        pdf = await drafts.unsealed(runtime, reader, petition_id, paper_id)
        inline = link["disposition"] == "inline"
        return Opened(_once(pdf), f"{paper_id}.pdf", PDF, len(pdf), None, inline=inline)
    row, content = await sealing.read_sealed(runtime, reader, petition_id, paper_id)
    return Opened(content, f"{row.number}.pdf", PDF, row.bytes, row.sha256, inline=False)


async def _once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def _shown(runtime: Runtime, reader: Principal, found: Opened) -> Opened:
    """Its viewing copy."""
    copy = await marked(runtime, reader, found.content, found.media_type, found.size)
    stem = found.name.rpartition(".")[0] or found.name
    return Opened(copy.content, f"{stem}-查阅副本.pdf", PDF, copy.size, None, inline=True)


async def _forget(runtime: Runtime, session: Session) -> None:
    await store.forget(session, runtime.wall.now())


FORGET_LINKS = Job("forget-links", timedelta(hours=1), _forget)
