"""What a definition must fulfil beyond its shape: the table, the papers, the law. Each rule notes all it finds."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from kit.lined import Source, Where
from routing.domain import ALWAYS
from routing.papers import PAPERS
from routing.procedures.source import LISTS_OF_ACTIONS
from routing.procedures.states import check_running, check_states
from routing.table import ACTIONS, BY_ITSELF, STATES, TABLE

ROLES = frozenset({"clerk", "handler", "leader", "supervisor", "analyst", "operator"})
ROUTES = range(1, 7)  # Art 31 (1) to (6)
ROUTED_KINDS = frozenset({"appeal"})  # only these have a route
SHAPE = json.loads((Path(__file__).parent / "definitions" / "definition.schema.json").read_text(encoding="utf-8"))
CHANNELS: tuple[str, ...] = tuple(SHAPE["properties"]["channels"]["items"]["enum"])
_TEMPLATE = {**SHAPE["$defs"]["template"], "$defs": SHAPE["$defs"]}
# Art 34: 60 days, or 40 working days, which are never fewer; hours are days of 24
_SIXTY_DAYS = {"day": 60, "working-day": 40, "hour": 60 * 24}


def check(source: Source) -> None:
    """Note every mistake of a definition that is filled in from its base."""
    broken = set(_check_shape(source))
    actions = frozenset(source.section("actions"))
    for name, rule in source.section("actions").items():
        _check_action(source, name)
        if ("actions", name) not in broken:
            _check_asked(source, name, rule)
    clocks = {name: rule for name, rule in source.section("clocks").items() if ("clocks", name) not in broken}
    for name, rule in clocks.items():
        _check_clock(source, ("clocks", name), rule, actions)
    if not source.named("template"):
        _check_whole(source, {where[:1] for where in broken}, actions, clocks)


def _check_whole(source: Source, broken: set[Where], actions: frozenset[str], clocks: dict[str, Any]) -> None:
    """What parts have to do with each other, as far as their shape is right."""
    if not broken & {(), ("kinds",), ("routes",)}:
        _check_use(source, clocks)
    if () not in broken and ("states",) not in broken and actions:
        check_states(source, actions)
        for name, rule in clocks.items():
            check_running(source, name, rule, actions)
    for index, role in enumerate(source.named("approval") or () if ("approval",) not in broken else ()):
        if role not in ROLES:
            source.refuse(("approval", index), f"unknown role {role!r}")


def _check_shape(source: Source) -> Iterator[Where]:
    """Note what the JSON Schema refuses; gives the parts (section, name) that later rules had better not read."""
    shape = _TEMPLATE if source.named("template") else SHAPE
    validator = Draft202012Validator(shape, format_checker=FormatChecker(formats=["regex"]))
    for error in validator.iter_errors(source.data):
        where: Where = tuple(error.absolute_path)
        for place, reason in _told(error, where):
            source.refuse(place, reason)
        yield where[:2]


def _told(error: ValidationError, where: Where) -> Iterator[tuple[Where, str]]:
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = ", ".join(schema["properties"])
        for name in instance:
            if name not in schema["properties"]:
                yield (*where, name), f"unknown key {name!r}; known are {known}"
    elif error.validator == "required":
        yield where, f"{_named(where)}{error.message.split(' is a required')[0]} is missing"
    elif error.validator == "pattern" and "propertyNames" in error.absolute_schema_path:
        yield (*where, instance), f"{instance!r} is no name of a field"
    else:
        yield where, f"{_named(where)}{error.message[:200]}"


def _named(where: Where) -> str:
    return f"{'.'.join(str(part) for part in where)}: " if where else ""


def _check_action(source: Source, name: str) -> None:
    if name not in ACTIONS:
        source.refuse(("actions", name), f"unknown action {name!r}")


def _check_asked(source: Source, name: str, rule: dict[str, Any]) -> None:
    """Roles, papers and the form of an action."""
    where: Where = ("actions", name)
    allowed = frozenset[str]().union(*(cell.roles for (_, action), cell in TABLE.items() if action == name))
    for index, role in enumerate(rule.get("roles", ())):
        if role not in ROLES:
            source.refuse((*where, "roles", index), f"unknown role {role!r}")
        elif role not in allowed and name in ACTIONS:
            listed = ", ".join(sorted(allowed)) or "those named in `approval`"
            source.refuse((*where, "roles", index), f"{role!r} may not {name}; the table allows {listed}")
    for index, kind in enumerate(rule.get("papers", ())):
        if kind not in PAPERS:
            source.refuse((*where, "papers", index), f"unknown kind of paper {kind!r}; known are {', '.join(PAPERS)}")
    if "form" in rule:
        _check_form(source, (*where, "form"), rule["form"])


def _check_form(source: Source, where: Where, form: dict[str, Any]) -> None:
    """Beyond its shape, which lets pass valid JSON Schemas only."""
    for index, name in enumerate(form.get("required", ())):
        if name not in form["properties"]:
            source.refuse((*where, "required", index), f"{name!r} is required but is no field")
    for name, field in form["properties"].items():
        place = (*where, "properties", name)
        if set(field.get("enum", ())) != set(field.get("labels", ())):
            source.refuse((*place, "labels"), f"{name}: labels and enum differ")
        for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
            if low in field and high in field and field[low] > field[high]:
                source.refuse((*place, low), f"{name}: {low} is more than {high}")


def _check_clock(source: Source, where: Where, rule: dict[str, Any], actions: frozenset[str]) -> None:
    name = where[1]
    known = actions | ALWAYS | frozenset(BY_ITSELF)
    for section in LISTS_OF_ACTIONS:
        for index, action in enumerate(rule.get(section, ())):
            if action not in known:
                source.refuse((*where, section, index), f"{name}: {action!r} is no action of this procedure")
    for index, state in enumerate(rule.get("states", ())):
        if state not in STATES:
            source.refuse((*where, "states", index), f"{name}: unknown state {state!r}")
    for broken, part, reason in _unfit(rule, actions):
        if broken:
            source.refuse((*where, part), f"{name}: {reason}")


def _unfit(rule: dict[str, Any], actions: frozenset[str]) -> Iterable[tuple[bool, str, str]]:
    """(whether it is wrong, part of the clock, why)."""
    stops = rule.get("stops", [])
    yield not rule["starts"], "starts", "no action of this procedure starts it"
    yield not stops and "right" not in rule, "stops", "it starts, but nothing stops it"
    yield (
        bool(set(rule.get("right", ())) - set(stops)),
        "right",
        "an action that exercises the right must stop the clock",
    )
    yield bool(rule.get("pauses")) and not rule.get("resumes"), "pauses", "it is paused, but nothing resumes it"
    yield bool(rule.get("extends")) != bool(rule.get("longest")), "extends", "extends and longest go together"
    yield rule["length"] is None and set(rule["starts"]) != {"assign"}, "length", "only assign brings a date of its own"
    yield "expires" in rule and rule["expires"] not in actions, "expires", "it expires into no action of this procedure"


def _check_use(source: Source, clocks: dict[str, Any]) -> None:
    """What kinds and routes it is for, and what the law says about those."""
    kinds, routes = set(source.named("kinds")), set(source.named("routes") or ())
    if kinds & ROUTED_KINDS and not routes:
        source.refuse(("kinds",), "for appeals, routes must say which of Art 31 (1) to (6)")
    if source.named("channels") and not source.named("default"):
        source.refuse(("channels",), "channels say for which it is the default; it is none")
    if routes and not kinds & ROUTED_KINDS:
        source.refuse(("routes",), "only appeals have a route (Art 31)")
    if "handling" in source.section("clocks") and (kinds != {"appeal"} or routes != {6}):
        source.refuse(
            ("clocks", "handling"), "the 60-day clock is for appeals of route 31(6) and nothing else (Art 34)"
        )
    if 6 in routes and "accept" in source.section("actions") and not any(map(_keeps_art_34, clocks.values())):
        reason = (
            "route 31(6) needs a clock that starts with accept, stops with serve or close, has at most 60 days (Art 34)"
        )
        source.refuse(("clocks",), reason)


def _keeps_art_34(rule: dict[str, Any]) -> bool:
    length, unit = rule.get("length"), rule.get("unit", "day")
    return (
        isinstance(length, int)
        and length <= _SIXTY_DAYS.get(unit, 0)
        and rule.get("longest", 0) <= 30
        and "accept" in rule.get("starts", ())
        and bool({"serve", "close"} & set(rule.get("stops", ())))
    )
