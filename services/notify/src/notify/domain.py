"""What may be told to a petitioner, when, and how often it is tried. Standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Formatter

REGISTERED = "registered"
# what a petitioner is told of a case, each once in its handling, its review and its re-review; what is decided in
# writing is only announced, never told
TOLD = (
    "received", "accepted", "declined", "not-accepted-again", "answered", "guided", "exported", "extended",
    "opinion-served", "closed", "review-requested", "withdrawn",
)  # fmt: skip
HAPPENINGS = {f"routing.case.{happening}.v1": happening for happening in TOLD}
HANDLING = "handling"
# said in other words in a review (复查) and a re-review (复核), after which nothing more can be asked for (Art 36)
IN_REVIEW = ("review-opinion-served", "re-review-opinion-served", "re-review-review-requested")
TEMPLATES = (REGISTERED, *TOLD, *IN_REVIEW)
# domain rule: only number, stage and link or query code ever go out, signed by the office
MAY_GO_OUT = frozenset({"office", "number", "query_code", "link"})
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600))


@dataclass(frozen=True, slots=True)
class Template:
    """One text in one language; the stage is said in words. Raises ValueError for what may not go out."""

    name: str
    language: str
    version: int
    text: str

    def __post_init__(self) -> None:
        fields = {field for _, field, _, _ in Formatter().parse(self.text) if field is not None}
        if not fields <= MAY_GO_OUT:
            raise ValueError(f"{self.name}.{self.language}: {sorted(fields - MAY_GO_OUT)} may not go out")
        if len(self.text.splitlines()) != 1:
            raise ValueError(f"{self.name}.{self.language}: a message is one line")

    def render(self, values: Mapping[str, str]) -> str:
        return self.text.format_map(values)


def template_of(stage: str, happening: str) -> str:
    """Which text tells that something happened in a stage of the case."""
    own = f"{stage}-{happening}"
    return own if own in IN_REVIEW else happening


def pause_after(attempts: int) -> timedelta:
    """How long to wait before a message that could not be handed over is tried again."""
    return PAUSES[min(attempts, len(PAUSES)) - 1]


def try_again_at(attempts: int, *, created_at: datetime, now: datetime, give_up: timedelta) -> datetime | None:
    """When the next try is due; None when it has been tried for long enough."""
    return None if now - created_at >= give_up else now + pause_after(attempts)


def told_here(nodes: Sequence[str], own: str) -> bool:
    """Whether the petitioner is this node's to tell: it registered the petition and so first held the case."""
    return tuple(nodes[:1]) == (own,)
