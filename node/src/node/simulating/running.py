"""The simulation: a queue of simulated instants; at each a petition comes in, somebody acts, or a limit ends."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from kit.errors import Refused
from node.simulating.choosing import Intention, Options, intend, options
from node.simulating.invariants import Breach, breach, check
from node.simulating.ordering import fields, order
from node.simulating.petitions import Petition, stream
from node.simulating.warning import Due, Warnings
from node.simulating.world import World, world
from routing import decisions
from routing.domain import Actor, Case, Order
from routing.procedures.domain import ActionRule, Procedure
from routing.procedures.forms import check_form
from routing.table import ENDS, HANDLING, OFFICE
from routing.timing import clocks
from routing.timing.clocks import level
from routing.timing.counting import midnight
from routing.upkeep import REPORT, SYSTEM

TRIES = 4  # with other targets or dates, before somebody does something else
LEADS = 12  # of so many other cases of the unit one is taken as the lead of a merge


@dataclass(frozen=True, slots=True)
class Plan:
    """days: simulated, from `start` on, over which the petitions are spread."""

    days: int
    petitions: int
    seed: int
    start: date


@dataclass
class Life:
    """A case and what figures need of its past. first: as it was opened; did: (action, when, unit); stages: reviews."""

    petition: Petition
    case: Case
    first: Case
    did: list[tuple[str, datetime, str]] = field(default_factory=list)
    avoided: Counter[str] = field(default_factory=Counter)  # refused to this version
    disputes: int = 0
    stages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody means to do something with this version."""

    case: UUID
    version: int
    intention: Intention


Happening = Petition | Due | Turn
FIRST = {Due: 0, Petition: 1, Turn: 2}  # at one instant limits end before anybody acts


