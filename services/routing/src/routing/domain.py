"""A case (办件) and who may do what with it now. Standard library only.

Exactly one unit holds a case, and exactly one node may write its next version. A version that asks another unit
to decide (a hand-over, an objection, a dispute) moves the right to write to that unit's node: it alone decides what the
next version is, so no order of messages can make two holders (tests/test_one_holder.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from kit.errors import Refused
from routing import confidence
from routing.guards import ARTICLES, GUARDS, Situation
from routing.procedures.domain import ActionRule, Procedure, Stage
from routing.requests.rules import LONGEST
from routing.table import ACTIONS, ASKED_FOR, CONFIDENCE, MOST_HOPS, TABLE, Rule
from routing.timing.clocks import Clock

Outcome = Literal["support", "explain", "not-support"]  # Art 32
RETURN_REASONS = ("not-ours", "incomplete", "duplicate", "unknown-unit", "other")
APPROVALS = frozenset({"approve", "return-draft"})  # the procedure says by whom
UNCLAIMED = "unclaimed"  # why the system gives an order to another unit
NEXT_STAGE: Mapping[str, Stage] = {"handling": "review", "review": "re-review"}  # Art 35, 36


@dataclass(frozen=True, slots=True)
class Unit:
    """above: codes of the units above it, as the directory says (contracts.units)."""

    code: str
    region: str
    node: str
    above: tuple[str, ...] = field(default=(), compare=False)


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
    """The action that made this version. note, fields: its words, and its form as JSON, told in letters only; the actor
    is told nowhere.
    """

    action: str
    unit: str
    at: datetime
    reason: str | None = None
    note: str = ""
    actor: str | None = None
    fields: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """hops: the hand-overs by which the holder got it, the last one last; hand_over: the one under way; asked: who must
    decide although it is not the holder; due_at: of the first
    duty that runs; step: how many have approved; papers, submitted_by, approvers: of the opinion in hand; new_facts:
    a leader decided so, although the matter was terminated before; units, readers: see routing.confidence.
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
    approvers: tuple[str, ...] = ()
    suspended: bool = False
    merged_into: UUID | None = None
    terminated_before: bool = False
    new_facts: bool = False
    outcome: Outcome | None = None
    accepted_at: datetime | None = None
    approved_at: datetime | None = None
    served_at: datetime | None = None
    closed_at: datetime | None = None
    units: tuple[str, ...] = ()
    readers: tuple[str, ...] | None = None

    @property
    def came_by(self) -> HandOver | None:
        """The hand-over by which the holder got the case."""
        return self.hops[-1] if self.hops else None

    @property
    def barred(self) -> bool:
        """Art 36: the same facts and reasons have been through re-review, so it is no longer accepted."""
        return self.terminated_before and not self.new_facts

    def accusing(self, units: Iterable[str]) -> tuple[str, ...]:
        """Whom it accuses when these are found to be accused too; nobody is ever taken off."""
        return tuple(dict.fromkeys((*self.accused_units, *units)))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which unit, at which node; the roles it holds; the units above its own."""

    subject: str
    unit: str
    node: str
    roles: frozenset[str]
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What the actor wants, and what the directory says about the units concerned.

    asked_at: when the petitioner asked for it, if that was before; arbiter: the nearest common superior of the units
    that disagree, none of them itself, unless it is who acts; parent: the unit that reviews the holder's opinions;
    objections: after how many of them a superior decides; hops: how often a case may be handed on; longest: how far
    away a deadline may be; fields: the form as it was filled in, as JSON; confidential: the petitioner asks for it;
    units: that have to do with the case beside those it names; holder_node: of the unit that holds it.
    """

    actor: Actor
    version: int
    at: datetime
    asked_at: datetime | None = None
    reason: str | None = None
    note: str = ""
    fields: str = ""
    to: Unit | None = None
    due_at: datetime | None = None
    hand_over: UUID | None = None
    arbiter: Unit | None = None
    parent: Unit | None = None
    objections: int = 2
    hops: int = MOST_HOPS
    longest: timedelta = LONGEST
    kind: str | None = None
    route: int | None = None
    procedure: Procedure | None = None
    accused: tuple[str, ...] = ()
    outcome: Outcome | None = None
    papers: tuple[UUID, ...] = ()
    days: int = 0
    served_at: datetime | None = None
    lead: UUID | None = None
    confidential: bool = False
    units: tuple[str, ...] = ()
    holder_node: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why an action may not be done now: a slug of the catalogue and what belongs to it."""

    slug: str
    facts: Mapping[str, object] = field(default_factory=dict)


def is_kept_from(accused: Iterable[str], unit: str, above: Iterable[str]) -> bool:
    """Art 30, 46(5): what accuses a unit, or one above it, never reaches it."""
    return not {unit, *above}.isdisjoint(accused)


def _acts_for(case: Case, party: str) -> str | None:
    """The unit that the rule lets act."""
    if party == "holder":
        return case.holder_unit
    if party == "arbiter" or case.state == "objected":
        return case.asked
    if case.hand_over is None:
        return None
    return case.hand_over.to_unit if party == "offered" else case.hand_over.from_unit


def _may_act(case: Case, party: str, unit: str) -> bool:
    if party == "whoever-had-it":  # the registering unit is the first of its units
        return unit in {*case.units[:1], *confidence.between(case)}
    return _acts_for(case, party) == unit


def approver(case: Case, procedure: Procedure) -> str:
    """The role of the one who approves next."""
    return procedure.approval[min(case.step, len(procedure.approval) - 1)]


def _roles(case: Case, action: str, rule: Rule, procedure: Procedure) -> frozenset[str]:
    if action in APPROVALS:
        return frozenset({approver(case, procedure)})
    asked = procedure.actions.get(action, ActionRule()).roles
    return rule.roles if asked is None else rule.roles & asked


def refusal(case: Case, action: str, actor: Actor, procedure: Procedure, at: datetime) -> Why | None:
    """Why the actor may not do this now, or None when it may."""
    if not procedure.known:
        return Why("procedure-unknown-here")
    rule = TABLE.get((case.state, action))
    if rule is None or (action not in procedure.actions and action not in ALWAYS):
        return Why("not-in-this-state")
    return _not_by(case, action, actor, rule, procedure) or _not_now(case, action, actor, rule, at, procedure)


def _not_by(case: Case, action: str, actor: Actor, rule: Rule, procedure: Procedure) -> Why | None:
    """Why it is not for this actor."""
    if is_kept_from(case.accused_units, actor.unit, actor.above):
        return Why("accused-unit", {"rule": "Art 30"})
    if not _may_act(case, rule.party, actor.unit):
        return Why("not-the-holder")
    if not _roles(case, action, rule, procedure) & actor.roles:
        return Why("not-allowed")
    return Why("held-elsewhere") if case.writer != actor.node and action not in ASKED_FOR else None


def _not_now(case: Case, action: str, actor: Actor, rule: Rule, at: datetime, procedure: Procedure) -> Why | None:
    """Why not as the case stands."""
    if case.suspended and action not in {"resume", "note-withdrawal", *CONFIDENCE}:
        return Why("suspended")
    # once it has followed its lead to an answer it stands for itself again
    waits = case.merged_into is not None and (case.state, "unmerge") in TABLE
    # whose lead is confidential is so too, until it stands for itself
    if waits and action not in {"unmerge", "note-withdrawal", "mark-confidential"}:
        return Why("merged", {"lead": str(case.merged_into)})
    now = Situation(case, actor, at, procedure)
    for guard in rule.guards:
        slug = GUARDS[guard](now)
        if slug is not None:
            return Why(slug, {"rule": ARTICLES[guard]} if guard in ARTICLES else {})
    return None


# no procedure can forbid them: otherwise a case could be stuck between two units, or open to whom it must not be
ALWAYS = frozenset({"receive", "recall", "agree-objection", "refuse-objection", "arbitrate", "resume", "unmerge"})
ALWAYS |= CONFIDENCE


def check_request(case: Case, action: str, actor: Actor, version: int, procedure: Procedure, at: datetime) -> Rule:
    """The rule that lets the actor do this to this version. Raises Refused."""
    if version != case.version:
        raise Refused("version-conflict", current_version=case.version)
    why = refusal(case, action, actor, procedure, at)
    if why is not None:
        allowed = [name for name in ACTIONS if refusal(case, name, actor, procedure, at) is None]
        facts = {"rule": _article(case.state, action), **why.facts}
        if why.slug == "not-in-this-state":
            facts["states"] = _states(action, procedure)
        raise Refused(why.slug, action=action, state=case.state, allowed=allowed, **facts)
    return TABLE[(case.state, action)]


def _article(state: str, action: str) -> str | None:
    """By which article the action is done in this state; where it is not, by which it is done elsewhere."""
    here = TABLE.get((state, action))
    found = here or next((rule for (_, named), rule in TABLE.items() if named == action), None)
    return found.article or None if found else None


def _states(action: str, procedure: Procedure) -> list[str]:
    """In which states it can be done; in none where the procedure leaves it out."""
    known = action in procedure.actions or action in ALWAYS
    return [state for state, named in TABLE if named == action] if known else []
