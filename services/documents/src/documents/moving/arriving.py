"""What has come whole is checked and becomes a file or a paper of this node, as its sender has it."""

import base64
import hashlib
import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from documents import resources
from documents.files.domain import Claim
from documents.files.kinds import HEAD, TAIL, needs_password
from documents.moving import telling
from documents.moving.domain import FILE
from documents.moving.items import is_here, keep_file, keep_paper
from documents.moving.receiving import fail, part_binding
from documents.moving.tables import awaited, awaited_parts
from documents.storage import store as storage_store
from documents.storage.vault import Kept
from kit import audit
from kit.crypto import Undecipherable
from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime

WHOLE = select(awaited).where(awaited.c.state == "whole").order_by(awaited.c.told_at).limit(1)
NEW = select(awaited).where(awaited.c.state == "new").order_by(awaited.c.told_at).limit(20)


async def settle_new(runtime: Runtime) -> int:
    """Of what was told: what the store has already is not fetched. Returns how many were looked at."""
    vault = resources.of(runtime).vault
    async with runtime.database.transaction() as session:
        rows = (await session.sql.execute(NEW.with_for_update(skip_locked=True))).all()
        names = {row.id: vault.name_of(row.sha256) for row in rows if row.kind == FILE}
        known = await storage_store.states(session, names.values())
        for row in rows:
            there = known.get(names.get(row.id, ""))
            if there is not None and there.fault is None and row.bytes == there.bytes:
                kept = Kept(there.name, there.sha256, there.bytes)
                await _arrive(runtime, session, row, kept, encrypted=there.encrypted)
            else:
                await session.sql.execute(update(awaited).where(awaited.c.id == row.id).values(state="told"))
    return len(rows)


async def settle_whole(runtime: Runtime) -> int:
    """Check and keep one thing that has come whole; returns how many did. Raises OSError while the store is away."""
    async with runtime.database.transaction() as session:
        row = (await session.sql.execute(WHOLE.with_for_update(skip_locked=True))).one_or_none()
        if row is None:
            return 0
        if await is_here(session, row.petition_id, row.id):  # handed in here, too
            await session.sql.execute(delete(awaited).where(awaited.c.id == row.id))
            return 1
        wrong = await _wrong(runtime, session, row)
        if wrong is not None:
            await _throw_away(runtime, session, row, wrong)
        elif row.kind == FILE:
            kept, encrypted = await _kept(runtime, session, row)
            await _arrive(runtime, session, row, kept, encrypted=encrypted)
        else:
            await keep_paper(runtime.keyring, session, row, await _text(runtime, session, row.id))
            await _arrived(runtime, session, row)
    return 1


async def _bytes(runtime: Runtime, session: Session, item_id: UUID) -> AsyncGenerator[bytes, None]:
    """What has come, in order, a part at a time. Raises Undecipherable."""
    starts = await session.raw.fetch("SELECT start FROM awaited_parts WHERE item_id = $1 ORDER BY start", item_id)
    for (start,) in starts:
        content = await session.raw.fetchval(
            "SELECT content FROM awaited_parts WHERE item_id = $1 AND start = $2", item_id, start
        )
        yield base64.b64decode(runtime.keyring.decrypt(content, part_binding(item_id, start)))


async def _wrong(runtime: Runtime, session: Session, row: Row[Any]) -> str | None:
    """Why it is not what was told, or None."""
    digest, head = hashlib.sha256(), b""
    try:
        async for part in _bytes(runtime, session, row.id):
            head = head or part[:HEAD]
            digest.update(part)
    except Undecipherable:
        return "wrong-bytes"
    if digest.hexdigest() != row.sha256:
        return "wrong-bytes"
    try:
        if row.kind == FILE:
            Claim(row.what).checked(head)
        else:
            _sections(await _text(runtime, session, row.id))
    except (Refused, ValueError):
        return "wrong-kind"
    return None


async def _text(runtime: Runtime, session: Session, item_id: UUID) -> str:
    """Of a paper. Raises ValueError."""
    return b"".join([part async for part in _bytes(runtime, session, item_id)]).decode()


def _sections(text: str) -> None:
    """Raises ValueError for what is no text of a paper."""
    if not isinstance(json.loads(text), dict):
        raise ValueError("not sections by name")  # noqa: TRY004 - as json.loads does


async def _throw_away(runtime: Runtime, session: Session, row: Row[Any], wrong: str) -> None:
    node = row.sources[0] if row.sources else ""
    log.error("moving.wrong", file=str(row.id), node=node, reason=wrong)
    await session.sql.execute(delete(awaited_parts).where(awaited_parts.c.item_id == row.id))
    await fail(session, row.id, row.sha256, node, wrong)
    again = update(awaited).where(awaited.c.id == row.id).values(again=True)
    await session.sql.execute(again)
    detail = {"file": str(row.id), "node": node, "reason": wrong}
    audit.note(session, "miss-file", subject=row.petition_id, at=runtime.clock.now(), detail=detail)


async def _kept(runtime: Runtime, session: Session, row: Row[Any]) -> tuple[Kept, bool]:
    """What stands in the store now, and whether a password is needed to open it."""
    head, tail = b"", bytearray()
    async with resources.of(runtime).vault.receiving() as receiving:
        async for part in _bytes(runtime, session, row.id):
            head = head or part[:HEAD]
            tail += part
            del tail[:-TAIL]
            await receiving.write(part)
        kind, _ = Claim(row.what).checked(head)
        return await receiving.keep(), needs_password(kind, head, bytes(tail))


async def _arrive(runtime: Runtime, session: Session, row: Row[Any], kept: Kept, *, encrypted: bool) -> None:
    """It is here now; so is whatever else is awaited and has the same content."""
    await keep_file(session, row, kept, runtime.clock.now(), encrypted=encrypted)
    same = update(awaited).where(awaited.c.sha256 == row.sha256, awaited.c.id != row.id, awaited.c.kind == FILE)
    await session.sql.execute(same.values(state="new"))
    await _arrived(runtime, session, row)


async def _arrived(runtime: Runtime, session: Session, row: Row[Any]) -> None:
    await session.sql.execute(delete(awaited).where(awaited.c.id == row.id))
    detail = {row.kind: str(row.id), "sha256": row.sha256, "node": row.sources[0] if row.sources else ""}
    audit.note(session, f"take-{row.kind}", subject=row.petition_id, at=runtime.clock.now(), detail=detail)
    await telling.pass_on(runtime, session, row.petition_id, {row.id}, but=row.sources)
