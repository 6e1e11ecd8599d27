"""Letters: addressed to one service of one node, signed and sealed, so they may carry personal data."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from contracts.dispatches import DISPATCHES
from contracts.envelope import LetterData
from contracts.events import CaseState, Code, Path
from contracts.moving import MOVING
from contracts.notices import NOTICES
from contracts.texts import TEXTS
from kit.personal import PersonalText

FORM = 1_048_576  # characters of a filled form; no request brings more


class PetitionerFile(LetterData):
    """Who raised the petition (信访人)."""

    name: PersonalText | None = Field(default=None, max_length=100)
    id_number: PersonalText | None = Field(default=None, max_length=18)
    phone: PersonalText | None = Field(default=None, max_length=32)
    address: PersonalText | None = Field(default=None, max_length=300)
    representative: bool = Field(default=False, description="speaks for a group (Art 20)")


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
    route: int | None = Field(default=None, ge=1, le=6, description="Art 31 (1)-(6), of an appeal")
    group_size: int | None = Field(default=None, ge=0, description="head-count where it is more than the named")
    registered_node: str | None = Field(default=None, max_length=32, description="null: the node that sends this")
    version: int = Field(default=1, ge=1, description="of the public state that the next fields belong to")
    repeat_of: UUID | None = None
    terminated_before: bool = False
    merged_into: UUID | None = None


class SupportFile(LetterData):
    """What a unit that was asked for support (协办) needs to know of the petition; never who raised it.

    state, holder_unit: of the case when this was written. Kept until the request ends.
    """

    request: UUID
    to_unit: str = Code
    number: str = Code
    region: str = Path
    unit: str = Code
    channel: str = Field(max_length=32)
    kind: str = Field(max_length=32)
    category: str | None = Field(default=None, max_length=120)
    about_region: str | None = Field(default=None, max_length=20)
    title: PersonalText = Field(max_length=200)
    content: PersonalText = Field(max_length=20_000)
    petitioner_count: int = Field(ge=0, description="head-count")
    is_group: bool = False
    accused_units: list[str] = Field(default=[], max_length=50)
    received_at: datetime
    registered_at: datetime
    route: int | None = Field(default=None, ge=1, le=6, description="Art 31 (1)-(6), of an appeal")
    state: str = Field(max_length=32)
    holder_unit: str = Code


class LinkRequest(LetterData):
    """A node above has found that a petition repeats another or belongs to a lead; the registering node links it.

    change: linked, unlinked, merged, unmerged; other: with what; terminated: that matter went through re-review.
    """

    change: str = Field(max_length=32)
    other: UUID
    terminated: bool = False
    subject: PersonalText = Field(max_length=200)
    unit: str = Code
    reason: PersonalText = Field(max_length=500)


class TerminatedQuestion(LetterData):
    """Whether somebody who raised a petition had a matter that went through re-review (Art 36), of the node at the top.

    buckets: two bytes of a digest of each identity and telephone number: of a thousand people one has come.
    """

    buckets: list[int] = Field(max_length=2000)


class TerminatedMatter(LetterData):
    """sealed: number and text of that matter, which only opens to who knows the identity or telephone number."""

    petition: UUID
    bucket: int = Field(ge=0, le=65_535)
    sealed: str = Field(max_length=40_000, description="base64")


class TerminatedAnswer(LetterData):
    """What went through re-review in the buckets that were asked for; most of it is of other people."""

    matters: list[TerminatedMatter] = Field(max_length=1000)


class Contact(LetterData):
    """How to reach the petitioner: from intake to notify of the same node. query_code only once, at registration."""

    number: str = Code
    phone: PersonalText = Field(max_length=32)
    query_code: PersonalText = Field(max_length=32)
    region: str = Path
    text_id: UUID | None = Field(default=None, description="the text from a telephone that the petition was made of")


class CaseFile(LetterData):
    """A case whose next version the receiving node writes: handed over, objected to, disputed, or given back.

    note, fields: what the unit that acted wrote with it, and into the form of the action, as JSON; definition: of the
    procedure that the case follows, as JSON, for nodes of an older release, or that do not know what the sender's
    office wrote.
    """

    case: CaseState
    note: PersonalText = Field(default="", max_length=2000)
    fields: PersonalText = Field(default="", max_length=FORM)
    definition: str | None = Field(default=None, max_length=262_144)


class RecallRequest(LetterData):
    """The sender asks for the case back; the receiver decides by what it has done meanwhile. note: why it asks."""

    hand_over: UUID
    version: int = Field(ge=1, description="version of the case that carries the offer")
    note: PersonalText = Field(default="", max_length=2000)


class CaseProgress(LetterData):
    """An event for a node it does not rise to (one that held the case and is not above the writer).

    note, fields: as of a CaseFile, for the nodes of units that handed the case on, whether or not the event rises to
    them: what came of it is reported to them, with the reasons (Art 22, 23).
    """

    event: str = Field(max_length=200_000, description="the event, byte for byte")
    note: PersonalText = Field(default="", max_length=2000)
    fields: PersonalText = Field(default="", max_length=FORM)


class Recognition(LetterData):
    """What the register found of a case: whether its matter went through re-review before (Art 36).

    From a node that held the case to the one that writes it, where the event of the register does not rise to that.
    """

    version: int = Field(ge=1, description="of the petition's public state: the highest counts")
    terminated: bool


class WithdrawalRequest(LetterData):
    """A petitioner withdrew the petition at a unit whose node does not write the case: for the node that does.

    Who gets it and writes no more passes it on. unit, node: where the petitioner came, and where the answer goes;
    note, fields: as of a CaseFile.
    """

    withdrawal: UUID
    unit: str = Code
    node: str = Path
    version: int = Field(ge=1, description="of the case as the sender knows it: who has an older one waits for it")
    asked_at: datetime
    passed_on: int = Field(default=0, ge=0, description="how often")
    note: PersonalText = Field(default="", max_length=2000)
    fields: PersonalText = Field(default="", max_length=FORM)


class WithdrawalAnswer(LetterData):
    """Why a withdrawal was not written; where it was, the event of the case tells it."""

    withdrawal: UUID
    reason: str = Field(max_length=64, description="open vocabulary: slug of a refusal")


class RequestStep(LetterData):
    """A step of a request between two units, for the other one's node: the event, and what was written with it."""

    event: str = Field(max_length=20_000, description="routing.request.*, byte for byte")
    text: PersonalText = Field(default="", max_length=5000)


