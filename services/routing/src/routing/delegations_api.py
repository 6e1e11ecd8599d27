"""Who approves for a leader who is absent: given for a time, by the one who is."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from kit import audit
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.runtime import Runtime
from kit.texts import Code
from routing import approvals, resources

ROLE = "leader"  # of the one who is absent

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["routing"])
Leader = Annotated[Principal, allow("leader")]


class DelegationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to_subject: Code
    since: AwareDatetime
    until: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.since:
            raise ValueError("until comes after since")
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
    most = resources.of(runtime).settings.delegation_days
    if body.until - body.since > timedelta(days=most):
        raise Refused("invalid-input", field="until", most=most)
    made = DelegationOut(
        id=runtime.ids.new(), from_subject=principal.subject, to_subject=body.to_subject, since=body.since,
        until=body.until,
    )  # fmt: skip
    await approvals.delegate(
        session, made.id, unit=principal.unit, role=ROLE, by=principal.subject, to=made.to_subject,
        since=made.since, until=made.until,
    )  # fmt: skip
    _audit(session, "delegate", principal, made, runtime.clock.now())
    return made


@router.get("/delegations")
async def list_delegations(request: Request, session: Db, principal: Leader) -> list[DelegationOut]:
    """Those of the caller's unit that are not over."""
    runtime: Runtime = request.app.state.runtime
    rows = await approvals.delegations_of(session, principal.unit, runtime.clock.now())
    return [DelegationOut.model_validate(row, from_attributes=True) for row in rows]


@router.post("/delegations/{delegation_id}/end", dependencies=[Idempotent])
async def end(request: Request, session: Db, principal: Leader, delegation_id: UUID) -> DelegationOut:
    """Who is back approves again: the delegation ends now. Only the one who gave it can end it."""
    now = request.app.state.runtime.clock.now()
    row = await approvals.end_delegation(session, delegation_id, unit=principal.unit, by=principal.subject, now=now)
    if row is None:
        raise Refused("not-found")
    ended = DelegationOut.model_validate(dict(row))
    _audit(session, "end-delegation", principal, ended, now)
    return ended


def _audit(session: Session, action: str, principal: Principal, delegation: DelegationOut, at: datetime) -> None:
    """To whom what was given, and for which time: the row itself says only how it is now."""
    detail = {
        "to": delegation.to_subject, "role": ROLE, "since": delegation.since.isoformat(),
        "until": delegation.until.isoformat(),
    }  # fmt: skip
    audit.note(
        session, action, subject=delegation.id, at=at, actor=principal.subject, unit=principal.unit, detail=detail
    )
