"""What the people of the tree do next, and how long they take for it; only what the domain lets them do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from node.simulating.petitions import Petition, one_of
from node.simulating.world import HOTLINE, World
from routing.domain import Actor, Case, refusal
from routing.procedures.domain import Procedure
from routing.table import ACTIONS, ENDS, TABLE

Options = Mapping[str, Actor]  # what may be done now, and by whom
ODD = 0.002  # the share of what nobody would expect but the rules allow
NOTHING = "nothing"
_BY_STATE = {state: tuple(action for action in ACTIONS if (state, action) in TABLE) for state, _ in TABLE}

# state -> action -> how often
USUAL: Mapping[str, Mapping[str, float]] = {
    "registered": {"screen": 1, "note-withdrawal": 0.01},
    "screened": {"transfer": 0.55, "assign": 0.25, "answer": 0.06, "guide": 0.04, "decline": 0.04, "file": 0.02,
                 "merge": 0.02, "export": 0.01, "note-withdrawal": 0.01},
    "offered": {"receive": 0.945, "recall": 0.05, "note-withdrawal": 0.005},
    "objected": {"agree-objection": 0.6, "refuse-objection": 0.39, "note-withdrawal": 0.01},
    "disputed": {"arbitrate": 0.99, "note-withdrawal": 0.01},
    "received": {"accept": 0.85, "answer": 0.04, "decline": 0.04, "guide": 0.02, "object": 0.02, "merge": 0.02,
                 "note-withdrawal": 0.01},
    "accepted": {"investigate": 0.8, "draft-opinion": 0.12, "start-mediation": 0.04, "suspend": 0.02, "merge": 0.01,
                 "note-withdrawal": 0.01},
    "investigating": {"draft-opinion": 0.78, "start-hearing": 0.07, "start-mediation": 0.07, "submit": 0.04,
                      "suspend": 0.02, "note-withdrawal": 0.02},
    "hearing": {"end-hearing": 0.99, "suspend": 0.01},
    "mediating": {"end-mediation": 0.94, "note-withdrawal": 0.05, "suspend": 0.01},
    "opinion-drafted": {"submit": 0.96, "draft-opinion": 0.03, "suspend": 0.01},
    "in-approval": {"approve": 0.82, "return-draft": 0.18},
    "opinion-approved": {"serve": 0.8, "close": 0.2},
    "served": {"close": 0.95, "request-review": 0.05},
    "closed": {"request-review": 0.22, NOTHING: 0.78},
}  # fmt: skip
# action -> (median in days, how far it spreads); log-normal
TAKES: Mapping[str, tuple[float, float]] = {
    "screen": (1, 1.0), "transfer": (2, 1.0), "assign": (2, 1.0), "receive": (0.7, 0.9), "recall": (0.15, 0.5),
    "claim": (0.4, 0.8),
    "object": (2, 0.7), "agree-objection": (1.5, 0.8), "refuse-objection": (1.5, 0.8), "arbitrate": (3, 0.7),
    "accept": (4, 0.8), "answer": (3, 0.9), "guide": (3, 0.8), "export": (4, 0.8), "decline": (5, 0.7),
    "file": (4, 0.8), "refuse-again": (4, 0.7), "investigate": (2, 0.7), "start-hearing": (7, 0.5),
    "end-hearing": (0.3, 0.6),
    "start-mediation": (4, 0.6), "end-mediation": (6, 0.7), "extend": (6, 0.6), "suspend": (4, 0.7),
    "resume": (18, 0.7), "merge": (2, 0.7), "unmerge": (30, 0.7), "draft-opinion": (20, 0.8), "submit": (1.5, 0.8),
    "approve": (1.2, 0.8), "return-draft": (1.2, 0.8), "serve": (2, 0.8), "close": (3, 0.9), "report": (2, 1.0),
    "request-review": (11, 0.8), "note-withdrawal": (6, 0.8), "lift-bar": (4, 0.7),
    "carry-out": (25, 0.7), "mark-confidential": (2, 0.8), "unmark-confidential": (40, 0.7),
}  # fmt: skip
HURRY = {"hotline-inquiry": 0.01, "hotline-urgent": 0.08, "hotline-order": 0.25, "simple": 0.22}  # of the usual time
EXTENDED = 0.6  # of the handlings for which the time will not do


@dataclass(frozen=True, slots=True)
class Intention:
    """What somebody means to do with this version of a case, and when."""

    action: str
    at: datetime


def options(case: Case, procedure: Procedure, world: World, at: datetime) -> Options:
    """Every action that somebody may do now, with the first of the staff who may."""
    offer = case.hand_over
    units = [case.holder_unit, case.asked, offer.from_unit if offer else None]
    found = {}
    for action in _BY_STATE.get(case.state, ()):
        for unit in dict.fromkeys(unit for unit in units if unit):
            who = next((each for each in world.staff[unit] if not refusal(case, action, each, procedure, at)), None)
            if who is not None:
                found[action] = who
                break
    return found


def intend(
    rng: Random, case: Case, petition: Petition, procedure: Procedure, world: World, at: datetime, may: Options
) -> Intention | None:
    """What is done next; None: nobody will do anything more."""
    usual = _usual(case, petition, procedure, world)
    weighted = [(action, usual.get(action, ODD)) for action in may if usual.get(action, ODD) > 0]
    if case.state in ENDS:
        weighted = [(action, weight) for action, weight in weighted if action in usual]
        weighted.append((NOTHING, usual.get(NOTHING, 1)))
    action = one_of(rng, weighted) if weighted else NOTHING
    if action == NOTHING:
        return None
    when = _when(rng, action, case, petition, world, at)
    limit = _handling_ends(case)
    if "extend" in may and limit is not None and when > limit > at and rng.random() < EXTENDED:
        return Intention("extend", world.in_office_hours(at + (limit - at) * rng.uniform(0.5, 0.97), rng))
    return Intention(action, when)


def _when(rng: Random, action: str, case: Case, petition: Petition, world: World, at: datetime) -> datetime:
    """After so long as that takes; the hotline works around the clock."""
    median, spread = TAKES[action]
    days = median * HURRY.get(petition.procedure or "", 1) * rng.lognormvariate(0, spread)
    when = at + timedelta(days=days)
    return when if case.holder_unit == HOTLINE and petition.channel == "call" else world.in_office_hours(when, rng)


def _handling_ends(case: Case) -> datetime | None:
    """When an extension must be asked for at the latest (Art 34), if none was."""
    running = (clock for clock in case.clocks if clock.name == "handling" and clock.open and not clock.extended)
    return next((clock.due_at for clock in running), None)


def _usual(case: Case, petition: Petition, procedure: Procedure, world: World) -> dict[str, float]:
    """How often each action is done in this situation."""
    if case.suspended:
        return {"resume": 1, "note-withdrawal": 0.01}
    if case.merged_into is not None:
        return {"unmerge": 1, "note-withdrawal": 0.02}
    usual = dict(USUAL.get(case.state, {}))
    if case.state in {"screened", "received"} and case.stage == "handling":
        _whose(usual, case, petition, world)
        _led_elsewhere(usual, petition, procedure, case)
    if case.stage != "handling":
        _in_a_review(usual, case)
    usual["extend"] = 0  # only where the time will not do
    running = {clock.name for clock in case.clocks if clock.open}
    usual["report"] = 3 if "result-report" in running else 0
    usual["carry-out"] = 4 if "carrying-out" in running else 0
    return usual


def _whose(usual: dict[str, float], case: Case, petition: Petition, world: World) -> None:
    """An office hands on what is another's, a unit objects to it; the unit whose matter it is takes it up."""
    if case.barred:
        usual.update({"refuse-again": 9, "lift-bar": 0.5})
    if case.holder_unit == petition.owner:
        usual.update({"accept": 0.85, "transfer": 0, "assign": 0})
        if petition.confusing:
            usual["object"] = 0.5
    elif case.state == "received" and world.covers(case.holder_unit, petition.owner):
        usual.update({"transfer": 0.6, "assign": 0.25, "accept": 0.02, "object": 0.005})
    elif case.state == "received":
        usual.update({"object": 0.9, "transfer": 0, "assign": 0, "accept": 0.06})


