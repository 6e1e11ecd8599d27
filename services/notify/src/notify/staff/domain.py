"""Who is told of what: one table; what a message says, where a webhook may go. Standard library only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, get_args
from urllib.parse import urlsplit

from notify.words.domain import day_in

# who may be party to what happened: the holder of a case, who is offered it, who handed it on, who decides an objection
# or dispute, the office above the holder; who asked another unit for something, and who is asked; at whose desk a
# telephone's texts lie
Party = Literal["holder", "receiver", "senders", "asked", "superior", "from", "to", "desk"]
Parties = Mapping[Party, Sequence[str]]  # codes of units
# what a person may choose ways for
Kind = Literal[
    "registered", "to-receive", "to-decide", "to-approve", "to-revise", "supervision", "deadline", "progress",
    "supplement", "texts",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
Channel = Literal["email", "sms", "webhook"]
CHANNELS: tuple[Channel, ...] = ("email", "sms", "webhook")
DESK, OFFICE = ("clerk", "handler"), ("clerk", "handler", "leader")
CLERK, HANDLER, LEADER = ("clerk",), ("handler",), ("leader",)
ABOVE = ("leader", "supervisor")
# procedures whose opinions leaders alone approve; of any other one handlers may be asked as well
BY_LEADERS = frozenset({"ordinary-petition", "screening-mediation", "simple"})
APPROVERS = ("handler", "leader")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which party is told, whoever holds one of the roles there, as what kind of item."""

    party: Party
    roles: tuple[str, ...]
    kind: Kind


