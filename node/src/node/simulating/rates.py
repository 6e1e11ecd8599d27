"""The rates of on-time work (domain rules §6), each with its definition beside the figure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from node.simulating.running import Life, Simulation
from routing.procedures.domain import ClockRule
from routing.table import ENDS
from routing.timing.clocks import Clock
from routing.timing.counting import due

CHANNELS = frozenset({"letter", "visit", "web"})
DECIDED = frozenset({"accept", "decline", "refuse-again", "answer", "guide", "export", "file"})
HANDED_ON = frozenset({"transfer", "assign"})
ANSWERS = ("handling", "simple-opinion", "mediation", "hotline-service", "review", "re-review")
OFFICE = (
    "信访部门及时受理率", "office timely acceptance",
    "登记后15日内信访部门作出转送、交办、受理等首次决定的 ÷ 期限在统计期内的初次来信、来访、网信(不含涉法涉诉、已撤回)",
    (
        "first decision of an office within 15 days of registration (handed over, accepted, or decided otherwise) / "
        "first petitions by letter, visit, web with their due date in the period, without Art 31(1) and those withdrawn"
    ),
)  # fmt: skip
UNIT = (
    "责任单位及时受理率", "unit timely acceptance",
    "登记后30日(15+15)内责任单位受理或作出其他决定的 ÷ 同一批信访件中期限在统计期内的",
    "accepted, or decided otherwise, within 30 days (15 + 15) of registration / the same, due in the period",
)  # fmt: skip
ANSWER = (
    "按期答复率", "on-time answer",
    "按期 ÷(按期+逾期办结+未到期+逾期未办),答复期限(办理、简易、调处、工单、复查、复核)在统计期内",
    (
        "on time / (on time + late + not yet due + overdue open), limits for an answer (handling, simple, mediation, "
        "order, review, re-review) that end in the period"
    ),
)  # fmt: skip


def rates(simulation: Simulation, lives: Sequence[Life]) -> list[dict[str, Any]]:
    """name, definition, how many of how many, the rate (None of nothing)."""
    cohort = [life for life in lives if _counts(life)]
    return [
        _rate("office", OFFICE, _office(simulation, cohort)),
        _rate("unit", UNIT, _unit(simulation, cohort)),
        _rate("answer", ANSWER, _answers(simulation, lives)),
    ]


def _rate(name: str, told: tuple[str, str, str, str], outcomes: Iterable[str]) -> dict[str, Any]:
    """outcomes: on-time, late, not-yet-due or overdue, one of each item."""
    found = list(outcomes)
    zh, en, definition_zh, definition_en = told
    counts = {name: found.count(name) for name in ("on-time", "late", "not-yet-due", "overdue")}
    return {
        "name": name, "zh": zh, "en": en, "definition_zh": definition_zh, "definition_en": definition_en, **counts,
        "of": len(found), "rate": round(counts["on-time"] / len(found), 4) if found else None,
    }  # fmt: skip


def _counts(life: Life) -> bool:
    petition = life.petition
    decided = any(action in DECIDED | HANDED_ON for action, _, _ in life.did)
    withdrawn = life.case.state == "withdrawn" and not decided
    return not petition.repeat and petition.channel in CHANNELS and petition.route != 1 and not withdrawn


def _office(simulation: Simulation, cohort: Iterable[Life]) -> Iterable[str]:
    for life in cohort:
        limit = _limit(simulation, life, ("office-decision",))
        yield from _outcome(simulation, limit, _when(life, DECIDED | HANDED_ON))


def _unit(simulation: Simulation, cohort: Iterable[Life]) -> Iterable[str]:
    for life in cohort:
        if life.case.state != "withdrawn" or _when(life, DECIDED):
            limit = _limit(simulation, life, ("office-decision", "unit-notice"))
            yield from _outcome(simulation, limit, _when(life, DECIDED))


def _limit(simulation: Simulation, life: Life, names: tuple[str, ...]) -> datetime:
    """The limits of these clocks together, from registration, counted as clocks are."""
    rules = {rule.name: rule for rule in simulation.procedure(life.first).clocks}
    counting = simulation.world.held.counting
    length = sum(_length(rules[name]) for name in names)
    return due(replace(rules[names[0]], length=length), life.petition.at, counting.calendar, counting.policy)


def _length(rule: ClockRule) -> int:
    if rule.length is None:
        raise ValueError(f"{rule.name} has no length of its own")
    return rule.length


def _when(life: Life, actions: frozenset[str]) -> datetime | None:
    return next((at for action, at, _ in life.did if action in actions), None)


def _outcome(simulation: Simulation, limit: datetime, done: datetime | None) -> Iterable[str]:
    """Nothing where the limit ends after the period."""
    if limit > simulation.end:
        return
    if done is None:
        yield "overdue"
    else:
        yield "on-time" if done < limit else "late"


def _answers(simulation: Simulation, lives: Iterable[Life]) -> Iterable[str]:
    for life in lives:
        if life.case.state != "withdrawn":
            for clock in life.case.clocks:
                if clock.name in ANSWERS and clock.due_at is not None and clock.due_at <= simulation.end:
                    yield _answered(clock, clock.due_at, ended=life.case.state in ENDS)


def _answered(clock: Clock, due_at: datetime, *, ended: bool) -> str:
    """One that stands still was not due when it came to a halt."""
    if clock.stopped_at is not None:
        return "on-time" if clock.stopped_at < due_at else "late"
    if clock.paused_at is not None and clock.paused_at < due_at and not ended:
        return "not-yet-due"
    return "overdue"
