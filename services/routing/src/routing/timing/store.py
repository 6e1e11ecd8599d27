"""Rows of `deadlines`: kept with each version of a case, claimed when due, moved on to their next level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from kit.db import Session
from routing.procedures.domain import ClockRule
from routing.timing.clocks import Clock, yellow_at

# What was told of the same start stays told as long as it is true. A clock that is new here, but not new (the case came
# from another node), was told of by that node until it let go. Rows that are as they should be are not touched at all.
PUT = """
wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::bool[],
    $7::text[], $8::text[], $9::timestamptz[])
    AS w (case_id, clock, started_at, due_at, yellow_at, armed, level, expires, since)
), gone AS (
  DELETE FROM deadlines d USING {cases} AS c (id) WHERE d.case_id = c.id
    AND NOT EXISTS (SELECT FROM wanted w WHERE (w.case_id, w.clock) = (d.case_id, d.clock))
), changed AS (
  SELECT w.case_id, w.clock, w.started_at, w.due_at, w.yellow_at, w.armed, w.expires, CASE
    WHEN d.started_at = w.started_at THEN CASE
      WHEN coalesce(d.level, 'expire') = 'expire' AND w.due_at <= $10 THEN d.level
      WHEN d.level IS DISTINCT FROM 'yellow' AND w.yellow_at <= $10 THEN 'red'
      ELSE w.level END
    WHEN w.level <> 'expire' AND w.due_at <= w.since THEN CASE WHEN w.expires IS NOT NULL THEN 'expire' END
    WHEN w.level = 'yellow' AND w.yellow_at <= w.since THEN 'red'
    ELSE w.level END AS level
  FROM wanted w JOIN {cases} AS c (id) ON c.id = w.case_id
  LEFT JOIN deadlines d ON (d.case_id, d.clock) = (w.case_id, w.clock)
  WHERE (d.started_at, d.due_at, d.yellow_at, d.armed, d.expires, d.calendar) IS DISTINCT FROM
    (w.started_at, w.due_at, w.yellow_at, w.armed, w.expires, $11)
), kept AS (
INSERT INTO deadlines (case_id, clock, started_at, due_at, yellow_at, armed, level, at, expires, calendar)
SELECT case_id, clock, started_at, due_at, yellow_at, armed, level,
  CASE WHEN NOT armed OR level IS NULL THEN NULL WHEN level = 'yellow' THEN yellow_at ELSE due_at END, expires, $11
FROM changed
ON CONFLICT (case_id, clock) DO UPDATE SET started_at = excluded.started_at, due_at = excluded.due_at,
  yellow_at = excluded.yellow_at, armed = excluded.armed, level = excluded.level, at = excluded.at,
  expires = excluded.expires, calendar = excluded.calendar)
"""
KEEP = f"WITH {PUT.format(cases='unnest($12::uuid[])')} SELECT"
# in the statement that writes a version, after it: who holds the case is waited for before these rows are taken
PUT = PUT.format(cases="(SELECT id FROM moved)")
DUE = """
SELECT d.case_id, d.clock, d.level, d.at, d.due_at, d.expires, c.version, c.number, c.holder_unit,
  c.body->>'holder_region' AS holder_region
FROM deadlines d JOIN cases c ON c.id = d.case_id
WHERE d.at <= $1 AND d.level <> 'expire' ORDER BY d.at LIMIT $2 FOR UPDATE OF d SKIP LOCKED
"""
# of certain cases, each up to a moment; whoever holds them is waited for
DUE_OF = """
SELECT d.case_id, d.clock, d.level, d.at, d.due_at, d.expires, c.version, c.number, c.holder_unit,
  c.body->>'holder_region' AS holder_region, told.at AS until
FROM unnest($1::uuid[], $2::timestamptz[]) AS told (id, at)
JOIN deadlines d ON d.case_id = told.id JOIN cases c ON c.id = d.case_id
WHERE d.at <= told.at AND d.level <> 'expire' ORDER BY d.at FOR UPDATE OF d
"""
# with the case: whoever acts on it takes the case first and these rows after it
EXPIRED = """
SELECT d.case_id, d.clock, d.expires, d.due_at, c.version, c.number, c.holder_unit,
  c.body->>'holder_region' AS holder_region
FROM deadlines d JOIN cases c ON c.id = d.case_id
WHERE d.at <= $1 AND d.level = 'expire' ORDER BY d.at LIMIT 1 FOR UPDATE OF d, c SKIP LOCKED
"""
MOVE_ON = """
UPDATE deadlines d SET level = n.level, at = n.at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS n (case_id, clock, level, at)
WHERE (d.case_id, d.clock) = (n.case_id, n.clock)
"""
PUT_OFF = "UPDATE deadlines SET level = $3, at = $4 WHERE case_id = $1 AND clock = $2 AND level = 'expire'"
# both ends of the index, so that nothing is read when all rows are up to date
OUTDATED = """
SELECT DISTINCT case_id FROM (
  (SELECT case_id FROM deadlines WHERE calendar < $1 AND case_id <> ALL ($3::uuid[])
   ORDER BY calendar, case_id LIMIT $2)
  UNION ALL
  (SELECT case_id FROM deadlines WHERE calendar > $1 AND case_id <> ALL ($3::uuid[])
   ORDER BY calendar, case_id LIMIT $2)) AS old
