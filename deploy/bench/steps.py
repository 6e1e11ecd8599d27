"""The calls of a lifecycle as data: what each sends, as whom, and when it must be tried again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.bench.lifecycle_load import CASE, MARK, Step
from deploy.bench.registration import BODY
from deploy.bench.whole_node import COUNTY, OFFICE, TOWN, TOWN_REGION, WholeNode

PAPER = "@paper@"  # the id of the opinion
REST = 0.4  # seconds; at best an event takes a tenth of that
OPINION = {
    "kind": "opinion", "request": "要求疏通门前道路排水。", "facts": "经现场核查，排水管网堵塞，情况属实。" * 8,
    "opinion": "已安排疏通，三十日内完成。" * 4, "legal_basis": "《信访工作条例》第三十二条。", "outcome": "support",
}  # fmt: skip
NOTICE = {"notice_method": "post", "notice_at": "2025-01-02T09:00:00+08:00"}
PETITION = {
    **BODY, "route": 6, "title": f"门前道路积水 {MARK}",
    "petitioners": [
        {"name": "张三丰", "id_number": "110101199003074258", "phone": f"1{MARK}", "address": "石桥镇下桥村一组"}
    ],
}  # fmt: skip


def of_node(node: WholeNode) -> list[Step]:
    """The seven calls, and the filing of the opinion that one of them needs."""
    office = node.token("clerk", unit=OFFICE, region=COUNTY)
    handler = node.token("handler", unit=TOWN, region=TOWN_REGION)
    leader = node.token("leader", unit=TOWN, region=TOWN_REGION)
    support = {"outcome": "support", "papers": [PAPER]}
    return [
        Step("register", "/api/intake/v1/petitions", _text(PETITION), office, 201, ("id", CASE)),
        _action("transfer", 1, office, {"to_unit": TOWN}, early=(404,), rest=REST),
        _action("receive", 2, handler),
        _action("accept", 3, handler, {"fields": NOTICE}),
        Step(
            "file-opinion", f"/api/documents/v1/petitions/{CASE}/papers", _text(OPINION), handler, 201,
            ("paper_id", PAPER), early=(404,), rest=REST, counted=False,
        ),
        _action("submit", 4, handler, support, early=(422,), rest=REST),
        _action("approve", 5, leader),
        _action("close", 6, handler, {"fields": {"method": "in-person"}}),
    ]  # fmt: skip


def _action(name: str, version: int, token: str, more: Mapping[str, Any] | None = None, **rest: Any) -> Step:
    body = _text({"version": version, **(more or {})})
    return Step(name, f"/api/routing/v1/cases/{CASE}/{name}", body, token, **rest)


def of_floor() -> list[Step]:
    """As many calls of the bare endpoint, each an UPDATE (the first an INSERT) and a message."""
    body = _text({"version": 1})
    begun = Step("register", "/cases", _text(PETITION), "none", 201, ("id", CASE))
    names = ("transfer", "receive", "accept", "submit", "approve", "close")
    return [begun, *(Step(name, f"/cases/{CASE}/{name}", body, "none") for name in names)]


def up_to(steps: Sequence[Step], calls: int) -> list[Step]:
    """The first so many of the seven calls, with what else they need; the version of the case is then as high."""
    counted = [place for place, step in enumerate(steps) if step.counted]
    return list(steps[: counted[calls - 1] + 1])


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False)
