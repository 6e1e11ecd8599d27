"""What can be done with a rectification (整改): the unit answers, the reviewer takes the answer or gives it back."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access
from documents.quality import store
from documents.quality.domain import DECIDING, after, check_reviewer, rectified
from documents.quality.usecases import add_step, found_case
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

ANSWERING = frozenset({"handler", "leader"})


async def found(session: Session, rectification_id: UUID, reader: Principal, *, lock: bool = False) -> Row[Any]:
    """Raises Refused("not-found")."""
    row = await store.find_rectification(session, rectification_id, reader, lock=lock)
    if row is None:
        raise Refused("not-found")
    return row


async def answer(
    runtime: Runtime, session: Session, who: Principal, rectification_id: UUID, version: int, text: str
) -> None:
    """The unit says what it put right. Raises Refused: "not-found", "not-allowed", "quality-not-now",
    "version-conflict".
    """
    row = await found(session, rectification_id, who, lock=True)
    if row.unit != who.unit or not who.roles & ANSWERING:
        raise Refused("not-allowed")
    await _go_on(runtime, session, who, row, version, "answer", text)


async def decide(
    runtime: Runtime, session: Session, who: Principal, rectification_id: UUID, version: int, text: str, *,
    accepted: bool,
) -> None:  # fmt: skip
    """The reviewer takes the answer, or gives it back. Raises Refused: as `answer`, "quality-own-case",
    "quality-other-reviewer".
    """
    if not who.roles & DECIDING:
        raise Refused("not-allowed")
    row = await found(session, rectification_id, who, lock=True)
    case = await found_case(session, row.round_id, row.petition_id, who, lock=True)
    check_reviewer(who.unit, case.reviewer, [*case.handled_by, *((who.unit,) if case.own else ())])
    await _go_on(runtime, session, who, row, version, "accept" if accepted else "return", text)
    if accepted:
        await store.change_case(session, case, state=after(case.state, "accept"))


async def _go_on(
    runtime: Runtime, session: Session, who: Principal, row: Row[Any], version: int, step: str, text: str
) -> None:
    if row.version != version:
        raise Refused("version-conflict", version=row.version)
    await store.change_rectification(session, row, rectified(row.state, step))
    await add_step(runtime, session, who, row.id, row.version + 1, step, text)
    access.note(runtime, session, who, row.petition_id, f"{step}-rectification", order=str(row.id))
