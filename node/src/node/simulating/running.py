"""The simulation: a queue of instants at which a petition comes in or somebody acts; between them limits end."""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from kit.auth import Principal
from kit.errors import Refused
from node.simulating.choosing import Intention, Options, intend, options
from node.simulating.engine import Engine
from node.simulating.invariants import Breach, breach, check
from node.simulating.ordering import wish
from node.simulating.petitions import Petition, stream
from node.simulating.warning import Warnings
from node.simulating.world import World
from routing.domain import Actor, Case
from routing.procedures.domain import Procedure
from routing.shapes import case_of
from routing.table import ENDS
from routing.timing.clocks import level
from routing.timing.counting import midnight

TRIES = 4  # with other targets or dates, before somebody does something else
WARNED = "routing.clock.warned.v1"
CASES = "routing.case."


@dataclass(frozen=True, slots=True)
class Plan:
    """days: simulated, from `start` on, over which the petitions are spread."""

    days: int
    petitions: int
    seed: int
    start: date

    @property
    def begin(self) -> datetime:
        return midnight(self.start)

    @property
    def end(self) -> datetime:
        return midnight(self.start + timedelta(days=self.days))


@dataclass
class Life:
    """A case as its events tell of it, and what figures need of its past. rng: its own luck, whatever befalls others;
    first: as it was opened; did: (action, when, unit); stages: reviews.
    """

    petition: Petition
    rng: Random
    case: Case
    first: Case
    did: list[tuple[str, datetime, str]] = field(default_factory=list)
    avoided: Counter[str] = field(default_factory=Counter)  # refused to this version
    submitted_by: str | None = None
    disputes: int = 0
    stages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody means to do something with this version."""

    case: UUID
    version: int
    intention: Intention


class Simulation:
    """The people of all units; what they do is done by the engine, and they learn of it by its events."""

    def __init__(self, plan: Plan, world: World, engine: Engine) -> None:
        self.plan = plan
        self.world = world
        self.end = plan.end
        self.lives: dict[UUID, Life] = {}
        self.warnings = Warnings()
        self.breaches: list[Breach] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[str] = Counter()  # those of no limit, by name
        self.expired = 0
        self.versions = 0
        self.proposals = 0
        self._engine = engine
        self._due: datetime | None = None  # when the next limit ends
        self._rng = Random(plan.seed)  # noqa: S311 - reproducible, and no secret
        self._queue: list[tuple[datetime, int, Petition | Turn]] = []
        self._order = count()
        for petition in stream(self._rng, world, plan.start, plan.days, plan.petitions):
            self._at(petition.at, petition)

    @property
    def now(self) -> datetime:
        return self._engine.clock.now()

    def procedure(self, case: Case) -> Procedure:
        return self.world.held.procedures.get(case.procedure)

    async def run(self, until: datetime, each_day: Callable[[], None] = lambda: None) -> None:
        """Let happen what happens before an instant. each_day: called at every midnight that is passed."""
        morrow = self.now + timedelta(days=1)
        self._hear(await self._engine.work())
        while (instant := await self._next()) < until:
            while instant >= morrow:
                each_day()
                morrow += timedelta(days=1)
            self._move(instant)
            # at one instant limits end before anybody acts; where none does, no worker has anything to do
            told = await self._engine.work() if self._due is not None and self._due <= instant else []
            self._hear(told)
            if not told and self._queue and self._queue[0][0] <= instant:
                await self._happen(heapq.heappop(self._queue)[2])
        while morrow <= until:
            each_day()
            morrow += timedelta(days=1)
        self._move(until)
        self.proposals = await self._engine.proposals()

    async def _next(self) -> datetime:
        self._due = await self._engine.due()
        instants = [each for each in (self._due, self._queue[0][0] if self._queue else None) if each is not None]
        return max(min(instants), self.now) if instants else datetime.max.replace(tzinfo=self.now.tzinfo)

    def _move(self, instant: datetime) -> None:
        self._engine.clock.advance(instant - self.now)

    def check_warnings(self) -> None:
        """At the end: nothing that was due is untold, nothing was told twice."""
        for life in self.lives.values():
            self._check_told(life.case)
        for (case, clock, _), _, told in self.warnings.doubled():
            self.breaches.append(breach("each level is told once", self.lives[case].case, f"{clock} {told}"))

    def _at(self, at: datetime, happening: Petition | Turn) -> None:
        heapq.heappush(self._queue, (at, next(self._order), happening))

    async def _happen(self, happening: Petition | Turn) -> None:
        if isinstance(happening, Petition):
            self._hear(await self._engine.register(happening, self.world.place(happening.unit).region), happening)
        else:
            life = self.lives[happening.case]
            if life.case.version == happening.version:
                await self._act(life, happening.intention.action)

    async def _act(self, life: Life, action: str) -> None:
        """Do what was meant, if it is still allowed; else somebody thinks again."""
        may = self._options(life)
        if action not in may:
            self.refused[(action, "lapsed")] += 1
        elif action == "merge" and self._lead(life) is None:
            life.avoided[action] = TRIES
        else:
            try:
                self._hear(await self._do(life, action, may[action]))
            except Refused as refusal:
                self._refused(life, action, refusal)
            else:
                return
        self._think(life)

    async def _do(self, life: Life, action: str, actor: Actor) -> Sequence[Envelope]:
        """Raises Refused."""
        case = life.case
        rule = self.procedure(case).asks(action, served=case.served_at is not None)
        made = wish(life.rng, case, action, life.petition, rule, self.world, self.now)
        if action == "merge":
            made = replace(made, lead=self._lead(life))
        kinds = [*rule.papers, *(["opinion"] if action == "submit" and "opinion" not in rule.papers else [])]
        papers = [(UUID(int=life.rng.getrandbits(128), version=4), kind) for kind in kinds]
        if action == "submit":
            made = replace(made, papers=tuple(paper for paper, _ in papers))
        unit = self.world.place(actor.unit)
        who = Principal(actor.subject, actor.unit, unit.region, actor.roles, float("inf"), actor.above)
        told = await self._engine.act(case.id, who, action, made, papers)
        life.submitted_by = actor.subject if action == "submit" else life.submitted_by
        return told

    def _refused(self, life: Life, action: str, refusal: Refused) -> None:
        self.refused[(action, refusal.slug)] += 1
        life.avoided[action] += 1
        if refusal.slug == "incomplete":
            self.breaches.append(breach("what an action needs can be given", life.case, f"{action}: {refusal.facts}"))

    def _lead(self, life: Life) -> UUID | None:
        """The first other open case of the unit."""
        fit = (
            each.petition.number
            for each in self.lives.values()
            if each is not life
            and each.case.holder_unit == life.case.holder_unit
            and each.case.merged_into is None
            and each.case.state not in ENDS
        )
        number = min(fit, default=None)
        return next((each.case.id for each in self.lives.values() if each.petition.number == number), None)

    def _hear(self, told: Sequence[Envelope], petition: Petition | None = None) -> None:
        """Learn what was done and what limits have come to, in the order in which it is told."""
        for event in told:
            if event.type.startswith(CASES):
                self._follow(case_of(event.subject, event.version, event.data), petition)
            elif event.type == WARNED:
                self._warn(event.subject, event.data)

    def _warn(self, case_id: UUID, state: Any) -> None:
        life = self.lives[case_id]
        if all(state.clock != rule.name for each in self.world.held.procedures.newest() for rule in each.clocks):
            self.alarms[state.clock] += 1
            return
        if not self.warnings.tell(life.case, state):
            self.breaches.append(breach("what is told of is a limit of the case", life.case, state.clock))
            return
        clock = next(each for each in life.case.clocks if each.name == state.clock)
        rule = next(each for each in self.procedure(life.case).clocks if each.name == state.clock)
        if level(clock, rule, state.at) != state.level:
            self.breaches.append(
                breach("what is told of a clock is its level", life.case, f"{state.clock} {state.level}")
            )

    def _follow(self, case: Case, petition: Petition | None) -> None:
        """After every version: check it, and let somebody think of the next."""
        life = self.lives.get(case.id)
        before = life.case if life else None
        if life is None:
            if petition is None:
                raise ValueError(f"{case.number} was never registered")
            luck = Random(f"{self.plan.seed}/{petition.number}")  # noqa: S311 - reproducible, and no secret
            life = self.lives[case.id] = Life(petition, luck, case, case)
        if before is not None:
            self._after(life, before, case)
        life.case = case
        self.versions += 1
        life.did.append((case.last.action, self.now, case.last.unit))
        self.breaches += check(before, case, self.procedure(case), self.world, self.now)
        self.warnings.follow(case, self.procedure(case).clocks, self.now)
        self._think(life)

    def _after(self, life: Life, before: Case, case: Case) -> None:
        life.avoided.clear()
        self._check_told(before)
        life.disputes += case.state == "disputed" != before.state
        life.stages += [case.stage] if case.stage != before.stage else []
        if case.last.reason == "unclaimed":
            self.expired += 1
            rules = [rule for rule in self.procedure(before).clocks if rule.expires == case.last.action]
            self.warnings.counts.update((rule.name, "expire") for rule in rules[:1])

    def _options(self, life: Life) -> Options:
        case = replace(life.case, submitted_by=life.submitted_by) if life.case.state == "in-approval" else life.case
        may = options(case, self.procedure(case), self.world, self.now)
        return {action: who for action, who in may.items() if life.avoided[action] < TRIES}

    def _think(self, life: Life) -> None:
        case, may = life.case, self._options(life)
        if not may and case.state not in ENDS and case.merged_into is None:  # what is merged waits for its lead
            self.breaches.append(breach("in an open case somebody may do something", case, case.holder_unit))
            return
        meant = intend(life.rng, case, life.petition, self.procedure(case), self.world, self.now, may)
        if meant is not None:
            self._at(max(meant.at, self.now), Turn(case.id, case.version, meant))

    def _check_told(self, case: Case) -> None:
        for due in self.warnings.missed(case, self.procedure(case).clocks, self.now):
            self.breaches.append(breach("every level that is reached is told", case, f"{due.run[1]} {due.level}"))
