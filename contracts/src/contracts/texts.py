"""What telephones send: letters between notify and intake of one node, and of intakes among each other; and the alarm
about a text that nobody answered.
"""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from contracts.envelope import EventData, LetterData
from contracts.shapes import Code
from kit.personal import PersonalText


class TextPetition(LetterData):
    """A petition that came by text; the subject is the text. It becomes a contact letter that names the text.

    name, address: null where the petitioner will not tell.
    """

    phone: PersonalText = Field(max_length=32)
    name: PersonalText | None = Field(default=None, max_length=100)
    address: PersonalText | None = Field(default=None, max_length=300)
    content: PersonalText = Field(min_length=1, max_length=20_000)
    received_at: datetime


class Supplement(LetterData):
    """More to a petition, by text; the subject is the text.

    From notify: phone and number, and intake finds out whether that phone may. Between intakes, to where the case is
    handled: petition, and phone null; whoever sends it has found out.
    """

    number: str = Code
    content: PersonalText = Field(min_length=1, max_length=20_000)
    received_at: datetime
    phone: PersonalText | None = Field(default=None, max_length=32)
    petition: UUID | None = None
    along: bool = Field(default=False, description="it goes along with a case that is handed on, and is no news there")


class TextRating(LetterData):
    """How satisfied the petitioner is, by text; the subject is the text."""

    phone: PersonalText = Field(max_length=32)
    number: str = Code
    office: str = Field(max_length=32, description="satisfied, fairly, not")
    unit: str = Field(max_length=32)
    received_at: datetime


class TextOutcome(LetterData):
    """What became of a text, from intake to notify of the same node, which answers it; the subject is the text.

    review_until: the last day on which who is not satisfied may ask for a review (Art 35) or re-review (Art 36).
    """

    outcome: str = Field(max_length=32, description="open vocabulary: supplemented, rated, refused")
    reason: str | None = Field(default=None, max_length=64, description="of a refusal: its slug")
    number: str | None = Field(default=None, max_length=64)
    petition: UUID | None = None
    review_until: date | None = None


class TextState(EventData):
    """A text from a telephone was not answered in time (GB/T 33358), or no person has looked after it in time: told
    once each. Never from whom, or what it says.
    """

    gateway: str = Field(max_length=32)
    received_at: datetime
    due_at: datetime
    at: datetime
    answered_at: datetime | None = Field(
        default=None, description="it was answered, late, before this was told; null: it still waits"
    )


class SupplementState(EventData):
    """A petitioner added something to a petition. Never what: that is read there. Its id is the supplement's.

    Said where it came in, and shown to the services of each node that gets the letter and does not hear the event.
    """

    number: str = Code
    channel: str = Field(max_length=32, description="open vocabulary: sms")
    holder_unit: str = Field(min_length=1, max_length=64, description="who holds the case, as is known there")
    at: datetime


TEXTS: dict[str, type[LetterData]] = {
    "intake.text-petition.v1": TextPetition,
    "intake.supplement.v1": Supplement,
    "intake.text-rating.v1": TextRating,
    "notify.text-outcome.v1": TextOutcome,
}
