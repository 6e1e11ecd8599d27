"""HTTP face of the inbox (站内消息) and of preferences: parse, call, answer."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request

from kit.auth import Principal, allow
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.personal import mask
from kit.runtime import Runtime
from notify.staff import preferences, store
from notify.staff.models import (
    AddressIn,
    AddressOut,
    AddressSet,
    ConfirmIn,
    DeliveryOut,
    Done,
    ItemOut,
    PreferencesIn,
    PreferencesOut,
    Quiet,
    ReadIn,
    RemoveIn,
    Unread,
)
from notify.staff.preferences import Wish
from notify.staff.words import called

router = APIRouter(prefix="/api/notify/v1", route_class=IdempotentRoute, tags=["inbox"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
MOST = 100


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.get("/inbox")
async def list_items(
    session: Db, principal: Reader, unread: Annotated[bool, Query(description="only what this person has not read")]
    = False, limit: Limit = 50, cursor: Cursor = None,
) -> Page[ItemOut]:  # fmt: skip
    """What happened that the caller's unit and roles are told, newest first."""
    rows = await store.page(session, principal, before=after(cursor), limit=limit, unread=unread)
    shown = [_item(row) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


def _item(row: Any) -> ItemOut:
    zh, en = called(row["event_type"], row["about"], row["level"])
    same = ItemOut.model_fields.keys() - {"zh", "en"}
    return ItemOut(zh=zh, en=en, **{name: row[name] for name in same})


@router.get("/inbox/unread")
async def count_unread(request: Request, session: Db, principal: Reader) -> Unread:
    """How many the caller has not read. Who asks is there: that keeps messages coming to who chose some."""
    await store.see(session, principal, runtime_of(request).clock.now())
    return Unread(count=await store.unread(session, principal, MOST))


@router.post("/inbox/read", dependencies=[Idempotent])
async def mark_read(request: Request, session: Db, principal: Reader, body: ReadIn) -> Done:
    """Items are read by this person; for colleagues they stay new."""
    now = runtime_of(request).clock.now()
    await store.mark(session, principal, ids=body.items, until=body.until, now=now)
    return Done()


@router.get("/preferences")
async def read_preferences(request: Request, session: Db, principal: Reader) -> PreferencesOut:
    runtime = runtime_of(request)
    chosen = await preferences.read(runtime, session, principal.subject)
    since, until = chosen.quiet_since, chosen.quiet_until
    return PreferencesOut(
        language=chosen.language,
        quiet=Quiet(since=since, until=until) if since is not None and until is not None else None,
        ways={kind: list(channels) for kind, channels in chosen.ways.items()},
        addresses=[
            AddressOut(channel=channel, value=_masked(channel, value), confirmed_at=confirmed_at)
            for channel, value, confirmed_at in chosen.addresses
        ],
        offered=list(preferences.offered(runtime)),
        lately=[_delivery(row) for row in await preferences.lately(session, principal.subject)],
    )


def _masked(channel: str, value: str) -> str:
    """Of a URL its host: the rest may be a secret."""
    if channel == "webhook":
        return urlsplit(value).hostname or ""
    if channel == "email":
        name, _, domain = value.rpartition("@")
        return f"{mask(name)}@{domain}"
    return mask(value)


def _delivery(row: Any) -> DeliveryOut:
    return DeliveryOut(**{name: row[name] for name in DeliveryOut.model_fields})


@router.post("/preferences", dependencies=[Idempotent])
async def save_preferences(request: Request, session: Db, principal: Reader, body: PreferencesIn) -> Done:
    """By which ways the caller is told of what, in which language, and when not."""
    quiet = body.quiet
    ways = {str(kind): channels for kind, channels in body.ways.items()}
    wish = Wish(body.language, quiet.since if quiet else None, quiet.until if quiet else None, ways)
    await preferences.save(runtime_of(request), session, principal, wish)
    return Done()


@router.post("/preferences/addresses", dependencies=[Idempotent])
async def set_address(request: Request, session: Db, principal: Reader, body: AddressIn) -> AddressSet:
    """Where to; an e-mail address or a number is used once the code that is sent there was typed in."""
    runtime = runtime_of(request)
    return AddressSet(secret=await preferences.put_address(runtime, session, principal, body.channel, body.value))


@router.post("/preferences/confirm", dependencies=[Idempotent])
async def confirm_address(request: Request, session: Db, principal: Reader, body: ConfirmIn) -> Done:  # noqa: ARG001 - the answer is remembered in it
    if not await preferences.confirm(runtime_of(request), principal, body.channel, body.code):
        raise Refused("wrong-code")
    return Done()


@router.post("/preferences/remove", dependencies=[Idempotent])
async def remove_address(request: Request, session: Db, principal: Reader, body: RemoveIn) -> Done:
    await preferences.remove(runtime_of(request), session, principal, body.channel)
    return Done()