class Simulation:
    """All cases in memory, at all nodes of the tree at once; letters between nodes arrive when they are sent."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world: World = world()
        self.rng = Random(plan.seed)  # noqa: S311 - reproducible, and no secret
        self.lives: dict[UUID, Life] = {}
        self.warnings = Warnings()
        self.breaches: list[Breach] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.returned_too_often = 0
        self.expired = 0
        self.versions = 0
        self.now = midnight(plan.start)
        self.end = midnight(plan.start + timedelta(days=plan.days))
        self._held: dict[str, dict[UUID, None]] = {}  # open cases of each unit
        self._queue: list[tuple[datetime, int, int, Happening]] = []
        self._order = count()
        for petition in stream(self.rng, self.world, plan.start, plan.days, plan.petitions):
            self._at(petition.at, petition)

    def run(self, until: datetime, each_day: Callable[[], None] = lambda: None) -> None:
        """Let happen what happens before an instant. each_day: called at every midnight that is passed."""
        morrow = self.now + timedelta(days=1)
        while self._queue and self._queue[0][0] < until:
            self.now, _, _, happening = heapq.heappop(self._queue)
            while self.now >= morrow:
                each_day()
                morrow += timedelta(days=1)
            self._happen(happening)
        while morrow <= until:
            each_day()
            morrow += timedelta(days=1)
        self.now = until

    def procedure(self, case: Case) -> Procedure:
        return self.world.held.procedures.get(case.procedure)

    def check_warnings(self) -> None:
        """At the end: nothing that was due is untold, nothing was told twice."""
        for life in self.lives.values():
            self._check_told(life.case)
        for case, clock, *_, told in self.warnings.doubled():
            self.breaches.append(breach("each level is told once", self.lives[case].case, f"{clock} {told}"))

    def _at(self, at: datetime, happening: Happening) -> None:
        heapq.heappush(self._queue, (max(at, self.now), FIRST[type(happening)], next(self._order), happening))

    def _happen(self, happening: Happening) -> None:
        if isinstance(happening, Petition):
            self._open(happening)
        elif isinstance(happening, Due):
            self._reach(happening)
        else:
            life = self.lives[happening.case]
            if life.case.version == happening.version:
                self._act(life, happening.intention.action)

    def _open(self, petition: Petition) -> None:
        """As routing.consumers opens a case for a petition that was registered."""
        held = self.world.held
        case = decisions.open_case(
            case_id=petition.id, number=petition.number, channel=petition.channel, kind=petition.kind,
            unit=held.unit(petition.unit), registered_at=petition.at, counting=held.counting,
            procedure=held.procedures.choose(petition.kind, petition.registered_route),
            route=petition.registered_route, accused_units=petition.accused,
            terminated_before=petition.terminated_before,
        )  # fmt: skip
        self.lives[case.id] = Life(petition, case, case)
        self._follow(None, self.lives[case.id])

    def _act(self, life: Life, action: str) -> None:
        """Do what was meant, if it is still allowed; else somebody thinks again."""
        may = self._options(life)
        if action not in may:
            self.refused[(action, "lapsed")] += 1
        elif action == "merge" and self._lead(life) is None:
            life.avoided[action] = TRIES
        else:
            try:
                after = self._decide(life, action, may[action])
            except Refused as refusal:
                self.refused[(action, refusal.slug)] += 1
                life.avoided[action] += 1
            else:
                self._written(life, after)
                return
        self._think(life)

    def _decide(self, life: Life, action: str, actor: Actor) -> Case:
        """The next version. Raises Refused."""
        case, procedure, counting = life.case, self.procedure(life.case), self.world.held.counting
        wish = order(self.rng, case, action, actor, life.petition, self.world, self.now)
        rule = procedure.actions.get(action, ActionRule())
        wrong = check_form(rule, fields(self.rng, rule, self.now), wish.note)
        if wrong:
            self.breaches.append(breach("a form can be filled in", case, f"{action}: {wrong[0].en}"))
        if action == "merge":
            wish = replace(wish, lead=self._lead(life))
        offer = case.hand_over
        if action == "recall" and offer is not None and case.writer != actor.node:
            settled = decisions.settle_recall(case, offer.id, case.version, self.now, procedure, counting)
            if settled is None:
                raise Refused("held-elsewhere")
            return settled
        return decisions.decide(case, action, wish, procedure, counting)

    def _lead(self, life: Life) -> UUID | None:
        """Another open case of the unit."""
        for other in list(self._held[life.case.holder_unit])[:LEADS]:
            if other != life.case.id and self.lives[other].case.merged_into is None:
                return other
        return None

    def _written(self, life: Life, after: Case) -> None:
        before, life.case = life.case, after
        life.avoided.clear()
        self._check_told(before)
        limit = self.world.held.settings.objections
        if after.last.action == "agree-objection" and clocks.too_many_returns(after.objections, limit):
            self.returned_too_often += 1
        self._follow(before, life)

    def _follow(self, before: Case | None, life: Life) -> None:
        """After every version: check it, watch its clocks, and let somebody think of the next."""
        case, procedure = life.case, self.procedure(life.case)
        self.versions += 1
        life.did.append((case.last.action, self.now, case.last.unit))
        if before is not None:
            life.disputes += case.state == "disputed" != before.state
            life.stages += [case.stage] if case.stage != before.stage else []
        self.breaches += check(before, case, procedure, self.world, self.now)
        if before is not None:
            self._held[before.holder_unit].pop(case.id, None)
        if case.state not in ENDS:
            self._held.setdefault(case.holder_unit, {})[case.id] = None
        for due in self.warnings.plan(case, procedure.clocks, self.now):
            self._at(due.at, due)
        self._think(life)

    def _options(self, life: Life) -> Options:
        may = options(life.case, self.procedure(life.case), self.world, self.now)
        return {action: who for action, who in may.items() if life.avoided[action] < TRIES}

    def _think(self, life: Life) -> None:
        case, may = life.case, self._options(life)
        if not may and case.state not in ENDS:
            self.breaches.append(breach("in an open case somebody may do something", case, case.holder_unit))
            return
        meant = intend(self.rng, case, life.petition, self.procedure(case), self.world, self.now, may)
        if meant is not None:
            self._at(meant.at, Turn(case.id, case.version, meant))

    def _reach(self, due: Due) -> None:
        """Tell of a level, or act where a limit has run out."""
        life = self.lives[due.case]
        rules = self.procedure(life.case).clocks
        if not self.warnings.reach(due, life.case, rules):
            return
        clock = next(each for each in life.case.clocks if each.name == due.clock)
        rule = next(each for each in rules if each.name == due.clock)
        if due.level == "expire":
            self._expire(life, str(rule.expires))
        elif level(clock, rule, due.at) != due.level:
            self.breaches.append(breach("what is told of a clock is its level", life.case, f"{due.clock} {due.level}"))

    def _expire(self, life: Life, action: str) -> None:
        """As routing.upkeep: an order that nobody claimed in time goes to the default unit."""
        case, held = life.case, self.world.held
        wish = Order(
            actor=Actor(SYSTEM, case.holder_unit, case.writer, OFFICE | HANDLING), version=case.version, at=self.now,
            reason="unclaimed", to=held.unit(str(held.settings.default_unit)), due_at=self.now + REPORT,
            hand_over=UUID(int=self.rng.getrandbits(128), version=4), accused=held.accused(case.accused_units),
        )  # fmt: skip
        try:
            after = decisions.decide(case, action, wish, self.procedure(case), held.counting)
        except Refused as refusal:
            self.refused[(f"{action} (system)", refusal.slug)] += 1
            return
        self.expired += 1
        self._written(life, after)

    def _check_told(self, case: Case) -> None:
        for due in self.warnings.missed(case, self.procedure(case).clocks, self.now):
            self.breaches.append(breach("every level that is reached is told", case, f"{due.clock} {due.level}"))
