"""What may be told to a petitioner, and when. Standard library only."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

REGISTERED = "registered"
# what a petitioner is told of a case, each once in its handling, its review and its re-review; what is decided in
# writing is only announced, never told
TOLD = (
    "handed-over", "received", "accepted", "declined", "not-accepted-again", "answered", "guided", "exported",
    "extended", "opinion-served", "closed", "review-requested", "withdrawn",
)  # fmt: skip
HAPPENINGS = {f"routing.case.{happening}.v1": happening for happening in TOLD}
HANDLING = "handling"
# with the end of a case whose procedure has a time for rating (满意度评价) its petitioner is asked to rate
EVALUATION, RATED_AFTER, ASKED_TO_RATE = "evaluation", "routing.case.closed.v1", "evaluation-asked"
# said in other words in a review (复查) and a re-review (复核), after which nothing more can be asked for (Art 36)
IN_REVIEW = ("review-opinion-served", "re-review-opinion-served", "re-review-review-requested")
TEMPLATES = (REGISTERED, *TOLD, ASKED_TO_RATE, *IN_REVIEW)
# domain rule: only number, stage, link, query code and days ever go out, signed by the office; each has its type
_DAY = r"(\d{4}年)?\d{1,2}月\d{1,2}日|\d{1,2} [A-Z][a-z]+ \d{4}|\d{4}-\d{2}-\d{2}"
TYPES: Mapping[str, str] = {
    "office": r"[^\x00-\x1f【】\[\]]{1,80}",
    "number": r"[0-9A-Za-z-]{4,64}",
    "query_code": r"[0-9A-Z]{6,32}",
    "link": r"https?://[!-~]{1,200}",
    "stage": r"[^\W\d_][^\d\x00-\x1f]{0,39}",
    "date": _DAY,
    "until": _DAY,
}


@dataclass(frozen=True, slots=True)
class Template:
    """One text in one language. Raises ValueError for what may not go out."""

    name: str
    language: str
    version: int
    text: str

    def __post_init__(self) -> None:
        if not self.fields <= TYPES.keys():
            raise ValueError(f"{self.name}.{self.language}: {sorted(self.fields - TYPES.keys())} may not go out")
        if len(self.text.splitlines()) != 1:
            raise ValueError(f"{self.name}.{self.language}: a message is one line")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field for _, field, _, _ in Formatter().parse(self.text) if field is not None)

    def render(self, values: Mapping[str, str]) -> str:
        """Raises ValueError, which tells the variable and never the value: something is not what it should be."""
        wrong = [field for field in sorted(self.fields) if not re.fullmatch(TYPES[field], values[field])]
        text = self.text.format_map(values)
        if wrong or not re.fullmatch(_shape(self.text), text):
            raise ValueError(f"{self.name}.{self.language}: {wrong} is not of its type")
        return text


@lru_cache(maxsize=256)
def _shape(text: str) -> str:
    """What every message of a template looks like, as a regular expression: its own words, and typed values."""
    parts = Formatter().parse(text)
    return "".join(re.escape(words) + (f"(?:{TYPES[field]})" if field else "") for words, field, _, _ in parts)


def template_of(stage: str, happening: str) -> str:
    """Which text tells that something happened in a stage of the case."""
    own = f"{stage}-{happening}"
    return own if own in IN_REVIEW else happening


def happenings(event_type: str, running: Collection[str]) -> tuple[str, ...]:
    """What a petitioner is told when this happened to a case. running: clocks that run of it then."""
    told = (HAPPENINGS[event_type],) if event_type in HAPPENINGS else ()
    return (*told, ASKED_TO_RATE) if event_type == RATED_AFTER and EVALUATION in running else told


def told_here(nodes: Sequence[str], own: str) -> bool:
    """Whether the petitioner is this node's to tell: it registered the petition and so first held the case."""
    return tuple(nodes[:1]) == (own,)
