"""Every event: type, payload, minor version. Open vocabularies may grow; consumers keep values they do not know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.callbacks import CallbackState
from contracts.case_events import CASE_HAPPENINGS, CaseState, Clock, HandOver, Pause, case_event
from contracts.envelope import EventData
from contracts.shapes import Code, LastAction, Path
from contracts.texts import SupplementState, TextState

__all__ = [
    "CASE_HAPPENINGS",
    "EVENTS",
    "SERVICES",
    "CallbackState",
    "CaseState",
    "Clock",
    "Code",
    "EventType",
    "HandOver",
    "LastAction",
    "Path",
    "Pause",
    "SupplementState",
    "TextState",
    "case_event",
]  # with those that are defined elsewhere: whoever reads events looks here


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
    route: int | None = Field(default=None, ge=1, le=6, description="Art 31 (1)-(6), of an appeal")
    group: bool = Field(default=False, description="a group petition (集体访)")
    repeat_of: UUID | None = Field(default=None, description="the earlier petition of the same person and matter")
    terminated_before: bool = Field(
        default=False, description="the matter went through re-review before: no longer accepted (Art 36)"
    )
    merged_into: UUID | None = Field(default=None, description="the lead petition; never one that is merged itself")


class GroupAlarm(EventData):
    """A group has come in person (集体访): told to the tiers above, who need not ask."""

    number: str = Code
    region: str = Path
    unit: str = Code
    petitioners: int = Field(ge=0, description="head-count")
    about_region: str | None = Field(default=None, max_length=20)
    at: datetime


class RatingState(EventData):
    """What the petitioner thinks of the office and of the unit, or that nothing was said in time; never the words."""

    number: str = Code
    region: str = Path
    unit: str = Code
    holder_unit: str = Field(min_length=1, max_length=64, description="the unit that answered, which is rated")
    office_rating: str | None = Field(
        default=None, max_length=32, description="open vocabulary: satisfied, fairly, not; null when expired"
    )
    unit_rating: str | None = Field(default=None, max_length=32)
    at: datetime


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
    outcome: Literal["support", "explain", "not-support"] | None = Field(default=None, description="of an opinion")


class SealedPaperState(EventData):
    """A paper (文书) became official: numbered, sealed, signed, and locked for ever."""

    paper_id: UUID
    kind: str = Field(max_length=32, description="open vocabulary, as of the filed paper")
    number: str = Field(min_length=1, max_length=64, description="document number (发文字号)")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the signed PDF")
    unit: str = Code
    sealed_at: datetime
    supersedes: UUID | None = Field(default=None, description="the sealed paper that it corrects")


class BulletinState(EventData):
    """A bulletin (信访信息) that a unit sent up, and what its superior made of it; never what it says."""

    unit: str = Code
    to_unit: str = Field(min_length=1, max_length=64, description="the office above")
    sent_at: datetime
    adoption: str | None = Field(
        default=None,
        max_length=32,
        description="open vocabulary: adopted, leader-instruction, merged, not-adopted; null: not said yet",
    )


# who counts messages counts each message_id once: there is an event for each state that one reaches, sent and delivered
# are two. The highest sequence tells how it stands, the first one that says sent, delivered or unknown when it left
class MessageState(EventData):
    """A message to a petitioner: that it was sent and whether it arrived, never to whom or what."""

    message_id: UUID
    template: str = Field(max_length=64)
    gateway: str = Field(max_length=32)
    status: str = Field(
        max_length=32,
        description="open vocabulary: sent, delivered, failed, expired, cancelled; unknown: it left without an answer",
    )
    at: datetime
    parts: int | None = Field(default=None, ge=1, le=255, description="as how many short messages")


class RequestState(EventData):
    """What one unit asks of another about a case. What is asked and answered travels in letters only.

    status tells who writes the next version: the node of the asked unit until it has answered, then that of the asker.
    """

    id: UUID
    number: str = Field(min_length=1, max_length=64, description="number of the petition")
    kind: str = Field(
        max_length=32,
        description="open vocabulary: urge 催办, supervise 督办, instruct 批示, suggest 三项建议, support 协办",
    )
    reason: str | None = Field(
        default=None,
        max_length=64,
        description="open vocabulary: why it is supervised (Art 40), or which of the three suggestions it is",
    )
    from_unit: str = Code
    from_node: str = Path
    from_region: str = Path
    to_unit: str = Code
    to_node: str = Path
    to_region: str = Path
    accused_units: list[str] = Field(default=[], max_length=50)
    readers: list[str] | None = Field(
        default=None, max_length=1000, description="of the case, as it was when this was sent; null: not confidential"
    )
    status: str = Field(
        max_length=32, description="open vocabulary: sent, received, answered, returned, closed, cancelled"
    )
    round: int = Field(ge=1, description="how often an answer was asked for: once, and once more for each return")
    wants_answer: bool
    sent_at: datetime
    due_at: datetime | None = Field(default=None, description="by when the answer is wanted")
    received_at: datetime | None = None
    answered_at: datetime | None = Field(default=None, description="of the last answer")
    ended_at: datetime | None = Field(default=None, description="closed or cancelled")
    adoption: str | None = Field(
        default=None, max_length=32, description="answer to a suggestion, open vocabulary: adopted, partly, not"
    )
    last: LastAction


class AuditHead(EventData):
    """How far the audit of a service had come: nodes above keep it, so a chain written anew later is noticed."""

    position: int = Field(ge=1, description="entries in the chain up to here")
    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the entry at this position, chained")
    at: datetime


class ClockState(EventData):
    """A time limit of a case came near or is over: told once for each level of each due date."""

    number: str = Code
    clock: str = Field(max_length=64, description="as the procedure of the case names it; or returned-too-often")
    level: str = Field(max_length=32, description="open vocabulary: yellow, red")
    due_at: datetime | None = Field(default=None, description="null where it is no time limit but a count")
    holder_unit: str = Code
    holder_region: str = Path
    at: datetime = Field(description="when the level was reached")


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


def _case_events() -> list[EventType]:
    told = {happened: (zh, en) for happened, zh, en in CASE_HAPPENINGS.values()}
    return [EventType(CaseState, f"routing.case.{name}.v1", 2, zh, en) for name, (zh, en) in told.items()]


EVENTS: dict[str, EventType] = {
    event.type: event
    for event in (
        EventType(PetitionState, "intake.petition.registered.v1", 0, "信访事项已登记", "A petition was registered"),
        EventType(PetitionState, "intake.petition.linked.v1", 0, "已认定为重复信访", "Recognised as a repeat"),
        EventType(PetitionState, "intake.petition.unlinked.v1", 0, "已撤销重复认定", "Not a repeat after all"),
        EventType(PetitionState, "intake.petition.merged.v1", 0, "已并案", "Merged into a lead petition"),
        EventType(PetitionState, "intake.petition.unmerged.v1", 0, "已撤销并案", "Stands for itself again"),
        EventType(SupplementState, "intake.petition.supplemented.v1", 0, "信访人补充材料", "Something was added to it"),
        EventType(GroupAlarm, "intake.group.alarm.v1", 0, "集体访预警", "A group has come in person"),
        EventType(RatingState, "intake.rating.given.v1", 0, "信访人已评价", "The petitioner rated office and unit"),
        EventType(
            RatingState, "intake.rating.expired.v1", 0, "评价期满未评价", "The time for rating ended without one"
        ),
        *_case_events(),
        EventType(FileState, "documents.file.stored.v1", 0, "材料已归入", "A file was stored"),
        EventType(PaperState, "documents.paper.filed.v1", 1, "文书已归档", "A paper was filed"),
        EventType(SealedPaperState, "documents.paper.sealed.v1", 0, "文书已用印", "A paper was sealed"),
        EventType(BulletinState, "documents.bulletin.sent.v1", 0, "信访信息已报送", "A bulletin was sent up"),
        EventType(BulletinState, "documents.bulletin.marked.v1", 0, "信访信息采用情况", "It was adopted, or not"),
        EventType(MessageState, "notify.message.sent.v1", 1, "已告知信访人", "A message to the petitioner was sent"),
        EventType(TextState, "notify.text.unanswered.v1", 1, "短信未按时答复", "A text was not answered in time"),
        EventType(TextState, "notify.text.overdue.v1", 0, "短信待人工处理超时", "A text waited too long for a person"),
        EventType(CallbackState, "notify.callback.answered.v1", 0, "抽查回访已答复", "A call-back was answered"),
        EventType(CallbackState, "notify.callback.unanswered.v1", 0, "抽查回访未答复", "It was not answered in time"),
        EventType(RequestState, "routing.request.sent.v1", 1, "督办催办等已发出", "A unit asked another about a case"),
        EventType(RequestState, "routing.request.received.v1", 1, "督办催办等已签收", "The asked unit signed for it"),
        EventType(RequestState, "routing.request.answered.v1", 1, "督办催办等已答复", "The asked unit answered"),
        EventType(RequestState, "routing.request.returned.v1", 1, "答复已退回重办", "The answer was not enough"),
        EventType(RequestState, "routing.request.closed.v1", 1, "答复已认可", "The asking unit took the answer"),
        EventType(
            RequestState, "routing.request.cancelled.v1", 1, "督办催办等已撤销", "It was cancelled before an answer"
        ),
        EventType(ClockState, "routing.clock.warned.v1", 0, "期限预警", "A time limit came near or is over"),
        EventType(AuditHead, "intake.audit.sealed.v1", 0, "登记审计链已封存", "The audit of intake was sealed"),
        EventType(AuditHead, "routing.audit.sealed.v1", 0, "办理审计链已封存", "The audit of routing was sealed"),
        EventType(AuditHead, "documents.audit.sealed.v1", 0, "文书审计链已封存", "The audit of documents was sealed"),
    )
}
SERVICES = ("intake", "routing", "documents", "notify", "analytics")
