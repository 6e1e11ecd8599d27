"""Letters about papers and bulletins that units send each other (公文交换)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from contracts.envelope import LetterData
from contracts.shapes import Code
from kit.personal import PersonalText


class Dispatch(LetterData):
    """A paper sent from unit to unit (公文), or a bulletin (简报); the subject is its id. The files and papers that it
    holds follow by a manifest of the same subject.

    recipients: all units it goes to; to_units: those of the receiving node; petition: what it is about, with whom that
    accuses and the units that alone may read it, as the sender knows; body: which of the items is the text.
    """

    kind: str = Field(max_length=32, description="open vocabulary: paper, bulletin")
    title: PersonalText = Field(min_length=1, max_length=200)
    from_unit: str = Code
    recipients: list[str] = Field(min_length=1, max_length=300)
    to_units: list[str] = Field(min_length=1, max_length=300)
    petition: UUID | None = None
    accused_units: list[str] = Field(default=[], max_length=100)
    only: list[str] | None = Field(default=None, max_length=1000)
    urgency: str = Field(default="ordinary", max_length=32, description="open vocabulary: urgent, extra-urgent")
    answer_by: datetime | None = None
    body: UUID
    items: list[UUID] = Field(min_length=1, max_length=200)
    answers: UUID | None = Field(default=None, description="the dispatch that this one answers")
    source: UUID | None = Field(default=None, description="the bulletin that this one was made from")
    source_unit: str | None = Field(default=None, max_length=64)
    by: PersonalText = Field(max_length=200, description="account")
    sent_at: datetime


class DispatchReceipt(LetterData):
    """How the copy of one unit stands, told by its node; sequence: of the copy, the highest counts."""

    to_unit: str = Code
    state: str = Field(max_length=32, description="open vocabulary: arrived, signed, returned, recalled")
    arrived_at: datetime | None = None
    signed_at: datetime | None = None
    signed_by: PersonalText | None = Field(default=None, max_length=200, description="account")
    ended_at: datetime | None = Field(default=None, description="returned or recalled")
    ended_by: PersonalText | None = Field(default=None, max_length=200)
    reason: PersonalText | None = Field(default=None, max_length=500, description="why it was returned")
    answered_at: datetime | None = None
    adoption: str | None = Field(
        default=None, max_length=32, description="of a bulletin: adopted, leader-instruction, merged, not-adopted"
    )
    adopted_at: datetime | None = None
    note: PersonalText | None = Field(default=None, max_length=500, description="what was written with the adoption")


class DispatchRecall(LetterData):
    """The sender wants copies back; the receiving node decides by whether they were signed for, and tells how they
    stand.
    """

    to_units: list[str] = Field(min_length=1, max_length=300)
    asked_at: datetime


class DispatchUrge(LetterData):
    """The sender urges units that have not signed for it (催办). times: how often so far; the highest counts."""

    to_unit: str = Code
    times: int = Field(ge=1)
    at: datetime


DISPATCHES: dict[str, type[LetterData]] = {
    "documents.dispatch.v1": Dispatch,
    "documents.dispatch-receipt.v1": DispatchReceipt,
    "documents.dispatch-recall.v1": DispatchRecall,
    "documents.dispatch-urge.v1": DispatchUrge,
}
