"""Petitions registered at this node, as intake and routing tell notify of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState, LastAction
from contracts.letters import Contact

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NODE = "33.02.25.100"
PHONE = "13812345678"
STAGES = {
    "transfer": "handed-over", "receive": "received", "accept": "accepted", "decline": "declined",
    "refuse-again": "not-accepted-again",
    "answer": "answered", "guide": "guided", "export": "exported", "extend": "extended", "serve": "opinion-served",
    "close": "closed", "request-review": "review-requested", "note-withdrawal": "withdrawn",
}  # fmt: skip
SILENT = {"open": "opened", "screen": "screened", "approve": "opinion-approved"}
HAPPENED = {**SILENT, **STAGES}


@dataclass
class Story:
    """One petition; `actions` on its case, all told by `by`."""

    actions: Sequence[str] = ("open",)
    accused: Sequence[str] = ()
    nodes: Sequence[str] = (NODE,)
    regions: Sequence[str] = (NODE,)
    stages: Sequence[str] = ()  # of the case after each action; handling where there is none
    by: str = NODE
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def number(self) -> str:
        return f"XF{self.id.hex[:12]}"

    @property
    def query_code(self) -> str:
        return f"Q{self.id.hex[:9].upper()}"

    def contact(self, node: str = NODE) -> Envelope:
        data = Contact(number=self.number, phone=PHONE, query_code=self.query_code, region=NODE)
        return told("notify.contact.v1", data, subject=self.id, node=node)

    def case(self) -> list[Envelope]:
        return [self._version(version, action) for version, action in enumerate(self.actions, start=1)]

    def _version(self, version: int, action: str) -> Envelope:
        stage = self.stages[version - 1] if version <= len(self.stages) else "handling"
        state = CaseState(
            number=self.number, channel="visit", kind="appeal", state=HAPPENED[action], holder_unit="330225100-xf",
            holder_region=NODE, writer=self.by, registered_region=NODE, registered_at=NOW, regions=list(self.regions),
            nodes=list(self.nodes), accused_units=list(self.accused), stage=stage,
            last=LastAction(action=action, unit="330225100-xf", at=NOW + timedelta(hours=version)),
        )  # fmt: skip
        kind = f"routing.case.{HAPPENED[action]}.v1"
        return told(kind, state, subject=self.id, sequence=version, node=self.by)

    def expected(self) -> list[str]:
        return sorted({"registered"} | {STAGES[action] for action in self.actions if action in STAGES})


async def hear(notify: Running, *messages: Envelope) -> None:
    """Letters and events to their queues, one transaction for each run of the same kind."""
    for message in messages:
        queue = "notify.letters" if message.type.startswith("notify.") else "notify.on-case"
        await notify.hear(queue, message)


def console(notify: Running) -> list[list[str]]:
    """What came out: moment, id, masked phone, text."""
    file: Path = notify.runtime.settings.home / "notify-console.log"
    if not file.exists():
        return []
    return [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]


async def messages(notify: Running) -> list[tuple[str, str]]:
    """(template, state) of every message, by name."""
    rows = await notify.rows("SELECT template, state FROM messages ORDER BY template")
    return [(row["template"], row["state"]) for row in rows]
