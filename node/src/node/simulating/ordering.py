"""The order that belongs to an action: to whom, by when, with which fields of the form and which papers."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from node.simulating.petitions import Petition, one_of
from node.simulating.world import World
from routing.domain import Actor, Case, Order, Outcome, Unit
from routing.procedures.domain import ActionRule, Procedure

OUTCOMES: tuple[tuple[Outcome, float], ...] = (("support", 55), ("explain", 30), ("not-support", 15))
REASONS = (("not-ours", 80), ("incomplete", 12), ("duplicate", 5), ("other", 3))
INSISTS, DIRECTLY = 0.3, 0.35  # how often a sender sends it there again, or past the tiers between
HANDING_ON = frozenset({"transfer", "assign", "arbitrate"})
EXTENSIONS = (10, 15, 20, 30)  # days
RESULT_WITHIN = (30, 45, 60, 60)  # days


def order(
    rng: Random, case: Case, action: str, actor: Actor, petition: Petition, world: World, at: datetime
) -> Order:  # fmt: skip
    """What the API would make of the wish of a caller (routing.usecases), with what the caller wants made up."""
    held = world.held
    to = held.unit(_target(rng, case, action, petition, world)) if action in HANDING_ON else None
    return Order(
        actor=actor, version=case.version, at=at, asked_at=_asked_at(rng, case, action, at),
        reason=one_of(rng, REASONS) if action == "object" else None, note="模拟", to=to,
        due_at=at + timedelta(days=rng.choice(RESULT_WITHIN)) if action == "assign" else None,
        hand_over=UUID(int=rng.getrandbits(128), version=4), arbiter=_arbiter(world, case, action, to),
        parent=held.superior(case.holder_unit, case.accused_units) if action == "request-review" else None,
        accused=held.accused(case.accused_units), objections=held.settings.objections,
        route=_route(case, petition) if action == "screen" else None,
        procedure=_procedure(case, petition, world) if action == "screen" else None,
        outcome=one_of(rng, OUTCOMES) if action == "submit" else None,
        papers=(UUID(int=rng.getrandbits(128), version=4),) if action == "submit" else (),
        days=rng.choice(EXTENSIONS) if action == "extend" else 0, served_at=_served_at(rng, case, action, at),
    )  # fmt: skip


def _target(rng: Random, case: Case, action: str, petition: Petition, world: World) -> str:
    """The next unit on the way to the owner; now and then a wrong one of the same place, which will object."""
    if action == "arbitrate":
        return petition.owner
    right = world.towards(case.holder_unit, petition.owner)
    if petition.confusing and len(case.hops) < 3:
        if case.objected_units and rng.random() < INSISTS:
            return case.objected_units[-1]
        region = world.place(right).region
        beside = [each.code for each in world.held.units.units.values() if each.region == region]
        return rng.choice([code for code in beside if code != case.holder_unit] or [right])
    return petition.owner if rng.random() < DIRECTLY and petition.owner != case.holder_unit else right


def _arbiter(world: World, case: Case, action: str, to: Unit | None) -> Unit | None:
    """As routing.usecases: the nearest common superior of the two sides, of an open dispute the one that is asked."""
    held = world.held
    if action == "arbitrate" and case.asked is not None:
        return held.unit(case.asked)
    if action == "object" and case.came_by is not None:
        return held.arbiter(case.holder_region, case.came_by.from_region, accused=case.accused_units)
    return held.arbiter(case.holder_region, to.region, accused=case.accused_units) if to is not None else None


def _route(case: Case, petition: Petition) -> int | None:
    return (petition.route or 6) if case.kind == "appeal" else None


def _procedure(case: Case, petition: Petition, world: World) -> Procedure:
    return world.held.procedures.choose(case.kind, _route(case, petition), petition.procedure)


def _asked_at(rng: Random, case: Case, action: str, at: datetime) -> datetime | None:
    """Petitioners ask for a review some days before it is recorded."""
    if action != "request-review" or case.served_at is None:
        return None
    return min(at, max(case.served_at + timedelta(hours=1), at - timedelta(days=rng.randrange(4))))


def _served_at(rng: Random, case: Case, action: str, at: datetime) -> datetime | None:
    if action != "serve":
        return None
    return max(case.last.at, at - timedelta(days=rng.randrange(3)))


def fields(rng: Random, rule: ActionRule, at: datetime) -> dict[str, Any]:
    """The fields of an action's form, filled in: all that are required, some of the others."""
    form = rule.form or {}
    required = form.get("required", ())
    return {
        name: _value(rng, schema, at)
        for name, schema in form.get("properties", {}).items()
        if name in required or rng.random() < 0.3
    }


def _value(rng: Random, schema: Mapping[str, Any], at: datetime) -> Any:
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if schema["type"] == "boolean":
        return rng.random() < 0.5
    if schema["type"] == "integer":
        return schema.get("minimum", 0)
    texts = {"date-time": at.isoformat(), "date": str(date(at.year, at.month, at.day))}
    return texts.get(schema.get("format", ""), str(schema["title"]))
