"""Connections of one database that stay open between transactions."""

import asyncio
from typing import Any, cast

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

WAIT = 10  # seconds until a transaction that finds all connections taken gives up


class Connections:
    """Up to `size` of them, each through two doors (SQLAlchemy, asyncpg). Even from its pool, SQLAlchemy takes more
    time to hand out a connection than the database for a statement; so they are kept as they are.
    """

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(size)
        self._free: list[tuple[AsyncConnection, asyncpg.Connection[Any]]] = []
        self._closed = False

    async def take(self) -> "tuple[AsyncConnection, asyncpg.Connection[Any]]":
        """A connection for one transaction. Raises OSError when none gets free, or the database is away."""
        if self._places.locked():
            async with asyncio.timeout(WAIT):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            while self._free:
                sql, raw = self._free.pop()
                if not raw.is_closed():  # after the database was away all are
                    return sql, raw
                await _discard(sql)
            return await self._open()
        except BaseException:
            self._places.release()
            raise

    async def _open(self) -> "tuple[AsyncConnection, asyncpg.Connection[Any]]":
        try:
            sql = await self._engine.connect()
        except DBAPIError as error:  # so SQLAlchemy wraps what PostgreSQL says while it starts or stops
            raise ConnectionError("the database takes no connection") from error
        raw = (await sql.get_raw_connection()).driver_connection
        return sql, cast("asyncpg.Connection[Any]", raw)

    async def give_back(self, sql: AsyncConnection, raw: "asyncpg.Connection[Any]", *, whole: bool) -> None:
        """A connection that ended, or whose transaction did not, is not kept.

        whole: its last statement was answered; else it may still wait for that answer although it looks open.
        """
        try:
            if self._closed or not whole or raw.is_closed() or raw.is_in_transaction():
                await _discard(sql)
                return
            if sql.in_transaction():  # SQLAlchemy's own notion of one; nothing is sent
                await sql.rollback()
            self._free.append((sql, raw))
        finally:
            self._places.release()

    async def close(self) -> None:
        self._closed = True
        while self._free:
            await self._free.pop()[0].close()


async def _discard(sql: AsyncConnection) -> None:
    await sql.invalidate()
    await sql.close()
