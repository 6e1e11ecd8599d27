"""Letters by which the recipients of a mass notice (群发通知) are looked up in the ledger; docs/adr/0042."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from contracts.envelope import LetterData
from contracts.shapes import Path

A_PAGE = 2000  # petitions that one answer names at most


class RecipientsAsked(LetterData):
    """Which petitions of the ledger somebody chose, for the intake of the same node: the answer holds those alone that
    this person may read, and that were registered there. The subject is the notice.

    query: a look-up of its own, so that pages of an earlier one are known; scope, line: of who asks, as a token would
    tell them; region: registered there or below; after: the last petition of the page before, pages count from 0.
    """

    query: UUID
    page: int = Field(default=0, ge=0)
    scope: str = Path
    line: list[str] = Field(min_length=1, max_length=200)
    region: str | None = Field(default=None, max_length=32)
    channel: str | None = Field(default=None, max_length=32)
    kind: str | None = Field(default=None, max_length=32)
    category: str | None = Field(
        default=None, max_length=120, description="as it was registered, or what it begins with"
    )
    state: str | None = Field(default=None, max_length=32)
    unit: str | None = Field(default=None, max_length=64, description="that holds the case")
    registered_from: datetime | None = None
    registered_until: datetime | None = Field(default=None, description="before this moment")
    after: UUID | None = None


class RecipientPetition(LetterData):
    """state: of its case, as the ledger knows it."""

    petition: UUID
    state: str = Field(max_length=32)


class Recipients(LetterData):
    """A page of the answer, the newest petitions first. next: where the next page begins; null: this was the last."""

    query: UUID
    page: int = Field(ge=0)
    petitions: list[RecipientPetition] = Field(max_length=A_PAGE)
    next: UUID | None = None


NOTICES: dict[str, type[LetterData]] = {
    "intake.recipients-asked.v1": RecipientsAsked,
    "notify.recipients.v1": Recipients,
}
