"""Files and papers that a node waits for, as its documents service notes them; and asking for them once more."""

from dataclasses import dataclass
from uuid import UUID

from kit.settings import NodeSettings
from node.outboxes import connected

WAITING = """
SELECT petition_id, coalesce(sources[1], '') AS node, state, count(*) AS items, sum(bytes)::bigint AS bytes,
  coalesce(sum((SELECT sum(p.bytes) FROM awaited_parts p WHERE p.item_id = a.id)), 0)::bigint AS here,
  extract(epoch FROM now() - min(told_at))::float AS age,
  ARRAY(SELECT DISTINCT unnest(b.failed) FROM awaited b WHERE b.petition_id = a.petition_id AND b.state = a.state
    ORDER BY 1 LIMIT 5) AS failed
FROM awaited a WHERE $1::uuid IS NULL OR petition_id = $1
GROUP BY petition_id, node, state ORDER BY min(told_at) LIMIT $2
"""
# also of the nodes that could not give it; parts that are here stay
AGAIN = """
UPDATE awaited SET state = 'told', asked = 0, again = true, failed = '{}',
  sources = sources || ARRAY(SELECT DISTINCT split_part(each, ':', 1) FROM unnest(failed) AS each)
WHERE state IN ('asked', 'missing') AND ($1::uuid IS NULL OR petition_id = $1)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Items of a petition that one node is to give, or that none can. state: new, told, asked, whole, missing; here:
    bytes that have come; age: seconds since the oldest was told of; failed: node:reason.
    """

    petition_id: UUID
    node: str
    state: str
    items: int
    bytes: int
    here: int
    age: float
    failed: list[str]


async def waiting(settings: NodeSettings, petition: UUID | None, limit: int) -> list[Waiting]:
    """What has waited longest first. Raises OSError or asyncpg.PostgresError when the database is away."""
    async with connected(settings.database.dsn("documents")) as connection:
        return [Waiting(**dict(row)) for row in await connection.fetch(WAITING, petition, limit)]


async def ask_again(settings: NodeSettings, petition: UUID | None) -> int:
    """Have everything that was asked for and did not come, of all petitions or one, asked for once more."""
    async with connected(settings.database.dsn("documents")) as connection:
        status: str = await connection.execute(AGAIN, petition)
        await connection.execute("NOTIFY documents_moving")
    return int(status.rsplit(maxsplit=1)[-1])
