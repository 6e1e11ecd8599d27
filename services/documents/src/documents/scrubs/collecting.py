"""What stands in the store and no row names, because whoever kept it never committed: counted first, removed when the
operator wants that.

What a keeper finds there already it notes before it relies on it (storage.store.adopt), under the same lock as here: of
the two, one sees the other. What it writes itself is too young to be looked at.
"""

from collections.abc import AsyncIterator

from documents import resources
from documents.metrics import COLLECTED, UNCOMMITTED
from documents.scrubs import store
from documents.scrubs.domain import too_many
from documents.storage import store as objects
from documents.storage.objects import Standing
from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime

PAGE = 1000  # names that are looked at in one piece


async def all_uncommitted(runtime: Runtime) -> AsyncIterator[Standing]:
    """Everything that is. Raises OSError while the store is away."""
    after: str | None = ""
    while after is not None:
        found, after = await _look(runtime, after)
        for each in found:
            yield each


async def _look(runtime: Runtime, after: str) -> tuple[list[Standing], str | None]:
    """What is uncommitted among the next names, and where to go on; None at the end."""
    page = await resources.of(runtime).vault.store.listed(after, PAGE)
    old = [each for each in page if _is_old(runtime, each)]
    async with runtime.database.transaction() as session:
        known = await objects.states(session, [each.name for each in old])
    return [each for each in old if each.name not in known], page[-1].name if len(page) == PAGE else None


def _is_old(runtime: Runtime, standing: Standing) -> bool:
    return standing.since < runtime.wall.now() - resources.of(runtime).settings.collectable_after


async def check_few(runtime: Runtime, found: int) -> None:
    """Raises Refused("too-many-uncommitted")."""
    async with runtime.database.transaction() as session:
        known = await store.known(session)
    if too_many(found, known):
        raise Refused("too-many-uncommitted", found=found, known=known)


async def remove(runtime: Runtime, standing: Standing) -> bool:
    """Whether it went: it may have been adopted, or written anew, since it was looked at; and what is or ever was
    locked stays.
    """
    async with runtime.database.transaction() as session:
        await objects.hold(session, standing.name)
        if not await _is_collectable(runtime, session, standing.name):
            return False
        await resources.of(runtime).vault.store.delete(standing.name)
    COLLECTED.inc()
    log.warning("object.collected", object=standing.name, bytes=standing.bytes, since=standing.since.isoformat())
    return True


async def _is_collectable(runtime: Runtime, session: Session, name: str) -> bool:
    kept = resources.of(runtime).vault.store
    if await objects.states(session, [name]) or await kept.locked_until(name) is not None:
        return False
    now = await kept.listed(name[:-1], 1)
    return [each.name for each in now] == [name] and _is_old(runtime, now[0])


async def step(runtime: Runtime) -> None:
    """A piece of the walk through the store that never ends. Nothing goes before a whole walk has counted it."""
    held = resources.of(runtime)
    walk = held.walk
    found, after = await _look(runtime, walk.after)
    if found and held.settings.collect_uncommitted and walk.counted is not None:
        try:
            await check_few(runtime, walk.counted)
        except Refused as refused:
            log.error("store.too_many_uncommitted", **refused.facts)
        else:
            found = [each for each in found if not await remove(runtime, each)]
    walk.found += len(found)
    if after is None:
        UNCOMMITTED.set(walk.found)
        walk.found, walk.counted = 0, walk.found
    walk.after = after or ""
