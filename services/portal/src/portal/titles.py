"""Titles of petitions for lists: asked of intake for many at once, not row by row."""

import asyncio
from collections.abc import Iterable
from typing import Any

from portal.calls import Calls, Declined

AT_ONCE = 100  # ids in one address: proxies refuse long ones


async def titles_of(calls: Calls, token: str, ids: Iterable[str]) -> dict[str, str]:
    """Titles by id; what intake does not tell is left out: a list is worth reading without titles."""
    wanted = sorted(set(ids))
    parts = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    found = await asyncio.gather(*(_asked(calls, token, part) for part in parts))
    return {row["id"]: row["title"] for rows in found for row in rows if row["title"]}


async def _asked(calls: Calls, token: str, ids: list[str]) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = (await calls.get("/api/intake/v1/petitions", token, params={"ids": ids}))["items"]
    except Declined:
        return []
    return found
