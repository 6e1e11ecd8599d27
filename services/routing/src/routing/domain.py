"""A case (办件) and who may do what with it now. Standard library only.

Exactly one unit holds a case, and exactly one node may write its next version. A version that asks another unit
to decide (a hand-over, an objection, a dispute) moves the right to write to that unit's node: it alone decides what the
next version is, so no order of messages can make two holders (tests/test_one_holder.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from kit.errors import Refused
from kit.paths import ancestors
from routing.guards import GUARDS, Situation
from routing.procedures.domain import ActionRule, Procedure, Stage
from routing.table import ACTIONS, TABLE, Rule
from routing.timing.clocks import Clock

Outcome = Literal["support", "explain", "not-support"]  # Art 32
RETURN_REASONS = ("not-ours", "incomplete", "duplicate", "unknown-unit", "other")
NEXT_STAGE: Mapping[str, Stage] = {"handling": "review", "review": "re-review"}  # Art 35, 36


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    region: str
    node: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """A hand-over, under way or received. from_state: where the case falls back to; forced: by the common superior, so
    that nobody may object.
    """

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
    to_region: str = ""
    forced: bool = False


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
    """hops: the hand-overs by which the holder got it, the last one last; hand_over: the one under way; asked: who must
    decide although it is not the holder; due_at: of the first
    duty that runs; step: how many have approved; papers, submitted_by: of the opinion in hand.
    """

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
    procedure: str = ""
    route: int | None = None
    stage: Stage = "handling"
    clocks: tuple[Clock, ...] = ()
    due_at: datetime | None = None
    accused_units: tuple[str, ...] = ()
    hand_over: HandOver | None = None
    hops: tuple[HandOver, ...] = ()
    asked: str | None = None
    objections: int = 0
    objected_units: tuple[str, ...] = ()
    handler_unit: str | None = None
    step: int = 0
    papers: tuple[UUID, ...] = ()
    submitted_by: str | None = None
    suspended: bool = False
    merged_into: UUID | None = None
    terminated_before: bool = False
    outcome: Outcome | None = None
    accepted_at: datetime | None = None
    approved_at: datetime | None = None
    served_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def came_by(self) -> HandOver | None:
        """The hand-over by which the holder got the case."""
        return self.hops[-1] if self.hops else None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which unit, at which node; the roles it holds."""

    subject: str
    unit: str
    node: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Order:
    """What the actor wants, and what the directory says about the units concerned.

    asked_at: when the petitioner asked for it, if that was before; arbiter: the nearest common superior of the units
    that disagree; parent: the unit that reviews the holder's opinions; accused: the accused units; objections: after
    how many of them a superior decides.
    """

    actor: Actor
    version: int
    at: datetime
    asked_at: datetime | None = None
    reason: str | None = None
    note: str = ""
    to: Unit | None = None
    due_at: datetime | None = None
    hand_over: UUID | None = None
    arbiter: Unit | None = None
    parent: Unit | None = None
    accused: tuple[Unit, ...] = ()
    objections: int = 2
    route: int | None = None
    procedure: Procedure | None = None
    outcome: Outcome | None = None
    papers: tuple[UUID, ...] = ()
    days: int = 0
    served_at: datetime | None = None
    lead: UUID | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why an action may not be done now: a slug of the catalogue and what belongs to it."""

    slug: str
    facts: Mapping[str, object] = field(default_factory=dict)


def _acts_for(case: Case, party: str) -> str | None:
    """The unit that the rule lets act."""
    if party == "holder":
        return case.holder_unit
    if party == "arbiter" or case.state == "objected":
        return case.asked
    if case.hand_over is None:
        return None
    return case.hand_over.to_unit if party == "offered" else case.hand_over.from_unit


def _roles(case: Case, action: str, rule: Rule, procedure: Procedure) -> frozenset[str]:
    if action in {"approve", "return-draft"}:
        return frozenset({procedure.approval[min(case.step, len(procedure.approval) - 1)]})
    asked = procedure.actions.get(action, ActionRule()).roles
    return rule.roles if asked is None else rule.roles & asked


def refusal(case: Case, action: str, actor: Actor, procedure: Procedure, at: datetime) -> Why | None:
    """Why the actor may not do this now, or None when it may."""
    rule = TABLE.get((case.state, action))
    if rule is None or (action not in procedure.actions and action not in ALWAYS):
        return Why("not-in-this-state")
    return _not_by(case, action, actor, rule, procedure) or _not_now(case, action, actor, rule, at, procedure)


def _not_by(case: Case, action: str, actor: Actor, rule: Rule, procedure: Procedure) -> Why | None:
    """Why it is not for this actor."""
    if actor.unit in case.accused_units:
        return Why("accused-unit", {"rule": "Art 30"})  # Art 30, 46(5)
    if _acts_for(case, rule.party) != actor.unit:
        return Why("not-the-holder")
    if not _roles(case, action, rule, procedure) & actor.roles:
        return Why("not-allowed")
    # the sender of an offer may ask for it back although the receiver's node now writes
    return Why("held-elsewhere") if case.writer != actor.node and action != "recall" else None


def _not_now(case: Case, action: str, actor: Actor, rule: Rule, at: datetime, procedure: Procedure) -> Why | None:
    """Why not as the case stands."""
    if case.suspended and action not in {"resume", "note-withdrawal"}:
        return Why("suspended")
    if case.merged_into is not None and action not in {"unmerge", "note-withdrawal"}:
        return Why("merged", {"lead": str(case.merged_into)})
    found = (GUARDS[name](Situation(case, actor, at, procedure)) for name in rule.guards)
    slug = next((slug for slug in found if slug is not None), None)
    return Why(slug) if slug else None


# no procedure can forbid them: otherwise a case could be stuck between two units
ALWAYS = frozenset({"receive", "recall", "agree-objection", "refuse-objection", "arbitrate", "resume", "unmerge"})


def check_request(case: Case, action: str, actor: Actor, version: int, procedure: Procedure, at: datetime) -> Rule:
    """The rule that lets the actor do this to this version. Raises Refused."""
    if version != case.version:
        raise Refused("version-conflict", current_version=case.version)
    why = refusal(case, action, actor, procedure, at)
    if why is not None:
        allowed = [name for name in ACTIONS if refusal(case, name, actor, procedure, at) is None]
        raise Refused(why.slug, action=action, state=case.state, allowed=allowed, **why.facts)
    return TABLE[(case.state, action)]


def audience(case: Case, node: str, known: Iterable[str]) -> list[str]:
    """Nodes that must learn of a version written at `node` but to which its event does not rise.

    They are the nodes that held the case and those above them, except the one that writes next: it gets the case.
    """
    concerned = {above for held in case.nodes for above in ancestors(held)} - set(ancestors(node)) - {case.writer}
    return sorted(concerned.intersection(known))
