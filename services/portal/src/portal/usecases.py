"""What can be done with accounts and sessions."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from kit import audit
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from portal import resources, store
from portal.domain import USERNAME, Account, session_lives
from portal.issuing import Issuer

FOR_ONE_PAGE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person at a page. token: for the calls this page makes; csrf: what its forms must bring back;
    confirmed: the password was given again, not long ago.
    """

    account: Account
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    confirmed: bool = False


def built_in(runtime: Runtime) -> Issuer:
    """The node's own issuer. Raises Refused("sign-in-elsewhere") where an external one is set."""
    issuer = resources.of(runtime).issuer
    if issuer is None:
        raise Refused("sign-in-elsewhere")
    return issuer


async def authenticate(runtime: Runtime, username: str, password: str) -> Account:
    """Who this is. Raises Refused: "wrong-credentials" (unknown, disabled or wrong: nobody learns which),
    "too-many-sign-ins", "too-many-requests", "sign-in-elsewhere".

    Opens its own short transactions: a failed try is kept although the request is refused, and no connection is
    held while the password is verified.
    """
    built_in(runtime)
    held = resources.of(runtime)
    held.sign_ins.take()
    index = runtime.keyring.blind_index(f"sign-in:{username.lower()}")
    now = runtime.wall.now()
    since = now - timedelta(minutes=held.settings.failed_minutes)
    async with runtime.database.transaction() as session:
        if not await store.note_try(session, index, now, since, held.settings.failed_sign_ins):
            raise Refused("too-many-sign-ins")
        row = await store.find_account(session, username) if USERNAME.fullmatch(username) else None
    fits = await held.passwords.fits(row and row.password_hash, password)
    if row is None or not fits or row.disabled:
        raise Refused("wrong-credentials")
    async with runtime.database.transaction() as session:
        await store.forgive(session, index)
    return store.account_of(runtime.keyring, row)


async def open_session(runtime: Runtime, account: Account, before: str | None) -> str:
    """A fresh session, whatever the browser brought: its id, 256 bits. A session of before ends."""
    session_id = secrets.token_urlsafe(32)
    now = runtime.wall.now()
    expires = now + timedelta(hours=resources.of(runtime).settings.session_hours)
    async with runtime.database.transaction() as session:
        if before:
            await store.close_session(session, hash_of(before))
        await store.open_session(session, hash_of(session_id), account.username, now, expires)
    return session_id


async def visit_of(runtime: Runtime, session_id: str) -> Visit:
    """The person behind a session, seen now. Raises Refused("not-signed-in") when it ended or never was."""
    issuer, settings = built_in(runtime), resources.of(runtime).settings
    id_hash, now = hash_of(session_id), runtime.wall.now()
    idle = timedelta(minutes=settings.idle_minutes)
    async with runtime.database.transaction() as session:
        row = await store.find_session(session, id_hash)
        if row is None or not session_lives(row.last_seen_at, row.expires_at, now, idle):
            raise Refused("not-signed-in")
        if now - row.last_seen_at > idle / 20:  # not every page writes
            await store.touch_session(session, id_hash, now)
    account = store.account_of(runtime.keyring, row)
    held = row.confirmed_at is not None and now - row.confirmed_at < timedelta(minutes=settings.confirm_minutes)
    return Visit(account, issuer.token(account, now, FOR_ONE_PAGE), csrf_of(runtime, session_id), held)


async def confirm(
    runtime: Runtime, session_id: str, account: Account, password: str, *, what: str, subjects: Iterable[UUID]
) -> None:
    """Whoever sits at the page proves again to be who signed in, before `what` is done to these cases.

    Counted with the tries to sign in, and recorded, whether it fits or not. Raises Refused as `authenticate` does.
    """
    refusal: Refused | None = None
    try:
        await authenticate(runtime, account.username, password)
    except Refused as error:
        refusal = error
    now = runtime.wall.now()
    async with runtime.database.transaction() as session:
        for subject in subjects:
            audit.note(
                session, "confirm-refused" if refusal else "confirm", subject=subject, at=now, actor=account.username,
                unit=account.unit, reason=what, detail={"refused": refusal.slug} if refusal else None,
            )  # fmt: skip
        if refusal is None:
            await store.confirm_session(session, hash_of(session_id), now)
    if refusal is not None:
        raise refusal


async def colleagues(runtime: Runtime, unit: str) -> list[Account]:
    """Who works in a unit."""
    async with runtime.database.transaction() as session:
        return await store.colleagues(session, runtime.keyring, unit)


async def close_session(runtime: Runtime, session_id: str) -> None:
    async with runtime.database.transaction() as session:
        await store.close_session(session, hash_of(session_id))


async def forget_ended(runtime: Runtime, session: Session) -> None:
    """Housekeeping: what has ended leaves the tables."""
    settings, now = resources.of(runtime).settings, runtime.wall.now()
    await store.forget_ended(
        session,
        seen_before=now - timedelta(minutes=settings.idle_minutes),
        failed_before=now - timedelta(minutes=settings.failed_minutes),
    )


def hash_of(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()


def csrf_of(runtime: Runtime, seed: str) -> str:
    """The token that forms of one visitor carry: derived from the cookie, useless to who cannot read it."""
    return runtime.keyring.blind_index(f"csrf:{seed}").hex()
