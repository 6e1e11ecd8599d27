"""The ledger (台账) as a file: what the caller may see, as many rows as were counted, told in the audit beforehand."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit import audit
from kit.auth import Principal, allow
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from kit.streaming import HeldResponse
from kit.texts import Code
from routing import resources

router = APIRouter(prefix="/api/routing/v1", tags=["routing"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]

COLUMNS = (
    "number", "channel", "kind", "route", "procedure", "state", "stage", "holder_unit", "holder_name",
    "registered_region", "registered_at", "accepted_at", "due_at", "overdue", "outcome", "served_at", "closed_at",
)  # fmt: skip
AT_ONCE = 500
# the same rows as the ledger on the page: scope, Art 30 and who may read what is confidential in the statement
ROWS = """
FROM case_scopes JOIN cases ON cases.id = case_id
WHERE scope = $1 AND NOT accused_units && $2::text[] AND (readers IS NULL OR readers && $2::text[])
  AND ($3::text IS NULL OR state = $3)
  AND ($4::text IS NULL OR holder_unit = $4)
"""
COUNT = f"SELECT count(*) {ROWS}"
EXPORT = f"""
SELECT body, due_at, open AND due_at < $5 AS overdue {ROWS} ORDER BY case_id DESC
"""


@router.get("/exports/cases", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_cases(
    request: Request, principal: Reader, state: Code | None = None, *, mine: bool = False
) -> Response:
    """The caller's ledger as CSV (导出台账), newest first; no texts and no persons. `Xinqiao-Rows` tells how many rows
    follow: all are of one instant.
    """
    runtime: Runtime = request.app.state.runtime
    held = resources.of(runtime)
    if held.exports.locked():
        raise Refused("too-many-requests")
    chosen = (principal.region, principal.line, state, principal.unit if mine else None)
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(held.exports)
        session = await opened.enter_async_context(runtime.database.transaction())
        await session.raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        rows = await session.raw.fetchval(COUNT, *chosen)
        await _audit(runtime, principal, {"rows": rows, "state": state, "mine": mine})
        body, kept = _lines(runtime, session, chosen), opened.pop_all()
    return HeldResponse(
        body, kept, seconds=held.settings.export_seconds, media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="cases.csv"', "Cache-Control": "no-store",
            "Xinqiao-Rows": str(rows),
        },
    )  # fmt: skip


async def _audit(runtime: Runtime, principal: Principal, detail: dict[str, Any]) -> None:
    """In a transaction of its own: nothing leaves that is not recorded."""
    async with runtime.database.apart() as session:
        audit.note(
            session, "export-ledger", subject=runtime.ids.new(), at=runtime.clock.now(), actor=principal.subject,
            unit=principal.unit, detail=detail,
        )  # fmt: skip


async def _lines(runtime: Runtime, session: Session, chosen: tuple[Any, ...]) -> AsyncIterator[bytes]:
    yield _written([COLUMNS])
    cursor = await session.raw.cursor(EXPORT, *chosen, runtime.clock.now())
    while rows := await cursor.fetch(AT_ONCE):
        yield _written([_line(runtime, row) for row in rows])


def _line(runtime: Runtime, row: Any) -> tuple[Any, ...]:
    told = {
        **row["body"], "holder_name": resources.of(runtime).name(row["body"]["holder_unit"]),
        "overdue": "yes" if row["overdue"] else "no",
    }  # fmt: skip
    return tuple(told.get(name) for name in COLUMNS)


def _written(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """What a spreadsheet would take for a formula is a text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
