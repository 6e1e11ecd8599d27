"""Who approves for a leader who is absent: given for a time, by the one who is."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from kit import audit
from kit.auth import Principal, allow
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.runtime import Runtime
from kit.texts import Code
from routing import approvals

LONGEST = timedelta(days=92)

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["routing"])
Leader = Annotated[Principal, allow("leader")]


class DelegationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to_subject: Code
    since: AwareDatetime
    until: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() < self.until - self.since <= LONGEST:
            raise ValueError("until comes after since, by 92 days at most")
        return self


class DelegationOut(BaseModel):
    id: UUID
    from_subject: str
    to_subject: str
    since: datetime
    until: datetime


@router.post("/delegations", status_code=201, dependencies=[Idempotent])
async def delegate(request: Request, session: Db, principal: Leader, body: DelegationIn) -> DelegationOut:
    """Let another account of the unit approve while the caller is absent (代为审批)."""
    runtime: Runtime = request.app.state.runtime
    if body.to_subject == principal.subject:
        raise Refused("invalid-input", field="to_subject")
    made = DelegationOut(
        id=runtime.ids.new(), from_subject=principal.subject, to_subject=body.to_subject, since=body.since,
        until=body.until,
    )  # fmt: skip
    await approvals.delegate(
        session, made.id, unit=principal.unit, role="leader", by=principal.subject, to=made.to_subject,
        since=made.since, until=made.until,
    )  # fmt: skip
    audit.note(
        session, "delegate", subject=made.id, at=runtime.clock.now(), actor=principal.subject, unit=principal.unit
    )
    return made


@router.get("/delegations")
async def list_delegations(request: Request, session: Db, principal: Leader) -> list[DelegationOut]:
    """Those of the caller's unit that are not over."""
    runtime: Runtime = request.app.state.runtime
    rows = await approvals.delegations_of(session, principal.unit, runtime.clock.now())
    return [DelegationOut.model_validate(row, from_attributes=True) for row in rows]
