"""Shapes of requests and answers about bundles of pages."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.errors import CATALOGUE
from kit.texts import Line

Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="of the bundle, as it was read")]
Name = Annotated[Line, Field(max_length=195, pattern=r"^[^/\\]+$", description="of the PDF, without .pdf")]


class LeafIn(BaseModel):
    """A page of a file, turned clockwise by so many degrees."""

    model_config = ConfigDict(extra="forbid")

    file_id: UUID
    page: int = Field(ge=1, le=10_000)
    rotation: Literal[0, 90, 180, 270] = 0


class BundleIn(BaseModel):
    """Files of the petition, in the order of their pages."""

    model_config = ConfigDict(extra="forbid")

    file_ids: list[UUID] = Field(min_length=1, max_length=500)


class PagesIn(BaseModel):
    """All pages that the bundle shall have, in order; a page that is not named is left out."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    pages: list[LeafIn] = Field(min_length=1, max_length=2000)


class FilingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version
    name: Name


class Problem(BaseModel):
    """Why something could not be used, as a problem+json would tell it."""

    slug: str
    title: str
    title_en: str
    next: str
    next_en: str

    @classmethod
    def of(cls, slug: str | None) -> "Problem | None":
        if slug is None:
            return None
        told = CATALOGUE[slug]
        return cls(slug=slug, title=told.zh, title_en=told.en, next=told.next_zh, next_en=told.next_en)


class Source(BaseModel):
    """A file of the bundle. state: waiting (not looked at yet), ready, refused."""

    file_id: UUID
    state: str
    pages: int
    problem: Problem | None
    identity: bool = Field(default=False, description="its pages are shown for a stated purpose only")


class Leaf(BaseModel):
    file_id: UUID
    page: int
    rotation: int
    read: bool = Field(description="while it is being filed: whether this page is done")
    problem: Problem | None = Field(description="why it is filed without its text")


class Progress(BaseModel):
    """What of the files (while preparing) or of the pages (while filing) is done."""

    done: int
    of: int


class BundleRow(BaseModel):
    """state: preparing, draft, filing, filed. problem: why it could not be filed, page: at which page."""

    bundle_id: UUID
    petition_id: UUID
    version: int
    state: str
    unit: str
    made_by: str
    made_at: datetime
    file_id: UUID | None = Field(description="the PDF, once it is filed")
    problem: Problem | None
    problem_at: int | None


class BundleOut(BundleRow):
    progress: Progress
    files: list[Source]
    pages: list[Leaf]


class PageText(BaseModel):
    """What was read on a page. Nothing of it is verified."""

    number: int
    text: str


class FieldOut(BaseModel):
    """A value that the text seems to hold, and where: page and line from 1, column from 0."""

    field: Literal["name", "id_number", "phone", "address", "request"]
    value: str
    page: int
    line: int
    column: int
    verified: Literal[False] = False


class ProposalOut(BaseModel):
    """For the registration form; somebody compares it with the page before it is written anywhere."""

    bundle_id: UUID
    fields: list[FieldOut]
    left_out: int = Field(default=0, description="pages of identity papers, which are read for a stated purpose only")


class SearchIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[Line, Field(min_length=2, max_length=50)]


class Hit(BaseModel):
    """A page on which the text stands. excerpt: the letters around it, as they are compared."""

    petition_id: UUID
    bundle_id: UUID
    file_id: UUID
    number: int
    excerpt: str


class SearchOut(BaseModel):
    """The newest first. more: not everything that may hold it was looked at."""

    hits: list[Hit]
    more: bool
