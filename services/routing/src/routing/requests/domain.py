"""What one unit asks of another about a case (督办、催办、批示、三项建议、协办). Standard library only.

As with hand-overs the receiver decides (docs/adr/0003): until it has answered, the asked unit's node alone writes the
next version, so a cancellation is a wish that it grants or not; after an answer the asking unit's node writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from kit.errors import Refused
from kit.paths import ancestors, lies_in
from routing.domain import is_kept_from
from routing.requests.rules import (
    ACTIONS,
    ADOPTIONS,
    KINDS,
    LONGEST,
    OFFICE,
    TABLE,
    UNANSWERED,
    By,
    Party,
    Policy,
    Rule,
)
from routing.table import ENDS


@dataclass(frozen=True, slots=True)
class Place:
    """A unit, its region and the node that serves it. As the directory says: superiors, the offices it answers to, the
    next one first; above, these and all other units of the higher regions.
    """

    unit: str
    region: str
    node: str
    above: tuple[str, ...] = field(default=(), compare=False)
    superiors: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who acts, for which unit, at this node; the roles it holds."""

    subject: str
    place: Place
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matter:
    """What of a case counts here."""

    case_id: UUID
    number: str
    state: str
    holder: Place
    accused_units: tuple[str, ...] = ()
    readers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    text: str
    reason: str | None = None
    due_at: datetime | None = None
    wants_answer: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """The action that made a version; its text is told in letters only, the actor nowhere else."""

    action: str
    unit: str
    at: datetime
    reason: str | None = None
    text: str = ""
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """round: how often an answer was asked for; readers: of the case, as it was when this was sent."""

    id: UUID
    version: int
    case_id: UUID
    number: str
    kind: str
    reason: str | None
    sender: Place
    receiver: Place
    status: str
    wants_answer: bool
    sent_at: datetime
    last: Step
    accused_units: tuple[str, ...] = ()
    readers: tuple[str, ...] | None = None
    round: int = 1
    due_at: datetime | None = None
    received_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    adoption: str | None = None

    def place(self, party: Party) -> Place:
        return self.sender if party == "sender" else self.receiver

    @property
    def writer(self) -> str | None:
        """The node that alone may write the next version; None when nothing follows."""
        if self.status in UNANSWERED:
            return self.receiver.node
        return self.sender.node if self.status == "answered" else None

    @property
    def written_by(self) -> str:
        """The node that had the right to write this version."""
        return (self.receiver if self.last.action in {"receive", "answer", "cancel"} else self.sender).node

    def level(self, at: datetime, policy: Policy) -> str | None:
        """green, yellow or red by the date an answer is wanted; None where there is none or it was cancelled."""
        if self.due_at is None or self.status == "cancelled":
            return None
        answered = self.answered_at if self.status not in UNANSWERED else None
        if (answered or at) > self.due_at:
            return "red"
        used = at - self.sent_at >= policy.yellow_share * (self.due_at - self.sent_at)
        near = self.due_at - at <= timedelta(days=policy.yellow_days)
        return "yellow" if answered is None and (used or near) else "green"


def check_may(by: By, roles: frozenset[str], asker: Asker, holder: Place) -> None:
    """Raises Refused unless the asker has one of the roles and its unit stands to the holder as is said by `by`."""
    if not roles & asker.roles:
        raise Refused("not-allowed")
    here, own = asker.place, asker.place.unit == holder.unit
    if by == "holder" and not own:
        raise Refused("not-the-holder")
    is_above = lies_in(holder.region, here.region) if by == "region" else here.unit in holder.superiors
    if by != "holder" and not is_above and not (own and by == "superior-or-holder"):
        raise Refused("not-above-the-holder")


def _check_asker(kind: str, asker: Asker, matter: Matter) -> None:
    rule = KINDS[kind]
    check_may(rule.by, rule.roles, asker, matter.holder)
    if rule.open_case and matter.state in ENDS:
        raise Refused("case-ended", state=matter.state)


def _check_target(kind: str, asker: Asker, matter: Matter, to: Place) -> None:
    """Never the accused units and those below them (Art 30); a suggestion goes up or down the tiers, not across."""
    if to.unit == asker.place.unit and kind != "instruct":  # a leader also instructs the own unit
        raise Refused("own-unit", field="to_unit")
    if is_kept_from(matter.accused_units, to.unit, to.above):
        raise Refused("accused-unit", rule="Art 30")
    line = lies_in(to.region, asker.place.region) or lies_in(asker.place.region, to.region)
    if kind != "support" and to.unit != matter.holder.unit and not line:
        raise Refused("not-in-line", field="to_unit")


def send(
    kind: str, asker: Asker, matter: Matter, to: Place, wish: Wish, request_id: UUID, at: datetime, *,
    longest: timedelta = LONGEST,
) -> Request:  # fmt: skip
    """The first version of a request. longest: how far away an answer may be wanted. Raises Refused."""
    _check_asker(kind, asker, matter)
    _check_target(kind, asker, matter, to)
    rule = KINDS[kind]
    if (wish.reason is None) != (not rule.reasons) or (wish.reason is not None and wish.reason not in rule.reasons):
        raise Refused("invalid-input", errors=[{"field": "reason", "reason": "not one of " + ", ".join(rule.reasons)}])
    _check_date(wish.due_at, at, longest, needed=rule.dated)
    return Request(
        id=request_id, version=1, case_id=matter.case_id, number=matter.number, kind=kind, reason=wish.reason,
        sender=asker.place, receiver=to, status="sent",
        wants_answer=wish.wants_answer if rule.answer is None else rule.answer, sent_at=at,
        last=Step("send", asker.place.unit, at, wish.reason, wish.text, asker.subject),
        accused_units=matter.accused_units, readers=matter.readers, due_at=wish.due_at,
    )  # fmt: skip


