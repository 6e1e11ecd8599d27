"""What makes a content an identity paper without anybody being asked: its name, what it is made of, another node."""

from collections.abc import Collection
from datetime import datetime

from documents import resources
from documents.identity import store
from documents.identity.domain import Mark, suggests
from kit.db import Session
from kit.runtime import Runtime


async def note_new(runtime: Runtime, session: Session, digest: str, name: str | None, *, is_one: bool) -> Mark | None:
    """Of a file that is stored now: is_one says who sends it; else its name may suggest it."""
    at = runtime.clock.now()
    if is_one:
        return "marked" if await store.set_mark(session, digest, "marked", at) else None
    words = resources.of(runtime).settings.identity.names
    if suggests(name, words) and await store.propose(session, digest, "proposed", at):
        return "proposed"
    return None


async def inherit(session: Session, digest: str, parts: Collection[str], at: datetime) -> None:
    """Of a PDF that was made of pages of these contents, `beside_filings`: it is one as long as one of them is."""
    if await store.marks(session, parts) and not await store.marks(session, [digest]):
        await store.set_mark(session, digest, "contained", at)


async def take(runtime: Runtime, session: Session, told: Collection[tuple[str, datetime]]) -> None:
    """Contents that another node holds to be some, and since when. What was decided here later stands."""
    if told:
        await store.alone(session)
    for digest, at in told:
        if await store.set_mark(session, digest, "marked", at):
            await spread(runtime, session, digest)


async def spread(runtime: Runtime, session: Session, digest: str) -> set[str]:
    """Mark what was made of its pages, and what was made of those; returns all of them, it too."""
    name_of, at = resources.of(runtime).vault.name_of, runtime.clock.now()
    reached, waiting = {digest}, [digest]
    while waiting:
        made = {*await store.derived(session, name_of(waiting.pop()))} - reached
        reached |= made
        waiting += made
        for each in made - {*await store.marks(session, made)}:
            await store.set_mark(session, each, "contained", at)
    return reached


async def settle(runtime: Runtime, session: Session, digest: str) -> None:
    """It is none any more, unless it holds pages of another one; nor is what was made of it."""
    name_of, at = resources.of(runtime).vault.name_of, runtime.clock.now()
    if await store.contains(session, name_of(digest)):
        await store.set_mark(session, digest, "contained", at)
        return
    await store.set_mark(session, digest, "lifted", at)
    for made in await store.derived(session, name_of(digest)):
        known = await store.marks(session, [made])
        if known and known[made].mark == "contained":
            await settle(runtime, session, made)
