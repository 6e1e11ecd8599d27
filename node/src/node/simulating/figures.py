"""What came of it, as plain data: the same seed gives the same bytes. Times of the machine are not in it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from node.simulating.invariants import overdue
from node.simulating.rates import rates
from node.simulating.running import Life, Simulation
from routing.procedures.domain import Procedure
from routing.table import ENDS
from routing.timing.deadlines import NOT_DONE, RETURNED_TOO_OFTEN

Figures = dict[str, Any]


def figures(simulation: Simulation) -> Figures:
    """Everything `xinqiao simulate` tells; JSON-serialisable, in a fixed order."""
    plan, lives = simulation.plan, list(simulation.lives.values())
    return {
        "plan": {**asdict(plan), "start": str(plan.start)},
        "calendar": {
            "version": simulation.world.held.counting.calendar.version,
            "provisional": simulation.world.held.counting.calendar.provisional(simulation.end.date()),
        },
        "versions": simulation.versions,
        "procedures": [_of_procedure(simulation, each, lives) for each in _procedures(simulation)],
        "states": _counted(life.case.state for life in lives),
        "actions": _counted(action for life in lives for action, _, _ in life.did),
        "rates": rates(simulation, lives),
        "events": _events(simulation, lives),
        "alarms": _alarms(simulation),
        "refused": _pairs(simulation.refused),
        "breaches": [each.told() for each in simulation.breaches],
    }


def _procedures(simulation: Simulation) -> Sequence[Procedure]:
    return simulation.world.held.procedures.newest()


def _counted(items: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(items).items()))


def _pairs(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (first, second), times in sorted(counts.items()):
        nested.setdefault(first, {})[second] = times
    return nested


def _alarms(simulation: Simulation) -> dict[str, dict[str, Any]]:
    """Of each clock: its names, and how often each level was told."""
    names: dict[str, dict[str, str]] = {}  # procedures may call a clock by different names
    for rule in (rule for procedure in _procedures(simulation) for rule in procedure.clocks):
        names.setdefault(rule.name, {})[rule.zh] = rule.en
    return {
        clock: {"zh": " / ".join(names[clock]), "en": " / ".join(dict.fromkeys(names[clock].values())), **levels}
        for clock, levels in _pairs(simulation.warnings.counts).items()
    }


def _of_procedure(simulation: Simulation, procedure: Procedure, lives: Sequence[Life]) -> Figures:
    """Of the petitions that have this procedure now; a case in review is open again."""
    own = [life for life in lives if life.case.procedure == procedure.key]
    finished = [life for life in own if life.case.state in ENDS]
    accepted = [(life.petition.at, at) for life in own if (at := first(life, frozenset({"accept"})))]
    closed = [(life.petition.at, at) for life in own if (at := _ended(life))]
    return {
        "procedure": procedure.key, "zh": procedure.zh, "en": procedure.en, "opened": len(own),
        "finished": len(finished), "open": len(own) - len(finished),
        "overdue": sum(overdue(life.case, procedure, simulation.now) for life in own),
        "days_to_acceptance": _spread(accepted), "days_to_close": _spread(closed),
    }  # fmt: skip


def first(life: Life, actions: frozenset[str]) -> datetime | None:
    """When one of the actions was first taken."""
    return next((at for action, at, _ in life.did if action in actions), None)


def _ended(life: Life) -> datetime | None:
    """When the petition was first brought to an end; not when it was withdrawn."""
    if life.case.state == "withdrawn":
        return None
    return first(life, frozenset({"close", "answer", "file", "decline", "refuse-again", "guide", "export"}))


def _spread(spans: Sequence[tuple[datetime, datetime]]) -> dict[str, float | int | None]:
    """Median and ninth decile in days, by nearest rank."""
    days = sorted((end - begin).total_seconds() / 86_400 for begin, end in spans)
    return {"of": len(days), "median": _rank(days, 0.5), "p90": _rank(days, 0.9)}


def _rank(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[math.ceil(share * len(ordered)) - 1], 1) if ordered else None


def _events(simulation: Simulation, lives: Sequence[Life]) -> dict[str, int]:
    """How often what is worth telling happened."""
    did = Counter(action for life in lives for action, _, _ in life.did)
    disputed = sum(life.disputes for life in lives)
    reviewed = Counter(stage for life in lives for stage in life.stages)
    return {
        "objections": did["object"], "agreed": did["agree-objection"], "disputes": disputed,
        "arbitrations": did["arbitrate"], "returned_too_often": simulation.alarms[RETURNED_TOO_OFTEN],
        "not_done": simulation.alarms[NOT_DONE],
        "unclaimed_assigned": simulation.expired, "recalls": did["recall"], "returned_drafts": did["return-draft"],
        "extensions": did["extend"], "hearings": did["start-hearing"], "mediations": did["start-mediation"],
        "suspensions": did["suspend"], "merges": did["merge"], "reports": did["report"],
        "proposals": simulation.proposals,
        "reviews": reviewed["review"], "re_reviews": reviewed["re-review"], "withdrawals": did["note-withdrawal"],
    }  # fmt: skip
