"""Opinions that wait for the caller, and many of them decided in one call: each case for itself."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row

from kit import problems
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.idempotency import IdempotentRoute, Keyed
from kit.pages import Cursor, Limit, Page, after_place, cursor_of_place
from kit.parts import part
from kit.runtime import Runtime
from routing import approvals, resources, showing, usecases
from routing.models import CaseRow, Decision

MOST = 100  # cases in one call

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["routing"])
# who approves is said by the procedure of each case, and may be a delegate
Approver = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]


class WaitingOut(CaseRow):
    """role: as which the caller approves; by, at: who sent the opinion for approval, and when."""

    outcome: str
    papers: list[UUID]
    role: str
    by: str | None
    at: datetime


class CaseDecision(Decision):
    """As for the action of one case, with the case it is for."""

    case: UUID
    action: Literal["approve", "return-draft"] = "approve"


class DecisionsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decisions: list[CaseDecision] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.case for each in self.decisions}) < len(self.decisions):
            raise ValueError("a case is decided once")
        return self


class DecidedOut(BaseModel):
    """What became of one case: 200 with how it stands now, or the status and the problem that a call of its own would
    have been answered with.
    """

    case: UUID
    status: int
    version: int | None = None
    state: str | None = None
    problem: dict[str, Any] | None = None


class DecisionsOut(BaseModel):
    done: int
    results: list[DecidedOut]


@router.get("/approvals")
async def list_waiting(
    request: Request, session: Db, principal: Approver, limit: Limit = 50, cursor: Cursor = None
) -> Page[WaitingOut]:
    """Opinions that the caller may approve now, also for somebody absent (待我审批). What is due first first."""
    runtime: Runtime = request.app.state.runtime
    turns = [
        (procedure.key, step, role)
        for procedure in resources.of(runtime).procedures.procedures.values()
        for step, role in enumerate(procedure.approval)
    ]
    rows = await approvals.waiting(
        session, turns, principal, runtime.node, runtime.clock.now(), limit=limit, after=after_place(cursor)
    )
    shown = [_waiting(runtime, row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=shown, next=cursor_of_place(shown[-1].due_at, shown[-1].id) if more else None)


def _waiting(runtime: Runtime, row: Row[Any]) -> WaitingOut:
    shown = showing.line(runtime, row).model_dump()
    return WaitingOut(
        **shown, outcome=row.body["outcome"], papers=row.body["papers"], role=row.role, by=row.sent_by, at=row.sent_at
    )


@router.post(
    "/approvals",
    dependencies=[Keyed],
    responses={207: {"model": DecisionsOut, "description": "not all of them were done"}},
)
async def decide(request: Request, response: Response, principal: Approver, body: DecisionsIn) -> DecisionsOut:
    """Approve or return several cases (批量审批): each is decided, written and told of by itself, as by a call of its
    own. 207 when not all were done. Sent again with the same key, what was done is not done twice.
    """
    results: list[DecidedOut] = []
    for each in body.decisions:
        results.append(await _decided(request, principal, each))
        if results[-1].status == 503:  # the others would only wait for the same
            break
    results += [
        results[-1].model_copy(update={"case": each.case}) for each in body.decisions[len(results) :]
    ]  # fmt: skip
    done = sum(each.problem is None for each in results)
    response.status_code = 200 if done == len(results) else 207
    return DecisionsOut(done=done, results=results)


async def _decided(request: Request, principal: Principal, asked: CaseDecision) -> DecidedOut:
    async def work(session: Session) -> str:
        runtime: Runtime = request.app.state.runtime
        wish = usecases.Wish(asked.version, asked.note, asked.fields)
        there = await usecases.act(runtime, session, asked.case, principal, asked.action, wish)
        case = there.case
        return DecidedOut(case=case.id, status=200, version=case.version, state=case.state).model_dump_json()

    try:
        return DecidedOut.model_validate_json(await part(request, str(asked.case), asked.model_dump_json(), work))
    except Exception as error:  # noqa: BLE001 - mapped and logged by the kit's own handlers
        problem = await problems.told(request, error)
        return DecidedOut(case=asked.case, status=problem["status"], problem=problem)
