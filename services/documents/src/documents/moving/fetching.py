"""Asking for what is not here: a few parts at a time of each node, what is small first, what was lost once more."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from contracts.moving import FilesWanted, WantedPiece
from contracts.speech import post
from documents import resources
from documents.moving import arriving, serving
from documents.moving.domain import PART, missing
from documents.moving.receiving import WORK
from kit.db import Session
from kit.runtime import Runtime
from kit.workers import Worker

WANTED = "documents.file-wanted.v1"
# what was asked for and has not come, of each node
UNDER_WAY = """
SELECT sources[1] AS node, sum(CASE WHEN asked = 0 THEN 0 ELSE asked - coalesce((
    SELECT sum(p.bytes) FROM awaited_parts p WHERE p.item_id = a.id AND p.start < a.asked), 0) END)::bigint AS bytes
FROM awaited a WHERE state IN ('told', 'asked') AND sources <> '{}' GROUP BY 1
"""
# the same content under another id is not fetched beside it
NEXT = """
SELECT id, petition_id, sha256, bytes, asked, again FROM awaited a
WHERE sources[1] = $1 AND state IN ('told', 'asked') AND asked < bytes
  AND NOT EXISTS (SELECT FROM awaited b WHERE b.sha256 = a.sha256 AND b.id <> a.id
    AND (b.state = 'asked' OR b.state = 'told' AND b.id < a.id AND b.sources[1] = a.sources[1]))
ORDER BY told_at, kind DESC, bytes, id LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED
"""
ASKED = "UPDATE awaited SET asked = $2, state = 'asked', moved_at = $3 WHERE id = $1"
# nothing has come for long: the line may be down. What is missing is asked for once more, and not sent once more
STALLED = "UPDATE awaited SET asked = 0, again = false, moved_at = $2 WHERE state = 'asked' AND moved_at < $1"


async def step(runtime: Runtime) -> int:
    """Some of what there is to do, for this node and for others; returns how much was done."""
    done = await serving.give(runtime)
    done += await arriving.settle_whole(runtime)
    done += await arriving.settle_new(runtime)
    return done + await ask(runtime)


MOVING = Worker("documents.moving", WORK, step)


async def ask(runtime: Runtime) -> int:
    """Ask each node for so much that no more than the window is under way from it; returns for how many things."""
    settings, asked = resources.of(runtime).settings, 0
    async with runtime.database.transaction() as session:
        now = runtime.wall.now()
        await session.raw.execute(STALLED, now - timedelta(hours=settings.ask_again_hours), now)
        for node, under_way in await session.raw.fetch(UNDER_WAY):
            room = settings.moving_window - under_way
            if under_way == 0 or 2 * room >= settings.moving_window:  # not a letter for each part that comes
                asked += await _ask(runtime, session, node, room)
    return asked


async def _ask(runtime: Runtime, session: Session, node: str, room: int) -> int:
    pieces: dict[UUID, list[WantedPiece]] = {}
    rows = await session.raw.fetch(NEXT, node)
    for row in rows:
        if room < PART and pieces:
            break
        wanted, asked = await _wanted(session, row, room)
        room -= sum(piece.size for piece in wanted)
        pieces.setdefault(row["petition_id"], []).extend(wanted)
        await session.raw.execute(ASKED, row["id"], asked, runtime.wall.now())
    for petition_id, some in pieces.items():
        if some:
            post(runtime, session, WANTED, FilesWanted(pieces=some), to=node, subject=petition_id)
    return sum(map(len, pieces.values()))


async def _wanted(session: Session, row: asyncpg.Record, room: int) -> tuple[Sequence[WantedPiece], int]:
    """What to ask for next of one thing, and up to where it was asked for then."""
    have = await session.raw.fetch("SELECT start FROM awaited_parts WHERE item_id = $1", row["id"])
    pieces, asked = missing(row["bytes"], row["asked"], {start for (start,) in have}, room)
    return [
        WantedPiece(
            id=row["id"], sha256=row["sha256"], start=piece.start, size=piece.size, part=PART, again=row["again"]
        )
        for piece in pieces
    ], asked
