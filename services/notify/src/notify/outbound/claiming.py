"""Taking messages up: at most what may leave now, each with the gateway it will be given to, all in one transaction.

Everything is written before anything is handed over: after a crash each message that may have left says so, and where.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import random
from typing import Any

import asyncpg

from kit.db import Session
from notify.outbound.domain import Allowance, Facts, Lane, Policy, Verdict, Way, choose, judge, pause_after

AHEAD = 60.0  # seconds: a clock that is further ahead is wrong, and nobody waits for it
NODE = ""  # name of the allowance of all gateways together
# where there are rates, claims of all processes follow each other through these rows: a rate holds for all of them
KNOWN = 'SELECT name, "left", at FROM allowances WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE'
NEW = """
INSERT INTO allowances (name, "left", at) SELECT name, $2, $3 FROM unnest($1::text[]) AS name ORDER BY name
ON CONFLICT DO NOTHING
"""
DUE = """
SELECT messages.id, petition_id, messages.phone_key, phones.number, phones.opted_out_at, lane, statutory, template,
  text, state, messages.gateway, tried, attempts, version, parts, traceparent, created_at, expires_at,
  ARRAY(SELECT parts.number FROM parts WHERE attempts > 0 AND message_id = messages.id) AS left_before
FROM messages JOIN phones ON phones.key = messages.phone_key
WHERE state = 'queued' AND lane = $1 AND due_at <= $2
  AND (NOT EXISTS (SELECT FROM notices WHERE notices.id = notice_id AND notices.state IN ('paused', 'stopped'))
    OR EXISTS (SELECT FROM parts WHERE message_id = messages.id))
ORDER BY lane, due_at, messages.id LIMIT $3 FOR UPDATE OF messages SKIP LOCKED
"""
# a number that another process claims a notice to is passed over: of it only one counts at a time, and nobody waits
ALONE = DUE.rstrip() + " FOR NO KEY UPDATE OF phones SKIP LOCKED"
# counted once the numbers are ours: what was claimed to them before is committed, and seen
LATELY = """
SELECT key, (SELECT count(*) FILTER (WHERE sent_at > $2 OR state = 'sending') FROM messages
  WHERE phone_key = key AND lane > 0 AND (sent_at > $2 OR sent_at IS NULL))
FROM unnest($1::bytea[]) AS key
"""
WAITS = "SELECT EXISTS (SELECT FROM messages WHERE state = 'queued' AND lane = $1 AND due_at <= $2)"
WRITE = """
WITH spent AS (
  UPDATE allowances SET "left" = told."left",
    at = CASE WHEN allowances.at - interval '1 minute' > $1 THEN $1 ELSE greatest(allowances.at, $1) END
  FROM unnest($2::text[], $3::double precision[]) AS told (name, "left") WHERE allowances.name = told.name)
UPDATE messages SET state = told.state, gateway = coalesce(told.gateway, messages.gateway), reason = told.reason,
  due_at = told.due_at, state_at = $1, attempts = attempts + (told.state = 'sending')::int,
  claimed_by = CASE told.state WHEN 'sending' THEN $9 END,
  version = version + (told.state IN ('cancelled', 'expired'))::int
FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
  AS told (id, state, gateway, reason, due_at)
WHERE messages.id = told.id
"""


@dataclass(frozen=True, slots=True)
class Exit:
    """A gateway that is up, as this process may use it now. free: how many messages it takes; rate: parts a second of
    all processes together, null: no bound.
    """

    name: str
    weight: int
    rate: float | None
    free: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is this process's to hand over until its lease ends. attempts: the number of this try, by which
    it is settled; left_before: numbers of its parts that left in earlier tries.
    """

    row: asyncpg.Record = field(repr=False)
    gateway: str
    attempts: int
    left_before: frozenset[int]


@dataclass(slots=True)
class Claim:
    """claimed: to be handed over; ended: (row, state) of those that nobody waits for any more; decided: how many were
    claimed, ended, or left until later; short: others are due for which there is no room.
    """

    claimed: list[Claimed] = field(default_factory=list)
    ended: list[tuple[asyncpg.Record, str]] = field(default_factory=list)
    decided: int = 0
    short: bool = False


async def claim(
    session: Session, *, exits: Sequence[Exit], lanes: Sequence[Lane], limit: int, now: datetime, lease: timedelta,
    policy: Policy, journal: str, node_rate: float | None = None,
) -> Claim:  # fmt: skip
    """Take what is due and may leave, of each lane the oldest first; several processes never take the same.

    journal: name of the file in which it is written what is begun.
    """
    if not exits:
        return Claim()
    rates = {NODE: node_rate} | {each.name: each.rate for each in exits}
    desk = _Desk(exits, await _allowances(session, rates, now), policy, now, lease)
    for lane in lanes:
        room = desk.room(limit, lane)
        if room > 0:
            desk.give(*await _due(session, lane, now, room, now - policy.number_time))
        else:
            desk.claim.short = desk.claim.short or await session.raw.fetchval(WAITS, lane, now)
    if desk.writes:
        await session.raw.execute(WRITE, now, *desk.spent(), *zip(*desk.writes, strict=True), journal)
    return desk.claim


async def _due(
    session: Session, lane: Lane, now: datetime, room: int, since: datetime
) -> tuple[Sequence[asyncpg.Record], Mapping[bytes, int]]:
    """Messages, and how many notices their numbers were sent since then."""
    if lane is Lane.ANSWER:  # no limit bounds them
        return await session.raw.fetch(DUE, lane, now, room), {}
    rows = await session.raw.fetch(ALONE, lane, now, room)
    counts = await session.raw.fetch(LATELY, {row["phone_key"] for row in rows}, since) if rows else []
    return rows, dict(counts)


