"""Encrypted columns as data, and moving their values under the active key while the services run."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Select, Table, bindparam, func, literal, or_, select, tuple_, update

from kit.crypto import Keyring, Undecipherable
from kit.db import Database, Session

BATCH = 500


@dataclass(frozen=True)
class Sealed:
    """Encrypted columns of a table. binding(*primary key): what a value is bound to, with the
    column as last argument where there are several;
    immutable: rows never change, so they keep the key they were written under.
    """

    table: Table
    columns: tuple[str, ...]
    binding: Callable[..., str]
    immutable: bool = False

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key.columns)

    def bound_to(self, key: Sequence[Any], column: str) -> str:
        """What the value in this row and column is bound to."""
        return self.binding(*key) if len(self.columns) == 1 else self.binding(*key, column)

    def values(self) -> list[Column[Any]]:
        return [self.table.c[name] for name in self.columns]


@dataclass(frozen=True, slots=True)
class Moved:
    """moved: rows now under the active key; unreadable: rows met for the first time that no key opens, left alone."""

    moved: int
    unreadable: int


def _key_id(column: Column[Any]) -> ColumnElement[str]:
    """Which key a stored value names; the first byte tells its length."""
    name = func.substring(column, 2, func.get_byte(column, 0))
    return func.encode(name, "escape")  # also tells of bytes that are no text


async def counts(session: Session, sealed: Sealed) -> dict[str, int]:
    """How many values stand under each key id."""
    found: dict[str, int] = {}
    for column in sealed.values():
        query = select(_key_id(column).label("id"), func.count()).where(column.isnot(None)).group_by("id")
        for key_id, number in await session.sql.execute(query):
            found[key_id] = found.get(key_id, 0) + number
    return found


def _old(sealed: Sealed, ring: Keyring) -> ColumnElement[bool]:
    """The rows with a value that is not under the active key; null is not."""
    start = literal(ring.prefix)
    return or_(*(func.substring(column, 1, len(ring.prefix)) != start for column in sealed.values()))


async def left(session: Session, sealed: Sealed, ring: Keyring) -> int:
    """Rows with a value under an older key."""
    query = select(func.count()).select_from(sealed.table).where(_old(sealed, ring))
    number: int = (await session.sql.execute(query)).scalar_one()
    return number


async def reencrypt(
    database: Database, sealed: Sealed, ring: Keyring, batch: int = BATCH
) -> AsyncGenerator[Moved, None]:
    """Move everything under the active key; yields what each batch, a transaction of its own, has done.

    Stopped anywhere it goes on where it was when called again. A row that a service holds just now is left out, never
    waited for, and taken in the next pass; the passes end when one has moved nothing.
    """
    damaged: set[tuple[Any, ...]] = set()
    moved = 1
    while moved:
        moved, after = 0, None
        while True:
            async with database.transaction() as session:
                rows = (await session.sql.execute(_next(sealed, ring, after, batch))).all()
                done = await _move(session, sealed, ring, rows, damaged)
            if not rows:
                break
            moved, after = moved + done.moved, _key_of(sealed, rows[-1])
            yield done


def _next(sealed: Sealed, ring: Keyring, after: Sequence[Any] | None, batch: int) -> Select[Any]:
    query = select(*sealed.key, *sealed.values()).where(_old(sealed, ring))
    if after is not None:
        start = [literal(value, column.type) for value, column in zip(after, sealed.key, strict=True)]
        query = query.where(tuple_(*sealed.key) > tuple_(*start))
    return query.order_by(*sealed.key).limit(batch).with_for_update(skip_locked=True, key_share=True)


def _key_of(sealed: Sealed, row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row[: len(sealed.key)])


async def _move(
    session: Session, sealed: Sealed, ring: Keyring, rows: Sequence[Row[Any]], damaged: set[tuple[Any, ...]]
) -> Moved:
    """The rows are locked, so what is written is what was read."""
    changes, known = [], len(damaged)
    for row in rows:
        try:
            changes.append(_renewed(sealed, ring, row))
        except Undecipherable:
            damaged.add(_key_of(sealed, row))
    if changes:
        statement = update(sealed.table).values({name: bindparam(f"new_{name}") for name in sealed.columns})
        mine = [column == bindparam(f"at_{column.name}") for column in sealed.key]
        await session.sql.execute(statement.where(*mine), changes)
    return Moved(len(changes), len(damaged) - known)


def _renewed(sealed: Sealed, ring: Keyring, row: Row[Any]) -> dict[str, Any]:
    """Parameters that write one row's values anew. Raises Undecipherable."""
    key = _key_of(sealed, row)
    values = {f"at_{column.name}": value for column, value in zip(sealed.key, key, strict=True)}
    for name, stored in zip(sealed.columns, row[len(key) :], strict=True):
        bound_to = sealed.bound_to(key, name)
        values[f"new_{name}"] = None if stored is None else ring.encrypt(ring.decrypt(stored, bound_to), bound_to)
    return values
