"""Shapes of intake's requests and answers."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from stdnum.cn import ric, uscc

from contracts.regions import path_of
from kit.texts import Code, Line, Prose


def _id_number(text: str) -> str:
    """GB 11643 identity number or GB 32100 unified social credit code."""
    if not (ric.is_valid(text) or uscc.is_valid(text)):
        raise ValueError("not a valid identity number or social credit code (证件号码不正确)")
    return text.upper()


def _region(code: str) -> str:
    path_of(code)
    return code


Channel = Literal["letter", "visit", "call", "fax", "web", "sms", "wechat", "forum", "mailbox", "superior", "screening"]
Kind = Literal["suggestion", "accusation", "appeal"]
IdNumber = Annotated[str, StringConstraints(min_length=15, max_length=18, to_upper=True), AfterValidator(_id_number)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{4,18}[0-9]$")]
# the first day of the calendar has no UTC time east of Greenwich; nothing older than the Republic is registered
FOUNDED = datetime(1949, 10, 1, tzinfo=UTC)
Received = Annotated[AwareDatetime, Field(ge=FOUNDED)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), AfterValidator(_region)]

OF_SECRETS = "holds a state secret (涉密): it is refused, and nothing of it is kept"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PetitionerIn(Body):
    name: Annotated[Line, Field(max_length=100)] | None = None
    id_number: IdNumber | None = None
    phone: Phone | None = None
    address: Annotated[Line, Field(max_length=300)] | None = None


class NamedIn(PetitionerIn):
    """One of those a clerk names."""

    representative: bool = Field(default=False, description="speaks for a group; at most five may (Art 20)")


class PublicPetitionIn(Body):
    """What a citizen sends."""

    kind: Kind = "appeal"
    title: Annotated[Line, Field(max_length=200)]
    content: Annotated[Prose, Field(max_length=20_000)]
    about_region: RegionCode | None = Field(default=None, description="12-digit code of where the matter lies")
    petitioner: PetitionerIn
    secret: bool = Field(default=False, description=OF_SECRETS)


class PetitionIn(Body):
    """What a clerk registers; no petitioner means anonymous."""

    channel: Channel
    kind: Kind
    title: Annotated[Line, Field(max_length=200)]
    content: Annotated[Prose, Field(max_length=20_000)]
    category: Annotated[Line, Field(max_length=120)] | None = None
    about_region: RegionCode | None = None
    petitioners: list[NamedIn] = Field(default=[], max_length=1000)
    group_size: int | None = Field(default=None, ge=0, le=100_000, description="head-count, if more than are named")
    accused_units: list[Code] = Field(default=[], max_length=50)
    received_at: Received | None = None
    external_id: Annotated[Line, Field(max_length=128)] | None = Field(
        default=None, description="identifier in the system it came from; the same one is never registered twice"
    )
    route: int | None = Field(default=None, ge=1, le=6, description="how an appeal is handled, Art 31 (1) to (6)")
    repeat_of: UUID | None = Field(default=None, description="the earlier petition of the same person and matter")
    secret: bool = Field(default=False, description=OF_SECRETS)


class Registered(BaseModel):
    """The receipt. The query code is shown here once."""

    id: UUID
    number: str
    query_code: str
    registered_at: datetime


class IdentityReadingIn(Body):
    purpose: Annotated[Line, Field(min_length=4, max_length=200)]


class PetitionerOut(BaseModel):
    name: str | None
    id_number: str | None
    phone: str | None
    address: str | None
    representative: bool = False


class Step(BaseModel):
    version: int
    action: str
    unit: str
    at: datetime


class SupplementOut(BaseModel):
    """More to the petition, that its petitioner sent by text."""

    id: UUID
    received_at: datetime
    content: str


class PetitionRow(BaseModel):
    """A line of the ledger (台账)."""

    id: UUID
    number: str
    region: str
    unit: str
    channel: str
    kind: str
    category: str | None
    title: str | None
    petitioner_count: int
    registered_at: datetime
    state: str
    holder_unit: str
    is_group: bool
    repeat_of: UUID | None
    merged_into: UUID | None
    terminated_before: bool
    confidential: bool = Field(default=False, description="only those who have to do with it may read it (保密)")


class PetitionOut(PetitionRow):
    """One petition; petitioners are masked, `content` and `title` null where the petition itself is held elsewhere."""

    content: str | None
    about_region: str | None
    accused_units: list[str]
    route: int | None
    received_at: datetime
    petitioners: list[PetitionerOut]
    progress: list[Step]
    supplements: list[SupplementOut] = []


class Status(BaseModel):
    """What the petitioner sees. merged: handled together with others under a lead, whose progress this is."""

    number: str
    state: str
    holder_unit: str
    holder_name: str
    registered_at: datetime
    merged: bool
    may_rate_until: datetime | None = Field(description="null before the answer, after a rating, and after the time")
    progress: list[Step]


class GroupAlarmOut(BaseModel):
    """A group that came in person (集体访)."""

    petition_id: UUID
    number: str
    region: str
    unit: str
    head_count: int
    about_region: str | None
    at: datetime
