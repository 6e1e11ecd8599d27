"""HTTP face of analytics: parse, call the use case, answer."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query

from analytics import callbacks, domain, usecases
from analytics.models import (
    Callbacks,
    Child,
    Figures,
    RegionAnswers,
    RegionPath,
    Statistics,
    Step,
    Totals,
    UnitAnswers,
)
from contracts.events import EVENTS
from kit.auth import Principal, allow
from kit.db import Db

router = APIRouter(prefix="/api/analytics/v1", tags=["analytics"])
Reader = Annotated[Principal, allow("analyst", "supervisor", "leader", "clerk", "handler")]
Region = Annotated[RegionPath | None, Query(description="dotted path, as 33.02; the caller's own region by default")]

Day = Annotated[date | None, Query(description="in China; without it there is no bound")]


@router.get("/statistics")
async def read_statistics(session: Db, principal: Reader, region: Region = None) -> Statistics:
    """Petitions registered in a region and all below it: totals, breakdowns, and the same for each child region."""
    answer = await usecases.read_statistics(session, region, principal)
    figures = answer.statistics
    return Statistics(
        region=figures.region,
        as_of=answer.as_of,
        lag_seconds=answer.lag_seconds,
        own=Figures(**_shown(figures.own)),
        children=[
            Child(region=child, as_of=answer.newest.get(child), **_shown(of_child))
            for child, of_child in figures.children.items()
        ],
        **_shown(figures.figures),
    )


@router.get("/callbacks")
async def read_callbacks(
    session: Db, principal: Reader, region: Region = None, since: Day = None, until: Day = None
) -> Callbacks:
    """What was answered to spot-check call-backs (抽查回访) about units of a region and all below it, by the day it was
    answered or the time for that was over.
    """
    found = await callbacks.read(session, principal, region, since, until)
    return Callbacks(
        region=region or principal.region,
        units=[UnitAnswers(unit=unit, **asdict(answers)) for unit, answers in found.units.items()],
        children=[RegionAnswers(region=child, **asdict(answers)) for child, answers in found.children.items()],
        **asdict(found.whole),
    )


@router.get("/petitions/{petition_id}/events")
async def list_steps(session: Db, principal: Reader, petition_id: Annotated[UUID, Path()]) -> list[Step]:
    """What happened to one petition, in order; the first 1 000. What is outside the caller's scope is not found."""
    return [_step(row) for row in await usecases.read_steps(session, petition_id, principal)]


def _shown(figures: domain.Figures) -> dict[str, Any]:
    return {
        "totals": Totals.model_validate(figures),
        "by_channel": figures.by_channel,
        "by_kind": figures.by_kind,
        "by_state": figures.by_state,
        "by_step": figures.by_step,
    }


def _step(row: Any) -> Step:
    """Types of a newer node than this one are shown by their type alone."""
    known = EVENTS.get(row.type)
    zh, en = (known.zh, known.en) if known else (row.type, row.type)
    return Step(
        id=row.id, type=row.type, zh=zh, en=en, node=row.node, unit=row.unit, sequence=row.sequence, time=row.time
    )
