"""The handling of a petition (办件) as one table of states and actions. Standard library only.

Exactly one unit holds a case, and exactly one node may write its next version. The version in which a hand-over
is offered moves the right to write to the receiver's node: it alone decides whether the next version is
"received", "returned" or "withdrawn", so no order of messages can make two holders (proved in tests/test_domain.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from kit.errors import Refused
from kit.paths import ancestors, lies_in

Outcome = Literal["support", "explain", "not-support"]
RETURN_REASONS = ("not-ours", "incomplete", "duplicate", "unknown-unit", "other")


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    region: str
    node: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """An offer under way. from_state: where the case falls back to."""

    id: UUID
    kind: str
    from_unit: str
    from_node: str
    from_region: str
    from_state: str
    to_unit: str
    to_node: str
    offered_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """The action that made this version; the note is told in letters only, the actor nowhere else."""

    action: str
    unit: str
    at: datetime
    reason: str | None = None
    note: str = ""
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    id: UUID
    version: int
    number: str
    channel: str
    kind: str
    state: str
    holder_unit: str
    holder_region: str
    writer: str
    registered_region: str
    registered_at: datetime
    regions: tuple[str, ...]
    nodes: tuple[str, ...]
    last: Last
    accused_units: tuple[str, ...] = ()
    hand_over: HandOver | None = None
    outcome: Outcome | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which unit, at which node; the roles it holds."""

    subject: str
    unit: str
    node: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of the table. party: who acts: the holder, the unit an offer is for, or the unit that made it."""

    to: str
    party: Literal["holder", "offered", "offerer"]
    roles: frozenset[str]


_OFFICE = frozenset({"clerk", "handler", "leader"})
_HANDLING = frozenset({"handler", "leader"})
_BACK = "(as before the offer)"

# (state, action) -> rule; what is not here is forbidden
TABLE: Mapping[tuple[str, str], Rule] = {
    ("registered", "transfer"): Rule("offered", "holder", _OFFICE),  # Art 22 转送
    ("registered", "assign"): Rule("offered", "holder", _OFFICE),  # Art 22 交办
    ("registered", "accept"): Rule("accepted", "holder", _OFFICE),  # Art 22 直接办
    ("received", "transfer"): Rule("offered", "holder", _OFFICE),
    ("received", "assign"): Rule("offered", "holder", _OFFICE),
    ("received", "accept"): Rule("accepted", "holder", _OFFICE),  # Art 23 受理
    ("offered", "receive"): Rule("received", "offered", _OFFICE),  # 签收
    ("offered", "return"): Rule(_BACK, "offered", _OFFICE),
    ("offered", "withdraw"): Rule(_BACK, "offerer", _OFFICE),  # only before receipt
    ("accepted", "write-opinion"): Rule("opinion-written", "holder", _HANDLING),  # Art 32
    ("opinion-written", "write-opinion"): Rule("opinion-written", "holder", _HANDLING),
    ("opinion-written", "close"): Rule("closed", "holder", _HANDLING),
}
STATES = ("registered", "offered", "received", "accepted", "opinion-written", "closed")
ACTIONS = ("transfer", "assign", "receive", "return", "withdraw", "accept", "write-opinion", "close")


def open_case(
    *, case_id: UUID, number: str, channel: str, kind: str, unit: Unit, registered_at: datetime,
    accused_units: tuple[str, ...] = (),
) -> Case:  # fmt: skip
    """The first version: the registering unit holds it."""
    return Case(
        id=case_id,
        version=1,
        number=number,
        channel=channel,
        kind=kind,
        state="registered",
        holder_unit=unit.code,
        holder_region=unit.region,
        writer=unit.node,
        registered_region=unit.region,
        registered_at=registered_at,
        regions=(unit.region,),
        nodes=(unit.node,),
        accused_units=accused_units,
        last=Last("open", unit.code, registered_at),
    )


def _acts_for(case: Case, party: str) -> str | None:
    """The unit that the rule lets act."""
    if party == "holder":
        return case.holder_unit
    if case.hand_over is None:
        return None
    return case.hand_over.to_unit if party == "offered" else case.hand_over.from_unit


def refusal(case: Case, action: str, actor: Actor) -> str | None:
    """Why the actor may not do this now (a slug), or None when it may."""
    rule = TABLE.get((case.state, action))
    if rule is None:
        return "not-in-this-state"
    if actor.unit in case.accused_units:
        return "accused-unit"  # Art 30, 46(5)
    if _acts_for(case, rule.party) != actor.unit:
        return "not-the-holder"
    if not rule.roles & actor.roles:
        return "not-allowed"
    # the sender of an offer may ask for it back although the receiver's node now writes
    if case.writer != actor.node and action != "withdraw":
        return "held-elsewhere"
    return None


def check_request(case: Case, action: str, actor: Actor, version: int) -> Rule:
    """The rule that lets the actor do this to this version. Raises Refused."""
    if version != case.version:
        raise Refused("version-conflict", current_version=case.version)
    slug = refusal(case, action, actor)
    if slug is not None:
        raise Refused(slug, action=action, state=case.state)
    return TABLE[(case.state, action)]


def _next(case: Case, rule: Rule, action: str, actor: Actor, at: datetime, reason: str | None, note: str) -> Case:
    last = Last(action, actor.unit, at, reason, note, actor.subject)
    return replace(case, version=case.version + 1, state=rule.to, last=last)


def offer(
    case: Case, actor: Actor, version: int, *, kind: Literal["transfer", "assign"], to: Unit, hand_over_id: UUID,
    at: datetime, accused: tuple[Unit, ...] = (), due_at: datetime | None = None, note: str = "",
) -> Case:  # fmt: skip
    """Offer the case to another unit (转送, 交办; Art 22). From this version on only the receiver's node writes."""
    rule = check_request(case, kind, actor, version)
    if to.code == case.holder_unit:
        raise Refused("already-the-holder", field="to_unit")
    if any(to.code == unit.code or _below(to.region, unit.region) for unit in accused):
        raise Refused("accused-unit", rule="Art 30")  # the accused unit and its subordinates
    if kind == "assign" and (due_at is None or due_at <= at):
        raise Refused("deadline-missing", field="due_at")
    hand_over = HandOver(
        hand_over_id, kind, case.holder_unit, actor.node, case.holder_region, case.state, to.code, to.node, at, due_at
    )
    return replace(
        _next(case, rule, kind, actor, at, None, note),
        holder_unit=to.code,
        holder_region=to.region,
        writer=to.node,
        hand_over=hand_over,
        regions=_with(case.regions, to.region),
        nodes=_with(case.nodes, to.node),
    )


