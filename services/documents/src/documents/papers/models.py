"""Shapes of requests and answers about papers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.texts import Prose

Section = Annotated[Prose, Field(max_length=20_000)]


class OpinionIn(BaseModel):
    """A handling opinion (处理意见书); every section is required (Art 32)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["opinion"]
    request: Section = Field(description="what was asked for (请求事项)")
    facts: Section = Field(description="facts and reasons found (事实和理由)")
    opinion: Section = Field(description="the opinion itself (处理意见)")
    legal_basis: Section = Field(description="on which rules it stands (依据)")
    outcome: Literal["support", "explain", "not-support"]


class NoticeIn(BaseModel):
    """A written notice or record that belongs to the case (告知书, 笔录, 协议书)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "notice", "acceptance-notice", "decline-notice", "refusal-again-notice", "extension-notice", "hearing-record",
        "mediation-agreement", "settlement-agreement", "result-report",
    ]  # fmt: skip
    text: Section
    legal_basis: Section | None = Field(default=None, description="on which rules it stands (依据)")


PaperIn = Annotated[OpinionIn | NoticeIn, Field(discriminator="kind")]


class PaperRow(BaseModel):
    """A filed paper; `sha256` is that of its text: the sections and the outcome as JSON, keys in order, no spaces."""

    paper_id: UUID
    petition_id: UUID
    kind: str
    sha256: str
    unit: str
    written_by: str
    written_at: datetime


class PaperOut(PaperRow):
    """With its sections: of an opinion all but `text`, of any other paper `text` and `legal_basis`."""

    request: str | None = None
    facts: str | None = None
    opinion: str | None = None
    legal_basis: str | None = None
    outcome: str | None = None
    text: str | None = None
