"""The messages of mass notices that run: made a batch at a time, each with the transaction that says so."""

import asyncpg

from kit import audit
from kit.db import Session
from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.notices import store
from notify.notices.saying import said
from notify.notices.usecases import CHANNEL
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from notify.words.domain import Text

BATCH = 1000
OPTED_OUT = "opted-out"


async def make(runtime: Runtime) -> int:
    """Make a batch of messages of a notice that runs; returns how many recipients were looked at.

    Where none has any left: hold back what was handed back to the queue of those that are paused or stopped, and end
    those of which nothing is left.
    """
    async with runtime.database.transaction() as session:
        notice = await store.next_turn(session)
        if notice is not None:
            return await _batch(runtime, session, notice)
    async with runtime.database.transaction() as session:
        await store.hold_back(session, runtime.clock.now())
        await _finish(runtime, session)
    return 0


async def _batch(runtime: Runtime, session: Session, notice: asyncpg.Record) -> int:
    rows = await store.waiting(session, notice["id"], BATCH)
    text = Text("mass", notice["template"], notice["language"], notice["template_version"], notice["text"])
    drafts = [_draft(runtime, notice, text, row) for row in rows if not row["opted_out"]]
    messages = {each.petition_id: each.id for each in drafts}
    await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())
    made = [
        (row["petition_id"], messages.get(row["petition_id"]), OPTED_OUT if row["opted_out"] else None) for row in rows
    ]
    if made:
        await store.note_made(session, notice["id"], made)
    return len(made)


def _draft(runtime: Runtime, notice: asyncpg.Record, text: Text, row: asyncpg.Record) -> Draft:
    words = resources.of(runtime).words
    return Draft(
        id=runtime.ids.new(),
        phone_key=row["phone_key"],
        template=text.name,
        version=text.version,
        language=text.language,
        text=said(words, text, notice["unit"], notice["given"], number=row["number"], state=row["state"]),
        traceparent=notice["traceparent"],
        lane=Lane.MASS,
        petition_id=row["petition_id"],
        notice_id=notice["id"],
        author=notice["author"],
        unit=notice["unit"],
    )


async def _finish(runtime: Runtime, session: Session) -> None:
    now = runtime.clock.now()
    for notice_id in await store.done(session):
        await store.save(session, notice_id, {"state": "finished", "ended_at": now, "state_at": now})
        audit.note(session, "finish-notice", subject=notice_id, at=now)


MAKER = Worker("notify.notices", CHANNEL, make)
