"""HTTP face of the figures of gateways."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Request

from kit.auth import Principal, allow
from kit.db import Db
from kit.errors import Refused
from kit.runtime import Runtime
from notify.gateways.states import Standing, standing
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
    held = await standing(runtime, session)
    return GatewayStatistics(begins=first, ends=last, gateways=_gateways(held, rows))


def _gateways(held: Mapping[str, Standing], rows: Sequence[asyncpg.Record]) -> list[GatewayFigures]:
    """Those of the settings in their order, also where nothing left; then those that were taken out."""
    whole = {row["gateway"]: row for row in rows if row["day"] is None}
    found = []
    for name in (*held, *sorted(whole.keys() - held.keys())):
        days = [DayFigures(day=row["day"], **_figures(row)) for row in rows if row["gateway"] == name and row["day"]]
        found.append(GatewayFigures(gateway=name, days=days, **_told(held.get(name)), **_figures(whole.get(name))))
    return found


def _told(each: Standing | None) -> dict[str, Any]:
    if each is None:
        return {"state": "removed", "up": None, "reason": None, "since": None}
    up = None if each.state == "unknown" else each.state == "up"
    return {"state": each.state, "up": up, "reason": each.reason, "since": each.since}


def _figures(row: asyncpg.Record | None) -> dict[str, Any]:
    counts = Counts() if row is None else Counts(*(row[state] for state in STATES))
    p50, p95 = (None, None) if row is None or row["waits"] is None else row["waits"]
    figures = Figures(
        left=counts.left, delivery_rate=counts.rate, p50=p50, p95=p95,
        **{state: getattr(counts, state) for state in STATES},
    )  # fmt: skip
    return figures.model_dump()