"""
LOCKED = """
SELECT id, writer, body->>'procedure' AS procedure, body->'clocks' AS clocks FROM cases
WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED
"""
UP_TO_DATE = "UPDATE deadlines SET calendar = $2 WHERE case_id = ANY ($1::uuid[]) AND calendar <> $2"


@dataclass(frozen=True, slots=True)
class Watch:
    """A case whose clocks may concern this node. writes: this node writes its next version; sent: a hand-over from this
    node is under way, since sent_at. since: when the version was made; what was reached until then was told of by who
    made it.
    """

    case_id: UUID
    clocks: Sequence[Clock]
    rules: Sequence[ClockRule]
    writes: bool
    sent: bool = False
    sent_at: datetime | None = None
    since: datetime | None = None


Row = tuple[UUID, str, datetime, datetime, datetime | None, bool, str | None, str | None, datetime | None]


def _rows(watch: Watch) -> Iterator[Row]:
    rules = {rule.name: rule for rule in watch.rules}
    for clock in watch.clocks:
        rule = rules.get(clock.name)
        # what a hand-over stopped goes on if it is taken back: it must be known by then what was told of it
        waits = watch.sent_at is not None and clock.stopped_at == watch.sent_at
        if rule is None or not (clock.open or waits) or clock.due_at is None:
            continue
        tells = watch.sent if _of_sender(rule) else watch.writes
        if tells or waits or watch.writes:
            warned = yellow_at(clock, rule)
            armed = tells and clock.open and clock.paused_at is None
            began, ends, level = clock.started_at, clock.due_at, _first(rule, warned)
            yield watch.case_id, clock.name, began, ends, warned, armed, level, rule.expires, watch.since


def _of_sender(rule: ClockRule) -> bool:
    """A hand-over that nobody received is told of where it was sent: the receiver's node may be out of reach."""
    return "receive" in rule.stops and rule.expires is None


def _first(rule: ClockRule, warned: datetime | None) -> str | None:
    """What comes first of it; nobody is told that a right lapses."""
    if rule.right is None:
        return "red" if warned is None else "yellow"
    return "expire" if rule.expires else None


async def keep(session: Session, watches: Sequence[Watch], *, now: datetime, calendar: str) -> None:
    """Let the rows of these cases be as their clocks are, in one statement. calendar: its version."""
    await session.raw.execute(KEEP, *_columns(watches), now, calendar, [watch.case_id for watch in watches])


def put(session: Session, watch: Watch, *, now: datetime, calendar: str) -> None:
    """The same, collected with the version (routing.store.put) that has these clocks."""
    session.write(PUT, *_columns([watch]), now, calendar)


def _columns(watches: Sequence[Watch]) -> list[list[object]]:
    rows = [row for watch in watches for row in _rows(watch)]
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(9)]


async def take_due(session: Session, now: datetime, limit: int) -> list[asyncpg.Record]:
    """What is to be told, oldest first, locked; what another loop has taken is left to it."""
    rows: list[asyncpg.Record] = await session.raw.fetch(DUE, now, limit)
    return rows


async def take_due_of(session: Session, cases: Sequence[tuple[UUID, datetime]]) -> list[asyncpg.Record]:
    """What is to be told of these cases, each up to a moment, locked."""
    rows: list[asyncpg.Record] = await session.raw.fetch(DUE_OF, *zip(*cases, strict=True))
    return rows


async def move_on(session: Session, rows: Sequence[tuple[UUID, str, str | None, datetime | None]]) -> None:
    """(case, clock, next level, when)."""
    await session.raw.execute(MOVE_ON, *zip(*rows, strict=True))


async def take_expired(session: Session, now: datetime) -> asyncpg.Record | None:
    """A clock that is over and for which the system must act, locked with its case."""
    row: asyncpg.Record | None = await session.raw.fetchrow(EXPIRED, now)
    return row


async def put_off(session: Session, case_id: UUID, clock: str, until: datetime | None) -> None:
    """Let the system act later; None: never."""
    await session.raw.execute(PUT_OFF, case_id, clock, "expire" if until else None, until)


async def outdated(session: Session, calendar: str, limit: int, aside: Sequence[UUID]) -> list[asyncpg.Record]:
    """Cases with clocks of another calendar, locked: id, writer, procedure, clocks."""
    found = await session.raw.fetch(OUTDATED, calendar, limit, list(aside))
    rows: list[asyncpg.Record] = await session.raw.fetch(LOCKED, [row["case_id"] for row in found]) if found else []
    return rows


async def mark_current(session: Session, cases: Sequence[UUID], calendar: str) -> None:
    await session.raw.execute(UP_TO_DATE, list(cases), calendar)
