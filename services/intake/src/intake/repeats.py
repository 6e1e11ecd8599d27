"""Rules of recognising one matter in several petitions: repeats (重复信访). Standard library only."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from kit.errors import Refused

CHANGES = ("linked", "unlinked")
TERMINATED = "terminated"
# the answer has been given, or there will be none
ENDED = frozenset(
    {"served", "closed", "answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn"}
    | {TERMINATED}
)


def id_key(id_number: str) -> str:
    """One way to write an identity number."""
    return id_number.strip().upper()


@dataclass(frozen=True, slots=True)
class Standing:
    """What linking needs to know of a petition. node: where it was registered, which alone writes its public state."""

    id: UUID
    registered_at: datetime
    node: str
    region: str
    repeat_of: UUID | None = None


def check_repeat(petition: Standing, earlier: Standing) -> None:
    """A petition repeats one that was registered before it, so that chains have a first and never a circle.

    Raises Refused.
    """
    if petition.repeat_of is not None:
        raise Refused("linked-already")  # to what may be kept from who asks (Art 30)
    if (earlier.registered_at, earlier.id) >= (petition.registered_at, petition.id):
        raise Refused("repeat-of-later", field="repeat_of")


def repeated(petition: Standing) -> UUID:
    """What it repeats. Raises Refused("not-linked")."""
    if petition.repeat_of is None:
        raise Refused("not-linked")
    return petition.repeat_of


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided on links. change: linked, unlinked; other: with what; terminated: that matter went through
    re-review.
    """

    change: str
    other: UUID
    subject: str
    unit: str
    reason: str
    terminated: bool = False

    def links(self) -> dict[str, UUID | bool | None]:
        """What the petition's links are from then on."""
        linked = self.change == "linked"
        return {"repeat_of": self.other if linked else None, "terminated_before": linked and self.terminated}


def check(petition: Standing, decision: Decision, other: Standing | None) -> None:
    """other: null where it is not known here; what depends on it was checked by who decided. Raises Refused."""
    if decision.change == "linked":
        # the first moment there is: before any registration
        check_repeat(petition, other or replace(petition, registered_at=datetime.min.replace(tzinfo=UTC)))
    else:
        _check_same(repeated(petition), decision.other)


def _check_same(present: UUID, undone: UUID) -> None:
    """Raises Refused("version-conflict") when the links are others by now."""
    if present != undone:
        raise Refused("version-conflict")


@dataclass(frozen=True, slots=True)
class Found:
    """A petition that may be about the same, and how it was found. score: 0..100, what the texts have in common."""

    id: UUID
    same_id_number: bool
    same_phone: bool
    score: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """likely: same person and same matter, as far as a machine can tell; a person decides."""

    found: Found
    reasons: tuple[str, ...]
    likely: bool


def propose(found: Iterable[Found], *, same_matter: float, mass_similar: float, most: int) -> list[Proposal]:
    """What to show the clerk, best first.

    same_matter: score from which texts of one person are taken for the same matter; mass_similar: the higher score
    from which petitions of other people are shown, to be merged.
    """
    proposals = []
    for each in found:
        person = each.same_id_number or each.same_phone
        if not person and each.score < mass_similar:
            continue
        likely = person and each.score >= same_matter
        named = (("same-id-number", each.same_id_number), ("same-phone", each.same_phone),
                 ("similar-text", each.score >= same_matter))  # fmt: skip
        proposals.append(Proposal(each, tuple(reason for reason, holds in named if holds), likely))
    proposals.sort(key=lambda proposal: (proposal.likely, proposal.found.score, proposal.found.id), reverse=True)
    return proposals[:most]
