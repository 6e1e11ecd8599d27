"""What an item of the inbox is called, in Chinese and English, from words.toml."""

import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("words.toml")
LANGUAGES = ("zh", "en")
Said = tuple[str, str]  # Chinese, English


@cache
def _words() -> dict[str, dict[str, Said]]:
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {group: {name: (zh, en) for name, (zh, en) in words.items()} for group, words in raw.items()}


def _word(group: str, name: str) -> Said:
    """Of an open vocabulary: what a newer node says is shown as it is."""
    return _words()[group].get(name, (name, name))


def called(event_type: str, about: str, level: str) -> Said:
    """about: which request or time limit it is, level: of the limit; both empty where it is a step of a case. Of texts
    `about` is how many there are, where there is more than one.
    """
    _, thing, happened, _ = event_type.split(".")
    if thing in {"case", "petition"}:
        return _word(thing, happened)
    if thing == "text":
        zh, en = _word("text", happened)
        return (f"{zh}({about}条)", f"{en} ({about} texts)") if about else (zh, en)
    if thing == "clock":
        return _words()["alarm"].get(about) or _joined(_word("level", level), _word("limit", about))
    return _joined(_word("request", about), _word("step", happened))


def _joined(first: Said, second: Said) -> Said:
    return f"{first[0]}：{second[0]}", f"{first[1]}: {second[1]}"
