"""Routing as at a node: its use cases, consumers and workers on a database of its own, in time moved by hand."""

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from joserfc.jwk import KeySet

from contracts.envelope import Envelope, EventData
from contracts.events import EVENTS, PaperState, PetitionState
from contracts.speech import parse_event
from kit import migrations
from kit.auth import Principal, Verifier
from kit.bus import Bus, Consumer
from kit.clock import ManualClock
from kit.crypto import Keyring
from kit.db import Database, Session
from kit.ids import SequentialIds
from kit.links import Sealer
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.simulating.petitions import Petition
from node.simulating.world import NODE, World
from routing import usecases
from routing.main import service

SAID = "WITH said AS (DELETE FROM outbox RETURNING id, body) SELECT array_agg(body ORDER BY id) AS bodies FROM said"
NO_DIGEST = "0" * 64


@asynccontextmanager
async def throwaway(server: str) -> AsyncIterator[str]:
    """A database with routing's tables, gone after the block. server: the DSN of a role that may create databases.

    Raises OSError or asyncpg.PostgresError.
    """
    name = f"xinqiao_simulation_{os.getpid()}_{uuid4().hex[:8]}"
    await _execute(server, f"CREATE DATABASE {name}", f"ALTER DATABASE {name} SET synchronous_commit = off")
    dsn = f"{server.rpartition('/')[0]}/{name}"
    try:
        await migrations.upgrade(dsn, service.migrations, service.metadata)
        yield dsn
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server, timeout=15)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Engine:
    """What is done returns the events it was told by, in order; they have been heard here by then."""

    runtime: Runtime
    clock: ManualClock

    async def register(self, petition: Petition, region: str) -> list[Envelope]:
        """A petition as intake tells of it."""
        state = PetitionState(
            number=petition.number, region=region, unit=petition.unit, channel=petition.channel, kind=petition.kind,
            petitioners=1, accused_units=list(petition.accused), received_at=petition.at, registered_at=petition.at,
            route=petition.registered_route, terminated_before=petition.terminated_before,
        )  # fmt: skip
        async with self.runtime.database.transaction() as session:
            await self._hear(session, [self._told("intake.petition.registered.v1", petition.id, state)])
        return await self._deliver()

    async def act(
        self, case: UUID, who: Principal, action: str, wish: usecases.Wish, papers: Iterable[tuple[UUID, str]]
    ) -> list[Envelope]:
        """An action as the API takes it. papers: (id, kind), filed before. Raises Refused; then nothing was filed."""
        filed = [
            PaperState(paper_id=paper, kind=kind, sha256=NO_DIGEST, unit=who.unit, written_at=self.clock.now())
            for paper, kind in papers
        ]
        async with self.runtime.database.transaction() as session:
            await self._hear(session, [self._told("documents.paper.filed.v1", case, each) for each in filed])
            await usecases.act(self.runtime, session, case, who, action, wish)
        return await self._deliver()

    async def due(self) -> datetime | None:
        """The next instant at which a limit reaches a level or runs out."""
        async with self.runtime.database.transaction(late=True) as session:
            row = await session.look("SELECT min(at) AS at FROM deadlines")
        found: datetime | None = row["at"] if row else None
        return found

    async def work(self) -> list[Envelope]:
        """Let the workers do what is due now."""
        told: list[Envelope] = []
        while sum([await worker.step(self.runtime) for worker in service.workers]):
            told += await self._deliver()
        return told

    async def proposals(self) -> int:
        """How often supervision was proposed (Art 40)."""
        async with self.runtime.database.transaction() as session:
            found: int = await session.raw.fetchval("SELECT count(*) FROM proposals")
        return found

    async def close(self) -> None:
        await self.runtime.database.close()

    def _told(self, kind: str, subject: UUID, data: EventData) -> Envelope:
        speaker = kind.partition(".")[0]
        return Envelope(
            id=self.runtime.ids.new(), source=f"/nodes/{NODE}/{speaker}", type=kind, subject=subject,
            time=self.clock.now(), dataschema=EVENTS[kind].dataschema, sequence="1", data=data,
        )  # fmt: skip

    async def _deliver(self) -> list[Envelope]:
        """Empty the outbox into the consumers, as relay and broker do, until nobody says anything more."""
        told: list[Envelope] = []
        while events := await self._said():
            if any(_heard(consumer, events) for consumer in service.consumers):
                async with self.runtime.database.transaction() as session:
                    await self._hear(session, events)
            told += events
        return told

    async def _said(self) -> list[Envelope]:
        """What is in the outbox, which is empty then."""
        async with self.runtime.database.transaction(late=True) as session:
            row = await session.look(SAID)
        return [parse_event(body) for body in (row and row["bodies"]) or ()]

    async def _hear(self, session: Session, events: Sequence[Envelope]) -> None:
        for consumer in service.consumers:
            if found := _heard(consumer, events):
                await consumer.handlers["*"](self.runtime, session, found)


def _heard(consumer: Consumer, events: Sequence[Envelope]) -> list[Envelope]:
    return [
        event for event in events
        if not consumer.foreign and any(fnmatchcase(event.type, pattern) for pattern in consumer.bindings)
    ]  # fmt: skip


def engine(dsn: str, world: World, start: datetime) -> Engine:
    """Nothing of it is reached from outside: no broker, no letters, keys for this run alone."""
    settings = NodeSettings.model_validate({
        "node": {"path": NODE, "name": NODE, "office_unit": world.office(NODE).code},
        "database": {"url": dsn}, "broker": {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"},
    })  # fmt: skip
    clock = ManualClock(start)
    runtime = Runtime(
        service=service.name,
        settings=settings,
        database=Database(dsn, pool_size=2, application="xinqiao-simulate"),
        bus=Bus("amqp://127.0.0.1:1/", name="simulation"),
        keyring=Keyring("k1", {"k1": os.urandom(32)}, os.urandom(32), os.urandom(32)),
        sealer=Sealer(NODE, KeySet([]), {}),
        verifier=Verifier(settings.auth, Path(os.devnull), world.held.units.above),
        clock=clock,
        ids=SequentialIds(),
        resources=world.held,
    )
    return Engine(runtime, clock)
