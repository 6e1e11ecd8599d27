"""Shapes of ratings."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from intake.models import Body
from kit.texts import Prose

Satisfaction = Literal["satisfied", "fairly", "not"]


class RatingIn(Body):
    """office: the petition office (信访部门); unit: the responsible unit (责任单位)."""

    office: Satisfaction
    unit: Satisfaction
    comment: Annotated[Prose, Field(max_length=2000)] | None = None


class ReviewOffer(BaseModel):
    """Who is not satisfied with the opinion may ask for review until the end of this day (Art 35)."""

    until: date
    zh: str
    en: str

    @classmethod
    def of(cls, until: date) -> "ReviewOffer":
        return cls(
            until=until,
            zh=f"如不服处理意见,可在{until.year}年{until.month}月{until.day}日前(含当日)申请复查(《信访工作条例》第三十五条)",
            en=f"If you do not accept the opinion, you may ask for review up to and including {until} (Art 35)",
        )


class Thanks(BaseModel):
    """That a rating was taken, and what can still be done."""

    given_at: datetime
    review: ReviewOffer | None


class RatingOut(BaseModel):
    """outcome: none (not answered yet), open, rated, expired."""

    outcome: str
    opened_at: datetime | None
    closes_at: datetime | None
    office: str | None
    unit: str | None
    comment: str | None
    given_at: datetime | None
