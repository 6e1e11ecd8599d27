"""What `xinqiao seals` does: with documents' own use cases, in one transaction."""

import getpass
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row

from contracts.units import Unit
from documents import resources
from documents.main import service
from documents.seals import registering, store, usecases
from documents.seals.registering import NewSeal
from documents.seals.working import CHANNEL
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.inside import inside

Answer = TypeVar("Answer")
WithKey = Callable[[NewSeal], NewSeal]
REASONS = ("lost", "compromised", "unit-ended", "replaced", "other")
FAULTS = {
    "unreadable": "no PDF, or damaged 不是 PDF 或已损坏",
    "unsigned": "bears no signature 没有签章",
    "altered": "was changed after it was sealed 用印后被改动",
    "untrusted": "sealed by a certificate that no such root stands above 签章证书不受信任",
}


async def as_documents(settings: NodeSettings, work: Callable[[Runtime, Session], Awaitable[Answer]]) -> Answer:
    """Raises Refused; OSError or asyncpg.PostgresError when the database is away."""
    async with inside(settings, service, name="xinqiao-seals") as runtime:
        async with runtime.database.transaction() as session:
            answer = await work(runtime, session)
        await runtime.database.notify({CHANNEL})
        return answer


def _units(runtime: Runtime) -> list[Unit]:
    """Units that this node serves."""
    directory = resources.of(runtime).units
    return [unit for unit in directory.units.values() if unit.node == runtime.node]


def _unit(runtime: Runtime, code: str) -> Unit:
    found = next((unit for unit in _units(runtime) if unit.code == code), None)
    if found is None:
        raise Refused("not-found", unit=code)
    return found


def word_for(name: str) -> str:
    """A word for a unit that was given none: 丁镇信访办 numbers as 丁镇信."""
    return re.sub(r"(局|办公室|办)$", "", re.sub(r"信访(工作)?(局|办公室|办)$", "信", name))


async def init(runtime: Runtime, session: Session) -> list[Row[Any]]:
    made = []
    for unit in _units(runtime):
        if await store.current_seal(session, unit.code) is None:
            drawn = registering.drawn_seal(runtime, unit, word_for(unit.name), runtime.wall.now())
            made.append(await registering.register(runtime, session, drawn, by=getpass.getuser()))
    return made


async def register(
    runtime: Runtime, session: Session, code: str, word: str, image: bytes, with_key: WithKey
) -> Row[Any]:
    new = with_key(NewSeal(_unit(runtime, code), word, image))
    return await registering.register(runtime, session, new, by=getpass.getuser())


async def renew(runtime: Runtime, session: Session, code: str, with_key: WithKey | None) -> Row[Any]:
    """The unit's newest seal again, also one that was retired, with another key."""
    unit = _unit(runtime, code)
    known = await store.seals_of(session, [code])
    if not known:
        raise Refused("no-seal", unit=code)
    new = NewSeal(unit, known[0].word, known[0].image)
    if with_key is None:
        drawn = registering.drawn_seal(runtime, unit, new.word, runtime.wall.now())
        new = NewSeal(unit, new.word, new.image, drawn.identity)
    else:
        new = with_key(new)
    return await registering.register(runtime, session, new, by=getpass.getuser())


async def retire(runtime: Runtime, session: Session, code: str, reason: str) -> None:
    current = await store.current_seal(session, code)
    if current is None:
        raise Refused("no-seal", unit=code)
    await usecases.retire(
        session, current["id"], code, reason, by=getpass.getuser(), at=runtime.clock.now()
    )  # fmt: skip


async def all_of(runtime: Runtime, session: Session) -> Sequence[Row[Any]]:
    return await store.seals_of(session, [unit.code for unit in _units(runtime)])


async def waiting(_: Runtime, session: Session) -> Sequence[Row[Any]]:
    return await store.waiting(session)


async def retry(runtime: Runtime, session: Session, paper: UUID | None) -> None:
    await session.raw.execute(store.RETRY, runtime.wall.now(), paper)
