"""HTTP face of group alarms (集体访预警): what the tiers above see at once."""

from fastapi import APIRouter

from intake import store
from intake.api import Reader
from intake.models import GroupAlarmOut
from kit.db import Db
from kit.pages import Cursor, Limit, Page, after, cursor_of

router = APIRouter(prefix="/api/intake/v1", tags=["intake"])


@router.get("/group-alarms")
async def list_group_alarms(
    session: Db, principal: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[GroupAlarmOut]:
    """Groups that came in person to an office of the caller's region or below, newest first."""
    rows = await store.alarms(session, principal.region, principal.line, before=after(cursor), limit=limit)
    shown = [GroupAlarmOut.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].petition_id) if len(rows) > limit else None)
