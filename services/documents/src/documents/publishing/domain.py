"""The rules of publishing: three reviews (三审), two more for what is sensitive, by persons none of whom wrote it.

Standard library only. The same floor stands in a trigger of the table of what is published.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from kit.errors import Refused

Kind = Literal["answers", "rules", "statistics-report", "annual-report", "case-example"]
State = Literal["draft", "review", "published"]
LEAST, LEAST_MORE = 3, 2  # reviewers of everything, and how many more of what is sensitive
CASE = "case-example"
BY_HAND = "by-hand"  # the topic of what a person called sensitive


@dataclass(frozen=True, slots=True)
class Step:
    """A review. own_unit: by a person of the unit that publishes; else also of other units of its region, or above."""

    name: str
    zh: str
    en: str
    roles: frozenset[str]
    own_unit: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """What is sensitive: a text that holds one of these words."""

    name: str
    zh: str
    en: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    steps: tuple[Step, ...]
    more: tuple[Step, ...]  # of what is sensitive, before the last step
    topics: tuple[Topic, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for fewer reviews than are always asked for."""
        names = [step.name for step in (*self.steps, *self.more)]
        if len(self.steps) < LEAST or len(self.more) < LEAST_MORE or len(set(names)) < len(names):
            raise ValueError(f"{LEAST} steps and {LEAST_MORE} more for what is sensitive, each with a name of its own")

    def required(self, *, sensitive: bool) -> tuple[Step, ...]:
        return (*self.steps[:-1], *self.more, self.steps[-1]) if sensitive else self.steps

    def step(self, name: str) -> Step | None:
        return next((each for each in (*self.steps, *self.more) if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides. own_unit: of the unit that publishes."""

    subject: str
    roles: frozenset[str]
    own_unit: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a publication stands. authors: everybody who saved a version, or explained what the check had found;
    approvals: of this round, account by step. Each submission is a round of its own.
    """

    state: State = "draft"
    version: int = 1
    round: int = 0
    sensitive: bool = False
    authors: frozenset[str] = frozenset()
    approvals: Mapping[str, str] = field(default_factory=dict)


def next_step(policy: Policy, standing: Standing) -> Step | None:
    """The review whose turn it is; None when nothing is left, or it is not under review."""
    if standing.state != "review":
        return None
    required = policy.required(sensitive=standing.sensitive)
    return next((step for step in required if step.name not in standing.approvals), None)


def save(standing: Standing, by: str) -> Standing:
    """The next version. Raises Refused: "publication-in-review", "publication-out"."""
    _check_draft(standing)
    return replace(standing, version=standing.version + 1, authors=standing.authors | {by})


def explain(standing: Standing, by: str) -> Standing:
    """Somebody answers for what the check has found, and reviews it no more. Raises Refused: as `save`."""
    _check_draft(standing)
    return replace(standing, authors=standing.authors | {by})


def submit(standing: Standing, *, hits: int, topics: Collection[str]) -> Standing:
    """Send it to be reviewed. hits: what the check has found and nobody explained; topics: sensitive ones in it.

    Raises Refused: as `save`, "publication-blocked".
    """
    _check_draft(standing)
    if hits:
        raise Refused("publication-blocked", hits=hits)
    return replace(
        standing, state="review", round=standing.round + 1, approvals={}, sensitive=standing.sensitive or bool(topics)
    )


def flag(standing: Standing) -> Standing:
    """Call it sensitive; nobody takes that back. Raises Refused("publication-out")."""
    if standing.state == "published":
        raise Refused("publication-out")
    return replace(standing, sensitive=True)


def send_back(standing: Standing, policy: Policy, step: str, by: Reviewer) -> Standing:
    """Return it to its authors. Raises Refused: as `approve`."""
    _check_turn(standing, policy, step, by)
    return replace(standing, state="draft", approvals={})


def approve(standing: Standing, policy: Policy, step: str, by: Reviewer) -> Standing:
    """Approve one step; the last one publishes.

    Raises Refused: "publication-not-in-review", "publication-other-step", "not-allowed", "four-eyes-publication",
    "reviewed-already".
    """
    _check_turn(standing, policy, step, by)
    after = replace(standing, approvals={**standing.approvals, step: by.subject})
    return after if next_step(policy, after) else replace(after, state="published")


def _check_draft(standing: Standing) -> None:
    if standing.state != "draft":
        raise Refused("publication-out" if standing.state == "published" else "publication-in-review")


def _check_turn(standing: Standing, policy: Policy, name: str, by: Reviewer) -> None:
    step = next_step(policy, standing)
    if step is None:
        raise Refused("publication-not-in-review")
    if step.name != name:
        raise Refused("publication-other-step", step=step.name)
    if not by.roles & step.roles or (step.own_unit and not by.own_unit):
        raise Refused("not-allowed")
    if by.subject in standing.authors:
        raise Refused("four-eyes-publication")
    if by.subject in standing.approvals.values():
        raise Refused("reviewed-already")