PROGRESS = Rule("senders", CLERK, "progress")  # of a case that one's unit handed on
BACK = Rule("holder", DESK, "to-receive")
# the one table: type of event -> who is told. Whatever is neither here nor in SILENT fails the tests
TOLD: Mapping[str, tuple[Rule, ...]] = {
    "routing.case.opened.v1": (Rule("holder", DESK, "registered"),),
    "routing.case.handed-over.v1": (Rule("receiver", DESK, "to-receive"),),
    "routing.case.arbitrated.v1": (Rule("receiver", DESK, "to-receive"), PROGRESS),
    "routing.case.review-requested.v1": (Rule("receiver", DESK, "to-receive"),),
    "routing.case.returned.v1": (BACK,),
    "routing.case.objection-agreed.v1": (BACK,),
    "routing.case.objected.v1": (Rule("asked", OFFICE, "to-decide"),),
    "routing.case.objection-refused.v1": (Rule("holder", DESK, "progress"),),
    "routing.case.opinion-submitted.v1": (Rule("holder", APPROVERS, "to-approve"),),
    # where the next approver is waited for; the last approval is told to who serves it
    "routing.case.opinion-approved.v1": (Rule("holder", APPROVERS, "to-approve"),),
    "routing.case.opinion-returned.v1": (Rule("holder", HANDLER, "to-revise"),),
    "routing.case.received.v1": (PROGRESS,),
    "routing.case.accepted.v1": (PROGRESS,),
    "routing.case.declined.v1": (PROGRESS,),
    "routing.case.not-accepted-again.v1": (PROGRESS,),
    "routing.case.answered.v1": (PROGRESS,),
    "routing.case.extended.v1": (PROGRESS,),
    "routing.case.suspended.v1": (PROGRESS,),
    "routing.case.resumed.v1": (PROGRESS,),
    "routing.case.opinion-served.v1": (PROGRESS, Rule("holder", DESK, "progress")),  # the petitioner is asked to rate
    "routing.case.closed.v1": (PROGRESS,),
    "routing.case.carried-out.v1": (PROGRESS,),
    "routing.case.reported.v1": (PROGRESS,),
    "routing.case.withdrawn.v1": (PROGRESS, Rule("holder", DESK, "progress")),
    "routing.request.sent.v1": (Rule("to", OFFICE, "supervision"),),
    "routing.request.returned.v1": (Rule("to", OFFICE, "supervision"),),
    "routing.request.cancelled.v1": (Rule("to", OFFICE, "supervision"),),
    "routing.request.closed.v1": (Rule("to", DESK, "supervision"),),
    "routing.request.answered.v1": (Rule("from", (*OFFICE, "supervisor"), "supervision"),),
    # yellow; what is red, or is an alarm, also goes to LATE
    "routing.clock.warned.v1": (Rule("holder", DESK, "deadline"),),
    "intake.petition.supplemented.v1": (Rule("holder", DESK, "supplement"),),
    # nobody answered in 3 minutes: something is out of order; a person is waited for: whoever is at the desk
    "notify.text.unanswered.v1": (Rule("desk", LEADER, "texts"),),
    "notify.text.overdue.v1": (Rule("desk", ("clerk", "leader"), "texts"),),
}
LATE = (Rule("holder", OFFICE, "deadline"), Rule("superior", ABOVE, "deadline"))
# nobody has to do anything because of these, or who has is told by what follows
SILENT = frozenset({
    "routing.case.screened.v1", "routing.case.recalled.v1", "routing.case.claimed.v1", "routing.case.bar-lifted.v1",
    "routing.case.filed.v1", "routing.case.guided.v1", "routing.case.exported.v1", "routing.case.investigated.v1",
    "routing.case.hearing-begun.v1", "routing.case.hearing-ended.v1", "routing.case.mediation-begun.v1",
    "routing.case.mediation-ended.v1", "routing.case.opinion-drafted.v1", "routing.case.merged.v1",
    "routing.case.unmerged.v1", "routing.case.recounted.v1", "routing.case.marked-confidential.v1",
    "routing.case.unmarked-confidential.v1", "routing.case.widened.v1", "routing.case.recognised.v1",
    "routing.case.unrecognised.v1", "routing.request.received.v1", "routing.audit.sealed.v1",
    "intake.petition.registered.v1", "intake.petition.linked.v1", "intake.petition.unlinked.v1",
    "intake.petition.merged.v1", "intake.petition.unmerged.v1",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What counts of an event. state: of the case after it; procedure: `name/version`; level: of a time limit."""

    type: str
    parties: Parties
    state: str = ""
    procedure: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whoever is of the unit and holds one of the roles."""

    unit: str
    roles: tuple[str, ...]
    kind: Kind


def addressees(heard: Heard) -> list[Addressee]:
    """Each unit once: where several rules name it the first one says as what, and the roles of all are told."""
    found: dict[str, Addressee] = {}
    for rule in _rules(heard):
        for unit in heard.parties.get(rule.party, ()):
            known = found.get(unit)
            roles = tuple(dict.fromkeys((*(known.roles if known else ()), *_roles(rule, heard))))
            found[unit] = Addressee(unit, roles, known.kind if known else rule.kind)
    return list(found.values())


def _rules(heard: Heard) -> Iterator[Rule]:
    if heard.level not in {"", "yellow"}:
        yield from LATE
    elif heard.type == "routing.case.opinion-approved.v1" and heard.state == "opinion-approved":
        yield Rule("holder", DESK, "progress")
    else:
        yield from TOLD.get(heard.type, ())


def _roles(rule: Rule, heard: Heard) -> tuple[str, ...]:
    alone = rule.kind == "to-approve" and heard.procedure.partition("/")[0] in BY_LEADERS
    return LEADER if alone else rule.roles


def host_of(url: str) -> str | None:
    """Whom a webhook's URL names; None for what is none: no https, an account in it, a fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    odd = parts.username is not None or parts.password is not None or parts.fragment or port == 0
    return None if parts.scheme not in {"https", "http"} or odd or not parts.hostname else parts.hostname


def allowed(host: str, listed: Collection[str]) -> bool:
    """Whether the operator lets webhooks go there. listed: names, and `.domain` for all names below one."""
    return any(host == each or (each.startswith(".") and host.endswith(each)) for each in listed)


def is_private(address: str) -> bool:
    """Whether an address lies in no public network: this host, the office's own net, a cloud's own services."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    return not found.is_global or found.is_multicast


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message tells of an item: number (empty: it is about texts), what happened, until when."""

    number: str
    what: str
    due_at: datetime | None = None


SHOWN = 5  # numbers in a message about many
ONE = {
    "zh": "【{office}】{what}{number}{due}。请登录查看:{link}",
    "en": "[{office}] {what}{number}{due}. Sign in at {link}",
}
MANY = {
    "zh": "【{office}】您有{count}条新提醒{numbers}。请登录查看:{link}",
    "en": "[{office}] {count} new notices{numbers}. Sign in at {link}",
}
PIECES = {
    "zh": (":{number}", ",期限{day}", ",编号", "、", "等"),
    "en": (": {number}", ", until {day}", ": ", ", ", " …"),
}


def said(notices: Sequence[Notice], count: int, *, language: str, office: str, link: str) -> str:
    """A message about one item, or many as one. Only numbers, stages, dates and the link ever go out."""
    named, until, these, comma, more = PIECES[language]
    if count == 1:
        (notice,) = notices
        number = named.format(number=notice.number) if notice.number else ""
        due = until.format(day=day_of(language, notice.due_at)) if notice.due_at else ""
        return ONE[language].format(office=office, what=notice.what, number=number, due=due, link=link)
    numbers = list(dict.fromkeys(notice.number for notice in notices if notice.number))
    left = more if count > len(notices) or len(numbers) > SHOWN else ""
    listed = these + comma.join(numbers[:SHOWN]) + left if numbers else ""
    return MANY[language].format(office=office, count=count, numbers=listed, link=link)


def day_of(language: str, due_at: datetime) -> str:
    """The last day of a limit: what ends at 24:00 ends with that day, not on the next."""
    return day_in(language, due_at - timedelta(microseconds=1))
