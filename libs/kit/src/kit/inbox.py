"""Each message has its effect once: the inbox row and the effect are one transaction."""

from collections.abc import Sequence
from datetime import timedelta

from kit.db import Session

ADMIT = """
INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::text[])
ON CONFLICT DO NOTHING RETURNING message_id
"""
FORGET = """
DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox WHERE received_at < now() - $1::interval LIMIT 5000)
"""
# far beyond the longest a link may be down; afterwards the sequence of the event still protects
KEEP = timedelta(days=90)


async def admit(session: Session, consumer: str, message_ids: Sequence[str]) -> set[str]:
    """Record the ids and return those that this consumer sees for the first time."""
    rows = await session.raw.fetch(ADMIT, consumer, sorted(set(message_ids)))
    return {row["message_id"] for row in rows}


async def forget_old(session: Session, keep: timedelta = KEEP) -> int:
    """Delete up to 5 000 rows older than `keep`; returns how many went."""
    status: str = await session.raw.execute(FORGET, keep)
    return int(status.rsplit(maxsplit=1)[-1])
