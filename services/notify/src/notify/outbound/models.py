"""Shapes of what is asked and answered about texts that go out."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TemplateOut(BaseModel):
    """unit: whose words these are; null: of the whole node."""

    name: str
    language: str
    unit: str | None
    version: int
    text: str
    fields: list[str]
    statutory: bool
    parts: int = Field(description="as how many short messages it usually goes out")


class PreviewIn(BaseModel):
    """Either a text as it stands, or a template and values; what is not given is made up."""

    model_config = ConfigDict(extra="forbid")

    template: str | None = Field(default=None, max_length=64)
    language: Literal["zh", "en"] = "zh"
    text: str | None = Field(default=None, min_length=1, max_length=2000)
    values: dict[Literal["number", "query_code", "stage", "date", "until", "link"], str] = Field(
        default={}, max_length=10
    )


class PartOut(BaseModel):
    text: str
    units: int


class PreviewOut(BaseModel):
    """units: septets (GSM 7 bit), or UTF-16 units (UCS-2); room: how many a part holds; costs: yuan by gateway."""

    text: str
    alphabet: Literal["gsm-7", "ucs-2"]
    units: int
    room: int
    parts: list[PartOut]
    costs: dict[str, Decimal]
