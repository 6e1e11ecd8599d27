"""Every event: type, payload, minor version. Open vocabularies may grow; consumers keep values they do not know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.envelope import EventData

Path = Field(pattern=r"^\d{2}(\.\d{2}){0,2}(\.\d{3}){0,2}$", description="dotted region or node path")
Code = Field(min_length=1, max_length=64)


class PetitionState(EventData):
    """A petition as registered (信访事项). What was said and by whom stays in the registering node's intake."""

    number: str = Code
    region: str = Path
    unit: str = Code
    channel: str = Field(max_length=32, description="open vocabulary: letter, visit, call, web, sms …")
    kind: str = Field(max_length=32, description="open vocabulary: suggestion, accusation, appeal")
    category: str | None = Field(
        default=None, max_length=120, description="content classification, level1/level2/level3"
    )
    about_region: str | None = Field(default=None, max_length=20, description="where the matter lies, dotted path")
    petitioners: int = Field(ge=0, description="head-count; 0 for an anonymous petition")
    accused_units: list[str] = Field(default=[], max_length=50)
    received_at: datetime
    registered_at: datetime


class HandOver(EventData):
    """A hand-over under way: the receiver alone decides what version follows."""

    id: UUID
    kind: str = Field(max_length=32, description="open vocabulary: transfer (转送), assign (交办)")
    from_unit: str = Code
    from_node: str = Path
    from_region: str = Path
    from_state: str = Field(max_length=32, description="state the case falls back to when it is returned or withdrawn")
    to_unit: str = Code
    to_node: str = Path
    offered_at: datetime
    due_at: datetime | None = None


class LastAction(EventData):
    """The action that made this version. A free-text note travels in letters only."""

    action: str = Field(max_length=32)
    unit: str = Code
    at: datetime
    reason: str | None = Field(default=None, max_length=64, description="open vocabulary of reason codes")


class CaseState(EventData):
    """A case (办件): exactly one holder unit, and one node that may write the next version."""

    number: str = Code
    channel: str = Field(max_length=32)
    kind: str = Field(max_length=32)
    state: str = Field(max_length=32, description="open vocabulary, see the state table in the routing service")
    holder_unit: str = Code
    holder_region: str = Path
    writer: str = Path
    registered_region: str = Path
    registered_at: datetime
    regions: list[str] = Field(max_length=200, description="regions of the units that registered or held the case")
    nodes: list[str] = Field(max_length=200, description="nodes that held the case, in order of first holding")
    accused_units: list[str] = Field(default=[], max_length=50)
    hand_over: HandOver | None = None
    outcome: Literal["support", "explain", "not-support"] | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    last: LastAction


class FileState(EventData):
    """A file kept for a petition."""

    file_id: UUID
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    media_type: str = Field(max_length=100)
    unit: str = Code
    stored_at: datetime


class PaperState(EventData):
    """A paper (文书) written for a case; its text stays in documents."""

    paper_id: UUID
    kind: str = Field(max_length=32, description="open vocabulary: opinion (处理意见书) …")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    unit: str = Code
    written_at: datetime


class MessageState(EventData):
    """A message to a petitioner: that it was sent, never to whom or what."""

    message_id: UUID
    template: str = Field(max_length=64)
    gateway: str = Field(max_length=32)
    status: str = Field(max_length=32, description="open vocabulary: sent, failed …")
    at: datetime


@dataclass(frozen=True, slots=True)
class EventType:
    """type: `<service>.<thing>.<happened>.v<major>`, also the routing key; minor: only ever adds fields."""

    payload: type[EventData]
    type: str
    minor: int
    zh: str
    en: str

    @property
    def schema_name(self) -> str:
        return f"{self.type}.{self.minor}"

    @property
    def dataschema(self) -> str:
        return f"urn:xinqiao:schema:{self.schema_name}"


EVENTS: dict[str, EventType] = {
    event.type: event
    for event in (
        EventType(PetitionState, "intake.petition.registered.v1", 0, "信访事项已登记", "A petition was registered"),
        EventType(CaseState, "routing.case.opened.v1", 0, "办件已建立", "A case was opened for a petition"),
        EventType(CaseState, "routing.case.handed-over.v1", 0, "已转送或交办", "A case was offered to another unit"),
        EventType(CaseState, "routing.case.received.v1", 0, "已签收", "The receiving unit signed for the case"),
        EventType(CaseState, "routing.case.returned.v1", 0, "已退回", "The receiving unit returned the case"),
        EventType(CaseState, "routing.case.withdrawn.v1", 0, "已撤回", "The hand-over was withdrawn before receipt"),
        EventType(CaseState, "routing.case.accepted.v1", 0, "已受理", "The unit accepted the petition"),
        EventType(CaseState, "routing.case.opinion-written.v1", 0, "处理意见已形成", "An opinion was written"),
        EventType(CaseState, "routing.case.closed.v1", 0, "已办结", "The case was closed"),
        EventType(FileState, "documents.file.stored.v1", 0, "材料已归入", "A file was stored"),
        EventType(PaperState, "documents.paper.filed.v1", 0, "文书已归档", "A paper was filed"),
        EventType(MessageState, "notify.message.sent.v1", 0, "已告知信访人", "A message to the petitioner was sent"),
    )
}
SERVICES = ("intake", "routing", "documents", "notify", "analytics")
