"""The one place where refusals and failures become HTTP answers: RFC 9457 problem+json in both languages."""

import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kit.crypto import Undecipherable
from kit.errors import CATALOGUE, Refused
from kit.idempotency import Replay
from kit.logs import log

MEDIA_TYPE = "application/problem+json"
BY_STATUS = {400: "invalid-input", 401: "not-signed-in", 403: "not-allowed", 404: "not-found",
             405: "method-not-allowed", 413: "too-large", 429: "too-many-requests"}  # fmt: skip
RETRY_AFTER = {429: "30", 503: "5"}


def problem(slug: str, *, status: int | None = None, **facts: Any) -> Response:
    """An answer for a slug of the catalogue; facts become extension members."""
    refusal = CATALOGUE[slug]
    code = status or refusal.status
    context = trace.get_current_span().get_span_context()
    body = {
        "type": f"urn:xinqiao:problem:{slug}",
        "title": refusal.zh,
        "title_en": refusal.en,
        "status": code,
        "next": refusal.next_zh,
        "next_en": refusal.next_en,
        **({"trace_id": f"{context.trace_id:032x}"} if context.is_valid else {}),
        **facts,
    }
    headers = {"Retry-After": RETRY_AFTER[code]} if code in RETRY_AFTER else {}
    if code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body, ensure_ascii=False, default=str), code, headers=headers, media_type=MEDIA_TYPE)


def _field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Where and what, never the value itself: it may be personal data."""
    return [{"field": ".".join(str(part) for part in error["loc"]), "reason": error["msg"]} for error in errors]


async def _refused(_: Request, error: Refused) -> Response:
    return problem(error.slug, **error.facts)


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return problem("malformed-json")
    if any(item["loc"][-1:] == ("idempotency-key",) and item["type"] == "missing" for item in errors):
        return problem("idempotency-key-missing")
    return problem("invalid-input", errors=_field_errors(errors))


async def _http(_: Request, error: HTTPException) -> Response:
    return problem(BY_STATUS.get(error.status_code, "invalid-input"), status=error.status_code)


async def _replay(_: Request, replay: Replay) -> Response:
    return replay.response


async def _unavailable(_: Request, error: Exception) -> Response:
    log.warning("http.unavailable", error=type(error).__name__, cause=type(error.__cause__).__name__)
    return problem("unavailable")


async def _conflict(_: Request, error: Exception) -> Response:
    log.info("http.conflict", error=type(error).__name__)
    return problem("version-conflict")


async def _internal(_: Request, error: Exception) -> Response:
    log.error("http.failed", error=type(error).__name__, where=_where(error))
    return problem("internal-error")


async def _by_sqlalchemy(request: Request, error: sqlalchemy.exc.DBAPIError) -> Response:
    """It wraps what the driver raises; whether the connection was lost is then its attribute."""
    return await (_unavailable if error.connection_invalidated else _internal)(request, error)


async def told(request: Request, error: Exception) -> dict[str, Any]:
    """The problem with which this error would be answered."""
    handlers = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    response: Response = await handler(request, error)
    answer: dict[str, Any] = json.loads(bytes(response.body))
    return answer


def _where(error: BaseException) -> str:
    """File and line only: messages of libraries may quote values."""
    trail, frame = [], error.__traceback__
    while frame is not None:
        trail.append(f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}")
        frame = frame.tb_next
    return " > ".join(trail[-6:])


def install(app: FastAPI) -> None:
    """Register every mapping; what is not listed here ends as internal-error."""
    handlers: dict[Any, Any] = {
        Refused: _refused,
        Replay: _replay,
        RequestValidationError: _invalid,
        HTTPException: _http,
        asyncpg.UniqueViolationError: _conflict,
        sqlalchemy.exc.IntegrityError: _conflict,
        Undecipherable: _internal,
        sqlalchemy.exc.DBAPIError: _by_sqlalchemy,
        Exception: _internal,
    }
    away = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
            asyncpg.AdminShutdownError, asyncpg.TooManyConnectionsError, asyncpg.InvalidCatalogNameError,
            sqlalchemy.exc.TimeoutError)  # fmt: skip
    for kind, handler in {**handlers, **dict.fromkeys(away, _unavailable)}.items():
        app.add_exception_handler(kind, handler)
