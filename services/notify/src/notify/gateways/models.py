"""What vendors call us with. What a telephone has sent is never refused for its letters."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from notify.gateways.interface import Fate

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _readable(said: object) -> object:
    """Without control characters; halves of pairs as the mark for what is not known."""
    if not isinstance(said, str):
        return said
    return _CONTROL.sub("", said.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _possible(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("a time between 2020 and 2100 (2020 至 2100 年之间的时间)")
    return at


Id = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
Number = Annotated[str, Field(pattern=r"^[!-~]{1,32}$")]  # senders of services are no numbers
Moment = Annotated[AwareDatetime, AfterValidator(_possible)]


class ReceiptIn(BaseModel):
    """id: as the vendor answered it when it took the message; reason: the carrier's code; to: the telephone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    state: Fate
    at: Moment
    reason: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None
    to: Number | None = Field(default=None, repr=False)


class TextIn(BaseModel):
    """A whole text from a telephone. id: the vendor's, the same one however often it is brought; to: our number."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: Id
    phone: Number = Field(alias="from", repr=False)
    to: Number
    text: Annotated[str, BeforeValidator(_readable), Field(max_length=40_000)] = Field(repr=False)
    at: Moment


class ReceiptsIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[list[ReceiptIn], Field(min_length=1, max_length=500)]


class TextsIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[list[TextIn], Field(min_length=1, max_length=500)]


class Kept(BaseModel):
    """How many are kept: all, or the request is answered otherwise."""

    kept: int