class RequestCancellation(LetterData):
    """The asking unit wants its request back; the node of the asked unit decides by what it has done meanwhile."""

    request: UUID
    round: int = Field(ge=1, description="the round that is no longer wanted; an answer given in it stands")


LETTERS: dict[str, type[LetterData]] = {
    "intake.petition-file.v1": PetitionFile,
    "intake.link-request.v1": LinkRequest,
    "intake.support-file.v1": SupportFile,
    "intake.terminated-question.v1": TerminatedQuestion,
    "intake.terminated-answer.v1": TerminatedAnswer,
    "notify.contact.v1": Contact,
    "routing.case-file.v1": CaseFile,
    "routing.recall-request.v1": RecallRequest,
    "routing.case-progress.v1": CaseProgress,
    "routing.recognition.v1": Recognition,
    "routing.withdrawal-request.v1": WithdrawalRequest,
    "routing.withdrawal-answer.v1": WithdrawalAnswer,
    "routing.request.v1": RequestStep,
    "routing.request-answer.v1": RequestStep,
    "routing.request-cancellation.v1": RequestCancellation,
    **MOVING,
    **DISPATCHES,
    **NOTICES,
    **TEXTS,
}

# minor versions of those that have gained optional fields since their first release
LETTER_MINORS = {
    "routing.case-file.v1": 2, "routing.case-progress.v1": 1, "routing.recall-request.v1": 1,
    "documents.manifest.v1": 1, "notify.contact.v1": 1, "intake.supplement.v1": 1,
}  # fmt: skip


def letter_schema(kind: str) -> str:
    """The name of the schema of a letter; the first ones were released without a minor."""
    minor = LETTER_MINORS.get(kind, 0)
    return f"{kind}.{minor}" if minor else kind