async def _allowances(session: Session, rates: Mapping[str, float | None], now: datetime) -> dict[str, Allowance]:
    """Those with a rate, locked until the transaction ends."""
    found = {name: Allowance(None) for name in rates}
    names = sorted(name for name, rate in rates.items() if rate is not None)
    if not names:
        return found
    known = await session.raw.fetch(KNOWN, names)
    if len(known) < len(names):
        await session.raw.execute(NEW, names, float("inf"), now)  # as much as the rate allows at most
        known = await session.raw.fetch(KNOWN, names)
    for row in known:
        passed = (now - row["at"]).total_seconds()  # below 0: by the clock of another machine, which is ahead
        found[row["name"]] = Allowance(rates[row["name"]], row["left"]).refilled(1.0 if passed < -AHEAD else passed)
    return found


class _Desk:
    """Gives each message of a claim its way, and keeps count."""

    def __init__(
        self, exits: Sequence[Exit], allowances: dict[str, Allowance], policy: Policy, now: datetime, lease: timedelta
    ) -> None:
        self.claim = Claim()
        self.writes: list[tuple[Any, ...]] = []  # id, state, gateway, reason, due_at
        self._exits = {each.name: each for each in exits}
        self._free = {each.name: each.free for each in exits}
        self._allowances, self._policy, self._now, self._lease = allowances, policy, now, lease
        self._noticed: Counter[bytes] = Counter()
        self._looked = 0

    def room(self, limit: int, lane: Lane) -> int:
        """How many more may be looked at: no more than can leave."""
        ways = sum(self._free[each.name] for each in self._exits.values() if self._allowed(each.name, lane))
        allowed = sum(self._most(each) for each in self._exits)
        most = min(limit - self._looked, ways, allowed, self._most(NODE))
        return int(most) if self._allowances[NODE].allows(mass=lane is Lane.MASS) else 0

    def _most(self, name: str) -> float:
        """How much may leave by an allowance, as far as that is bounded."""
        allowance = self._allowances[name]
        return float("inf") if allowance.rate is None else max(allowance.left, 0.0)

    def give(self, rows: Sequence[asyncpg.Record], lately: Mapping[bytes, int]) -> None:
        """lately: how many notices went to a number before this claim."""
        self._looked += len(rows)
        for row in rows:
            verdict = self._judged(row, lately.get(row["phone_key"], 0))
            if verdict.kind == "send":
                self._send(row)
            elif verdict.kind == "later":
                self.writes.append((row["id"], "queued", None, verdict.reason, verdict.until))
            else:
                self.writes.append((row["id"], verdict.kind, None, verdict.reason, self._now))
                self.claim.ended.append((row, verdict.kind))
        self.claim.decided = len(self.writes)
        self.claim.short = self.claim.short or len(self.writes) < self._looked

    def spent(self) -> tuple[list[str], list[float]]:
        """What is left of the allowances."""
        names = [name for name, each in self._allowances.items() if each.rate is not None]
        return names, [self._allowances[name].left for name in names]

    def _judged(self, row: asyncpg.Record, lately: int) -> Verdict:
        facts = Facts(
            lane=Lane(row["lane"]),
            statutory=row["statutory"],
            opted_out=row["opted_out_at"] is not None,
            lately=lately + self._noticed[row["phone_key"]],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            begun=bool(row["left_before"]),
        )
        return judge(facts, self._policy, self._now)

    def _send(self, row: asyncpg.Record) -> None:
        mass = row["lane"] == Lane.MASS
        gateway = self._way(row, mass=mass) if self._allowances[NODE].allows(mass=mass) else None
        if gateway is None:
            if self._stuck(row):  # it must not stand before others whose way is free
                due = self._now + pause_after(min(row["attempts"], 2))
                self.writes.append((row["id"], "queued", None, "no-way", due))
            return
        self._free[gateway] -= 1
        for name in (NODE, gateway):
            self._allowances[name] = self._allowances[name].take(row["parts"])
        self._noticed[row["phone_key"]] += row["lane"] != Lane.ANSWER
        self.writes.append((row["id"], "sending", gateway, None, self._now + self._lease))
        self.claim.claimed.append(Claimed(row, gateway, row["attempts"] + 1, frozenset(row["left_before"])))

    def _way(self, row: asyncpg.Record, *, mass: bool) -> str | None:
        """What has begun goes on where it began: parts of two senders are never joined. A way that was free when we
        began and is full now is waited for, else the others would get more than their share.
        """
        if row["left_before"]:
            chosen: str | None = row["gateway"]
        elif len(self._exits) == 1:
            (chosen,) = self._exits
        else:
            ways = [Way(each.name, each.weight, each.free > 0) for each in self._exits.values()]
            tried: Collection[str] = row["tried"]
            chosen = choose(ways, tried, random())  # noqa: S311 - a share, no secret
        return chosen if chosen is not None and self._open(chosen, mass=mass) else None

    def _stuck(self, row: asyncpg.Record) -> bool:
        """Whether none of the ways it may take was free when we began, or a rate leaves none of them any more."""
        if not row["left_before"] and not row["tried"]:
            return False
        names = [row["gateway"]] if row["left_before"] else [each for each in self._exits if each not in row["tried"]]
        mass = row["lane"] == Lane.MASS
        return not any(
            name in self._exits and self._exits[name].free > 0 and self._allowances[name].allows(mass=mass)
            for name in names
        )

    def _open(self, name: str, *, mass: bool) -> bool:
        return self._free.get(name, 0) > 0 and self._allowances[name].allows(mass=mass)

    def _allowed(self, name: str, lane: Lane) -> bool:
        return self._open(name, mass=lane is Lane.MASS)
