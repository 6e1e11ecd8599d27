"""Petitions that tests link, answer and rate."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState
from contracts.speech import parse_letter
from kit.links import Sealer
from kit.settings import NodeSettings

PETITIONS = "/api/intake/v1/petitions"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
ZHANG = {"name": "张三丰", "id_number": "110101199003074258", "phone": "13800001111"}
PUDDLE = {"title": "门前道路积水", "content": "门前道路积水三个月无人管。"}
AGAIN = {"title": "再次反映门口道路积水", "content": "我家门前道路积水已经半年,多次反映无人管。"}
LAND = {"title": "征地补偿", "content": "村里征收我家承包地2.3亩,补偿款至今未付。"}


def petition(**changes: Any) -> dict[str, Any]:
    return {"channel": "letter", "kind": "appeal", **PUDDLE, "petitioners": [ZHANG], **changes}


async def register(intake: Running, who: str = "", **changes: Any) -> dict[str, Any]:
    answer = await intake.request("POST", PETITIONS, who=who, json=petition(**changes))
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def act(intake: Running, receipt: dict[str, Any], action: str, **body: Any) -> Any:
    return await intake.request("POST", f"{PETITIONS}/{receipt['id']}/{action}", json={"reason": "核对属实", **body})


async def hear_state(
    intake: Running, receipt: dict[str, Any], state: str, version: int = 5, *, by: str = "33.02.25.100", **more: Any
) -> None:
    """by: the node that tells."""
    data = CaseState.model_validate({
        "number": receipt["number"], "channel": "web", "kind": "appeal", "state": state,
        "holder_unit": "330225100-cj", "holder_region": "33.02.25.100", "writer": "33.02.25.100",
        "registered_region": "33.02.25.100", "registered_at": NOW, "regions": ["33.02.25.100"],
        "nodes": ["33.02.25.100"], "last": {"action": state, "unit": "330225100-cj", "at": NOW}, **more,
    })  # fmt: skip
    event = told("routing.case.closed.v1", data, subject=uuid.UUID(receipt["id"]), sequence=version, node=by)
    await intake.hear("intake.on-case", event)


def running(started_at: datetime, *names: str) -> list[dict[str, Any]]:
    """Clocks of a case that end after 30 days, as its events tell them."""
    return [
        {"name": name, "started_at": started_at, "due_at": started_at + timedelta(days=30)}
        for name in ("evaluation", *names)
    ]


async def hear_merge(intake: Running, member: dict[str, Any], lead: dict[str, Any] | None, version: int = 2) -> None:
    """As routing tells that a case was merged into a lead, or that this was undone."""
    did = {"action": "merge" if lead else "unmerge", "unit": "330225100-cj", "at": NOW}
    await hear_state(intake, member, "screened", version, merged_into=lead and lead["id"], last=did)


async def status(intake: Running, receipt: dict[str, Any]) -> Any:
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/status"
    return await intake.request("GET", path, who=None, headers={"Query-Code": receipt["query_code"]})


def opened(body: bytes, settings: NodeSettings) -> Envelope:
    """A letter, opened by the node it is for."""
    directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
    sealer = Sealer.load(settings.node.path, settings.keys / "node.private.jwks", directory)
    return parse_letter(sealer.open(body)[1])
