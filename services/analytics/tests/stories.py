"""What may happen to petitions, and what must be counted of it: written a second time, in plain Python."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState, LastAction, PetitionState
from kit.paths import ancestors

NOW = datetime(2026, 1, 5, tzinfo=UTC)
REGIONS = ("33", "33.02", "33.02.25", "33.02.25.100", "33.02.25.101", "33.02.26", "33.03")
# action -> (event, state after it)
HAPPENED = {
    "open": ("opened", "registered"),
    "screen": ("screened", "screened"),
    "transfer": ("handed-over", "offered"),
    "receive": ("received", "received"),
    "object": ("objected", "objected"),
    "accept": ("accepted", "accepted"),
    "decline": ("declined", "declined"),
    "refuse-again": ("not-accepted-again", "not-accepted-again"),
    "approve-first": ("opinion-approved", "in-approval"),
    "approve": ("opinion-approved", "opinion-approved"),
    "return-draft": ("opinion-returned", "opinion-drafted"),
    "serve": ("opinion-served", "served"),
    "close": ("closed", "closed"),
    "terminate": ("closed", "terminated"),
    "request-review": ("review-requested", "offered"),
    "note-withdrawal": ("withdrawn", "withdrawn"),
}
STEPS = (
    "registered", "handed-over", "received", "accepted", "declined", "opinion-returned", "opinion-approved", "served",
    "closed",
)  # fmt: skip
# action -> the steps it makes
DONE = {
    "transfer": ("handed-over",),
    "receive": ("received",),
    "accept": ("accepted",),
    "decline": ("declined",),
    "refuse-again": ("declined",),
    "return-draft": ("opinion-returned",),
    "approve": ("opinion-approved",),
    "serve": ("served",),
    "close": ("served", "closed"),
    "terminate": ("served", "closed"),
}
TOTAL_OF = {
    "closed": "closed", "terminated": "closed",
    "declined": "ended", "not-accepted-again": "ended", "withdrawn": "ended",
}  # fmt: skip


@dataclass
class Story:
    """One petition and the actions on its case, each by the next node of `nodes`."""

    region: str = "33.02.25.100"
    channel: str = "letter"
    kind: str = "appeal"
    actions: Sequence[str] = ("open",)
    nodes: Sequence[str] = ("33.02.25.100",)
    accused: Sequence[str] = ()
    case_accused: Sequence[str] | None = None
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def number(self) -> str:
        return f"XF{self.id.hex[:12]}"

    def registered(self) -> Envelope:
        state = PetitionState(
            number=self.number, region=self.region, unit=f"{self.region}-xf", channel=self.channel, kind=self.kind,
            petitioners=1, accused_units=list(self.accused), received_at=NOW, registered_at=NOW,
        )  # fmt: skip
        return told("intake.petition.registered.v1", state, subject=self.id, node=self.nodes[0])

    def case(self) -> list[Envelope]:
        """One event for each action."""
        events = []
        times: dict[str, datetime] = {}
        for version, action in enumerate(self.actions, start=1):
            node = self.nodes[(version - 1) % len(self.nodes)]
            at = NOW + timedelta(hours=version)
            times = {} if action == "request-review" else times | times_of(action, at, times)
            kind, state = HAPPENED[action]
            data = CaseState(
                number=self.number, channel=self.channel, kind=self.kind, state=state, holder_unit=f"{node}-xf",
                holder_region=node, writer=node, registered_region=self.region, registered_at=NOW,
                regions=sorted({self.region, *self.nodes[:version]}), nodes=list(dict.fromkeys(self.nodes[:version])),
                accused_units=list(self.accused if self.case_accused is None else self.case_accused),
                **times, last=LastAction(action=action, unit=f"{node}-xf", at=at),
            )  # fmt: skip
            event = told(f"routing.case.{kind}.v1", data, subject=self.id, sequence=version, node=node)
            events.append(event.model_copy(update={"time": at}))
        return events

    def events(self) -> list[Envelope]:
        return [self.registered(), *self.case()]

    def counted(self) -> Iterable[tuple[str, str]]:
        """(dimension, value) of everything this petition counts in."""
        yield from (("totals", "registered"), ("by_channel", self.channel), ("by_kind", self.kind))
        state = HAPPENED[self.actions[-1]][1] if self.actions else "registered"
        yield from (("by_state", state), ("totals", TOTAL_OF.get(state, "open")))
        yield from (("by_step", step) for step in {"registered", *(s for a in self.actions for s in DONE.get(a, ()))})


def times_of(action: str, at: datetime, before: Mapping[str, datetime]) -> dict[str, datetime]:
    """The times of the state that an action sets; closing without serving does both."""
    match action:
        case "accept":
            return {"accepted_at": at}
        case "serve":
            return {"served_at": at}
        case "close" | "terminate":
            return {"served_at": before.get("served_at", at), "closed_at": at}
        case _:
            return {}


def figures(stories: Iterable[Story]) -> dict[str, dict[str, int]]:
    """The figures of these petitions as the API shows them."""
    counts = Counter(counted for story in stories for counted in story.counted())
    shown: dict[str, dict[str, int]] = {
        "totals": dict.fromkeys(("registered", "open", "closed", "ended"), 0),
        "by_channel": {}, "by_kind": {}, "by_state": {},
        "by_step": dict.fromkeys(STEPS, 0),
    }  # fmt: skip
    for (dimension, value), n in counts.items():
        shown[dimension][value] = n
    return shown


def expected(region: str, stories: Sequence[Story]) -> dict[str, Any]:
    """The whole answer for a region, apart from its freshness."""
    inside = [story for story in stories if region in ancestors(story.region)]
    depth = region.count(".") + 2
    children = sorted({".".join(s.region.split(".")[:depth]) for s in inside if s.region != region})
    return {
        "region": region,
        **figures(inside),
        "own": figures(story for story in inside if story.region == region),
        "children": [
            {"region": child, **figures(story for story in inside if child in ancestors(story.region))}
            for child in children
        ],
    }


def adds_up(answer: dict[str, Any]) -> bool:
    """Whether the children and what is registered in the region itself make up its figures, each of them."""
    parts = [answer["own"], *answer["children"]]
    return all(
        Counter(answer[group]) == sum((Counter(part[group]) for part in parts), Counter())
        for group in ("totals", "by_channel", "by_kind", "by_state", "by_step")
        if any(answer[group].values())
    )


async def hear(analytics: Running, events: Sequence[Envelope]) -> None:
    """A batch as the consumer loop would bring it: bytes, decoded, in one transaction."""
    if not events:
        return
    consumer = analytics.consumer("analytics.on-event")
    batch = [consumer.decode(event.body()) for event in events]
    async with analytics.runtime.database.transaction() as session:
        await consumer.handlers["*"](analytics.runtime, session, batch)
