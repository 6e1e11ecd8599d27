"""Idempotency keys: the same POST sent twice has its effect once and the same answer twice.

The answer is stored in the request's own transaction, so a key never remembers a try that failed. Nobody asks for a
key before: a repeated request, later or at the same time, does all its work, meets the key of the first (or what the
first has done), is rolled back, and gets the stored answer. The rare repetition pays, not every request.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import asyncpg
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from kit.auth import signed_in
from kit.crypto import Keyring
from kit.db import Database, Session
from kit.errors import Refused

KEEP = timedelta(days=7)
RECALL = "SELECT request_hash, status, body FROM idempotency WHERE key = $1"
ANSWER = "answer AS (INSERT INTO idempotency (key, request_hash, status, body) VALUES ($1, $2, $3, $4))"
FORGET = """
DELETE FROM idempotency
WHERE ctid IN (SELECT ctid FROM idempotency WHERE created_at < now() - $1::interval LIMIT 5000)
"""

PATTERN = r"^[\x21-\x7e]{8,128}$"
HEADER: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "unique for each request; the same one when the request is sent again",
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": PATTERN},
}


class Replay(Exception):
    """Ends a request whose answer is stored."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.response = Response(body, status, media_type="application/json", headers={"Idempotency-Replayed": "true"})


async def caller_of(request: Request) -> str:
    """Keys are apart for each account (not each token: a retry may come with a fresh one)."""
    if "authorization" not in request.headers:
        return "public"
    return (await signed_in(request)).subject


def _ring(request: Request) -> Keyring:
    ring: Keyring = request.app.state.runtime.keyring
    return ring


def hash_of(request: Request, body: bytes) -> bytes:
    return _ring(request).blind_index(f"{request.method} {request.scope['path']} {hashlib.sha256(body).hexdigest()}")


def _replay(request: Request, row: asyncpg.Record, key: str, request_hash: bytes) -> Replay:
    if row["request_hash"] != request_hash:
        raise Refused("idempotency-key-reused")
    return Replay(row["status"], _ring(request).decrypt(row["body"], key).encode())


async def keyed(request: Request) -> str:
    """Dependency of the rare POST that must remember nothing: sent twice it has no second effect, and its answer
    may not be kept. It asks for the key like every POST.

    The header is read by hand and described in HEADER: declared as a parameter it would cost a tenth of a request.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        raise Refused("idempotency-key-missing")
    if not re.match(PATTERN, key):
        reason = "8 to 128 visible ASCII characters (8–128 位可见 ASCII 字符)"
        raise Refused("invalid-input", errors=[{"field": "header.Idempotency-Key", "reason": reason}])
    return key


async def idempotent(request: Request) -> None:
    """Dependency of every POST whose answer is remembered; its route has a transaction (`Db` or `LateDb`)."""
    key = f"{await caller_of(request)}:{await keyed(request)}"
    request.state.idempotency = (key, hash_of(request, await request.body()))


class IdempotentRoute(APIRoute):
    """Stores the answer beside the effect, before the commit."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if any(dependency.call in {idempotent, keyed} for dependency in self.dependant.dependencies):
            self.openapi_extra = {**(self.openapi_extra or {}), "parameters": [HEADER]}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                response = await answer(request)
                await _remember(request, response)
            except Exception:
                # whatever it met may be what the first request with this key has done
                twin = await _answer_of_twin(request)
                if twin is None:
                    raise
                raise twin from None
            return response

        return handler


async def _remember(request: Request, response: Response) -> None:
    remembered = getattr(request.state, "idempotency", None)
    if remembered is None or response.status_code >= 300:
        return
    session: Session = request.state.session
    key, request_hash = remembered
    # an answer may show a person's data or a secret code: it is stored encrypted like those
    body = _ring(request).encrypt(bytes(response.body).decode(), key)
    session.write(ANSWER, key, request_hash, response.status_code, body)
    await session.flush()


async def _answer_of_twin(request: Request) -> Replay | None:
    remembered = getattr(request.state, "idempotency", None)
    if remembered is None:
        return None
    key, request_hash = remembered
    database: Database = request.app.state.runtime.database
    async with database.apart(late=True) as fresh:
        row = await fresh.look(RECALL, key)
    return None if row is None else _replay(request, row, key, request_hash)


async def forget_old(session: Session, keep: timedelta = KEEP) -> int:
    """Delete up to 5 000 keys older than `keep`; returns how many went."""
    status: str = await session.raw.execute(FORGET, keep)
    return int(status.rsplit(maxsplit=1)[-1])


Idempotent = Depends(idempotent, scope="function")
Keyed = Depends(keyed)
