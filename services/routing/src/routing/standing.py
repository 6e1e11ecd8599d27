"""A case as it stands, with all that an action on it looks at and an answer shows: read in one statement."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from routing.confidence import is_confidential
from routing.domain import Actor, Case
from routing.links.domain import lead_of
from routing.procedures.domain import ActionRule
from routing.requests.rules import ENDED
from routing.shapes import read
from routing.table import BY_ITSELF
from routing.withdrawals.store import Asked

# $3: the caller's unit and all above it; what accuses one of them is kept from it (Art 30). Where only some may read,
# they are named.
# support: who was asked for it, and whether the holder asked and has not closed it; what an earlier holder asked does
# not bind the present
READ = """
SELECT version, body::text AS body,
  ARRAY(SELECT (version, action, unit, actor, at, reason, note, fields) FROM timeline
    WHERE timeline.case_id = cases.id ORDER BY version) AS steps,
  ARRAY(SELECT (paper_id, kind, written_at, unit, outcome) FROM papers WHERE papers.case_id = cases.id) AS papers,
  ARRAY(SELECT (to_unit, bool_or(status <> ALL ($6::text[]) AND from_unit = holder_unit)) FROM requests
    WHERE requests.case_id = cases.id AND kind = 'support' GROUP BY to_unit ORDER BY to_unit) AS support,
  ARRAY(SELECT (role, from_subject) FROM delegations WHERE unit = ($3::text[])[1] AND to_subject = $4
    AND since <= $5 AND until > $5 ORDER BY since, id) AS lent,
  ARRAY(SELECT (id, version, unit, actor, at, reason, note, fields) FROM withdrawals
    WHERE withdrawals.case_id = cases.id ORDER BY at, id) AS withdrawals
FROM cases
WHERE id = $1 AND NOT accused_units && $3::text[] AND (readers IS NULL OR readers && $3::text[])
  AND EXISTS (SELECT FROM case_scopes WHERE scope = $2 AND case_id = $1)
