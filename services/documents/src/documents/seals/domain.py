"""The rules of official papers: document numbers (发文字号), who may have what sealed, what supersedes what.
Standard library only.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

from kit.errors import Refused

CHINA = timezone(timedelta(hours=8))
BY_APPROVAL = frozenset({"opinion"})  # sealed when the last approver has approved (Art 32), never by a click
CODE_LENGTH = 16  # letters of a verification code, five bits each
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)


def number_text(word: str, series: str, year: int, number: int) -> str:
    """`丁信〔2026〕12号`: the unit's word (机关代字), that of the series, the year and the place in it, without zeros
    before it (GB/T 9704, 7.2.5).
    """
    return f"{word}{series}〔{year}〕{number}号"


def issued_on(at: datetime) -> date:
    """The day a paper bears: that in China."""
    return at.astimezone(CHINA).date()


def wait_after(attempts: int) -> timedelta:
    """How long to wait before the next try, after so many have failed."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, 16)), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who asks for the seal: account, unit."""

    subject: str
    unit: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A filed paper that is to become official. outcome: of an opinion."""

    paper_id: UUID
    petition_id: UUID
    kind: str
    unit: str
    written_by: str
    outcome: str | None = None


def check_sealable(draft: Draft, by: Sealer, supersedes: Draft | None) -> None:
    """Whether a leader may have a paper sealed without an approval chain: one of the own unit; an opinion only as the
    correction of one that was approved, with the same outcome, and written by somebody else (four eyes).

    Raises Refused: "not-your-seal", "approval-needed", "four-eyes-seal", "not-a-correction".
    """
    if draft.unit != by.unit:
        raise Refused("not-your-seal")
    if supersedes is not None:
        _check_correction(draft, supersedes)
    if draft.kind not in BY_APPROVAL:
        return
    if supersedes is None:
        raise Refused("approval-needed", kind=draft.kind)
    if draft.written_by == by.subject:
        raise Refused("four-eyes-seal")


def _check_correction(draft: Draft, supersedes: Draft) -> None:
    """What corrects a paper is of its kind, petition and unit, and decides nothing else: that is for a review."""
    same = (draft.petition_id, draft.kind, draft.unit, draft.outcome) == (
        supersedes.petition_id, supersedes.kind, supersedes.unit, supersedes.outcome,
    )  # fmt: skip
    if not same or draft.paper_id == supersedes.paper_id:
        raise Refused("not-a-correction")