def _check_date(due_at: datetime | None, at: datetime, longest: timedelta, *, needed: bool) -> None:
    if (needed and due_at is None) or (due_at is not None and not timedelta() < due_at - at < longest):
        raise Refused("answer-date-missing", field="due_at")


def refusal(request: Request, action: str, asker: Asker) -> str | None:
    """Why the asker may not do this now (a slug), or None when it may."""
    rule = TABLE.get((request.status, action))
    if rule is None:
        return "not-in-this-state"
    if is_kept_from(request.accused_units, asker.place.unit, asker.place.above):
        return "accused-unit"
    if request.place(rule.party).unit != asker.place.unit:
        return "not-your-request"
    kind = KINDS.get(request.kind)
    roles = OFFICE if rule.party == "receiver" else kind.roles if kind else frozenset()
    if not roles & asker.roles:
        return "not-allowed"
    # a cancellation may be asked for although the receiver's node writes
    if request.writer != asker.place.node and action != "cancel":
        return "held-elsewhere"
    return None


def check(request: Request, action: str, asker: Asker, version: int) -> Rule:
    """The rule that lets the asker do this to this version. Raises Refused."""
    if version != request.version:
        raise Refused("version-conflict", current_version=request.version)
    slug = refusal(request, action, asker)
    if slug is not None:
        allowed = [name for name in ACTIONS if refusal(request, name, asker) is None]
        rule = KINDS[request.kind].article if request.kind in KINDS else None
        raise Refused(slug, action=action, state=request.status, allowed=allowed, rule=rule or None)
    return TABLE[(request.status, action)]


def _next(request: Request, action: str, asker: Asker, version: int, at: datetime, text: str = "") -> Request:
    rule = check(request, action, asker, version)
    step = Step(action, asker.place.unit, at, None, text, asker.subject)
    return replace(request, version=version + 1, status=rule.to, last=step)


def receive(request: Request, asker: Asker, version: int, at: datetime) -> Request:
    """Sign for it (签收); where no answer is wanted that is all."""
    signed = replace(_next(request, "receive", asker, version, at), received_at=at)
    return signed if request.wants_answer else replace(signed, status="closed", ended_at=at)


def answer(request: Request, asker: Asker, version: int, at: datetime, text: str, adoption: str | None) -> Request:
    """Answer in writing; a suggestion is adopted, in part, or not, with the reasons (Art 40)."""
    answered = _next(request, "answer", asker, version, at, text)
    if (request.kind == "suggest") != (adoption in ADOPTIONS):
        raise Refused("adoption-missing", field="adoption")
    return replace(answered, answered_at=at, adoption=adoption)


def close(request: Request, asker: Asker, version: int, at: datetime) -> Request:
    """The asking unit takes the answer."""
    return replace(_next(request, "close", asker, version, at), ended_at=at)


def send_back(
    request: Request, asker: Asker, version: int, at: datetime, text: str, due_at: datetime | None, *,
    longest: timedelta = LONGEST,
) -> Request:  # fmt: skip
    """Ask for a better answer, by a new date or the old one."""
    returned = _next(request, "return", asker, version, at, text)
    _check_date(due_at, at, longest, needed=False)
    return replace(returned, round=request.round + 1, due_at=due_at or request.due_at, adoption=None)


def cancel(request: Request, asker: Asker, version: int, at: datetime) -> Request:
    """Cancel it where the right to write is. Raises Refused("held-elsewhere") anywhere else."""
    cancelled = replace(_next(request, "cancel", asker, version, at), ended_at=at)
    if request.writer != asker.place.node:
        raise Refused("held-elsewhere", action="cancel", state=request.status)
    return cancelled


def settle_cancellation(request: Request, round_: int, at: datetime) -> Request | None:
    """At the receiver's node: grant the sender's wish, or None when that round is answered already."""
    if request.round != round_ or request.status not in UNANSWERED:
        return None
    step = Step("cancel", request.sender.unit, at)
    return replace(request, version=request.version + 1, status="cancelled", ended_at=at, last=step)


def refuse_unknown_unit(request: Request, at: datetime) -> Request:
    """At the receiver's node: the asked unit does not exist here, so the request ends by itself."""
    step = Step("cancel", request.receiver.unit, at, "unknown-unit")
    return replace(request, version=request.version + 1, status="cancelled", ended_at=at, last=step)


def audience(request: Request, known: Iterable[str]) -> list[str]:
    """Nodes above either party to which a version's event does not rise; the other party gets a letter instead."""
    parties = (request.sender.node, request.receiver.node)
    concerned = {above for node in parties for above in ancestors(node)}
    return sorted((concerned - set(ancestors(request.written_by)) - set(parties)).intersection(known))


def counterpart(request: Request) -> str | None:
    """The other party's node, when it is not the one that wrote this version."""
    other = {request.sender.node, request.receiver.node} - {request.written_by}
    return other.pop() if other else None
