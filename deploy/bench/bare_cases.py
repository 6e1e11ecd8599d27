"""The floor of a lifecycle: as many calls, each one UPDATE (the first an INSERT) and one message, and nothing else."""

import uuid
from datetime import UTC, datetime
from typing import Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel

from intake.models import PetitionIn

TABLE = """
CREATE TABLE bare_cases (id uuid PRIMARY KEY, version int NOT NULL, state text NOT NULL, title text NOT NULL,
  content text NOT NULL, at timestamptz NOT NULL)
"""
BEGIN = "INSERT INTO bare_cases (id, version, state, title, content, at) VALUES ($1, 1, 'register', $2, $3, $4)"
CHANGE = "UPDATE bare_cases SET version = version + 1, state = $2, at = $3 WHERE id = $1"
MESSAGE = "INSERT INTO outbox (exchange, routing_key, message_id, body) VALUES ('events', $1, $2, $3)"
BODY = b'{"state": "as many bytes as a small event has"}' * 20


class Decision(BaseModel):
    version: int


Action = Literal["transfer", "receive", "accept", "submit", "approve", "close"]


def add_to(app: FastAPI) -> None:
    """Its two routes, over the pool of the bare application."""
    app.post("/cases", status_code=201)(begin)
    app.post("/cases/{case_id}/{action}")(change)


async def begin(request: Request, body: PetitionIn) -> dict[str, str]:
    case_id = uuid.uuid4()
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(BEGIN, case_id, body.title, body.content, datetime.now(UTC))
        await connection.execute(MESSAGE, "register", str(uuid.uuid4()), BODY)
    return {"id": str(case_id)}


async def change(request: Request, case_id: uuid.UUID, action: Action, body: Decision) -> dict[str, str | int]:
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(CHANGE, case_id, action, datetime.now(UTC))
        await connection.execute(MESSAGE, action, str(uuid.uuid4()), BODY)
    return {"id": str(case_id), "version": body.version + 1}
