"""Units that send each other papers, at nodes whose letters a test carries: late, twice, in any order."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from tests.support.nodes import token
from tests.support.running import Running

from contracts.examples import COUNTY, TOWNSHIP
from contracts.speech import parse_event, parse_large, parse_letter
from documents.moving.fetching import step

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
CITY = "33.02"
COUNTY_OFFICE, BUILDERS, TOWN_OFFICE, VILLAGE = "330225-xf", "330225-js", "330225100-xf", "330225100-cj"
CITY_OFFICE, OTHER_TOWN = "330200-xf", "330225101-xf"
# unit -> region, node
UNITS = {
    CITY_OFFICE: (CITY, CITY), COUNTY_OFFICE: (COUNTY, COUNTY), BUILDERS: (COUNTY, COUNTY),
    TOWN_OFFICE: (TOWNSHIP, TOWNSHIP), VILLAGE: (TOWNSHIP, TOWNSHIP), OTHER_TOWN: ("33.02.25.101", COUNTY),
}  # fmt: skip
ROOT = "/api/documents/v1"
Json = dict[str, Any]


def clerk(unit: str, *roles: str) -> str:
    return token(unit, UNITS[unit][0], roles or ("clerk",), subject=f"clerk of {unit}")


def slug_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"].removeprefix("urn:xinqiao:problem:"))


@dataclass
class Exchange:
    """Services by node path; all that was put into their outboxes and not brought yet."""

    services: dict[str, Running]
    waiting: list[tuple[str, asyncpg.Record]] = field(default_factory=list)
    carried: list[bytes] = field(default_factory=list)

    def at(self, unit: str) -> Running:
        return self.services[UNITS[unit][1]]

    async def ask(self, unit: str, method: str, path: str, **more: Any) -> httpx.Response:
        """A clerk of the unit at its node."""
        who = more.pop("who", "") or clerk(unit)
        return await self.at(unit).request(method, path if path.startswith("/api") else ROOT + path, who=who, **more)

    async def post(self, unit: str, dispatch_id: str, what: str, body: Json | None = None) -> httpx.Response:
        return await self.ask(unit, "POST", f"/dispatches/{dispatch_id}/{what}", json=body or {})

    async def get(self, unit: str, dispatch_id: str) -> Json:
        answer = await self.ask(unit, "GET", f"/dispatches/{dispatch_id}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def listed(self, unit: str, box: str, **params: Any) -> list[Json]:
        items: list[Json] = (await self.ask(unit, "GET", f"/dispatches/{box}", params=params)).json()["items"]
        return items

    async def draft(
        self, unit: str, title: str = "关于报送情况的通知", content: bytes = PDF, **more: Any
    ) -> tuple[str, str]:
        """A dispatch with one file: both ids."""
        begun = await self.ask(unit, "POST", "/dispatches", json={"title": title, **more})
        assert begun.status_code == 201, begun.text
        dispatch_id = begun.json()["dispatch_id"]
        return dispatch_id, await self.put(unit, dispatch_id, content)

    async def put(self, unit: str, dispatch_id: str, content: bytes = PDF, name: str = "正文.pdf") -> str:
        file_id = str(uuid.uuid4())
        headers = {"Content-Type": "application/pdf", "Content-Disposition": f'attachment; filename="{name}"'.encode()}
        path = f"/petitions/{dispatch_id}/files/{file_id}"
        answer = await self.ask(unit, "PUT", path, content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        return file_id

    async def sent(self, unit: str, *recipients: str, title: str = "关于报送情况的通知", **more: Any) -> str:
        """A dispatch that was sent, and not carried yet."""
        begun = {name: more.pop(name) for name in ("kind", "petition_id", "answers", "source") if name in more}
        dispatch_id, file_id = await self.draft(unit, title, more.pop("content", PDF), **begun)
        body = {"recipients": recipients, "body": file_id, **more}
        answer = await self.post(unit, dispatch_id, "sending", body)
        assert answer.status_code == 200, answer.text
        return dispatch_id

    async def collect(self) -> None:
        """Take what waits in the outboxes; a node's own events reach it at once."""
        for node, service in self.services.items():
            for row in await service.rows("DELETE FROM outbox RETURNING *"):
                if row["exchange"] != "events":
                    self.waiting.append((node, row))
                    self.carried.append(row["body"])
                elif row["routing_key"].startswith(("documents.file", "documents.paper")):
                    await service.hear("documents.on-own", parse_event(row["body"]))

    async def carry(self, shuffle: random.Random | None = None, *, twice: bool = False) -> None:
        """Bring everything, and what follows from it, until nothing moves."""
        while True:
            for service in self.services.values():
                while await step(service.runtime):
                    pass
            await self.collect()
            if not self.waiting:
                return
            batch, self.waiting = self.waiting * (2 if twice else 1), []
            if shuffle is not None:
                shuffle.shuffle(batch)
            else:
                batch.sort(key=lambda each: int(each[1]["id"]))
            await self.bring(batch)

    async def bring(self, batch: Sequence[tuple[str, asyncpg.Record]]) -> None:
        for _, row in batch:
            receiver = self.services.get(row["routing_key"].removesuffix(".documents").split(".", 1)[1])
            if receiver is None:
                continue
            _, payload = receiver.runtime.sealer.open(row["body"])
            if row["exchange"] == "bulk":
                await receiver.hear("documents.parts", parse_large(payload))
            else:
                await receiver.hear("documents.letters", parse_letter(payload))

    async def copies(self, node: str, dispatch_id: str) -> dict[str, Json]:
        """As this node knows them."""
        query = """SELECT to_unit, state, version, signed_at, signed_by, answered_at, ended_at, adoption
                   FROM copies WHERE dispatch_id = $1"""
        rows = await self.services[node].rows(query, uuid.UUID(dispatch_id))
        return {row["to_unit"]: dict(row) for row in rows}
