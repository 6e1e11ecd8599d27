"""Shapes of the figures of gateways."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field


class Figures(BaseModel):
    """Of parts (short messages) that left in the time. delivery_rate: delivered / (delivered + failed + expired);
    p50, p95: seconds from leaving until the gateway told the fate, of half and of 95 % of them; null: none is known.
    """

    left: int
    sent: int
    delivered: int
    failed: int
    expired: int
    unknown: int
    delivery_rate: float | None
    p50: float | None
    p95: float | None


class DayFigures(Figures):
    day: date = Field(description="in China")


class GatewayFigures(Figures):
    """state: as the processes that hold the lines say; unknown: none of them has for a minute; removed: it is not
    configured any more. up: null for these two. since: of up and down from when, of unknown when it was last heard of.
    """

    gateway: str
    state: Literal["up", "down", "unknown", "removed"]
    up: bool | None
    reason: str | None
    since: datetime | None
    days: list[DayFigures]


class GatewayStatistics(BaseModel):
    begins: date
    ends: date
    gateways: list[GatewayFigures]
