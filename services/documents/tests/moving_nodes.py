"""Documents of several nodes, and what passes between them, brought by hand."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState, RequestState
from contracts.examples import AFTER, CASE, COUNTY, NOW, PAYLOADS, TOWNSHIP
from contracts.speech import parse_event, parse_large, parse_letter
from documents.moving.fetching import step

CITY = "33.02"
CLERKS = {
    TOWNSHIP: token(),
    COUNTY: token("330225-xf", COUNTY),
    CITY: token("330200-xf", CITY),
}
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
Json = dict[str, Any]


def pages(size: int, seed: int = 0) -> bytes:
    """A file of so many bytes, unlike any other."""
    return PDF + random.Random(seed).randbytes(size - 2 * len(PDF)) + PDF


@dataclass
class Nodes:
    """Services by node path. lost: what never arrives; every message that was brought, in order."""

    services: dict[str, Running]
    petition: uuid.UUID = field(default_factory=uuid.uuid4)
    lost: Callable[[asyncpg.Record], bool] = lambda _: False
    brought: list[tuple[str, str, int]] = field(default_factory=list)
    _version: int = 0

    def path(self, thing: str = "files", thing_id: object = "") -> str:
        return f"/api/documents/v1/petitions/{self.petition}/{thing}/{thing_id}".rstrip("/")

    async def registered(self, node: str, **changes: Any) -> None:
        """The petition, at the node and at those above that run here."""
        state = PAYLOADS_OF_PETITION | {"region": node} | changes
        event = parse_event(told("intake.petition.registered.v1", _petition(state), subject=self.petition,
                                 node=node).body())  # fmt: skip
        for path, service in self.services.items():
            if node.startswith(path):
                await service.hear("documents.on-petition-registered", event)

    async def acted(self, action: str, node: str, **changes: Any) -> Envelope:
        """A version of the case, told at the node that wrote it and above it."""
        self._version += 1
        last = {"action": action, "unit": "330225-xf", "at": NOW}
        state = CaseState.model_validate({**CASE, **AFTER[action], **changes, "last": last})
        event = told("routing.case.handed-over.v1", state, subject=self.petition, sequence=self._version, node=node)
        for path, service in self.services.items():
            if node.startswith(path):
                await service.hear("documents.on-case", event)
        return event

    async def put(self, node: str, content: bytes, name: str = "来信.pdf") -> str:
        file_id = str(uuid.uuid4())
        headers = {"Content-Type": "application/pdf", "Content-Disposition": f'attachment; filename="{name}"'.encode()}
        answer = await self.services[node].request(
            "PUT", self.path("files", file_id), who=CLERKS[node], content=content, headers=headers
        )
        assert answer.status_code == 201, answer.text
        return file_id

    async def get(self, node: str, thing: str, thing_id: object = "", who: str = "") -> httpx.Response:
        answer: httpx.Response = await self.services[node].request(
            "GET", self.path(thing, thing_id), who=who or CLERKS[node]
        )
        return answer

    async def share(self, node: str) -> Json:
        """So many files of so many."""
        found: Json = (await self.get(node, "moving")).json()["files"]
        return found

    async def asked_for_support(self, status: str = "sent", version: int = 1, **changes: Any) -> None:
        state = RequestState.model_validate({
            **PAYLOADS[RequestState], "id": str(uuid.uuid5(self.petition, "support")), "kind": "support",
            "status": status, **changes,
        })  # fmt: skip
        event = told(f"routing.request.{status}.v1", state, subject=self.petition, sequence=version, node=COUNTY)
        for service in self.services.values():
            await service.hear("documents.on-request", event)

    async def work(self) -> None:
        for service in self.services.values():
            while await step(service.runtime):
                pass

    async def settle(self, rounds: int = 10_000) -> int:
        """Let everybody work and bring what they send, until nothing moves; returns how often something did."""
        for count in range(rounds):
            await self.work()
            if not await self.bring():
                return count
        await self.work()
        return rounds

    async def bring(self) -> int:
        """All that waits in the outboxes, but what is lost."""
        moved = 0
        for service in self.services.values():
            rows = await service.rows("DELETE FROM outbox RETURNING *")
            for row in sorted(rows, key=lambda row: int(row["id"])):
                moved += 1
                if not self.lost(row):
                    await self._bring(service, row)
        return moved

    async def _bring(self, sender: Running, row: asyncpg.Record) -> None:
        self.brought.append((row["exchange"], row["routing_key"], len(row["body"])))
        if row["exchange"] == "events":
            if row["routing_key"].startswith("documents.file") or row["routing_key"].startswith("documents.paper"):
                await sender.hear("documents.on-own", parse_event(row["body"]))
            return
        node = row["routing_key"].removesuffix(".documents").split(".", 1)[1]
        receiver = self.services.get(node)
        if receiver is None:
            return
        _, payload = receiver.runtime.sealer.open(row["body"])
        if row["exchange"] == "bulk":
            await receiver.hear("documents.parts", parse_large(payload))
        else:
            await receiver.hear("documents.letters", parse_letter(payload))

    def parts(self, node: str) -> list[int]:
        """Sizes of the parts that were brought to a node."""
        return [size for exchange, key, size in self.brought if exchange == "bulk" and key == f"bulk.{node}.documents"]


PAYLOADS_OF_PETITION: Json = {
    "number": "XF33022520260105000001A", "unit": "330225-xf", "channel": "letter", "kind": "appeal", "petitioners": 1,
    "received_at": NOW, "registered_at": NOW,
}  # fmt: skip


def _petition(state: Json) -> Any:
    from contracts.events import PetitionState

    return PetitionState.model_validate(state)
