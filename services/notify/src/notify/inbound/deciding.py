"""What becomes of a text: acted on, asked about, put before an operator, or only kept. Standard library only."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from notify.inbound.domain import (
    CONTENT,
    LONGEST,
    Appeal,
    Meaning,
    Petition,
    Rating,
    Status,
    Supplement,
    Unclear,
    Wish,
    clean,
    parse,
)

WAITING, ASKING, HANDLED, UNPARSED = "waiting", "asking", "handled", "unparsed"
DUPLICATE, LIMITED, BLOCKED = "duplicate", "limited", "blocked"
# states in which a case has its answer, or will have none: what was merged goes by itself again
ENDED = (
    "served", "closed", "answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn",
    "terminated",
)  # fmt: skip
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_LISTED = 5
TOO_MANY = "too-many"  # why a phone is blocked that nobody blocked


@dataclass(frozen=True, slots=True)
class Policy:
    """duplicate: how long the same text is one, query: the same, of questions and wishes, whose answer may be another
    one soon; dialogue: how long what was told is remembered; per_hour, per_day: texts of one phone that are acted on;
    block_after: texts beyond these, in a day, after which it is blocked for block_for.
    """

    duplicate: timedelta
    dialogue: timedelta
    per_hour: int
    per_day: int
    block_after: int
    block_for: timedelta
    query: timedelta

    @property
    def looks_back(self) -> int:
        """Texts of a phone that have to be known to decide on the next."""
        return self.per_day + self.block_after


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
class Past:
    """A text that was decided on before."""

    at: datetime
    digest: bytes
    state: str
    meaning: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """said: null where it cannot be read whole; taken: it has answered a question, and was thanked for."""

    id: UUID
    at: datetime
    digest: bytes
    said: str | None = field(repr=False)
    taken: bool = False


@dataclass(slots=True)
class Phone:
    """What is known of a phone, and what its texts change of that. left: dialogues that ended without a petition."""

    known: Sequence[Known] = ()
    past: list[Past] = field(default_factory=list)
    dialogue: Dialogue | None = None
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


def decide(text: Text, phone: Phone, policy: Policy) -> Decision:
    """The texts of a phone come here in their order; each changes what the next one meets."""
    made = _decide(text, phone, policy)
    if made.state != DUPLICATE:
        phone.past.append(Past(text.at, text.digest, made.state, made.meaning))
    return made


def _decide(text: Text, phone: Phone, policy: Policy) -> Decision:
    if text.taken:
        return Decision(HANDLED, "answer", taken=True)
    meaning = Unclear() if text.said is None else parse(text.said)
    window = policy.query if isinstance(meaning, Status | Wish) else policy.duplicate
    if any(past.digest == text.digest for past in phone.since(text.at, window)):
        return Decision(DUPLICATE, DUPLICATE)
    if isinstance(meaning, Wish) and meaning.what != "help":  # to be left alone is never refused
        phone.opted_out = meaning.what == "opt-out"
        return Decision(HANDLED, meaning.what, Answer(meaning.what))
    if phone.blocked_until is not None and phone.blocked_until > text.at:
        return _of_blocked(text, phone, appeals=isinstance(meaning, Appeal))
    if _too_many(text, phone, policy):
        return _beyond(text, phone, policy)
    return _for_operator("damaged") if text.said is None else _act_on(meaning, text, phone, policy)


def _act_on(meaning: Meaning, text: Text, phone: Phone, policy: Policy) -> Decision:
    match meaning:
        case Status():
            return _status(meaning, phone)
        case Supplement() | Rating():
            return _about(meaning, phone)
        case Wish():
            return Decision(HANDLED, "help", Answer("help"))
        case Petition():
            return _raised(text, phone, meaning, policy)
        case _:
            return _said(text, phone, policy)


def _for_operator(meaning: str, answer: str = "received") -> Decision:
    return Decision(UNPARSED, meaning, Answer(answer))


def _of_blocked(text: Text, phone: Phone, *, appeals: bool) -> Decision:
    """Kept, and told once a day; one appeal a day goes to an operator."""
    today = phone.since(text.at, DAY)
    if appeals and not any(past.meaning == "appeal" for past in today):
        return _for_operator("appeal", "appeal")
    told = any(past.state == BLOCKED for past in today)
    return Decision(BLOCKED, BLOCKED, None if told else Answer(BLOCKED, date=phone.blocked_until))


def _too_many(text: Text, phone: Phone, policy: Policy) -> bool:
    acted_on = [past for past in phone.since(text.at, DAY) if past.state not in {LIMITED, BLOCKED}]
    return len(acted_on) >= policy.per_day or sum(past.at > text.at - HOUR for past in acted_on) >= policy.per_hour


def _beyond(text: Text, phone: Phone, policy: Policy) -> Decision:
    beyond = [past for past in phone.since(text.at, DAY) if past.state == LIMITED]
    if len(beyond) >= policy.block_after:
        phone.blocked_until, phone.blocked_for = text.at + policy.block_for, TOO_MANY
        return Decision(BLOCKED, BLOCKED, Answer(BLOCKED, date=phone.blocked_until))
    told = any(past.at > text.at - HOUR for past in beyond)
    return Decision(LIMITED, LIMITED, None if told else Answer(LIMITED))


def _status(asked: Status, phone: Phone) -> Decision:
    """Only to the phone that is the contact; to any other one the answer says nothing."""
    if asked.number is None:
        listed = phone.known[:MOST_LISTED]
        return Decision(HANDLED, "status", Answer("list", listed) if listed else Answer("none"))
    found = phone.named(asked.number)
    if found is None:
        return Decision(HANDLED, "status", Answer("unknown-number"))
    return Decision(HANDLED, "status", Answer("status", (found,)), petition_id=found.id)


def _about(said: Supplement | Rating, phone: Phone) -> Decision:
    """More to a petition, or what its petitioner thinks: intake decides whether this phone may."""
    if isinstance(said, Rating) and (said.office is None or said.unit is None):
        return Decision(HANDLED, "rating", Answer("how-to-rate", phone.known[:1]))
    meaning = "rating" if isinstance(said, Rating) else "supplement"
    if isinstance(said, Supplement) and not said.content:
        return Decision(HANDLED, meaning, Answer("help"))
    number = said.number
    if number is None:
        if len(phone.known) != 1:
            listed = phone.known[:MOST_LISTED]
            return Decision(UNPARSED, meaning, Answer("which-number", listed) if listed else Answer("received"))
        number = phone.known[0].number
    found = phone.named(number)
    letter = Rating(number, said.office, said.unit) if isinstance(said, Rating) else Supplement(number, said.content)
    return Decision(WAITING, meaning, letter=letter, petition_id=None if found is None else found.id)


def _open(text: Text, phone: Phone) -> Dialogue | None:
    """The dialogue under way; one whose time is over is left to an operator."""
    dialogue = phone.dialogue
    if dialogue is not None and dialogue.expires_at <= text.at:
        phone.left.append(dialogue.thread)
        phone.dialogue = dialogue = None
    return dialogue


def _raised(text: Text, phone: Phone, said: Petition, policy: Policy) -> Decision:
    dialogue = _open(text, phone)
    if dialogue is not None and dialogue.asked == CONTENT and said.missing is not None:
        return _said(text, phone, policy)  # the sign stands in what was asked for
    thread = text.id if dialogue is None else dialogue.thread
    return _next(text, phone, said if dialogue is None else dialogue.said.with_later(said), thread, policy)


def _said(text: Text, phone: Phone, policy: Policy) -> Decision:
    """Plain words answer what was asked for; otherwise they are for an operator."""
    dialogue = _open(text, phone)
    if dialogue is None:
        return _for_operator("unclear")
    told = dialogue.said.told(dialogue.asked, clean(text.said or ""))
    if len(getattr(told, dialogue.asked) or "") > LONGEST[dialogue.asked]:
        return _for_operator("unclear")
    return _next(text, phone, told, dialogue.thread, policy)


def _next(text: Text, phone: Phone, said: Petition, thread: UUID, policy: Policy) -> Decision:
    missing = said.missing
    if missing is None:
        phone.dialogue = None
        return Decision(WAITING, "petition", letter=said, thread=thread)
    phone.dialogue = Dialogue(thread, said, missing, text.at + policy.dialogue)
    return Decision(ASKING, "petition", Answer(ASKS[missing]), thread=thread)


ASKS: Mapping[str, str] = MappingProxyType({"name": "ask-name", "address": "ask-address", "content": "ask-content"})
