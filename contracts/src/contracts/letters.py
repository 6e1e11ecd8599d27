"""Letters: addressed to one service of one node, signed and sealed, so they may carry personal data."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from contracts.envelope import LetterData
from contracts.events import CaseState, Code, Path
from kit.personal import PersonalText


class PetitionerFile(LetterData):
    """Who raised the petition (信访人)."""

    name: PersonalText | None = Field(default=None, max_length=100)
    id_number: PersonalText | None = Field(default=None, max_length=18)
    phone: PersonalText | None = Field(default=None, max_length=32)
    address: PersonalText | None = Field(default=None, max_length=300)


class PetitionFile(LetterData):
    """The whole petition, for the intake of the node that is to handle it."""

    number: str = Code
    region: str = Path
    unit: str = Code
    channel: str = Field(max_length=32)
    kind: str = Field(max_length=32)
    category: str | None = Field(default=None, max_length=120)
    about_region: str | None = Field(default=None, max_length=20)
    title: PersonalText = Field(max_length=200)
    content: PersonalText = Field(max_length=20_000)
    petitioners: list[PetitionerFile] = Field(max_length=1000)
    accused_units: list[str] = Field(default=[], max_length=50)
    received_at: datetime
    registered_at: datetime


class Contact(LetterData):
    """How to reach the petitioner: from intake to notify of the same node. query_code only once, at registration."""

    number: str = Code
    phone: PersonalText = Field(max_length=32)
    query_code: PersonalText = Field(max_length=32)
    region: str = Path


class HandOverOffer(LetterData):
    """A case offered to a unit of the receiving node, with the sender's note."""

    case: CaseState
    note: PersonalText = Field(default="", max_length=2000)


class WithdrawalRequest(LetterData):
    """The sender asks for the case back; the receiver decides by what it has done meanwhile."""

    hand_over: UUID
    version: int = Field(ge=1, description="version of the case that carries the offer")


class CaseNote(LetterData):
    """The free text that belongs to an action another node took."""

    version: int = Field(ge=1)
    action: str = Field(max_length=32)
    unit: str = Code
    note: PersonalText = Field(max_length=2000)
    at: datetime


class CaseProgress(LetterData):
    """An event for a node it does not rise to (one that held the case and is not above the writer)."""

    event: str = Field(max_length=200_000, description="the event, byte for byte")


LETTERS: dict[str, type[LetterData]] = {
    "intake.petition-file.v1": PetitionFile,
    "notify.contact.v1": Contact,
    "routing.hand-over-offer.v1": HandOverOffer,
    "routing.withdrawal-request.v1": WithdrawalRequest,
    "routing.case-note.v1": CaseNote,
    "routing.case-progress.v1": CaseProgress,
}
