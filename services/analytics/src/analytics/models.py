"""Shapes of analytics' answers. Every figure says what it counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field

RegionPath = Annotated[str, StringConstraints(pattern=r"^\d{2}(\.\d{2}){0,2}(\.\d{3}){0,2}$", max_length=16)]


class Totals(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    registered: int = Field(description="登记数: petitions registered in the region and all below it")
    open: int = Field(description="未办结: registered and neither closed nor ended now")
    closed: int = Field(description="已办结: registered and closed now, with an opinion (re-reviewed ones included)")
    ended: int = Field(
        description="其他终结: registered and ended without an opinion: answered, filed, declined, no longer accepted, "
        "guided, exported, withdrawn"
    )


class Figures(BaseModel):
    totals: Totals
    by_channel: Mapping[str, int] = Field(description="按渠道: registered, by channel")
    by_kind: Mapping[str, int] = Field(description="按目的: registered, by kind")
    by_state: Mapping[str, int] = Field(description="按状态: registered, by the state of the case now")
    by_step: Mapping[str, int] = Field(description="按环节: registered, that did the step at least once")


class Child(Figures):
    region: str
    as_of: datetime | None = Field(description="time of the newest event counted from a node in this child region")


class Statistics(Figures):
    """The region with all below; the figures of `own` and of all `children` add up to it. Nothing is counted that is
    kept from the caller because it accuses the own unit or one above it (Art 30).
    """

    region: str
    as_of: datetime | None = Field(description="统计截至: time of the newest event counted, null before the first one")
    lag_seconds: float | None = Field(description="how long that event took from its node into these figures")
    own: Figures = Field(description="本级: registered in the region itself, not below it")
    children: list[Child]


class Answers(BaseModel):
    """What was answered to spot-check call-backs (抽查回访)."""

    model_config = ConfigDict(from_attributes=True)

    asked: int = Field(description="回访数: asked, and answered or out of time in the period")
    answered: int = Field(description="答复数: of these, that were answered")
    satisfied: int = Field(description="满意")
    fairly: int = Field(description="基本满意")
    not_satisfied: int = Field(description="不满意")

    @computed_field(description="满意率: (satisfied + fairly) / answered, in percent; null where nobody answered")
    def satisfaction(self) -> float | None:
        return round(100 * (self.satisfied + self.fairly) / self.answered, 1) if self.answered else None


class UnitAnswers(Answers):
    unit: str


class RegionAnswers(Answers):
    region: str


class Callbacks(Answers):
    """Of the region with all below; `units` are those of the region itself: they and `children` add up to it."""

    region: str
    units: list[UnitAnswers]
    children: list[RegionAnswers]


class Step(BaseModel):
    """An event of one petition."""

    id: UUID
    type: str
    zh: str
    en: str
    node: str = Field(description="node that did it")
    unit: str | None
    sequence: int
    time: datetime
