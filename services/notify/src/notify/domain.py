"""What may be told to a petitioner, and when. Standard library only."""

from collections.abc import Collection, Sequence

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
