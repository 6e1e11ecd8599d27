"""Shapes of requests and answers about what is made public."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from documents.publishing.domain import Kind, State
from kit.texts import Line, Prose

Version = Annotated[int, Field(ge=1, le=1_000_000)]
Reason = Annotated[Prose, Field(max_length=1000)]
Name = Annotated[str, Field(pattern=r"^[a-z]{2,20}(-[a-z]{2,20}){0,3}$", max_length=64)]


class ContentIn(BaseModel):
    """What is to be public. correction: what changed, where it supersedes what is public now; it is public too."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(max_length=120)]
    body: Annotated[Prose, Field(max_length=50_000)]
    correction: Annotated[Prose, Field(max_length=1000)] | None = None


class PublicationIn(BaseModel):
    """A new draft. petition_id: the case that an example was made from; case_paper_id: its paper the text begins with;
    paper_id: a sealed paper of the own unit that is published with it; supersedes: what is public now.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    content: ContentIn | None = None
    petition_id: UUID | None = None
    case_paper_id: UUID | None = None
    paper_id: UUID | None = None
    supersedes: UUID | None = None

    @model_validator(mode="after")
    def _of_a_case(self) -> Self:
        if (self.kind == "case-example") != (self.petition_id is not None):
            raise ValueError("a case example, and nothing else, names its case (典型案例须指明信访事项)")
        if self.case_paper_id is not None and self.petition_id is None:
            raise ValueError("case_paper_id belongs to petition_id")
        return self


class PublicationChange(BaseModel):
    """version: the one it was written over."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    content: ContentIn
    paper_id: UUID | None = Field(default=None, description="a sealed paper of the own unit, published with it")


class ExplanationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mark: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="of the hit, see check")]
    reason: Reason = Field(description="why it may stand; whoever explains reviews it no more")


class SubmissionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version


class DecisionIn(BaseModel):
    """round, step: as they were shown, so that nobody decides on another text."""

    model_config = ConfigDict(extra="forbid")

    round: Version
    step: Name
    decision: Literal["approve", "return"]
    reason: Reason | None = Field(default=None, description="why it is returned")

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.decision == "return") != (self.reason is not None):
            raise ValueError("reason belongs to a return (退回须写明原因)")
        return self


class WithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason


class Named(BaseModel):
    """A step or a topic, with its words."""

    name: str
    zh: str
    en: str


class PublicationRow(BaseModel):
    """A publication without its text. step: whose turn it is."""

    id: UUID
    kind: Kind
    title: str
    unit: str
    state: State
    standing: Literal["draft", "review", "public", "superseded", "withdrawn"]
    version: int
    round: int
    step: Named | None
    sensitive: bool
    saved_by: str
    saved_at: datetime
    published_at: datetime | None


class Hit(BaseModel):
    """Something found that must be removed or explained."""

    mark: str
    rule: Literal["id_number", "phone", "petition_number", "mail", "address", "name", "accused"]
    excerpt: str
    reason: str | None = Field(description="why it may stand")
    explained_by: str | None


class DecisionRow(BaseModel):
    round: int
    step: Named
    decision: Literal["approve", "return"]
    account: str
    unit: str
    reason: str | None
    decided_at: datetime


class PublicationOut(PublicationRow):
    """With its text. hits: of the newest version, what nobody explained first, never more than 200; may_review: whether
    it is the caller's turn.
    """

    title: str
    body: str
    correction: str | None
    petition_id: UUID | None
    paper_id: UUID | None
    supersedes: UUID | None
    topics: list[Named]
    begun_by: str
    hits: list[Hit]
    required: list[Named]
    decisions: list[DecisionRow]
    may_write: bool
    may_review: bool
    may_withdraw: bool
    withdrawn_because: str | None


class PublicRow(BaseModel):
    """What everybody may see in a list."""

    id: UUID
    kind: Kind
    title: str
    unit_name: str
    published_at: datetime


class PublicPaper(BaseModel):
    """A sealed paper that is published with a text; sha256: of its PDF."""

    number: str
    sha256: str
    verify_path: str


class PublicOut(PublicRow):
    """sha256: of kind, title, text, correction and paper, as canonical JSON."""

    body: str
    correction: str | None
    sha256: str
    paper: PublicPaper | None