def _below(region: str, above: str) -> bool:
    return region != above and lies_in(region, above)


def _with(known: tuple[str, ...], item: str) -> tuple[str, ...]:
    return known if item in known else (*known, item)


def receive(case: Case, actor: Actor, version: int, at: datetime) -> Case:
    """Sign for the case (签收)."""
    rule = check_request(case, "receive", actor, version)
    return replace(_next(case, rule, "receive", actor, at, None, ""), hand_over=None)


def send_back(case: Case, actor: Actor, version: int, at: datetime, reason: str, note: str) -> Case:
    """Return the offer with a reason: the sender holds the case again, as before the offer."""
    rule = check_request(case, "return", actor, version)
    if reason not in RETURN_REASONS:
        raise Refused("invalid-input", field="reason")
    return _undone(_next(case, rule, "return", actor, at, reason, note))


def withdraw(case: Case, actor: Actor, version: int, at: datetime) -> Case:
    """Take the offer back, decided where the right to write is. Raises Refused("held-elsewhere") anywhere else."""
    rule = check_request(case, "withdraw", actor, version)
    if case.writer != actor.node:
        raise Refused("held-elsewhere", action="withdraw", state=case.state)
    return _undone(_next(case, rule, "withdraw", actor, at, None, ""))


def settle_withdrawal(case: Case, hand_over: UUID, version: int, at: datetime) -> Case | None:
    """At the receiver's node: grant the sender's request, or None when the offer is decided already."""
    offer_ = case.hand_over
    if case.version != version or offer_ is None or offer_.id != hand_over:
        return None
    last = Last("withdraw", offer_.from_unit, at)
    return _undone(replace(case, version=version + 1, last=last))


def refuse_unknown_unit(case: Case, at: datetime) -> Case:
    """At the receiver's node: the unit does not exist here, so the offer goes back by itself."""
    last = Last("return", case.holder_unit, at, "unknown-unit")
    return _undone(replace(case, version=case.version + 1, last=last))


def _undone(case: Case) -> Case:
    """The case as its sender held it before the offer; the sender's node writes again."""
    offer_ = case.hand_over
    if offer_ is None:
        raise Refused("not-in-this-state", action=case.last.action, state=case.state)
    return replace(
        case,
        state=offer_.from_state,
        holder_unit=offer_.from_unit,
        holder_region=offer_.from_region,
        writer=offer_.from_node,
        hand_over=None,
    )


def audience(case: Case, node: str, known: Iterable[str]) -> list[str]:
    """Nodes that must learn of a version written at `node` but to which its event does not rise.

    They are the nodes that held the case and those above them, except the receiver of an offer, which gets the offer.
    """
    offered_to = case.hand_over.to_node if case.hand_over else None
    concerned = {above for held in case.nodes for above in ancestors(held)} - set(ancestors(node)) - {offered_to}
    return sorted(concerned.intersection(known))


def accept(case: Case, actor: Actor, version: int, at: datetime) -> Case:
    """Accept the petition (受理, Art 23)."""
    rule = check_request(case, "accept", actor, version)
    return replace(_next(case, rule, "accept", actor, at, None, ""), accepted_at=at)


def write_opinion(case: Case, actor: Actor, version: int, at: datetime, outcome: Outcome) -> Case:
    """Record the handling opinion (处理意见, Art 32); its paper is in documents."""
    rule = check_request(case, "write-opinion", actor, version)
    return replace(_next(case, rule, "write-opinion", actor, at, None, ""), outcome=outcome)


def close(case: Case, actor: Actor, version: int, at: datetime) -> Case:
    """Close the case (办结)."""
    rule = check_request(case, "close", actor, version)
    return replace(_next(case, rule, "close", actor, at, None, ""), closed_at=at)
