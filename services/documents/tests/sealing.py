"""A township office with a seal of its own, and cases whose opinions are approved."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.events import CaseState, LastAction
from documents import resources
from documents.seals import registering, working
from documents.seals.registering import NewSeal

UNIT, REGION, WORD = "330225100-xf", "33.02.25.100", "丁信"
LEADER = token(roles=["leader"], subject="leader")
NOTICE = {"kind": "notice", "text": "你反映的事项应当通过行政复议途径解决。"}


def case_state(papers: list[uuid.UUID], **changes: Any) -> CaseState:
    at = datetime(2026, 1, 9, 1, tzinfo=UTC)
    given: dict[str, Any] = {
        "number": "XF33022520260105000001A", "channel": "letter", "kind": "appeal", "state": "opinion-approved",
        "holder_unit": UNIT, "holder_region": REGION, "writer": REGION, "registered_region": REGION,
        "registered_at": at, "regions": [REGION], "nodes": [REGION], "handler_unit": UNIT, "papers": papers,
        "outcome": "support", "last": LastAction(action="approve", unit=UNIT, at=at),
    }  # fmt: skip
    return CaseState(**{**given, **changes})


@dataclass
class Office:
    """The documents service of a node, with a desk to file papers at."""

    desk: Any

    @property
    def running(self) -> Running:
        running: Running = self.desk.running
        return running

    async def register(self, unit: str = UNIT, word: str = WORD) -> Any:
        """A seal that is drawn here, under the node's own root."""
        found = resources.of(self.running.runtime).units.units[unit]
        new = registering.drawn_seal(self.running.runtime, found, word, datetime.now(UTC))
        return await self.register_new(new)

    async def register_new(self, new: NewSeal) -> Any:
        async with self.running.runtime.database.transaction() as session:
            return await registering.register(self.running.runtime, session, new, by="operator")

    async def approve(self, *papers: uuid.UUID, node: str = REGION, version: int = 7, **changes: Any) -> None:
        """The last approver approves: routing tells of it."""
        kind = "routing.case.opinion-approved.v1"
        event = told(kind, case_state(list(papers), **changes), subject=self.desk.petition, sequence=version, node=node)
        await self.running.hear("documents.on-approval", event)

    async def work(self) -> int:
        """Let the worker do what is due; how many papers it took up."""
        taken = 0
        while await working.step(self.running.runtime):
            taken += 1
        return taken

    async def opinion(self, **changes: Any) -> uuid.UUID:
        return uuid.UUID((await self.desk.file(**changes)).json()["paper_id"])

    async def notice(self, **changes: Any) -> uuid.UUID:
        answer = await self.running.request("POST", self.desk.path("papers"), json={**NOTICE, **changes})
        return uuid.UUID(answer.json()["paper_id"])

    async def sealed_opinion(self, **changes: Any) -> uuid.UUID:
        paper = await self.opinion(**changes)
        await self.approve(paper)
        assert await self.work() == 1
        return paper

    async def ask(self, paper: uuid.UUID, *, who: str = LEADER, **body: Any) -> httpx.Response:
        path = f"{self.desk.path('papers')}/{paper}/seal"
        return await self.running.request("POST", path, who=who, json=body)

    async def state(self, paper: uuid.UUID) -> dict[str, Any]:
        answer = await self.running.request("GET", f"{self.desk.path('papers')}/{paper}/seal")
        found: dict[str, Any] = answer.json()
        return found

    async def pdf(self, paper: uuid.UUID) -> bytes:
        answer = await self.running.request("GET", f"{self.desk.path('papers')}/{paper}/sealed")
        assert answer.status_code == 200, answer.text
        return answer.content

    async def register_of_seals(self) -> list[asyncpg.Record]:
        return await self.running.rows("SELECT * FROM sealed_papers JOIN numbers USING (paper_id) ORDER BY sealed_at")
