"""More to a petition, that its petitioner sent by text: kept with it, sent on to where its case is handled, told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from contracts.envelope import Envelope
from contracts.speech import emit, post, show
from contracts.texts import Supplement, SupplementState
from kit.crypto import Keyring
from kit.db import Session
from kit.paths import lies_in
from kit.runtime import Runtime

TOLD = "intake.petition.supplemented.v1"
# a petition that is sent on just now takes what is added with it, or who adds sees where it has gone
HOLD = "SELECT registered_node FROM petitions WHERE id = $1 FOR NO KEY UPDATE"
GONE = "SELECT to_node FROM forwards WHERE petition_id = $1 AND sent_at IS NOT NULL"
KEEP = """
INSERT INTO supplements (id, petition_id, number, content, received_at, kept_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING id
"""
HOLDER = """
SELECT coalesce(
  (SELECT holder_unit FROM case_states WHERE petition_id = $1), (SELECT unit FROM petitions WHERE id = $1))
"""
OF_PETITION = "SELECT * FROM supplements WHERE petition_id = $1 ORDER BY received_at, id"


@dataclass(frozen=True, slots=True)
class Added:
    """One supplement, in clear."""

    id: UUID
    number: str
    received_at: datetime
    content: str = field(repr=False)


def binding(supplement_id: UUID) -> str:
    """What an encrypted supplement is bound to."""
    return f"supplements/{supplement_id}/content"


async def keep(runtime: Runtime, session: Session, letter: Envelope, petition_id: UUID) -> None:
    """Keep what a letter brings, once, and send it on to the other nodes that have the petition."""
    said: Supplement = letter.data
    registered_node = await session.raw.fetchval(HOLD, petition_id)
    sealed = runtime.keyring.encrypt(said.content, binding(letter.subject))
    new = await session.raw.fetchval(
        KEEP, letter.subject, petition_id, said.number, sealed, said.received_at, runtime.clock.now()
    )
    if new is None:
        return
    await _tell(runtime, session, letter, petition_id)
    gone = {row["to_node"] for row in await session.raw.fetch(GONE, petition_id)}
    known = {entry.path for entry in runtime.settings.directory}
    for to in sorted((gone | {registered_node}) & known - {runtime.node, letter.node}):
        _send(runtime, session, petition_id, Added(letter.subject, said.number, said.received_at, said.content), to)


async def _tell(runtime: Runtime, session: Session, letter: Envelope, petition_id: UUID) -> None:
    """Those who handle the case, once: the event of the node it came to rises, other nodes show it to themselves. What
    went along with the case is read with it.
    """
    said: Supplement = letter.data
    holder = await session.raw.fetchval(HOLDER, petition_id)
    if said.along or holder is None:
        return
    state = SupplementState(number=said.number, channel="sms", holder_unit=holder, at=said.received_at)
    if letter.node == runtime.node:
        emit(runtime, session, TOLD, state, subject=petition_id, sequence=1, cause=letter, event_id=letter.subject)
    elif not lies_in(letter.node, runtime.node):
        same = letter.model_copy(update={"id": letter.subject, "subject": petition_id, "sequence": "1"})
        show(session, same, TOLD, state)


async def send_all(runtime: Runtime, session: Session, petition_id: UUID, to: str) -> None:
    """What was added so far, behind the petition file."""
    await session.raw.execute(HOLD, petition_id)
    for added in await of_petition(session, runtime.keyring, petition_id):
        _send(runtime, session, petition_id, added, to, along=True)


def _send(runtime: Runtime, session: Session, petition_id: UUID, added: Added, to: str, *, along: bool = False) -> None:
    file = Supplement(
        number=added.number, content=added.content, received_at=added.received_at, petition=petition_id, along=along
    )
    post(runtime, session, "intake.supplement.v1", file, to=to, subject=added.id)


async def of_petition(session: Session, ring: Keyring, petition_id: UUID) -> Sequence[Added]:
    """In the order they were sent."""
    rows: list[asyncpg.Record] = await session.raw.fetch(OF_PETITION, petition_id)
    return [
        Added(row["id"], row["number"], row["received_at"], ring.decrypt(row["content"], binding(row["id"])))
        for row in rows
    ]
