"""Shapes of ratings."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from intake.evaluation import Review
from intake.models import Body
from kit.texts import Prose

Satisfaction = Literal["satisfied", "fairly", "not"]
OFFERS = {
    "review": ("处理意见", "复查", "第三十五条", "opinion", "Art 35"),
    "re-review": ("复查意见", "复核", "第三十六条", "review opinion", "Art 36"),
}


class RatingIn(Body):
    """office: the petition office (信访部门); unit: the responsible unit (责任单位)."""

    office: Satisfaction
    unit: Satisfaction
    comment: Annotated[Prose, Field(max_length=2000)] | None = None


class ReviewOffer(BaseModel):
    """What who is not satisfied with the opinion may ask for until the end of this day: review or re-review."""

    kind: Literal["review", "re-review"]
    until: date
    zh: str
    en: str

    @classmethod
    def of(cls, review: Review) -> "ReviewOffer":
        until, (opinion, asked, article, opinion_en, number) = review.until, OFFERS[review.kind]
        day = f"{until.year}年{until.month}月{until.day}日"
        zh = f"如不服{opinion},可在{day}前(含当日)申请{asked}(《信访工作条例》{article})"
        en = f"If you do not accept the {opinion_en}, you may ask for {review.kind} until {until}, included ({number})"
        return cls.model_validate({"kind": review.kind, "until": until, "zh": zh, "en": en})


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
