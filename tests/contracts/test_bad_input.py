"""Whatever is sent to a service, it answers with a result or a reason: never a failure, never a look inside."""

import uuid
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse

from contracts.events import PetitionState
from kit.app import build_app
from node.services import NAMES, load
from tests.support.fuzzing import asked, wrongs
from tests.support.nodes import token
from tests.support.running import Running, told

EVERY_ROLE = token(roles=["clerk", "handler", "leader", "supervisor", "analyst", "operator"])
AT = "2026-01-05T01:00:00Z"
OPENING = {"routing": "routing.on-petition-registered", "documents": "documents.on-petition-registered",
           "analytics": "analytics.on-event"}  # fmt: skip


async def known_to(service: Running) -> dict[str, str]:
    """A petition that the service has, so that good requests get further than "not found"."""
    petition = uuid.uuid4()
    if service.service.name == "intake":
        body = {"channel": "letter", "kind": "appeal", "title": "路面破损", "content": "村道破损。",
                "petitioners": [{"name": "张三"}]}  # fmt: skip
        receipt = (await service.request("POST", "/api/intake/v1/petitions", json=body)).json()
        return {"petition_id": receipt["id"], "number": receipt["number"]}
    if service.service.name in OPENING:
        state = PetitionState(
            number="XF33022520260105000001A", region="33.02.25.100", unit="330225100-xf", channel="letter",
            kind="appeal", petitioners=1, received_at=AT, registered_at=AT,
        )  # fmt: skip
        event = told("intake.petition.registered.v1", state, subject=petition)
        await service.hear(OPENING[service.service.name], event)
    return {"petition_id": str(petition), "case_id": str(petition)}


@pytest.mark.parametrize("name", NAMES)
async def test_every_request_gets_a_result_or_a_reason(name: str, start: Any) -> None:
    running = await start(load(name))
    app = build_app(running.service, running.runtime)
    found = await asked(app, EVERY_ROLE, await known_to(running))
    operations = {f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item}
    assert set(found.asked) == operations
    assert min(found.asked.values()) >= 3  # an operation that takes nothing has little to get wrong
    assert any(status < 300 for status in found.statuses)
    assert found.wrong == []


async def test_a_route_that_fails_or_refuses_without_a_reason_is_noticed() -> None:
    app = FastAPI()

    @app.get("/things")
    async def things(number: int) -> int:
        return 10 // (number - number)

    @app.get("/names")
    async def names(name: str) -> str:
        if "\0" in name:  # as a database would
            raise ZeroDivisionError("null byte")
        return name

    @app.exception_handler(ZeroDivisionError)
    async def shown(_: Request, error: ZeroDivisionError) -> PlainTextResponse:
        return PlainTextResponse("Traceback (most recent call last)", 500)

    found = await asked(app, EVERY_ROLE)
    told_wrong = "\n".join(found.wrong)
    assert "500: a failure" in told_wrong
    assert "500: a traceback" in told_wrong
    assert "422: application/json instead of application/problem+json" in told_wrong
    assert "curl -X GET" in told_wrong
    assert any("/names" in each for each in found.wrong if each.startswith("500"))


def test_a_reason_names_itself_in_both_languages_and_says_what_to_do() -> None:
    body = b'{"type": "urn:x", "title": "\xe6\x97\xa0", "status": 404}'
    assert wrongs(403, "application/problem+json", body) == ["403: no title_en", "403: no next", "403: says 404"]
