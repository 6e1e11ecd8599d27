"""What becomes of a text: acted on, asked about, put before an operator, or only kept. Standard library only."""

from collections.abc import Mapping
from dataclasses import replace
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
    narrow,
    parse,
)
from notify.inbound.facts import (
    ASKING,
    BLOCKED,
    DAY,
    DUPLICATE,
    HANDLED,
    HOUR,
    LETTERS,
    LIMITED,
    MOST_LISTED,
    TOO_MANY,
    UNPARSED,
    WAITING,
    Answer,
    Decision,
    Dialogue,
    Past,
    Phone,
    Policy,
    Question,
    Text,
)

WISHES = ("opt-out", "opt-in")


def decide(text: Text, phone: Phone, policy: Policy) -> Decision:
    """The texts of a phone come here in their order; each changes what the next one meets."""
    made = _decide(text, phone, policy)
    if made.state != DUPLICATE:
        phone.past.append(Past(text.at, text.digest, made.state, made.meaning, made.petition_id, text.parts))
    return made


def _decide(text: Text, phone: Phone, policy: Policy) -> Decision:
    if text.taken:
        return Decision(HANDLED, "answer", taken=True)
    meaning = Unclear() if text.said is None else parse(text.said)
    if _came_before(text, meaning, phone, policy):
        return Decision(DUPLICATE, DUPLICATE)
    if isinstance(meaning, Wish) and meaning.what in WISHES:
        return _wished(text, phone, policy, meaning.what)
    if stopped := _stopped(text, phone, policy, appeals=isinstance(meaning, Appeal)):
        return stopped
    return _for_operator("damaged") if text.said is None else _act_on(meaning, text, phone, policy)


def _came_before(text: Text, meaning: Meaning, phone: Phone, policy: Policy) -> bool:
    """A moment ago: brought twice, or sent by an impatient thumb."""
    lately = phone.since(text.at, policy.query if isinstance(meaning, Status | Wish) else policy.duplicate)
    if isinstance(meaning, Wish) and meaning.what in WISHES:  # one that another wish came after is one anew
        lately = [past for past in lately if past.meaning in WISHES][-1:]
    return any(past.digest == text.digest for past in lately)


def _wished(text: Text, phone: Phone, policy: Policy, wish: str) -> Decision:
    """To be left alone is never refused. Beyond the limits it is confirmed once a day, and done without a word then."""
    confirmed = any(past.meaning == wish for past in phone.since(text.at, DAY))
    phone.opted_out = wish == "opt-out"
    stopped = _stopped(text, phone, policy) if confirmed else None
    return Decision(HANDLED, wish, Answer(wish)) if stopped is None else replace(stopped, meaning=wish)


def _stopped(text: Text, phone: Phone, policy: Policy, *, appeals: bool = False) -> Decision | None:
    """What becomes of a text that is not acted on, whatever it says; null: it is."""
    if phone.blocked_until is not None and phone.blocked_until > text.at:
        return _of_blocked(text, phone, appeals=appeals)
    return _beyond(text, phone, policy) if _too_many(text, phone, policy) else None


def _act_on(meaning: Meaning, text: Text, phone: Phone, policy: Policy) -> Decision:
    if chosen := _chosen(meaning, text, phone):
        return chosen
    match meaning:
        case Status():
            return _status(meaning, phone)
        case Supplement() | Rating():
            return _about(meaning, text, phone, policy)
        case Wish():
            return Decision(HANDLED, "help", Answer("help"))
        case Petition():
            return _raised(text, phone, meaning, policy)
        case _:
            return _said(text, phone, policy)


def _for_operator(meaning: str, answer: str = "text-received") -> Decision:
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
    lately = sum(past.counts for past in acted_on if past.at > text.at - HOUR)
    return lately >= policy.per_hour or sum(past.counts for past in acted_on) >= policy.per_day


def _beyond(text: Text, phone: Phone, policy: Policy) -> Decision:
    beyond = [past for past in phone.since(text.at, DAY) if past.state == LIMITED]
    if sum(past.counts for past in beyond) >= policy.block_after:
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
    template = "status" if found.since is not None else "list"  # which says no day
    return Decision(HANDLED, "status", Answer(template, (found,)), petition_id=found.id)


def _about(said: Supplement | Rating, text: Text, phone: Phone, policy: Policy) -> Decision:
    """More to a petition, or what its petitioner thinks: intake decides whether this phone may."""
    if isinstance(said, Rating) and (said.office is None or said.unit is None):
        return Decision(HANDLED, "rating", Answer("how-to-rate", phone.known[:1]))
    if isinstance(said, Supplement) and not said.content:
        return Decision(HANDLED, "supplement", Answer("help"))
    if said.number is None and len(phone.known) > 1:
        return _ask_which(said, text, phone, policy)
    if said.number is None and not phone.known:
        return _for_operator(_name(said))
    number = said.number or phone.known[0].number
    found = phone.named(number)
    return Decision(
        WAITING, _name(said), letter=replace(said, number=number), petition_id=None if found is None else found.id
    )


def _name(said: Supplement | Rating) -> str:
    return "rating" if isinstance(said, Rating) else "supplement"


def _ask_which(said: Supplement | Rating, text: Text, phone: Phone, policy: Policy) -> Decision:
    """Of several petitions one was meant: what was said waits until it is named."""
    if phone.question is not None:
        phone.left.append(phone.question.thread)
    listed = phone.known[:MOST_LISTED]
    phone.question = Question(text.id, said, [each.number for each in listed], text.at + policy.dialogue)
    return Decision(ASKING, _name(said), Answer("which-number", listed), thread=text.id)


def _chosen(meaning: Meaning, text: Text, phone: Phone) -> Decision | None:
    """What was said without a number goes on, once, as soon as one of this phone's is named."""
    question = phone.question
    if question is not None and question.expires_at <= text.at:
        phone.left.append(question.thread)
        phone.question = question = None
    found = None if question is None else phone.named(_named(meaning, text.said or "", question) or "")
    if question is None or found is None:
        return None
    phone.question = None
    said = replace(question.said, number=found.number)
    return Decision(WAITING, _name(said), letter=said, thread=question.thread, petition_id=found.id)


def _named(meaning: Meaning, text: str, question: Question) -> str | None:
    """The number, where a text says that and nothing else: alone, after `BC` again, or by its letter."""
    match meaning:
        case Status():
            return meaning.number
        case Supplement(content="") if isinstance(question.said, Supplement):
            return meaning.number
        case Unclear():
            letter = narrow(clean(text)).strip(" .。").upper()
            place = LETTERS.find(letter) if len(letter) == 1 else -1
            return question.listed[place] if 0 <= place < len(question.listed) else None
        case _:
            return None


def _open(text: Text, phone: Phone) -> Dialogue | None:
    """The dialogue under way; one whose time is over is left to an operator."""
    dialogue = phone.dialogue
    if dialogue is not None and dialogue.expires_at <= text.at:
        phone.left.append(dialogue.thread)
        phone.dialogue = dialogue = None
    return dialogue


def _raised(text: Text, phone: Phone, said: Petition, policy: Policy) -> Decision:
    if said.missing is None and (again := _raised_before(text, phone, policy)):
        return again
    dialogue = _open(text, phone)
    if dialogue is not None and dialogue.asked == CONTENT and said.missing is not None:
        return _said(text, phone, policy)  # the sign stands in what was asked for
    thread = text.id if dialogue is None else dialogue.thread
    return _next(text, phone, said if dialogue is None else dialogue.said.with_later(said), thread, policy)


def _raised_before(text: Text, phone: Phone, policy: Policy) -> Decision | None:
    """The same words raise one petition: who sends them again is told its number; a centre that brings them again, not
    having seen that they were kept, has no second one made of them.
    """
    first = next(
        (
            past
            for past in phone.since(text.at, policy.petition)
            if past.digest == text.digest and past.meaning == "petition" and past.state in {WAITING, HANDLED}
        ),
        None,
    )
    if first is None:
        return None
    if first.state == WAITING:  # its number is on its way to this phone
        return Decision(DUPLICATE, DUPLICATE)
    found = next((each for each in phone.known if each.id == first.petition_id), None)
    if found is None:
        return _for_operator(DUPLICATE)
    return Decision(HANDLED, DUPLICATE, Answer("raised-before", (found,)), petition_id=found.id)


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
