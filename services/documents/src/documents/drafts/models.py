"""Shapes of requests and answers about drafts and templates."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from documents.drafts.domain import Kind
from documents.papers.models import Sections

KindOfTemplate = Annotated[str, Field(pattern=r"^[a-z]{2,20}(-[a-z]{2,20}){0,3}$", max_length=32)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]


class TemplateOut(BaseModel):
    """A kind of paper that can be drafted. files_as: the kind of the paper it becomes; form: JSON Schema of its
    sections; may_draft: whether the caller's role may.
    """

    kind: str
    version: int
    name: str
    name_en: str
    files_as: str
    legal_basis: str
    may_draft: bool
    form: dict[str, Any]


class DraftIn(BaseModel):
    """A new draft. What documents knows of the case is filled in; what is sent counts more."""

    model_config = ConfigDict(extra="forbid")

    kind: KindOfTemplate
    sections: Sections = {}


class DraftChange(BaseModel):
    """The next version. version: the one it was written over."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    sections: Sections


class FilingIn(BaseModel):
    """version: the one that is filed; nobody saved another meanwhile."""

    model_config = ConfigDict(extra="forbid")

    version: Version


class DraftFields(BaseModel):
    """A draft without its text. paper_id: as which it was filed."""

    draft_id: UUID
    kind: str
    template_version: int
    unit: str
    version: int
    begun_by: str
    begun_at: datetime
    saved_by: str
    saved_at: datetime
    paper_id: UUID | None


class DraftRow(DraftFields):
    """A draft of a case's paper."""

    petition_id: UUID


class Missing(BaseModel):
    section: str
    zh: str
    en: str


class DraftContent(BaseModel):
    """shown: the version whose sections these are; missing: what it needs before it can be filed."""

    shown: int
    sections: dict[str, Any]
    missing: list[Missing]
    template: TemplateOut


class DraftOut(DraftRow, DraftContent):
    """A draft of a case's paper, with its sections."""


class VersionRow(BaseModel):
    """A version that was saved. source: form, or docx when it came back from Word."""

    version: int
    saved_by: str
    saved_at: datetime
    source: Literal["form", "docx"]


class ChangeOut(BaseModel):
    kind: Kind
    text: str


class SectionDifference(BaseModel):
    section: str
    title: str
    title_en: str
    changes: list[ChangeOut]


class DraftDifference(BaseModel):
    """What changed between two versions, by section; sections that are the same are left out."""

    before: int
    after: int
    sections: list[SectionDifference]
