"""Telephones that write, and operators who read it."""

import uuid
from typing import Any

from tests.support.nodes import token
from tests.support.running import Running

from notify.gateways.interface import Incoming
from notify.inbound.handling import handle
from notify.inbound.keeping import keep

CONVERSATIONS = "/api/notify/v1/conversations"
QUEUE = "/api/notify/v1/texts/queue"
CLERK = token(subject="clerk", roles=["clerk"])
COLLEAGUE = token(subject="colleague", roles=["clerk"])
LEADER = token(subject="leader", roles=["leader"])
STATION = token("330225100-cj", subject="station", roles=["clerk"])


async def write(notify: Running, text: str | None, phone: str = "13812345678") -> None:
    """A text comes and is looked at."""
    at = notify.runtime.clock.now()
    octets = b"" if text is not None else b"\xd8\x00"
    await keep(notify.runtime, "console", Incoming(uuid.uuid4().hex, "12345", at, phone, text, octets))
    while await handle(notify.runtime):
        pass


async def waiting(notify: Running, who: str = CLERK) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await notify.request("GET", QUEUE, who=who)).json()["items"]
    return found


async def conversation(notify: Running, text: str, phone: str = "13812345678", who: str = CLERK) -> str:
    """One that begins with a text for an operator; returns its id."""
    await write(notify, text, phone)
    (row,) = [each for each in await waiting(notify, who) if each["phone"][-4:] == phone[-4:]]
    return str(row["conversation"])


async def read(notify: Running, reference: str, who: str = CLERK) -> Any:
    answer = await notify.request("GET", f"{CONVERSATIONS}/{reference}", who=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def act(notify: Running, reference: str, what: str, who: str = CLERK, **body: Any) -> Any:
    return await notify.request("POST", f"{CONVERSATIONS}/{reference}/{what}", who=who, json=body or None)


def petition(text_id: str) -> dict[str, str]:
    """What an operator read in a text."""
    return {"text_id": text_id, "name": "李四", "address": "东村", "content": "路灯坏了半年"}


async def last(notify: Running, before: int = 0) -> str:
    """The id of the last text, or of one before it."""
    (row,) = await notify.rows("SELECT id FROM inbound ORDER BY id DESC OFFSET $1 LIMIT 1", before)
    return str(row["id"])
