"""What is to be done with pages: left by whoever commits it, taken by one process at a time, done once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar
from uuid import UUID

import asyncpg

from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

Kind = Literal["look", "assemble", "read"]
Value = TypeVar("Value")
CHANNEL = "pages"
URGENCY: dict[Kind, int] = {"look": 0, "assemble": 1, "read": 2}  # somebody waits for a look
LEASE = timedelta(seconds=60)  # after which who took it and does not say that it still has it is dead
AGAIN = timedelta(seconds=10)
TRIES = 4
AWAY = (asyncio.CancelledError, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, Refused)
ADD = """
INSERT INTO page_work (kind, urgency, file_id, bundle_id, position, due_at)
SELECT $1, $2, file_id, bundle_id, position, $6 FROM unnest($3::uuid[], $4::uuid[], $5::int[])
  AS wanted (file_id, bundle_id, position)
"""
CLAIM = """
WITH due AS (SELECT id FROM page_work WHERE due_at <= $1 ORDER BY urgency, id LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE page_work SET due_at = $1 + $2::interval, attempts = attempts + 1 FROM due WHERE page_work.id = due.id
RETURNING page_work.id, kind, file_id, bundle_id, position, attempts
"""
RENEW = "UPDATE page_work SET due_at = $3 WHERE id = $1 AND attempts = $2"
PUT_BACK = "UPDATE page_work SET due_at = $3, attempts = attempts - $4 WHERE id = $1 AND attempts = $2"
FINISH = "DELETE FROM page_work WHERE id = $1 AND attempts = $2 RETURNING id"


@dataclass(frozen=True, slots=True)
class Work:
    """attempts: which try this is; a process that died leaves its try counted."""

    id: int
    kind: Kind
    file_id: UUID | None
    bundle_id: UUID | None
    position: int | None
    attempts: int

    @property
    def hopeless(self) -> bool:
        """It has ended several processes: it is not tried again."""
        return self.attempts > TRIES


def given(value: Value | None) -> Value:
    """What work of this kind always names."""
    assert value is not None  # noqa: S101 - see `add`
    return value


class NotYet(Exception):
    """Something has to happen to the file first."""


class Overtaken(Exception):
    """Somebody else has this work now: what we did of it does not count."""


async def add(
    runtime: Runtime, session: Session, kind: Kind, *,
    files: Sequence[UUID] = (), bundle: UUID | None = None, positions: Sequence[int] = (),
) -> None:  # fmt: skip
    """Leave work: for each file, or for each position of a bundle, or for a bundle as a whole."""
    pieces: list[tuple[UUID | None, UUID | None, int | None]] = [(file_id, None, None) for file_id in files]
    pieces += [(None, bundle, position) for position in positions]
    if bundle is not None and not positions:
        pieces.append((None, bundle, None))
    if pieces:
        await session.raw.execute(ADD, kind, URGENCY[kind], *zip(*pieces, strict=True), runtime.wall.now())
        session.wake.add(CHANNEL)


async def claim(runtime: Runtime) -> Work | None:
    async with runtime.database.transaction() as session:
        row = await session.raw.fetchrow(CLAIM, runtime.wall.now(), LEASE)
    return row and Work(*row)


async def finish(session: Session, work: Work) -> None:
    """First in the transaction that writes what came of it. Raises Overtaken."""
    if await session.raw.fetchval(FINISH, work.id, work.attempts) is None:
        raise Overtaken


@asynccontextmanager
async def held(runtime: Runtime, work: Work) -> AsyncIterator[None]:
    """Say again and again that we still have it. When we are ended, or something we need is away, it is put back as if
    it had not been tried.
    """
    renewing = asyncio.create_task(_renew(runtime, work))
    try:
        yield
    except Overtaken:
        pass
    except NotYet:
        await _put_back(runtime, work, blameless=True)
    except BaseException as error:
        await _put_back(runtime, work, blameless=isinstance(error, AWAY))
        raise
    finally:
        renewing.cancel()


async def _put_back(runtime: Runtime, work: Work, *, blameless: bool) -> None:
    async with runtime.database.transaction() as session:
        await session.raw.execute(PUT_BACK, work.id, work.attempts, runtime.wall.now() + AGAIN, int(blameless))


async def _renew(runtime: Runtime, work: Work) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        with contextlib.suppress(Exception):  # the database is away: the work's own end will tell
            async with runtime.database.transaction() as session:
                await session.raw.execute(RENEW, work.id, work.attempts, runtime.wall.now() + LEASE)
