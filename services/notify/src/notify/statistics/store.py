"""Figures from the parts that left, by the index of gateways and times."""

from datetime import datetime

import asyncpg

from kit.db import Session

# by gateway and day, and (day null) the whole time: medians of days do not add up to that of a week
FIGURES = """
SELECT gateway, (sent_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
  count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'delivered') AS delivered,
  count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'expired') AS expired,
  count(*) FILTER (WHERE state = 'unknown') AS unknown,
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - sent_at))
    FILTER (WHERE settled_at IS NOT NULL AND state IN ('delivered', 'failed', 'expired')
      AND coalesce(reason, '') NOT IN ('by-hand', 'no-fate')) AS waits
FROM parts WHERE gateway = ANY($1::text[]) AND sent_at >= $2 AND sent_at < $3
GROUP BY GROUPING SETS ((gateway, 2), (gateway)) ORDER BY 1, 2
"""
# skips from gateway to gateway by the index: those that were taken out of the settings count as well
KNOWN = """
WITH RECURSIVE known (gateway) AS (
  (SELECT min(gateway) FROM parts)
  UNION ALL
  SELECT (SELECT min(gateway) FROM parts WHERE gateway > known.gateway) FROM known WHERE known.gateway IS NOT NULL)
SELECT gateway FROM known WHERE gateway IS NOT NULL
"""


async def figures(session: Session, since: datetime, before: datetime) -> list[asyncpg.Record]:
    """(gateway, day, sent, delivered, failed, expired, unknown, waits); day: null, of the whole time."""
    names = [row["gateway"] for row in await session.raw.fetch(KNOWN)]
    rows: list[asyncpg.Record] = await session.raw.fetch(FIGURES, names, since, before)
    return rows
