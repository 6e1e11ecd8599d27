"""Generated requests, good and bad, against a running application: what schemathesis makes of its OpenAPI document."""

import asyncio
import json
import re
import socket
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from schemathesis import Case, HookContext, openapi, serializer
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema

from kit.idempotency import PATTERN

serializer.alias("application/offset+octet-stream", "application/octet-stream")  # parts of files, by the tus protocol
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
serializer.alias(DOCX, "application/octet-stream")  # drafts of papers that were edited in Word
MEMBERS = ("type", "title", "title_en", "status", "next")
CONFIG: dict[str, Any] = {
    "seed": 2026,
    "generation": {
        "mode": "all",
        "max-examples": 15,
        "deterministic": True,
        "no-shrink": True,
        "dictionaries": {"string": {"dictionary": "hostile", "probability": 0.3}},
    },
    # what databases, calendars and terminals trip over
    "dictionaries": {
        "hostile": {
            "values": [
                "\0",
                "a\0b",
                "\x1b[2J",
                "\u2028",
                "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-14:00",
                "'; --",
                "%s{}",
            ]
        }
    },
    # boundaries one by one, a method that is not there, then random data; no chains of requests: e2e tests have those
    "phases": {"stateful": {"enabled": False}, "coverage": {"unexpected-methods": ["delete"]}},
    "checks": {"enabled": False},  # ours looks at every answer, in whatever phase
}


@dataclass
class Findings:
    """asked: requests, by operation and by status; wrong: what an answer was not, with the request."""

    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, case: Case[Any], response: Response) -> None:
        self.asked[f"{case.operation.method.upper()} {case.operation.path}"] += 1
        self.statuses[response.status_code] += 1
        answer = response.status_code, response.headers.get("content-type", [""])[0], response.content
        if response.request.method != "HEAD":  # which has no body
            self.wrong += [f"{why}\n  {case.as_curl_command()[:2000]}" for why in wrongs(*answer)]


def wrongs(status: int, media_type: str, body: bytes) -> list[str]:
    """Why an answer is none that a caller can use: a failure of ours, a refusal without reason, a look inside."""
    found = [f"{status}: a failure"] if status >= 500 else []
    if b"Traceback" in body:
        found.append(f"{status}: a traceback")
    if status >= 400:
        found += _unlike_a_problem(status, media_type, body)
    return found


def _unlike_a_problem(status: int, media_type: str, body: bytes) -> list[str]:
    if media_type != "application/problem+json":
        return [f"{status}: {media_type or 'nothing'} instead of application/problem+json"]
    problem: dict[str, Any] = json.loads(body)
    found = [f"{status}: no {member}" for member in MEMBERS if not problem.get(member)]
    return found + ([f"{status}: says {problem.get('status')}"] if problem.get("status") != status else [])


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application behind real HTTP at a free port of 127.0.0.1; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        # connections inherit it; without it each answer in two parts waits for an acknowledgement, 40 ms
        place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([place]))
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


async def asked(app: FastAPI, token: str, known: Mapping[str, str] | None = None) -> Findings:
    """Ask every operation of the application as the bearer of a token.

    known: ids that exist, by path parameter; every second request with a good id gets one of them.
    """
    found = Findings()
    async with listening(app) as url:
        await asyncio.to_thread(_ask_all, app.openapi(), url, token, known or {}, found)
    return found


def _ask_all(document: dict[str, Any], url: str, token: str, known: Mapping[str, str], found: Findings) -> None:
    schema = openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    schema.config.update(base_url=url, headers={"Authorization": f"Bearer {token}"})

    @schema.hook
    def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
        numbers = case.path_parameters or {}
        if found.asked.total() % 2:
            numbers.update({name: value for name, value in known.items() if _is_id(numbers.get(name))})
        headers: Any = case.headers or {}
        if re.match(PATTERN, str(headers.get("Idempotency-Key", ""))):
            headers["Idempotency-Key"] = str(uuid.uuid4())  # else an answer to another request comes again
        return case

    @schema.hook
    def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
        found.note(case, response)

    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.wrong.append(f"not asked: {event}")


def _is_id(value: Any) -> bool:
    try:
        return bool(uuid.UUID(str(value)))
    except ValueError:
        return False
