"""HTTP face of routing: parse, call the use case, answer with the case as it then stands."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request

from kit.auth import Principal, allow
from kit.db import Db, LateDb
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, after_place, cursor_of, cursor_of_place
from kit.runtime import Runtime
from kit.texts import Code
from routing import models, resources, showing, store, usecases
from routing.models import ActionOut, CaseOut, CaseRow, Decision, ProcedureOut, UnitOut
from routing.table import ACTIONS, TABLE

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["routing"])
READERS = ("clerk", "handler", "leader", "supervisor")
Reader = Annotated[Principal, allow(*READERS)]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.get("/units", dependencies=[allow()])
async def list_units(request: Request) -> list[UnitOut]:
    """All units a case can be handed to."""
    units = resources.of(runtime_of(request)).units.units.values()
    return [UnitOut(code=unit.code, name=unit.name, region=unit.region, node=unit.node) for unit in units]


@router.get("/procedures", dependencies=[allow()])
async def list_procedures(request: Request, kind: models.Kind, route: models.Route | None = None) -> list[ProcedureOut]:
    """Procedures (办理程序) that a petition of this kind and route can be given, the default one first."""
    library = resources.of(runtime_of(request)).procedures
    automatic = library.automatic(kind, route)
    return [
        ProcedureOut(
            name=each.name, version=each.version, zh=each.zh, en=each.en, default=each.default,
            channels=sorted(each.channels), automatic=automatic.get(each.name, []),
        )
        for each in library.choices(kind, route)
    ]  # fmt: skip


@router.get("/cases")
async def list_cases(
    request: Request,
    session: Db,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Code | None = None,
    *,
    mine: bool = False,
) -> Page[CaseRow]:
    """Cases of the caller's region and all below, newest first; `mine`: held by the caller's unit."""
    rows = await store.page(
        session, principal.region, principal.line, before=after(cursor), limit=limit, state=state, mine=mine
    )
    shown = [showing.line(runtime_of(request), row) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


@router.get("/to-do")
async def list_to_do(
    request: Request, session: Db, principal: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[CaseRow]:
    """What the caller's unit must decide: what it holds and has not finished, and what it is asked about by others, in
    an objection or a dispute. What is due first first, what is never due last.
    """
    rows = await store.to_do(session, principal.line, limit, after_place(cursor))
    shown = [showing.line(runtime_of(request), row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=shown, next=cursor_of_place(shown[-1].due_at, shown[-1].id) if more else None)


@router.get("/cases/{case_id}")
async def read_case(request: Request, session: LateDb, principal: Reader, case_id: UUID) -> CaseOut:
    """One case: who holds it, its time limits and why, what may be done now and why not the rest, what was done."""
    runtime = runtime_of(request)
    return showing.shown(runtime, principal, await usecases.standing(runtime, session, case_id, principal))


@router.get("/cases/{case_id}/actions")
async def list_actions(request: Request, session: LateDb, principal: Reader, case_id: UUID) -> list[ActionOut]:
    """What the caller may do now; of the rest, why not and what is missing before."""
    runtime = runtime_of(request)
    return showing.actions(runtime, principal, await usecases.standing(runtime, session, case_id, principal))


# action -> (shape of its body, 中文, what it does); whom it is open to is said by the table of states
VERBS: Mapping[str, tuple[type[Decision], str]] = {
    "screen": (models.ScreenIn, "Classify (甄别分类, Art 31): route and procedure."),
    "transfer": (models.TransferIn, "Transfer (转送, Art 22) to another unit, which must sign for it."),
    "assign": (models.AssignIn, "Assign (交办, Art 22) with a deadline for the result report."),
    "receive": (Decision, "Sign for a case that was handed over (签收)."),
    "recall": (Decision, "Take an offer back before it is received (撤回). Of another node's unit this is a request."),
    "object": (models.ObjectIn, "Object to a hand-over (退回异议, Art 23) within 5 working days, with reasons."),
    "agree-objection": (Decision, "Agree to an objection: the case comes back to the sender's screening."),
    "refuse-objection": (Decision, "Stand by a hand-over: the receiver keeps the case."),
    "arbitrate": (
        models.TransferIn,
        "Say whose the case is (指定办理), as the common superior of units that disagree.",
    ),
    "claim": (Decision, "Claim an order of the hotline (认领), so that it is not given to another unit."),
    "accept": (Decision, "Accept the petition (受理, Art 23)."),
    "decline": (Decision, "Decline it (不予受理, Art 23) with a written notice."),
    "refuse-again": (Decision, "No longer accept the same facts and reasons (不再受理, Art 36)."),
    "lift-bar": (
        Decision,
        "Decide that facts and reasons are new although the matter was terminated before (认定新事实), with reasons.",
    ),
    "answer": (Decision, "Answer it directly (直接答复)."),
    "file": (Decision, "File it (存)."),
    "guide": (Decision, "Tell the petitioner where to turn (告知引导)."),
    "export": (Decision, "Pass it to the authority it belongs to (转出): courts and police, discipline inspection."),
    "investigate": (Decision, "Begin to investigate (调查, Art 32)."),
    "start-hearing": (Decision, "Begin a hearing (听证)."),
    "end-hearing": (Decision, "End the hearing."),
    "start-mediation": (Decision, "Begin a mediation (调解, Art 33)."),
    "end-mediation": (Decision, "End the mediation."),
    "extend": (models.ExtendIn, "Extend the time for handling (延期, Art 34), before it ends and by the head."),
    "suspend": (Decision, "Suspend for a legal process (中止)."),
    "resume": (Decision, "Go on after a suspension (恢复办理)."),
    "draft-opinion": (Decision, "Draft the opinion (拟处理意见, Art 32)."),
    "submit": (models.SubmitIn, "Send the opinion and all its papers for approval, as one (送审)."),
    "approve": (Decision, "Approve the opinion (审批). The last approver makes it unchangeable."),
    "return-draft": (Decision, "Return the opinion for revision (退回修改), with the reason in the note."),
    "serve": (models.ServeIn, "Record that the petitioner was served with the opinion (送达)."),
    "close": (models.ServeIn, "Close the case (办结)."),
    "carry-out": (Decision, "Record that what a supporting opinion grants was carried out (落实处理意见, Art 32)."),
    "report": (Decision, "Report the result to the unit that assigned the case (报告办理结果)."),
    "request-review": (
        models.ReviewIn,
        "Record the petitioner's request for review or re-review (复查复核, Art 35, 36).",
    ),
    "note-withdrawal": (Decision, "Record that the petitioner withdrew the petition; the record stays (撤回信访)."),
    "mark-confidential": (
        Decision,
        "Make it confidential (列为保密), with reasons: only units that have to do with it, and heads above, read it.",
    ),
    "unmark-confidential": (Decision, "Let everybody in scope read it again (解除保密), with reasons."),
    "merge": (models.MergeIn, "Merge into a lead case (并案)."),
    "unmerge": (Decision, "Undo a merge (撤销并案)."),
}


def _add(action: str) -> None:
    shape, description = VERBS[action]

    async def endpoint(request: Request, session: LateDb, principal: Reader, case_id: UUID, body: Decision) -> CaseOut:
        runtime = runtime_of(request)
        given: dict[str, Any] = {name: _kept(value) for name, value in body}
        wish = usecases.Wish(**given)
        there = await usecases.act(runtime, session, case_id, principal, action, wish)
        return showing.shown(runtime, principal, there)

    endpoint.__annotations__ |= {"body": shape, "principal": Annotated[Principal, allow(*_roles(action))]}
    router.add_api_route(
        f"/cases/{{case_id}}/{action}", endpoint, methods=["POST"], dependencies=[Idempotent],
        name=action.replace("-", "_"), description=description, summary=action, response_model=CaseOut,
    )  # fmt: skip


def _roles(action: str) -> list[str]:
    """The roles that any state lets do it; who approves is said by the procedure, and may be a delegate."""
    asked = [rule.roles for (_, named), rule in TABLE.items() if named == action]
    return sorted(frozenset[str]().union(*asked)) if all(asked) else [*READERS]


def _kept(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


for _action in ACTIONS:
    _add(_action)
