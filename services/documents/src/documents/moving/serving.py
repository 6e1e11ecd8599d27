"""Giving other nodes what they ask for: noted first, then read and sent a few parts at a time."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from contracts.envelope import Envelope
from contracts.moving import FilePart, FilesWanted, FileUnavailable, WantedPiece
from contracts.speech import post, post_large
from documents import resources
from documents.moving import following
from documents.moving.domain import FILE, PAPER, SEALED
from documents.moving.items import here, read
from documents.moving.receiving import WORK
from documents.storage.objects import Absent
from kit import audit
from kit.app import Job
from kit.crypto import Undecipherable
from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime

UNAVAILABLE, GIVEN = "documents.file-unavailable.v1", "documents.file-part.v1"
AT_ONCE = 8  # parts read and put into the outbox in one transaction
WAITING = 64  # parts that the outbox holds at most: 8 MiB, whoever has asked
REPEATED = timedelta(days=7)  # so long it is known what was sent
# a question that comes twice is one; unless it says that what was sent did not do
NOTE = """
INSERT INTO wanted (node, item_id, start, petition_id, sha256, bytes, asked_at)
SELECT $1, $2, start, $4, $5, least($6::bigint, $3::bigint + $7::bigint - start), $8
FROM generate_series($3::bigint, $3::bigint + $7::bigint - 1, $6::bigint) AS start
ON CONFLICT (node, item_id, start) DO UPDATE SET served_at = NULL, sha256 = excluded.sha256, bytes = excluded.bytes,
  asked_at = excluded.asked_at WHERE $9 AND wanted.served_at IS NOT NULL
"""
SENT = """
SELECT min(start) FROM wanted
WHERE node = $1 AND item_id = $2 AND start BETWEEN $3 AND $4 AND served_at IS NOT NULL
"""
# $3: what nobody has scanned yet may be handed on; else it waits, and what was asked for after it does not
NEXT = """
WITH first AS (
  SELECT node, item_id, start FROM wanted
  WHERE served_at IS NULL AND (SELECT count(*) FROM outbox WHERE exchange = 'bulk') < $1
    AND ($3 OR NOT EXISTS (SELECT FROM files JOIN objects ON objects.name = files.object
      WHERE files.id = wanted.item_id AND objects.scan = 'unscanned'))
  ORDER BY asked_at, node, item_id, start LIMIT 1)
SELECT wanted.* FROM wanted JOIN first USING (node, item_id)
WHERE served_at IS NULL AND wanted.start >= first.start ORDER BY wanted.start LIMIT $2 FOR UPDATE OF wanted SKIP LOCKED
"""
SERVED = "UPDATE wanted SET served_at = $4 WHERE node = $1 AND item_id = $2 AND start = ANY ($3::bigint[])"
NOT_SERVED = "UPDATE wanted SET served_at = $3 WHERE node = $1 AND item_id = $2 AND served_at IS NULL"
FORGET = "DELETE FROM wanted WHERE served_at < $1"


async def take_question(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Note what a node wants that may have it; whoever may not is told no more than that, and the audit who asked."""
    asked: FilesWanted = letter.data
    everything, lent = await following.may_have(session, letter.subject, letter.node, runtime.node)
    allowed = {FILE, PAPER, SEALED} if everything else {FILE} if lent else set[str]()
    asked_for = [(piece.id, piece.sha256) for piece in asked.pieces]
    known = await here(runtime.keyring, session, letter.subject, asked_for)
    for piece in asked.pieces:
        found = known.get(piece.id)
        if found is not None and found.kind in allowed and piece.start + piece.size <= found.size:
            await _note(runtime, session, letter, piece)
        else:
            _refuse(runtime, session, letter, piece)
    session.wake.add(WORK)


