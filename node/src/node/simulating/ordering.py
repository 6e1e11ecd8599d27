"""What belongs to an action: to whom, by when, with which fields of the form."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from node.simulating.petitions import Petition, one_of
from node.simulating.world import World
from routing.domain import Case, Outcome
from routing.procedures.domain import ActionRule
from routing.usecases import Wish

OUTCOMES: tuple[tuple[Outcome, float], ...] = (("support", 55), ("explain", 30), ("not-support", 15))
REASONS = (("not-ours", 80), ("incomplete", 12), ("duplicate", 5), ("other", 3))
INSISTS, DIRECTLY = 0.3, 0.35  # how often a sender sends it there again, or past the tiers between
HANDING_ON = frozenset({"transfer", "assign", "arbitrate"})
EXTENSIONS = (10, 15, 20, 30)  # days
RESULT_WITHIN = (30, 45, 60, 60)  # days


def wish(
    rng: Random, case: Case, action: str, petition: Petition, rule: ActionRule, world: World, at: datetime
) -> Wish:
    """What a caller sends with an action, made up."""
    return Wish(
        version=case.version, note="模拟", fields=_fields(rng, rule, at) or None,
        reason=one_of(rng, REASONS) if action == "object" else None,
        to_unit=_target(rng, case, action, petition, world) if action in HANDING_ON else None,
        due_at=at + timedelta(days=rng.choice(RESULT_WITHIN)) if action == "assign" else None,
        route=_route(case, petition) if action == "screen" else None,
        procedure=petition.procedure if action == "screen" else None,
        outcome=one_of(rng, OUTCOMES) if action == "submit" else None,
        days=rng.choice(EXTENSIONS) if action == "extend" else 0, served_at=_served_at(rng, case, action, at),
        requested_at=_requested_at(rng, case, action, at),
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


def _route(case: Case, petition: Petition) -> int | None:
    return (petition.route or 6) if case.kind == "appeal" else None


def _requested_at(rng: Random, case: Case, action: str, at: datetime) -> datetime | None:
    """Petitioners ask for a review some days before it is recorded."""
    if action != "request-review" or case.served_at is None:
        return None
    return min(at, max(case.served_at + timedelta(hours=1), at - timedelta(days=rng.randrange(4))))


def _served_at(rng: Random, case: Case, action: str, at: datetime) -> datetime | None:
    if action != "serve":
        return None
    return max(case.last.at, at - timedelta(days=rng.randrange(3)))


def _fields(rng: Random, rule: ActionRule, at: datetime) -> dict[str, Any]:
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
