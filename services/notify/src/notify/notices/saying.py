"""What a mass notice says to each recipient."""

from collections.abc import Mapping
from datetime import date

from notify.words.domain import DAYS, Text, Words, day_in


def said(words: Words, text: Text, unit: str, given: Mapping[str, str], *, number: str, state: str) -> str:
    """given: of the node, and the days as ISO dates. Raises ValueError for what is not of its type."""
    days = {name: day_in(text.language, date.fromisoformat(given[name])) for name in text.fields & DAYS}
    stage = words.stage_of(unit, text.language, state)
    return text.render({**given, **days, "number": number, "stage": stage})
