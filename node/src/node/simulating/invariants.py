"""What must hold of every version of every case, whatever was done; a breach names the case and the action."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from kit.readers import EVERYBODY, reader
from node.simulating.world import World
from routing.domain import Case
from routing.procedures.domain import Procedure
from routing.table import BACK, ENDS, SAME, TABLE
from routing.timing.clocks import Clock, foremost, level

MOVES = frozenset({"transfer", "assign", "recall", "agree-objection", "arbitrate", "request-review"})
ASKING = frozenset({"objected", "disputed"})
# action -> the state it leads to beside the one of the table: see routing.decisions and routing.hand_overs
BESIDE = {
    "transfer": "disputed", "assign": "disputed", "object": "disputed", "close": "terminated",
    "approve": "in-approval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of the domain that did not hold, where, and after which action."""

    rule: str
    number: str
    version: int
    state: str
    action: str
    detail: str

    def told(self) -> dict[str, object]:
        return asdict(self)


def breach(rule: str, case: Case, detail: object = "") -> Breach:
    return Breach(rule, case.number, case.version, case.state, case.last.action, str(detail))


def check(before: Case | None, after: Case, procedure: Procedure, world: World, now: datetime) -> list[Breach]:
    """All that is wrong with the version that an action made."""
    found = [*_one_holder(after, world), *_clocks(after, procedure, now)]
    if before is not None:
        found += _step(before, after)
    if after.state not in procedure.states and not _follows_a_lead(before, after):
        found.append(breach("the state belongs to the procedure", after, procedure.key))
    return found


def _one_holder(case: Case, world: World) -> Iterator[Breach]:
    """Exactly one unit holds it, and the node of the one that must decide writes next."""
    units = world.held.units.units
    if case.holder_unit not in units or units[case.holder_unit].region != case.holder_region:
        yield breach("exactly one unit holds the case", case, case.holder_unit)
        return
    decides = case.asked or case.holder_unit
    if decides not in units or units[decides].node != case.writer:
        yield breach("the node of the unit that decides writes", case, f"{decides} at {case.writer}")
    if (case.state in ASKING) != (case.asked is not None):
        yield breach("somebody is asked in an objection or dispute and only then", case, case.asked)
    if (case.state == "offered") != (case.hand_over is not None):
        yield breach("a hand-over is under way while the case is offered and only then", case)
    if not world.line(case.holder_unit).isdisjoint(case.accused_units):
        yield breach("no accused unit or one below it holds the case (Art 30)", case, case.holder_unit)
    if case.readers is not None and {EVERYBODY, reader(case.holder_unit)}.isdisjoint(case.readers):
        yield breach("who holds a confidential case may read it", case, case.holder_unit)


def _follows_a_lead(before: Case | None, after: Case) -> bool:
    """A merged case ends as its lead does, wherever it stood and whatever its own procedure knows."""
    return before is not None and before.merged_into is not None and (after.last.reason or "").startswith("lead:")


def _step(before: Case, after: Case) -> Iterator[Breach]:
    """The version that follows, by a cell of the table."""
    action = after.last.action
    if after.version != before.version + 1:
        yield breach("every version is one more than the last", after, before.version)
    if _follows_a_lead(before, after):
        return
    rule = TABLE.get((before.state, action))
    if rule is None:
        yield breach("the table has this action in this state", after, before.state)
        return
    expected = {SAME: before.state, BACK: after.state}.get(rule.to, rule.to)
    if after.state not in {expected, BESIDE.get(action)}:
        yield breach("the action leads where the table says", after, f"{before.state}, not {expected}")
    if after.holder_unit != before.holder_unit and action not in MOVES:
        yield breach("only a hand-over changes the holder", after, f"{before.holder_unit} to {after.holder_unit}")


def _clocks(case: Case, procedure: Procedure, now: datetime) -> Iterator[Breach]:
    rules = {rule.name: rule for rule in procedure.clocks}
    names = [clock.name for clock in case.clocks]
    if len(names) != len(set(names)):
        yield breach("there is one clock of each name", case, names)
    for clock in case.clocks:
        yield from _sound(case, clock, now)
        if clock.open and clock.name not in rules:
            yield breach("every clock that runs has a rule", case, clock.name)
        elif clock.open and case.state in ENDS and rules[clock.name].right is None:
            stops = rules[clock.name].stops
            if not any((case.state, action) in TABLE for action in stops & {*procedure.actions}):
                yield breach("no duty runs after the end that nothing can stop", case, clock.name)
    first = None if case.state in ENDS else foremost(case.clocks, procedure.clocks)
    if case.due_at != (first.due_at if first else None):
        yield breach("the case is due when its first duty is", case, case.due_at)


def _sound(case: Case, clock: Clock, now: datetime) -> Iterator[Breach]:
    """What any one clock must be like."""
    if clock.due_at is not None and clock.due_at <= clock.started_at:
        yield breach("a clock ends after it began", case, f"{clock.name}: {clock.started_at} to {clock.due_at}")
    if clock.stopped_at is not None and clock.stopped_at < clock.started_at:
        yield breach("a clock stops after it began", case, f"{clock.name}: {clock.started_at} to {clock.stopped_at}")
    if clock.started_at > now or (clock.stopped_at is not None and clock.stopped_at > now):
        yield breach("no clock begins or stops in the future", case, clock.name)
    if (clock.paused_at is None) != (clock.pauses == 0):
        yield breach("a clock stands still while something pauses it", case, f"{clock.name}: {clock.pauses}")


def overdue(case: Case, procedure: Procedure, now: datetime) -> bool:
    """Whether a duty of an open case has run out."""
    rules = {rule.name: rule for rule in procedure.clocks}
    return case.state not in ENDS and any(
        clock.open and clock.name in rules and level(clock, rules[clock.name], now) == "red" for clock in case.clocks
    )
