"""What the database does for a read: EXPLAIN of the very statements that it sends."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import event

from kit.db import Database, Session


async def plans_of(dsn: str, read: Callable[[Session], Awaitable[Any]]) -> list[str]:
    """Of each statement that `read` sends through SQLAlchemy, in their order."""
    database = Database(dsn)
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, _x: Any, _m: Any) -> None:
        sent.append((statement, values))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with database.transaction() as session:
            await read(session)
            return [
                "\n".join(
                    row[0]
                    for row in await session.raw.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {text}", *values)
                )
                for text, values in list(sent)
            ]
    finally:
        await database.close()


async def plan_of(dsn: str, read: Callable[[Session], Awaitable[Any]]) -> str:
    """Of the last statement that `read` sends."""
    return (await plans_of(dsn, read))[-1]


def check(name: str, plan: str) -> str:
    """The plan. Raises RuntimeError for one that reads more than its lines."""
    if "Seq Scan" in plan or "Sort" in plan:
        raise RuntimeError(f"{name} reads more than its lines\n{plan}")
    return plan
