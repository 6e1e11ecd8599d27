"""What is known of a telephone and of what it sends, and what may become of a text. Standard library only."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from notify.inbound.domain import Petition, Rating, Supplement

WAITING, ASKING, HANDLED, UNPARSED = "waiting", "asking", "handled", "unparsed"
DUPLICATE, LIMITED, BLOCKED = "duplicate", "limited", "blocked"
# states in which a case has its answer, or will have none: what was merged goes by itself again
ENDED = (
    "served", "closed", "answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn",
    "terminated",
)  # fmt: skip
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LETTERS = "ABCDE"  # by which what is listed may be named: a digit may answer a call-back
MOST_LISTED = len(LETTERS)
PARTS_OF_ONE = 10  # parts that count as one text: who tells much at once is not stopped, who sends thousands is
TOO_MANY = "too-many"  # why a phone is blocked that nobody blocked


@dataclass(frozen=True, slots=True)
class Policy:
    """duplicate: how long the same text is one, query: the same, of questions and wishes, whose answer may be another
    one soon; dialogue: how long what was told is remembered; per_hour, per_day: texts of one phone that are acted on;
    block_after: texts beyond these, in a day, after which it is blocked for block_for; petition: how long the same text
    raises one petition.
    """

    duplicate: timedelta
    dialogue: timedelta
    per_hour: int
    per_day: int
    block_after: int
    block_for: timedelta
    query: timedelta
    petition: timedelta = DAY

    @property
    def span(self) -> timedelta:
        """How far back the texts of a phone have to be known to decide on the next."""
        return max(DAY, self.petition)

    @property
    def looks_back(self) -> int:
        """How many of them."""
        return (self.per_day + self.block_after) * ceil(self.span / DAY)


@dataclass(frozen=True, slots=True)
class Known:
    """A petition whose contact the phone is, as far as this node knows. state, stage: of its case; null: registered."""

    id: UUID
    number: str
    state: str | None = None
    stage: str | None = None
    at: datetime | None = None

    @property
    def since(self) -> datetime | None:
        """Since when it is as it is: of what was only registered, the day in its number."""
        with suppress(ValueError):
            return self.at or datetime.strptime(f"{self.number[8:16]}+0800", "%Y%m%d%z")
        return None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """said: so far; asked: the part that was asked for; thread: the first of its texts."""

    thread: UUID
    said: Petition
    asked: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """Which petition was meant by what names none. listed: numbers that were offered; thread: the text that said it."""

    thread: UUID
    said: Supplement | Rating
    listed: Sequence[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """A text that was decided on before. parts: short messages that it came in."""

    at: datetime
    digest: bytes
    state: str
    meaning: str | None = None
    petition_id: UUID | None = None
    parts: int = 1

    @property
    def counts(self) -> int:
        """As how many texts."""
        return ceil(self.parts / PARTS_OF_ONE)


@dataclass(frozen=True, slots=True)
class Text:
    """said: null where it cannot be read whole; taken: it has answered a question, and was thanked for."""

    id: UUID
    at: datetime
    digest: bytes
    said: str | None = field(repr=False)
    taken: bool = False
    parts: int = 1


@dataclass(slots=True)
class Phone:
    """What is known of a phone, and what its texts change of that. past: in the order they came; left: threads of texts
    that were asked about and ended as nothing.
    """

    known: Sequence[Known] = ()
    past: list[Past] = field(default_factory=list)
    dialogue: Dialogue | None = None
    question: Question | None = None
    blocked_until: datetime | None = None
    blocked_for: str | None = None
    opted_out: bool | None = None
    left: list[UUID] = field(default_factory=list)

    def since(self, at: datetime, span: timedelta) -> list[Past]:
        return [past for past in self.past if past.at > at - span]

    def named(self, number: str) -> Known | None:
        return next((each for each in self.known if each.number == number), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """A template and what it says: numbers, stages, dates; nothing else goes out."""

    template: str
    known: Sequence[Known] = ()
    date: datetime | None = None


Letter = Petition | Supplement | Rating


@dataclass(frozen=True, slots=True)
class Decision:
    """letter: for intake, whose outcome is the answer; taken: somebody else answers it."""

    state: str
    meaning: str
    answer: Answer | None = None
    letter: Letter | None = None
    thread: UUID | None = None
    petition_id: UUID | None = None
    taken: bool = False

    @property
    def wants_answer(self) -> bool:
        return self.taken or self.answer is not None or self.letter is not None
