"""What happens to cases, as routing tells notify of it; and staff who read and choose."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from services.notify.tests.stories import NODE, NOW, Story
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import ClockState, HandOver, LastAction, RequestState, SupplementState, case_event

INBOX, PREFERENCES = "/api/notify/v1/inbox", "/api/notify/v1/preferences"
OFFICE, STATION, COUNTY = "330225100-xf", "330225100-cj", "330225-xf"
HOP = HandOver(
    id=uuid.uuid4(), kind="transfer", from_unit=COUNTY, from_node="33.02.25", from_region="33.02.25",
    from_state="screened", to_unit=OFFICE, to_node=NODE, to_region=NODE, offered_at=NOW,
)  # fmt: skip
WITHIN = HOP.model_copy(update={"from_unit": OFFICE, "from_node": NODE, "from_region": NODE, "to_unit": STATION})


def step(story: Story, action: str, sequence: int = 2, *, node: str = NODE, **changes: Any) -> Envelope:
    """A version of the case of a story; held by the township's office unless `changes` say otherwise."""
    (first,) = Story(id=story.id, accused=story.accused).case()
    last = LastAction(action=action, unit=OFFICE, at=NOW, reason=changes.pop("reason", None))
    state = first.data.model_copy(update={"last": last, **changes})
    return told(case_event(action), state, subject=story.id, sequence=sequence, node=node)


def request(story: Story, to: str = OFFICE, kind: str = "supervise", **changes: Any) -> Envelope:
    """The county asks the township for something."""
    state = RequestState(
        id=uuid.uuid4(), number=story.number, kind=kind, from_unit=COUNTY, from_node="33.02.25",
        from_region="33.02.25", to_unit=to, to_node=NODE, to_region=NODE, status="sent", round=1, wants_answer=True,
        sent_at=NOW, accused_units=list(story.accused), last=LastAction(action="send", unit=COUNTY, at=NOW),
    ).model_copy(update=changes)  # fmt: skip
    return told("routing.request.sent.v1", state, subject=story.id, node="33.02.25")


def warning(story: Story, level: str = "yellow", clock: str = "handling", holder: str = OFFICE) -> Envelope:
    due_at: datetime = NOW + timedelta(days=5)
    state = ClockState(
        number=story.number, clock=clock, level=level, due_at=due_at, holder_unit=holder, holder_region=NODE, at=NOW
    )
    return told("routing.clock.warned.v1", state, subject=story.id)


def supplement(story: Story, holder: str = OFFICE) -> Envelope:
    state = SupplementState(number=story.number, channel="sms", holder_unit=holder, at=NOW)
    return told("intake.petition.supplemented.v1", state, subject=story.id)


async def happens(notify: Running, *events: Envelope) -> None:
    for event in events:
        await notify.hear("notify.on-case" if ".case." in event.type else "notify.on-routing", event)


def staff(unit: str = OFFICE, *roles: str, subject: str = "tester", region: str = NODE) -> str:
    return token(unit, region, list(roles or ("clerk",)), subject)


async def inbox(notify: Running, who: str = "", **query: Any) -> list[dict[str, Any]]:
    answer = await notify.request("GET", INBOX, who=who or staff(), params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def unread(notify: Running, who: str = "") -> int:
    return int((await notify.request("GET", f"{INBOX}/unread", who=who or staff())).json()["count"])
