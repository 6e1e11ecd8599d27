"""Shapes of what is asked and answered about the texts that can go out."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Use = Literal["notice", "answer", "mass"]
Language = Literal["zh", "en"]


class TemplateOut(BaseModel):
    """unit: whose words these are; null: of the whole node."""

    use: Use = Field(description="notice: told of a case 告知, answer: to a text 答复, mass: to many 群发")
    name: str
    language: Language
    unit: str | None
    version: int
    text: str
    fields: list[str]
    statutory: bool
    sample: str = Field(description="with made-up values of the length that real ones have")
    parts: int = Field(description="as how many short messages the sample goes out")


class PreviewIn(BaseModel):
    """Either a text as it stands, or a template and values; what is not given is made up. Days are ISO dates."""

    model_config = ConfigDict(extra="forbid")

    template: str | None = Field(default=None, max_length=64)
    language: Language = "zh"
    text: str | None = Field(default=None, min_length=1, max_length=2000)
    values: dict[
        Literal["number", "numbers", "query_code", "stage", "statuses", "date", "until", "link"], str
    ] = Field(default={}, max_length=10)  # fmt: skip


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
