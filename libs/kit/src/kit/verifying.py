"""Looking at a whole audit: is it what was written, and all of it; and reading it out."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

import asyncpg

from kit.audit import FIELDS, heads
from kit.chain import Fault, Head, Link, Walk, digest
from kit.db import Session

FIRST = -(2**63)  # also what was forged with a number below 1 is looked at
LINKS = f"""
SELECT position, entry, previous, hash, audit.id IS NOT NULL, {FIELDS} FROM audit_links
LEFT JOIN audit ON audit.id = entry
WHERE (position, entry) > ($1::bigint, $2::bigint) ORDER BY position, entry LIMIT $3
"""  # noqa: S608 - constants
# entries that stand nowhere, and how far this batch went
STRAY = """
SELECT max(id), array_agg(id ORDER BY id) FILTER (WHERE stray) FROM (
  SELECT id, NOT EXISTS (SELECT FROM audit_links WHERE entry = audit.id)
    AND NOT EXISTS (SELECT FROM audit_unchained WHERE audit_unchained.id = audit.id) AS stray
  FROM audit WHERE id > $1 ORDER BY id LIMIT $2) AS looked
"""
LOST = """
SELECT id FROM audit_unchained WHERE NOT EXISTS (SELECT FROM audit WHERE audit.id = audit_unchained.id) ORDER BY id
"""
COUNTS = """
SELECT (SELECT coalesce(max(position), 0) FROM audit_links), (SELECT count(*) FROM audit_unchained)
"""
CHAINED = """
SELECT position, audit.*, previous, hash FROM audit_links JOIN audit ON audit.id = entry ORDER BY position
"""
NOT_CHAINED = """
SELECT position, audit.*, previous, hash FROM audit LEFT JOIN audit_links ON entry = audit.id
WHERE entry IS NULL ORDER BY audit.id
"""


async def size(session: Session) -> tuple[int, int]:
    """How far the chain has come, and how many entries wait for their place in it."""
    last, unchained = await session.raw.fetchrow(COUNTS) or (0, 0)
    return last, unchained


@dataclass
class Verification:
    """sealed: heads noted elsewhere; those noted here are looked at in any case. tell: told how many links are done;
    audited: of the service (kit.app.Service).
    """

    service: str
    sealed: Iterable[Head] = ()
    tell: Callable[[int], None] = lambda _: None
    batch: int = 5000
    checked: int = 0
    audited: Iterable[str] = ()

    async def faults(self, session: Session) -> AsyncIterator[Fault]:
        """Everything that is wrong, as it is found, while the service writes; memory does not grow with the audit."""
        walk = Walk(self.service, [*self.sealed, *await heads(session)])
        async for link in self._links(session):
            for fault in walk.step(link):
                yield fault
        for fault in walk.end():
            yield fault
        async for entry in self._stray(session):
            yield Fault("inserted", None, entry)
        for row in await session.raw.fetch(LOST):
            yield Fault("removed", None, row["id"])
        for query in self.audited:
            async for row in session.raw.cursor(query, prefetch=1000):
                yield Fault("altered", None, row["id"])

    async def _links(self, session: Session) -> AsyncIterator[Link]:
        place = (FIRST, FIRST)
        while rows := await session.raw.fetch(LINKS, *place, self.batch):
            for position, entry, previous, hash_, is_there, *fields in rows:
                now = digest(self.service, previous, fields) if is_there else None
                yield Link(position, entry, previous, hash_, now)
            place = (rows[-1]["position"], rows[-1]["entry"])
            self.checked += len(rows)
            self.tell(self.checked)

    async def _stray(self, session: Session) -> AsyncIterator[int]:
        after: int | None = FIRST
        while after is not None:
            after, stray = await session.raw.fetchrow(STRAY, after, self.batch) or (None, None)
            for entry in stray or ():
                yield entry


async def entries(session: Session) -> AsyncIterator[asyncpg.Record]:
    """Columns of `audit`, position, previous, hash; in the order of the chain, what is not in it at the end."""
    for query in (CHAINED, NOT_CHAINED):
        async for row in session.raw.cursor(query, prefetch=1000):
            yield row
