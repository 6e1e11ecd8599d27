"""The floor of registration: the same body validated, two INSERTs in one transaction, and nothing else."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from deploy.bench import bare_cases
from fastapi import FastAPI, Request

from intake.models import PetitionIn
from kit.app import NO_TELEMETRY

PETITION = """
INSERT INTO petitions (id, number, region, unit, channel, kind, title, content, petitioner_count, received_at,
  registered_at, registered_node) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
"""
MESSAGE = "INSERT INTO outbox (exchange, routing_key, message_id, body) VALUES ($1, $2, $3, $4)"


def bare_app(dsn: str) -> FastAPI:
    """Its endpoints over a pool of asyncpg connections."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, telemetry=NO_TELEMETRY)
    app.post("/petitions", status_code=201)(register)
    bare_cases.add_to(app)
    return app


async def register(request: Request, body: PetitionIn) -> dict[str, str]:
    petition_id, now = uuid.uuid4(), datetime.now(UTC)
    event = json.dumps({"id": str(petition_id), "type": "registered", "channel": body.channel, "kind": body.kind})
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            PETITION, petition_id, petition_id.hex, "33", "unit", body.channel, body.kind, body.title, body.content,
            len(body.petitioners), now, "33",
        )  # fmt: skip
        await connection.execute(MESSAGE, "events", "registered", str(petition_id), event.encode())
    return {"id": str(petition_id)}
