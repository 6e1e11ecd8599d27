"""Where the actions of a procedure can lead: every state is reached, left, and no clock outlives its case."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from kit.lined import Source
from routing.domain import ALWAYS
from routing.table import BACK, ENDS, SAME, TABLE

OPENED = frozenset({"registered", "screened"})
# to these states no cell of the table leads, see routing.hand_overs and routing.decisions
_BESIDE_THE_TABLE = {"transfer": "disputed", "assign": "disputed", "object": "disputed", "close": "terminated"}
Steps = dict[str, dict[str, frozenset[str]]]


@lru_cache(maxsize=64)
def steps_of(actions: frozenset[str]) -> Steps:
    """For each state, what the table lets these actions make of it; nothing for those that leave it as it is."""
    before = frozenset(state for state, action in TABLE if action in actions & {"transfer", "assign"})
    found: Steps = {}
    for (state, action), rule in TABLE.items():
        if action not in actions | ALWAYS:
            continue
        to = {BACK: before, SAME: frozenset[str]()}.get(rule.to, frozenset({rule.to}))
        if action in _BESIDE_THE_TABLE and (action != "close" or "request-review" in actions):
            to |= {_BESIDE_THE_TABLE[action]}
        found.setdefault(state, {})[action] = to
    return found


def reached(steps: Steps, start: Iterable[str]) -> set[str]:
    """The states themselves and all that can come after them."""
    seen, waiting = set[str](), list(start)
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting.extend(to for targets in steps.get(state, {}).values() for to in targets)
    return seen


def check_states(source: Source, actions: frozenset[str]) -> None:
    """The declared states are those a case can come to, and from each it can come to an end.

    That petitioners may withdraw what they asked is no way out for an office.
    """
    steps, ours = steps_of(actions), steps_of(actions - {"note-withdrawal"})
    possible, declared = reached(steps, OPENED), list(source.named("states"))
    for index, state in enumerate(declared):
        if state not in possible:
            source.refuse(("states", index), f"no action of this procedure leads to the state {state!r}")
        elif not reached(ours, [state]) & ENDS:
            source.refuse(("states", index), f"from the state {state!r} no action leads to an end")
    for state in sorted(possible - set(declared)):
        source.refuse(("states",), f"the state {state!r} can be reached but is not listed")


def check_running(source: Source, name: str, rule: Mapping[str, Any], actions: frozenset[str]) -> None:
    """No duty goes on in a case that has ended, unless what stops it can still be done then (reporting a result)."""
    if "right" in rule:
        return
    steps, stops = steps_of(actions), frozenset(rule.get("stops", ()))
    unstopped = {
        state: {action: to for action, to in each.items() if action not in stops} for state, each in steps.items()
    }
    begun = frozenset[str]().union(*(_after(steps, action) for action in rule["starts"]))
    begun &= frozenset(rule.get("states", begun))
    for state in sorted(reached(unstopped, begun) & ENDS - {"terminated"}):
        if not stops & steps.get(state, {}).keys():
            source.refuse(("clocks", name, "stops"), f"{name}: it still runs when the case is {state}")


def _after(steps: Steps, action: str) -> frozenset[str]:
    if action in {"open", "return"}:
        return OPENED
    return frozenset[str]().union(*(each[action] or {state} for state, each in steps.items() if action in each))
