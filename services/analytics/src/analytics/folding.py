"""The one place where the log becomes facts and facts become counts: statements over whole batches.

The facts of a petition are a function of the set of its events, so no order and no repetition can change them; the
counts are moved by the difference between the facts before and after, in the statement that writes them.
"""

from collections.abc import Sequence
from uuid import UUID

from contracts.events import EVENTS, CaseState, PetitionState
from kit.db import Session

PETITION_EVENTS = tuple(kind for kind, event in EVENTS.items() if event.payload is PetitionState)
CASE_EVENTS = tuple(kind for kind, event in EVENTS.items() if event.payload is CaseState)
SLOTS = 16
LOCK = 7202612  # class of the advisory locks that stand for slots

# a slot nobody writes into at this moment; it must be held before any row is locked, or two batches could wait
# for each other
FREE_SLOT = "SELECT slot FROM generate_series(0, $2 - 1) AS slot WHERE pg_try_advisory_xact_lock($1, slot) LIMIT 1"
PLACES = "INSERT INTO facts (id) SELECT id FROM unnest($1::uuid[]) AS id ORDER BY id ON CONFLICT DO NOTHING"
HOLD = "SELECT id FROM facts WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"

# what is counted of a petition; open vocabularies bring their own values
DIMENSIONS = """
(VALUES ('total', 'registered'), ('channel', channel), ('kind', kind), ('state', state), ('step', 'registered'),
  ('step', CASE WHEN handed_over_at IS NOT NULL THEN 'handed-over' END),
  ('step', CASE WHEN received_at IS NOT NULL THEN 'received' END),
  ('step', CASE WHEN accepted_at IS NOT NULL THEN 'accepted' END),
  ('step', CASE WHEN declined_at IS NOT NULL THEN 'declined' END),
  ('step', CASE WHEN opinion_returned_at IS NOT NULL THEN 'opinion-returned' END),
  ('step', CASE WHEN opinion_approved_at IS NOT NULL THEN 'opinion-approved' END),
  ('step', CASE WHEN served_at IS NOT NULL THEN 'served' END),
  ('step', CASE WHEN closed_at IS NOT NULL THEN 'closed' END)) AS counted (dimension, value)
"""
# from "33.02.25" to ("33", null), ("33.02", "33"), ("33.02.25", "33.02")
LEVELS = """
(SELECT array_to_string(parts[:depth], '.') AS region, nullif(array_to_string(parts[:depth - 1], '.'), '') AS parent
 FROM (SELECT string_to_array(own.region, '.') AS parts) AS path, generate_series(1, cardinality(parts)) AS depth
) AS level
"""
ADD = f"""
INSERT INTO rollups (region, dimension, value, slot, parent, petitions)
SELECT level.region, dimension, value, $1, parent, sum(n) FROM own CROSS JOIN LATERAL {LEVELS}
GROUP BY level.region, dimension, value, parent HAVING sum(n) <> 0
ON CONFLICT (region, dimension, value, slot) DO UPDATE SET petitions = rollups.petitions + excluded.petitions
"""  # noqa: S608 - put together from constants of this file
FOLD = f"""
WITH told AS (
  SELECT subject, id, type, node, sequence, data FROM events
  WHERE subject = ANY($2::uuid[]) AND (type = ANY($3::text[]) OR type = ANY($4::text[]))),
petition AS (
  SELECT DISTINCT ON (subject) subject, node, data FROM told WHERE type = ANY($3)
  ORDER BY subject, sequence DESC, id),
held AS (
  SELECT DISTINCT ON (subject) subject, sequence, data FROM told WHERE type = ANY($4)
  ORDER BY subject, sequence DESC, id),
said AS (  -- who alone may read, as it was said last: nodes that know of no readers say nothing
  SELECT DISTINCT ON (subject) subject, data -> 'readers' AS readers FROM told
  WHERE type = ANY($4) AND jsonb_typeof(data -> 'readers') = 'array' ORDER BY subject, sequence DESC, id),
steps AS (
  SELECT subject,
    min(at) FILTER (WHERE type = 'routing.case.handed-over.v1') AS handed_over_at,
    min(at) FILTER (WHERE type = 'routing.case.received.v1') AS received_at,
    min((data ->> 'accepted_at')::timestamptz) AS accepted_at,
    min(at) FILTER (WHERE type = ANY('{{routing.case.declined.v1,routing.case.not-accepted-again.v1}}')) AS declined_at,
    min(at) FILTER (WHERE type = 'routing.case.opinion-returned.v1') AS opinion_returned_at,
    min(at) FILTER (WHERE type = 'routing.case.opinion-approved.v1' AND data ->> 'state' = 'opinion-approved')
      AS opinion_approved_at,
    min((data ->> 'served_at')::timestamptz) AS served_at,
    min((data ->> 'closed_at')::timestamptz) AS closed_at
  FROM (SELECT subject, type, data, (data #>> '{{last,at}}')::timestamptz AS at FROM told WHERE type = ANY($4)) AS step
  GROUP BY subject),
before AS (
  SELECT region, channel, kind, state, handed_over_at, received_at, accepted_at, declined_at, opinion_returned_at,
    opinion_approved_at, served_at, closed_at
  FROM facts WHERE id = ANY($2)),
after AS (
  UPDATE facts SET
    number = coalesce(p.data ->> 'number', c.data ->> 'number'),
    channel = coalesce(p.data ->> 'channel', c.data ->> 'channel'),
    kind = coalesce(c.data ->> 'kind', p.data ->> 'kind'),  -- a case may turn out to be something else (Art 29 to 31)
    category = p.data ->> 'category',
    region = coalesce(p.data ->> 'region', c.data ->> 'registered_region'),
    unit = p.data ->> 'unit',
    registered_node = coalesce(p.node, c.data -> 'nodes' ->> 0),
    petition_received_at = (p.data ->> 'received_at')::timestamptz,
    registered_at = coalesce(p.data ->> 'registered_at', c.data ->> 'registered_at')::timestamptz,
    state = coalesce(c.data ->> 'state', 'registered'),
    version = c.sequence,
    holder_unit = coalesce(c.data ->> 'holder_unit', p.data ->> 'unit'),
    holder_region = coalesce(c.data ->> 'holder_region', p.data ->> 'region'),
    handed_over_at = steps.handed_over_at,
    received_at = steps.received_at,
    route = coalesce(c.data ->> 'route', p.data ->> 'route')::smallint,
    stage = coalesce(c.data ->> 'stage', 'handling'),
    repeat_of = (p.data ->> 'repeat_of')::uuid,
    accepted_at = steps.accepted_at,
    declined_at = steps.declined_at,
    opinion_returned_at = steps.opinion_returned_at,
    opinion_approved_at = steps.opinion_approved_at,
    served_at = steps.served_at,
    closed_at = steps.closed_at,
    regions = ARRAY(SELECT jsonb_array_elements_text(c.data -> 'regions')),
    accused_units = ARRAY(SELECT DISTINCT jsonb_array_elements_text(
      coalesce(p.data -> 'accused_units', '[]') || coalesce(c.data -> 'accused_units', '[]')) AS unit ORDER BY unit),
    readers = (SELECT array_agg(value) FROM jsonb_array_elements_text(said.readers) AS value)
  FROM unnest($2) AS touched (id)
    LEFT JOIN petition AS p ON p.subject = touched.id
    LEFT JOIN held AS c ON c.subject = touched.id
    LEFT JOIN said ON said.subject = touched.id
    LEFT JOIN steps ON steps.subject = touched.id
  WHERE facts.id = touched.id
  RETURNING facts.region, facts.channel, facts.kind, facts.state, facts.handed_over_at, facts.received_at,
    facts.accepted_at, facts.declined_at, facts.opinion_returned_at, facts.opinion_approved_at, facts.served_at,
    facts.closed_at),
own AS (
  SELECT region, dimension, value, sum(n) AS n
  FROM (SELECT *, -1 AS n FROM before UNION ALL SELECT *, 1 FROM after) AS change CROSS JOIN LATERAL {DIMENSIONS}
  WHERE region IS NOT NULL AND value IS NOT NULL
  GROUP BY region, dimension, value HAVING sum(n) <> 0)
{ADD}
"""  # noqa: S608 - put together from constants of this file
RECOUNT = f"""
WITH own AS (
  SELECT region, dimension, value, count(*) AS n FROM facts CROSS JOIN LATERAL {DIMENSIONS}
  WHERE region IS NOT NULL AND value IS NOT NULL GROUP BY region, dimension, value)
{ADD}
"""  # noqa: S608 - put together from constants of this file


async def free_slot(session: Session) -> int:
    """A slot of the counts that is this transaction's alone; waits only when all are taken."""
    slot: int | None = await session.raw.fetchval(FREE_SLOT, LOCK, SLOTS)
    if slot is None:
        await session.raw.execute("SELECT pg_advisory_xact_lock($1, 0)", LOCK)
    return slot or 0


async def fold(session: Session, petitions: Sequence[UUID], slot: int) -> None:
    """Compute the facts of these petitions from the log anew and move the counts by the difference."""
    await session.raw.execute(PLACES, petitions)
    await session.raw.execute(HOLD, petitions)
    await session.raw.execute(FOLD, slot, petitions, PETITION_EVENTS, CASE_EVENTS)


async def recount(session: Session) -> None:
    """Count all facts anew. Batches wait meanwhile; readers see the counts as they were."""
    await session.raw.execute("LOCK TABLE facts, rollups IN SHARE ROW EXCLUSIVE MODE")
    await session.raw.execute("DELETE FROM rollups")
    await session.raw.execute(RECOUNT, 0, timeout=3600)