async def _note(runtime: Runtime, session: Session, letter: Envelope, piece: WantedPiece) -> None:
    """What was sent before is not sent again: behind it goes a part without bytes, which says so. If that comes where
    the others did not, they are lost.
    """
    last = piece.start + piece.size - 1
    sent = None if piece.again else await session.raw.fetchval(SENT, letter.node, piece.id, piece.start, last)
    await session.raw.execute(
        NOTE, letter.node, piece.id, piece.start, letter.subject, piece.sha256, piece.part, piece.size,
        runtime.wall.now(), piece.again,
    )  # fmt: skip
    if sent is not None:
        part = FilePart(id=piece.id, sha256=piece.sha256, start=sent)
        post_large(runtime, session, GIVEN, part, b"", to=letter.node, subject=letter.subject)
    elif piece.start == 0:
        _audit(runtime, session, "give-file", letter.subject, piece.id, letter.node)


def _refuse(runtime: Runtime, session: Session, letter: Envelope, piece: WantedPiece) -> None:
    log.warning("moving.refused", file=str(piece.id), node=letter.node)
    _audit(runtime, session, "refuse-file", letter.subject, piece.id, letter.node)
    _tell(runtime, session, letter.node, letter.subject, (piece.id, piece.sha256), "refused")


def _audit(runtime: Runtime, session: Session, action: str, petition_id: UUID, item: UUID, node: str) -> None:
    detail = {"file": str(item), "node": node}
    audit.note(session, action, subject=petition_id, at=runtime.clock.now(), detail=detail)


def _tell(
    runtime: Runtime, session: Session, node: str, petition_id: UUID, item: tuple[UUID, str], reason: str
) -> None:
    answer = FileUnavailable(id=item[0], sha256=item[1], reason=reason)
    post(runtime, session, UNAVAILABLE, answer, to=node, subject=petition_id)


async def give(runtime: Runtime) -> int:
    """Send some parts of what was asked for first; returns how many.

    Raises OSError while the store is away: the question stays.
    """
    async with runtime.database.transaction() as session:
        rows = _run(await session.raw.fetch(NEXT, WAITING, AT_ONCE, resources.of(runtime).settings.opens_unscanned))
        if not rows:
            return 0
        node, item, now = rows[0]["node"], (rows[0]["item_id"], rows[0]["sha256"]), runtime.wall.now()
        try:
            await _send(runtime, session, rows)
            await session.raw.execute(SERVED, node, item[0], [row["start"] for row in rows], now)
        except (Absent, Undecipherable, Refused) as error:
            log.error("content.damaged", file=str(item[0]), reason=type(error).__name__)
            _tell(runtime, session, node, rows[0]["petition_id"], item, _reason(error))
            await session.raw.execute(NOT_SERVED, node, item[0], now)
    return len(rows)


def _reason(error: Exception) -> str:
    """In a word. Refused: it must not leave the vault."""
    if isinstance(error, Refused):
        return error.slug.removeprefix("file-")[:32]
    return "gone" if isinstance(error, Absent) else "damaged"


def _run(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Those that follow each other without a gap, and are of the same content."""
    run = list(rows[:1])
    for row in rows[1:]:
        if row["start"] != run[-1]["start"] + run[-1]["bytes"] or row["sha256"] != run[0]["sha256"]:
            break
        run.append(row)
    return run


async def _send(runtime: Runtime, session: Session, rows: Sequence[asyncpg.Record]) -> None:
    first, size = rows[0], sum(row["bytes"] for row in rows)
    key, petition_id = (first["item_id"], first["sha256"]), first["petition_id"]
    found = (await here(runtime.keyring, session, petition_id, [key])).get(key[0])
    if found is None:
        raise Absent(str(key[0]))
    try:
        content = await read(runtime, found, first["start"], size)
    except Undecipherable:  # or it was sealed anew between two looks at it
        content = await read(runtime, found, first["start"], size)
    for row in rows:
        part, at = FilePart(id=key[0], sha256=key[1], start=row["start"]), row["start"] - first["start"]
        some = content[at : at + row["bytes"]]
        post_large(runtime, session, GIVEN, part, some, to=row["node"], subject=petition_id)


async def _forget(runtime: Runtime, session: Session) -> None:
    await session.raw.execute(FORGET, runtime.wall.now() - REPEATED)


FORGET_SERVED = Job("forget-served", timedelta(minutes=30), _forget)  # questions that were answered long ago
