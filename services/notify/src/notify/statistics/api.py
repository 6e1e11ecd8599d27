"""HTTP face of the figures of gateways."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Request

from kit.auth import Principal, allow
from kit.db import Db
from kit.errors import Refused
from kit.runtime import Runtime
from notify import resources
from notify.statistics import store
from notify.statistics.domain import CHINA, STATES, Counts, moments, period
from notify.statistics.models import DayFigures, Figures, GatewayFigures, GatewayStatistics

router = APIRouter(prefix="/api/notify/v1", tags=["statistics"])
Reader = Annotated[Principal, allow("clerk", "leader", "supervisor", "analyst")]
Day = Annotated[date | None, Query(description="in China")]


@router.get("/gateway-statistics")
async def gateway_statistics(
    request: Request, session: Db, _: Reader, begins: Day = None, ends: Day = None
) -> GatewayStatistics:
    """By gateway and day what left, what arrived, and how soon that was known; of the last seven days by default."""
    runtime: Runtime = request.app.state.runtime
    try:
        first, last = period(begins, ends, runtime.clock.now().astimezone(CHINA).date())
    except ValueError as error:
        raise Refused("invalid-input", errors=[{"field": "query.ends", "reason": str(error)}]) from error
    rows = await store.figures(session, *moments(first, last))
    return GatewayStatistics(begins=first, ends=last, gateways=_gateways(runtime, rows))


def _gateways(runtime: Runtime, rows: Sequence[asyncpg.Record]) -> list[GatewayFigures]:
    """Those of the settings in their order, also where nothing left; then those that were taken out."""
    held = resources.of(runtime).gateways
    whole = {row["gateway"]: row for row in rows if row["day"] is None}
    found = []
    for name in (*held, *sorted(whole.keys() - held.keys())):
        health = held[name].health if name in held else None
        days = [DayFigures(day=row["day"], **_figures(row)) for row in rows if row["gateway"] == name and row["day"]]
        told: dict[str, Any] = {"up": None, "reason": None} if health is None else {
            "up": health.up, "reason": health.reason
        }  # fmt: skip
        found.append(GatewayFigures(gateway=name, days=days, **told, **_figures(whole.get(name))))
    return found


def _figures(row: asyncpg.Record | None) -> dict[str, Any]:
    counts = Counts() if row is None else Counts(*(row[state] for state in STATES))
    p50, p95 = (None, None) if row is None or row["waits"] is None else row["waits"]
    figures = Figures(
        left=counts.left, delivery_rate=counts.rate, p50=p50, p95=p95,
        **{state: getattr(counts, state) for state in STATES},
    )  # fmt: skip
    return figures.model_dump()
