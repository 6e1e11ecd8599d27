"""Mass notices as tests write them: petitioners with telephones, the ledger's answer, and who does what."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.notify.tests.stories import NODE, Story, hear
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.notices import RecipientPetition, Recipients
from notify.notices.making import make

NOTICES = "/api/notify/v1/notices"
CLERK = token(subject="clerk", roles=["clerk"])
LEADER, SECOND = token(subject="leader", roles=["leader"]), token(subject="second", roles=["leader"])
STRANGER = token("330225100-cj", subject="stranger", roles=["clerk", "leader"])


@dataclass
class Told(Story):
    """A petition whose petitioner has a telephone of its own."""

    phone: str = "13812345678"

    def contact(self, node: str = NODE) -> Envelope:
        data = Contact(number=self.number, phone=self.phone, query_code=self.query_code, region=NODE)
        return told("notify.contact.v1", data, subject=self.id, node=node)

    @property
    def number(self) -> str:
        return f"XF33022520260105{self.id.int % 10**6:06d}5"


def petitioners(count: int) -> list[Told]:
    return [Told(phone=f"1390000{index:04d}") for index in range(count)]


async def known(notify: Running, stories: Iterable[Told]) -> None:
    """Their contacts and cases have been told; what these send by themselves is none of ours."""
    for story in stories:
        await hear(notify, story.contact(), *story.case())
    await notify.rows("DELETE FROM messages RETURNING 1")


async def drafted(notify: Running, who: str = CLERK, **changes: Any) -> dict[str, Any]:
    body = {"title": "评价提醒", "template": "rate-until", "given": {"until": "2026-12-31"}, **changes}
    answer = await notify.request("POST", NOTICES, who=who, json=body)
    assert answer.status_code == 201, answer.text
    notice: dict[str, Any] = answer.json()
    return notice


async def answered(
    notify: Running, notice: dict[str, Any], stories: Sequence[Story], page: int = 0, following: uuid.UUID | None = None
) -> None:
    """The ledger names these petitions."""
    (row,) = await notify.rows("SELECT query FROM notices WHERE id = $1", uuid.UUID(notice["id"]))
    named = [RecipientPetition(petition=story.id, state="accepted") for story in stories]
    told_ = Recipients(query=row["query"], page=page, petitions=named, next=following)
    await hear_letter(notify, told("notify.recipients.v1", told_, subject=uuid.UUID(notice["id"])))


async def hear_letter(notify: Running, letter: Envelope) -> None:
    await notify.hear("notify.letters", letter)


async def act(notify: Running, notice: dict[str, Any], what: str, who: str, **body: Any) -> Any:
    """The answer to a step of a notice, at the version it has now."""
    if what != "control":
        body = {"version": (await read(notify, notice))["version"], **body}
    return await notify.request("POST", f"{NOTICES}/{notice['id']}/{what}", who=who, json=body)


async def read(notify: Running, notice: dict[str, Any], what: str = "", who: str = CLERK) -> Any:
    answer = await notify.request("GET", f"{NOTICES}/{notice['id']}{what}", who=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def running_notice(notify: Running, stories: Sequence[Told], **changes: Any) -> dict[str, Any]:
    """Approved; no message is made yet."""
    await known(notify, stories)
    notice = await drafted(notify, **changes)
    await answered(notify, notice, stories)
    assert (await act(notify, notice, "submission", CLERK)).status_code == 200
    assert (await act(notify, notice, "decision", LEADER, decision="approve")).status_code == 200
    return notice


async def made(notify: Running) -> None:
    while await make(notify.runtime):
        pass


async def states(notify: Running) -> dict[str, int]:
    rows = await notify.rows("SELECT state, count(*) FROM messages WHERE notice_id IS NOT NULL GROUP BY state")
    return {row["state"]: row["count"] for row in rows}
