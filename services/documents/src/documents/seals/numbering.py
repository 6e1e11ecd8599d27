"""Document numbers (发文字号): taken one after the other in each series, without gaps or doubles."""

from datetime import date, datetime
from uuid import UUID

import asyncpg

from documents.seals.domain import number_text
from kit.db import Session

KNOWN = "SELECT * FROM numbers WHERE paper_id = $1"
# the row is locked until the transaction ends, in which the number is noted: whoever comes second waits, and sees it
LOCK = """
INSERT INTO number_series (unit, series, year) VALUES ($1, $2, $3)
ON CONFLICT (unit, series, year) DO UPDATE SET year = excluded.year
"""
NEXT = "SELECT coalesce(max(number), 0) + 1 FROM numbers WHERE (unit, series, year) = ($1, $2, $3)"
NOTE = """
INSERT INTO numbers (paper_id, unit, series, year, number, text, issued_on, taken_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *
"""


async def take(
    session: Session, paper_id: UUID, *, unit: str, word: str, series: str, on: date, at: datetime
) -> asyncpg.Record:
    """The row of `numbers` for this paper: the one it has, or the next of its series, which is its own for ever once
    the transaction commits. word: 机关代字; on: the day the paper bears, whose year counts.
    """
    known: asyncpg.Record | None = await session.raw.fetchrow(KNOWN, paper_id)
    if known is not None:
        return known
    key = (unit, series, on.year)
    await session.raw.execute(LOCK, *key)
    number: int = await session.raw.fetchval(NEXT, *key)
    text = number_text(word, series, on.year, number)
    noted: asyncpg.Record = await session.raw.fetchrow(NOTE, paper_id, *key, number, text, on, at)  # type: ignore[assignment]  # RETURNING answers a row
    return noted
