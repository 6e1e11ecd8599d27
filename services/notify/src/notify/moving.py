"""Numbers of the release before, which stand beside each petition, are kept once each: at the setup, while processes
of that release run, too. They stay beside the petitions as well, for these and for a way back, until the next release.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from kit.app import Job
from kit.crypto import Keyring, Undecipherable
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from notify import phones, usecases

AT_ONCE = 1000
OLD = """
SELECT id, phone FROM petitions WHERE phone IS NOT NULL AND phone_key IS NULL AND id > $1
ORDER BY id LIMIT $2 FOR UPDATE
"""
MOVE = """
UPDATE petitions SET phone_key = told.key
FROM unnest($1::uuid[], $2::bytea[]) AS told (id, key) WHERE petitions.id = told.id
"""
MESSAGES = """
UPDATE messages SET phone_key = petitions.phone_key FROM petitions
WHERE messages.phone_key IS NULL AND petitions.id = messages.petition_id AND petitions.phone_key IS NOT NULL
"""


async def move_phones(runtime: Runtime, session: Session) -> None:
    """Idempotent. A number that no key opens stays where it is: its petitioner cannot be told by anybody."""
    after, moved, unreadable = UUID(int=0), 0, 0
    while rows := await session.raw.fetch(OLD, after, AT_ONCE):
        numbers = _read(runtime.keyring, rows)
        keys = await phones.keep(session, runtime.keyring, numbers.values())
        await session.raw.execute(MOVE, list(numbers), [keys[number] for number in numbers.values()])
        await usecases.tell_stages(runtime, session, list(numbers))
        after, moved, unreadable = rows[-1]["id"], moved + len(numbers), unreadable + len(rows) - len(numbers)
    await session.raw.execute(MESSAGES)
    if moved or unreadable:
        log.info("notify.phones_moved", moved=moved, unreadable=unreadable)


def _read(ring: Keyring, rows: Sequence[asyncpg.Record]) -> dict[UUID, str]:
    """By petition: as the release before encrypted them."""
    numbers = {}
    for row in rows:
        try:
            numbers[row["id"]] = ring.decrypt(row["phone"], phones.old_binding(row["id"]))
        except Undecipherable:
            continue
    return numbers


MOVE_PHONES = Job("notify.phones-moved", timedelta(minutes=1), move_phones)
