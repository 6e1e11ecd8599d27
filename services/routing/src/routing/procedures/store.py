"""Rows of `procedures`, and which cases follow one."""

from collections.abc import Collection
from uuid import UUID

from kit.db import Session
from routing.domain import Case
from routing.shapes import stored

BATCH = 500
# a text that was missing is filled in, one that stands is not touched
KEEP = """
INSERT INTO procedures (key, text, followed) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET text = excluded.text WHERE procedures.text IS NULL
"""
FOLLOWING = "SELECT EXISTS (SELECT FROM cases WHERE body->>'procedure' = $1)"
WRITTEN_HERE = """
SELECT id, version, body FROM cases
WHERE body->>'procedure' = $1 AND writer = $2 AND open AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""


async def texts(session: Session, but: Collection[str] = ()) -> dict[str, str | None]:
    """All that were seen here, but those."""
    rows = await session.raw.fetch("SELECT key, text FROM procedures WHERE key <> ALL ($1::text[])", list(but))
    return {row["key"]: row["text"] for row in rows}


async def keep(session: Session, key: str, text: str | None, *, followed: bool) -> None:
    await session.raw.execute(KEEP, key, text, followed)


async def rewrite(session: Session, key: str, text: str) -> None:
    """Another text for one that no case follows."""
    await session.raw.execute("UPDATE procedures SET text = $2 WHERE key = $1", key, text)


async def is_followed(session: Session, key: str) -> bool:
    """Whether any case follows it. Reads all cases: for the rare time that a definition has changed."""
    found: bool = await session.raw.fetchval(FOLLOWING, key)
    return found


async def waiting(session: Session, known: Collection[str]) -> str | None:
    """One of those known now whose cases came before it was, locked."""
    found: str | None = await session.raw.fetchval(
        "SELECT key FROM procedures WHERE NOT followed AND key = ANY ($1::text[]) LIMIT 1 FOR UPDATE SKIP LOCKED",
        list(known),
    )
    return found


async def follow(session: Session, key: str) -> None:
    await session.raw.execute("UPDATE procedures SET followed = true WHERE key = $1", key)


async def written_here(session: Session, key: str, node: str, after: UUID | None) -> list[Case]:
    """A batch of the open cases of this procedure whose next version this node writes."""
    rows = await session.raw.fetch(WRITTEN_HERE, key, node, after, BATCH)
    return [stored(row["id"], row["version"], row["body"]) for row in rows]
