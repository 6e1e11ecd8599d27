"""Keeping the definitions that cases follow: none may change under them, and what another node wrote is learned."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg

from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from routing.domain import Case
from routing.procedures import store as procedures_store
from routing.procedures.library import BadDefinition, Library, Mistake

LOOK = 1.0  # seconds between two looks whether another process has learned one
Watch = Callable[[Runtime, Session, Sequence[Case]], Awaitable[None]]


async def settle(session: Session, library: Library) -> None:
    """Compare what is loaded with what cases began under; learn what only the database has.

    Raises BadDefinition for a version that was changed although cases follow it.
    """
    before, changed = await procedures_store.texts(session), []
    for key, procedure in library.procedures.items():
        if before.get(key) is None:
            await procedures_store.keep(session, key, procedure.text, followed=True)
        elif before[key] != procedure.text:
            if await procedures_store.is_followed(session, key):
                changed.append(_changed(key))
            else:
                await procedures_store.rewrite(session, key, procedure.text)
    if changed:
        raise BadDefinition(changed)
    _learn(library, before)


def _changed(key: str) -> Mistake:
    name, _, version = key.partition("/")
    reason = (
        "it was changed after cases began under it; put it back as it was (`xinqiao procedures show "
        f"{key}` prints that) and write the change as {name}.v{int(version) + 1}.yaml "
        "已有办件使用此版本,不得修改;请恢复原文,另写新版本"
    )
    return Mistake(f"{name}.v{version}.yaml", 0, reason)


def _learn(library: Library, texts: dict[str, str | None]) -> None:
    for key, text in texts.items():
        if text is not None and key not in library.procedures:
            try:
                library.learn(key, text)
            except BadDefinition as bad:  # of a newer release: the cases wait, to be read only
                log.warning("routing.procedure_not_understood", procedure=key, reason=str(bad)[:300])


@asynccontextmanager
async def keeping(runtime: Runtime, own: Path | None) -> AsyncIterator[Library]:
    """The procedures of this node, compared with the database as soon as it answers, and kept up to date.

    Raises BadDefinition where the database answers at once; else the process ends when it does.
    """
    library = Library.of_node(runtime.node, own)
    settled = await _settled(runtime, library)
    task = asyncio.create_task(_keep(runtime, library, settled=settled), name="routing.procedures")
    try:
        yield library
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _settled(runtime: Runtime, library: Library) -> bool:
    try:
        async with runtime.database.apart() as session:
            await settle(session, library)
    except (OSError, asyncpg.PostgresError) as error:
        log.info("routing.procedures_wait", error=type(error).__name__)
        return False
    return True


async def _keep(runtime: Runtime, library: Library, *, settled: bool) -> None:
    while True:
        await asyncio.sleep(LOOK)
        try:
            if not settled:
                settled = await _settled(runtime, library)
                continue
            async with runtime.database.apart() as session:
                _learn(library, await procedures_store.texts(session, library.procedures))
        except BadDefinition as bad:
            log.error("routing.procedure_changed", reason=str(bad))
            os.kill(os.getpid(), signal.SIGTERM)  # no case is to be handled by it
            return
        except (OSError, asyncpg.PostgresError) as error:
            log.info("routing.procedures_wait", error=type(error).__name__)


async def receive(session: Session, library: Library, key: str, text: str | None) -> None:
    """A case has come that follows this procedure; text: as the letter has it. Kept, whether understood or not.

    Raises Refused("procedure-differs").
    """
    known = library.procedures.get(key)
    if known is None and text is not None:
        await procedures_store.keep(session, key, text, followed=False)
        _learn(library, {key: text})
    elif known is None:
        await procedures_store.keep(session, key, None, followed=False)
    elif text is not None and text != known.text:
        raise Refused("procedure-differs", procedure=key)


def follower(library_of: Callable[[Runtime], Library], watch: Watch) -> Worker:
    """Counts the clocks of cases that came before their procedure was understood. watch: lets the scheduler do it."""

    async def step(runtime: Runtime) -> int:
        async with runtime.database.transaction() as session:
            key = await procedures_store.waiting(session, library_of(runtime).procedures)
            if key is None:
                return 0
            batch = await procedures_store.written_here(session, key, runtime.node, None)
            while batch:
                await watch(runtime, session, batch)
                batch = await procedures_store.written_here(session, key, runtime.node, batch[-1].id)
            await procedures_store.follow(session, key)
        return 1

    return Worker("routing.procedures", None, step, timedelta(seconds=5))
