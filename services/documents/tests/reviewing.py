"""Closed cases of a county's departments, as routing tells of them, and those who review them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.case_events import CASE_HAPPENINGS, Clock
from contracts.events import CaseState, LastAction, PetitionState

COUNTY, REGION = "330225-xf", "33.02.25"
DEPARTMENT, TOWNSHIP = "330225-js", "330225101-xf"
LEADER = token(COUNTY, REGION, ["leader"], subject="county.leader")
HANDLER = token(COUNTY, REGION, ["handler"], subject="county.handler")
DEPARTMENT_LEADER = token(DEPARTMENT, REGION, ["leader"], subject="dept.leader")
BASE = "/api/documents/v1/quality"
DAY = timedelta(days=1)
BEGUN = datetime(2026, 1, 5, 1, tzinfo=UTC)
STATES = {"open": "registered", "transfer": "offered", "receive": "received", "accept": "accepted",
          "submit": "in-approval", "approve": "opinion-approved", "serve": "served", "close": "closed",
          "extend": "accepted", "request-review": "offered", "decline": "declined"}  # fmt: skip
LIFE = (("open", COUNTY, 0), ("transfer", COUNTY, 3), ("receive", DEPARTMENT, 5), ("accept", DEPARTMENT, 12),
        ("submit", DEPARTMENT, 30), ("approve", DEPARTMENT, 32), ("serve", DEPARTMENT, 33),
        ("close", DEPARTMENT, 34))  # fmt: skip


@dataclass
class Bureau:
    """The documents service of the county's node."""

    running: Running
    petitions: list[uuid.UUID] = field(default_factory=list)
    node: str = REGION

    async def case(
        self, life: Sequence[tuple[str, str, int]] = LIFE, *, region: str = REGION, petition: uuid.UUID | None = None,
        readers: list[str] | None = None, accused: Sequence[str] = (), by: int = 60, begun: datetime = BEGUN,
    ) -> uuid.UUID:  # fmt: skip
        """A case that lived so: actions, units, days after the beginning. by: days the handling may take."""
        petition = petition or uuid.uuid4()
        registered = PetitionState(
            number=f"XF{petition.hex[:12]}", region=region, unit=COUNTY, channel="letter", kind="appeal",
            petitioners=1, received_at=begun, registered_at=begun, accused_units=list(accused),
        )  # fmt: skip
        events = [told("intake.petition.registered.v1", registered, subject=petition)]
        await self.running.hear("documents.on-petition-registered", *events)
        await self.goes_on(petition, life, region=region, readers=readers, accused=accused, by=by, begun=begun)
        self.petitions.append(petition)
        return petition

    async def goes_on(
        self, petition: uuid.UUID, life: Sequence[tuple[str, str, int]], *, first: int = 1, region: str = REGION,
        readers: list[str] | None = None, accused: Sequence[str] = (), by: int = 60, begun: datetime = BEGUN,
    ) -> None:  # fmt: skip
        steps = []
        for version, (action, unit, days) in enumerate(life, first):
            at = begun + days * DAY
            clock = Clock(name="handling", started_at=begun, due_at=begun + by * DAY)
            state = CaseState(
                number="XF1", channel="letter", kind="appeal", state=STATES[action], holder_unit=unit,
                holder_region=region, writer=self.node, registered_region=region, registered_at=begun,
                regions=[region], nodes=[self.node], accused_units=list(accused), readers=readers, clocks=[clock],
                accepted_at=at if action == "accept" else None,
                last=LastAction(action=action, unit=unit, at=at),
            )  # fmt: skip
            kind = f"routing.case.{CASE_HAPPENINGS[action][0]}.v1"
            steps.append(told(kind, state, subject=petition, sequence=version, node=self.node))
        await self.running.hear("documents.on-case", *steps)

    async def ask(
        self, method: str, path: str, *, who: str = LEADER, expect: int | None = None, **more: Any
    ) -> httpx.Response:
        answer = await self.running.request(method, BASE + path, who=who, **more)
        assert expect is None or answer.status_code == expect, answer.text
        return answer

    async def round(self, *, who: str = LEADER, **changes: Any) -> httpx.Response:
        body = {
            "title": "第一季度评查", "checklist": "case-handling/1", "begins": "2026-01-01", "ends": "2026-03-31",
            "percent": 100, **changes,
        }  # fmt: skip
        body = {name: value for name, value in body.items() if value is not None}
        return await self.ask("POST", "/rounds", who=who, json=body)

    async def drawn(self, round_id: str, *, who: str = LEADER) -> list[dict[str, Any]]:
        found = (await self.ask("GET", f"/rounds/{round_id}/cases", who=who, params={"limit": 200}, expect=200)).json()
        items: list[dict[str, Any]] = found["items"]
        return items


@dataclass
class Review:
    """A round with one case of the department's, reviewed by the county's office."""

    bureau: Bureau
    round_id: str
    petition: uuid.UUID

    @property
    def path(self) -> str:
        return f"/rounds/{self.round_id}/cases/{self.petition}"

    async def read(self, who: str = LEADER) -> dict[str, Any]:
        found: dict[str, Any] = (await self.bureau.ask("GET", self.path, who=who, expect=200)).json()
        return found

    async def answer(self, version: int, *given: dict[str, Any], who: str = HANDLER) -> httpx.Response:
        return await self.bureau.ask(
            "PUT", self.path + "/answers", who=who, json={"version": version, "answers": list(given)}
        )

    async def answer_all(self, *findings: str, severity: str = "serious") -> int:
        """Every item as the record says or as passed, but these; returns the case's version."""
        state = await self.read()
        given = [self.answer_to(item, item["item"] in findings, severity) for item in state["items"]]
        answered = await self.answer(state["version"], *given)
        assert answered.status_code == 200, answered.text
        return int(answered.json()["version"])

    @staticmethod
    def answer_to(item: dict[str, Any], fails: bool, severity: str) -> dict[str, Any]:
        if fails:
            return {"item": item["item"], "answer": "fail", "severity": severity, "note": f"{item['zh']}：有问题"}
        if item["answers"] == ["note"]:
            return {"item": item["item"], "answer": "note", "note": "走访两次"}
        said = item["by_record"]["answer"]
        answer = said if said in {"pass", "not-applicable"} else "pass"
        differs = said is not None and said != answer
        return {"item": item["item"], "answer": answer, **({"note": "经核对原件"} if differs else {})}

    async def order(self, version: int, *, who: str = LEADER, **changes: Any) -> httpx.Response:
        body = {"version": version, "due_on": "2199-01-31", "demand": "请补正并反馈。", **changes}
        return await self.bureau.ask("POST", self.path + "/rectification", who=who, json=body)

    async def conclude(self, version: int, grade: str = "flawed", *, who: str = LEADER) -> httpx.Response:
        body = {"version": version, "grade": grade, "text": "程序总体规范。"}
        return await self.bureau.ask("POST", self.path + "/conclusion", who=who, json=body)