"""


class Step(NamedTuple):
    """A line of the timeline. note, fields: sealed."""

    version: int
    action: str
    unit: str
    actor: str | None
    at: datetime
    reason: str | None
    note: bytes | None
    fields: bytes | None


class Paper(NamedTuple):
    """What was filed for the case. unit: that filed it, None of one filed before that was kept; outcome: of an opinion,
    where it was told.
    """

    id: UUID
    kind: str
    written_at: datetime
    unit: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """support: units asked, and whether the holder has still to take the answer; lent: roles that somebody absent gave
    the caller, and who; withdrawals: taken down here, of which another node decides; named: of the leads
    that a confidential case names, ids and numbers of those that the caller may read.
    """

    case: Case
    steps: tuple[Step, ...]
    papers: tuple[Paper, ...]
    support: tuple[tuple[str, bool], ...]
    lent: tuple[tuple[str, str], ...]
    withdrawals: tuple[Asked, ...] = ()
    named: Collection[str] = ()

    def leads(self) -> tuple[list[UUID], list[str]]:
        """Of a confidential case, the leads that its state and its timeline name: by id, by number."""
        if not is_confidential(self.case):
            return [], []
        numbers = [number for step in self.steps if (number := lead_of(step.reason))]
        return [self.case.merged_into] if self.case.merged_into else [], numbers

    def shows(self, lead: object) -> bool:
        """Whether the caller may be told of a lead, by id or number."""
        return not is_confidential(self.case) or str(lead) in self.named

    @property
    def asked_to_withdraw(self) -> Asked | None:
        """The withdrawal that is neither written nor answered."""
        waiting = (each for each in self.withdrawals if each.reason is None)
        return None if self.case.state == "withdrawn" else next(waiting, None)

    def actor(self, principal: Principal, node: str) -> Actor:
        """The caller; while an opinion is in approval also with what was delegated."""
        return Actor(principal.subject, principal.unit, node, principal.roles | {*self._lent()}, principal.above)

    def _lent(self) -> dict[str, str]:
        """Role to who lends it, who has had no part in the opinion: nobody approves it a second time by a deputy."""
        if self.case.state != "in-approval":
            return {}
        took_part = {self.case.submitted_by, *self.case.approvers}
        return {role: by for role, by in reversed(self.lent) if by not in took_part}

    def on_behalf_of(self, principal: Principal, role: str) -> str | None:
        """Who is absent and lends the caller this role, which it does not hold itself."""
        return None if role in principal.roles else self._lent().get(role)

    def own_papers(self) -> Iterator[Paper]:
        """Those that the holder filed in the present stage: nobody else's, and no earlier one, is its decision."""
        review = next((hop for hop in reversed(self.case.hops) if hop.kind == "review"), None)
        since = review.offered_at if review is not None and self.case.stage != "handling" else None
        for paper in self.papers:
            if paper.unit in {None, self.case.holder_unit} and (since is None or paper.written_at >= since):
                yield paper

    def missing_papers(self, rule: ActionRule) -> list[str]:
        """Kinds that must be filed before the action and are not."""
        if not rule.papers:
            return []
        filed = {paper.kind for paper in self.own_papers()}
        return [kind for kind in rule.papers if kind not in filed]

    def missing_support(self, action: str) -> list[str]:
        """Supporting units whose answer the lead unit must have closed before it sends its opinion for approval."""
        return [unit for unit, awaited in self.support if awaited] if action == "submit" else []

    def concerned(self) -> tuple[str, ...]:
        """Units that acted on the case, as far as that is known here, or were asked to support a holder."""
        acted = (step.unit for step in self.steps if step.action == "open" or step.action not in BY_ITSELF)
        return (*acted, *(unit for unit, _ in self.support))

    def check_papers(self, paper_ids: Sequence[UUID], outcome: str | None) -> None:
        """All of them were filed for this case; among them is the holder's opinion of this stage, and none but such a
        one, with that outcome (Art 32). Raises Refused.
        """
        named = [paper for paper in self.papers if paper.id in paper_ids]
        opinions = {paper for paper in named if paper.kind.endswith("opinion")}
        if len(named) != len(set(paper_ids)) or not opinions or not opinions <= {*self.own_papers()}:
            raise Refused("paper-missing", field="papers")
        if any(paper.outcome not in {None, outcome} for paper in opinions):
            raise Refused("outcome-differs", field="outcome", rule="Art 32")

    def after(self, case: Case, step: Step) -> "Standing":
        """How it stands when this version is written."""
        return replace(self, case=case, steps=(*self.steps, step))


async def stands(session: Session, case_id: UUID, principal: Principal, now: datetime) -> Standing | None:
    """The case, if the caller may see it. Nothing is locked: a version that is written stands behind the one before."""
    row = await session.look(READ, case_id, principal.region, principal.line, principal.subject, now, sorted(ENDED))
    if row is None:
        return None
    steps = tuple(map(Step._make, row["steps"]))
    case = read(case_id, row["version"], row["body"])
    return Standing(
        _in_approval(case, steps) if case.state == "in-approval" else case,
        steps,
        tuple(map(Paper._make, row["papers"])),
        tuple((unit, awaited) for unit, awaited in row["support"]),
        tuple((role, by) for role, by in row["lent"]),
        tuple(map(Asked._make, row["withdrawals"])),
    )


def _in_approval(case: Case, steps: Sequence[Step]) -> Case:
    """With those who have had a part in the opinion in hand: who sent it and who approved it since."""
    sent = max((number for number, step in enumerate(steps) if step.action == "submit"), default=0)
    approvers = tuple(step.actor for step in steps[sent:] if step.action == "approve" and step.actor is not None)
    return replace(case, submitted_by=steps[sent].actor if steps else None, approvers=approvers)
