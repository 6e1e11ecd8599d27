"""Rows of links."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import insert

from documents.links.tables import read_links
from kit.db import Session

TAKE = """
UPDATE read_links SET used_at = $2 WHERE id = $1 AND NOT (once AND used_at IS NOT NULL) RETURNING *
"""
KEPT = timedelta(days=1)  # after its end; that it was there, the audit tells


async def add(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(read_links).values(columns))


async def take(session: Session, link_id: UUID, now: datetime) -> "asyncpg.Record | None":
    """None when it was to be used once, and was; or is gone. Of two who open it at once, one gets it."""
    return await session.raw.fetchrow(TAKE, link_id, now)


async def forget(session: Session, now: datetime) -> None:
    await session.raw.execute("DELETE FROM read_links WHERE expires_at < $1", now - KEPT)
