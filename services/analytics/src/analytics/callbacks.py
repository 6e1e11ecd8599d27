"""Spot-check call-backs (抽查回访): what was answered, counted by unit, region and period. Never by person."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from uuid import UUID

from analytics.domain import check_region
from contracts.callbacks import CallbackState
from contracts.events import EVENTS
from kit.auth import Principal
from kit.db import Session

TYPES = tuple(kind for kind, event in EVENTS.items() if event.payload is CallbackState)
CHINA = timezone(timedelta(hours=8))
# a petition is asked about once, so the first event of it counts, however often and late it comes; null: of all
KEEP = """
INSERT INTO callbacks (petition_id, unit, region, answer, at)
SELECT DISTINCT ON (subject) subject, data ->> 'unit', data ->> 'region', data ->> 'answer',
  (data ->> 'at')::timestamptz
FROM events WHERE type = ANY($1::text[]) AND ($2::uuid[] IS NULL OR subject = ANY($2)) ORDER BY subject, id
ON CONFLICT DO NOTHING
"""
# without what accuses one of the units $4 (Art 30); of regions below the asked one the child that they lie in
COUNT = """
SELECT CASE WHEN callbacks.region = $1 THEN callbacks.unit END AS unit,
  CASE WHEN callbacks.region <> $1 THEN array_to_string((string_to_array(callbacks.region, '.'))[:$5], '.')
  END AS child,
  coalesce(answer, 'unanswered') AS answer, count(*) AS n
FROM callbacks LEFT JOIN facts ON facts.id = callbacks.petition_id
WHERE (callbacks.region = $1 OR callbacks.region LIKE $1 || '.%')
  AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
  AND NOT coalesce(facts.accused_units, '{}') && $4::text[]
GROUP BY 1, 2, 3
"""
Count = tuple[str | None, str | None, str, int]  # unit of the region itself, child region, answer, how many


@dataclass(frozen=True, slots=True)
class Answers:
    """asked: answered or not; what was answered; values that are not known yet count as answered."""

    asked: int
    answered: int
    satisfied: int
    fairly: int
    not_satisfied: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a region with all below; of its own units; of each child region with all below."""

    whole: Answers
    units: Mapping[str, Answers]
    children: Mapping[str, Answers]


async def keep(session: Session, subjects: Sequence[UUID] | None) -> None:
    """Take from the log what was answered about these petitions; None: about all."""
    await session.raw.execute(KEEP, TYPES, subjects)


async def read(
    session: Session, principal: Principal, region: str | None, since: date | None, until: date | None
) -> Figures:
    """Of days in China, the last one included. Raises Refused("region-outside-scope")."""
    asked = region or principal.region
    check_region(asked, principal.region)
    start = None if since is None else _midnight(since)
    end = None if until is None else _midnight(until) + timedelta(days=1)
    depth = asked.count(".") + 2
    rows = await session.raw.fetch(COUNT, asked, start, end, principal.line, depth)
    return figures((row["unit"], row["child"], row["answer"], row["n"]) for row in rows)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def figures(counts: Iterable[Count]) -> Figures:
    whole: Counter[str] = Counter()
    units: dict[str, Counter[str]] = {}
    children: dict[str, Counter[str]] = {}
    for unit, child, answer, n in counts:
        whole[answer] += n
        place = units.setdefault(unit, Counter()) if unit else children.setdefault(child or "", Counter())
        place[answer] += n
    return Figures(
        _answers(whole),
        {unit: _answers(units[unit]) for unit in sorted(units)},
        {child: _answers(children[child]) for child in sorted(children)},
    )


def _answers(found: Counter[str]) -> Answers:
    asked = found.total()
    return Answers(asked, asked - found["unanswered"], found["satisfied"], found["fairly"], found["not"])
