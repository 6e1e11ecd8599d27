"""Rows of the portal: accounts, sessions, failed sign-ins."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from kit.crypto import Keyring
from kit.db import Session
from portal.domain import Account
from portal.tables import accounts, failed_sign_ins, sessions


def name_binding(username: str) -> str:
    """What an encrypted name is bound to: moved to another account it can not be read."""
    return f"accounts/{username}/name"


def account_of(ring: Keyring, row: Row[Any]) -> Account:
    name = ring.decrypt(row.name, name_binding(row.username))
    return Account(row.username, name, row.unit, row.region, tuple(row.roles))


async def find_account(session: Session, username: str) -> Row[Any] | None:
    """The row of an account, disabled or not."""
    return (await session.sql.execute(select(accounts).where(accounts.c.username == username))).one_or_none()


async def colleagues(session: Session, ring: Keyring, unit: str) -> list[Account]:
    """Accounts of a unit that may sign in."""
    query = select(accounts).where(accounts.c.unit == unit, ~accounts.c.disabled).order_by(accounts.c.username)
    return [account_of(ring, row) for row in await session.sql.execute(query)]


async def usernames(session: Session) -> set[str]:
    return set((await session.sql.execute(select(accounts.c.username))).scalars())


async def add_account(session: Session, ring: Keyring, account: Account, password_hash: str, now: datetime) -> None:
    """Add an account that is not there yet; one that is stays as it is, with the password its owner chose."""
    await session.sql.execute(
        upsert(accounts)
        .values(
            username=account.username,
            password_hash=password_hash,
            name=ring.encrypt(account.name, name_binding(account.username)),
            unit=account.unit,
            region=account.region,
            roles=list(account.roles),
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


async def open_session(session: Session, id_hash: bytes, username: str, now: datetime, expires: datetime) -> None:
    await session.sql.execute(
        insert(sessions).values(
            id_hash=id_hash, username=username, created_at=now, last_seen_at=now, expires_at=expires
        )
    )


async def find_session(session: Session, id_hash: bytes) -> Row[Any] | None:
    """The session with its account; a disabled account has none."""
    query = (
        select(accounts, sessions.c.last_seen_at, sessions.c.expires_at, sessions.c.confirmed_at)
        .join(accounts, accounts.c.username == sessions.c.username)
        .where(sessions.c.id_hash == id_hash, ~accounts.c.disabled)
    )
    return (await session.sql.execute(query)).one_or_none()


async def touch_session(session: Session, id_hash: bytes, now: datetime) -> None:
    await session.sql.execute(update(sessions).where(sessions.c.id_hash == id_hash).values(last_seen_at=now))


async def confirm_session(session: Session, id_hash: bytes, now: datetime) -> None:
    await session.sql.execute(update(sessions).where(sessions.c.id_hash == id_hash).values(confirmed_at=now))


async def close_session(session: Session, id_hash: bytes) -> None:
    await session.sql.execute(delete(sessions).where(sessions.c.id_hash == id_hash))


async def note_try(session: Session, username_index: bytes, now: datetime, since: datetime, most: int) -> bool:
    """Count a try to sign in as failed until it proves right. False when `most` failed since then.

    Tries for one account wait for each other here, so that many at once are not more than the same number in turn.
    """
    await session.sql.execute(select(func.pg_advisory_xact_lock(int.from_bytes(username_index[:8], signed=True))))
    query = select(func.count()).where(failed_sign_ins.c.username_index == username_index, failed_sign_ins.c.at > since)
    if (await session.sql.execute(query)).scalar_one() >= most:
        return False
    await session.sql.execute(insert(failed_sign_ins).values(username_index=username_index, at=now))
    return True


async def forgive(session: Session, username_index: bytes) -> None:
    """Forget the failed tries of somebody who has signed in."""
    await session.sql.execute(delete(failed_sign_ins).where(failed_sign_ins.c.username_index == username_index))


async def forget_ended(session: Session, *, seen_before: datetime, failed_before: datetime) -> None:
    """Delete sessions nobody used since, and failed tries that no longer count."""
    await session.sql.execute(delete(sessions).where(sessions.c.last_seen_at < seen_before))
    await session.sql.execute(delete(failed_sign_ins).where(failed_sign_ins.c.at < failed_before))
