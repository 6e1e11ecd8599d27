"""The envelope of events and letters: CloudEvents 1.0, structured JSON, with the extensions the suite needs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.personal import holds_personal

TRACEPARENT = r"^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$"
SOURCE = r"^/nodes/[0-9.]+/[a-z]+$"


class Data(BaseModel):
    """Base of all payloads. Unknown fields are ignored: an older node must understand a newer one."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EventData(Data):
    """Base of event payloads: the whole public state after the change, and never personal data."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if holds_personal(cls):
            raise TypeError(f"{cls.__name__}: an event may not carry personal data")


class LetterData(Data):
    """Base of letter payloads: sealed for one node, so they may carry personal data. Never shown in a repr."""

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Envelope(BaseModel):
    """CloudEvents 1.0 attributes; `sequence` is the version of the aggregate named by `subject`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=SOURCE, max_length=80)
    type: str = Field(max_length=120)
    subject: UUID
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(max_length=200)
    sequence: str = Field(pattern=r"^\d{1,18}$", description="CloudEvents sequence extension; compare as integers")
    traceparent: str = Field(default="", pattern=TRACEPARENT)
    causationid: UUID | None = None
    data: Any

    @property
    def node(self) -> str:
        """Path of the node that speaks."""
        return self.source.split("/")[2]

    @property
    def version(self) -> int:
        return int(self.sequence)

    def body(self) -> bytes:
        """The exact bytes that are stored in the outbox and sent."""
        return self.model_dump_json().encode()