def _led_elsewhere(usual: dict[str, float], petition: Petition, procedure: Procedure, case: Case) -> None:
    """What the procedure is for: courts, organs outside, orders that are answered; or it is not the right one yet."""
    if petition.route == 1:
        usual.update({"export": 3, "guide": 2, "transfer": 0.5, "assign": 0.1})
    elif petition.route in {2, 3}:
        usual.update({"guide": 1.2, "export": 0.4})
    elif procedure.name.startswith("hotline"):
        own = procedure.name == "hotline-inquiry" or case.holder_unit == petition.owner
        usual.update({"answer": 2, "claim": 1} if own else {"answer": 0.25, "claim": 0.05})
    elif petition.kind == "accusation":
        usual["export"] = 0.5
    wanted = petition.procedure
    if case.state == "screened" and case.version < 3 and wanted not in {None, procedure.name}:
        usual["screen"] = 30


def _in_a_review(usual: dict[str, float], case: Case) -> None:
    """Who reviews takes it up himself; a re-review is often heard."""
    for action in ("transfer", "assign", "merge", "object", "screen", "extend"):
        usual.pop(action, None)
    if case.state == "investigating" and case.stage == "re-review":
        usual["start-hearing"] = 0.5
    if case.state == "closed":
        usual["request-review"] = 0.35
