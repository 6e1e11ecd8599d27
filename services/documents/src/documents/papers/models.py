"""Shapes of requests and answers about papers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kit.texts import Prose

Section = Annotated[Prose, Field(max_length=20_000)]
Sections = Annotated[
    dict[str, JsonValue], Field(max_length=40, description="as the schema of the template says, see paper-templates")
]


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


class FormIn(BaseModel):
    """A paper that has no short form: its sections are those of the newest template of its kind."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "transfer-letter", "assignment-letter", "review-opinion", "re-review-opinion", "supervision-letter",
        "suggestion-improve-work", "suggestion-improve-policy", "suggestion-hold-accountable",
    ]  # fmt: skip
    sections: Sections


PaperIn = Annotated[OpinionIn | NoticeIn | FormIn, Field(discriminator="kind")]


class PaperRow(BaseModel):
    """A filed paper; `sha256` is that of its text: the sections and the outcome as JSON, keys in order, no spaces;
    template: kind/version, none for the first version of the paper's own kind.
    """

    paper_id: UUID
    petition_id: UUID
    kind: str
    sha256: str
    unit: str
    written_by: str
    written_at: datetime
    template: str | None = None
    here: bool = Field(default=True, description="false: it is still coming from another node")


class PartOut(BaseModel):
    """A section as people read it: titles of the template, choices in words."""

    section: str
    title: str
    title_en: str
    zh: str
    en: str


class PaperOut(PaperRow):
    """With its sections: all as they were written, and those of the short forms by their names."""

    request: str | None = None
    facts: str | None = None
    opinion: str | None = None
    legal_basis: str | None = None
    outcome: str | None = None
    text: str | None = None
    sections: dict[str, Any]
    parts: list[PartOut] = Field(description="the same to be read, in the order of the template")
