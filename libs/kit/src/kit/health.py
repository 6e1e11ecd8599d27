"""/healthz: the process runs. /readyz: every dependency answers, or which does not. /metrics: Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from kit.auth import public
from kit.clock import Clock, MovableClock

Check = Callable[[], Awaitable[None]]


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), 3)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"down: {type(error).__name__}"
    return "ok"


async def readiness(checks: Mapping[str, Check]) -> tuple[bool, dict[str, str]]:
    """Ask all dependencies at once: (all fine?, outcome by name)."""
    outcomes = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    shown = dict(zip(checks, outcomes, strict=True))
    return all(outcome == "ok" for outcome in outcomes), shown


def simulated(clock: Clock | None) -> dict[str, Any]:
    """That time here is not the time of the world, where a demonstration has moved it; else nothing."""
    moved = clock.moved if isinstance(clock, MovableClock) else timedelta(0)
    if clock is None or not moved:
        return {}
    return {"simulated_time": {"now": clock.now().isoformat(), "moved_seconds": int(moved.total_seconds())}}


def router(checks: Callable[[], Mapping[str, Check]], clock: Clock | None = None) -> APIRouter:
    """The three routes; `checks` is asked at each call."""
    routes = APIRouter(dependencies=[public()], include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        fine, shown = await readiness(checks())
        state = {"status": "ok" if fine else "down", "checks": shown, **simulated(clock)}
        return JSONResponse(state, 200 if fine else 503)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes
