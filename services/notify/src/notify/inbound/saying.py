"""Answers in words: numbers, stages and days, whatever the text that says them."""

from collections.abc import Sequence

from notify.inbound.facts import LETTERS, Answer
from notify.words.domain import Text, Words, day_in


def answered(words: Words, unit: str, language: str, answer: Answer, **values: str) -> tuple[Text, str]:
    """The text of the answer and what is made of it. values: office and link, and what only this answer says.

    Raises ValueError for what is not of its type.
    """
    text = words.of(unit, answer.template, language)
    told = [(each.number, words.stage_of(unit, language, each.state, each.stage)) for each in answer.known]
    lettered = zip(LETTERS, told, strict=False)
    known = {
        "numbers": _joined(language, [f"{letter} {number}" for letter, (number, _) in lettered]),
        "statuses": _joined(language, [f"{number} {stage}" for number, stage in told]),
    }
    if told:
        known["number"], known["stage"] = told[0]
    day = answer.date or (answer.known[0].since if answer.known else None)
    if day is not None:
        known["date"] = day_in(language, day)
    return text, text.render({**known, **values})


def _joined(language: str, parts: Sequence[str]) -> str:
    return (";" if language == "zh" else "; ").join(parts)
