"""Telling other nodes what there is of a petition: a manifest goes to whoever gets the case, and on with it."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from contracts.envelope import Envelope
from contracts.events import CaseState, FileState, PaperState, RequestState, SealedPaperState
from contracts.moving import Manifest
from contracts.speech import post
from documents.moving.domain import FILE, PAPER, RESULTS, SEALED
from documents.moving.following import SUPPORT
from documents.moving.items import copy_of, listed
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime

MANIFEST = "documents.manifest.v1"
EVERYTHING = (FILE, PAPER, SEALED)
MOST = 200  # items of a letter
# who changes what is here, and who tells of it, take turns; what is told was committed
LOCK = "SELECT FROM petitions WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
WHERE = "SELECT petition_id, nodes, senders FROM whereabouts WHERE petition_id = ANY ($1::uuid[])"
# nodes that work on the cases, or support who does, beside this one; what is official, those too that handed it on
AT_WORK = """
SELECT petition_id, writer AS node, true AS everything, false AS official FROM whereabouts
  WHERE petition_id = ANY ($1::uuid[]) AND writer = ANY (nodes) AND writer <> $2
UNION
SELECT petition_id, unnest(senders), true, true FROM whereabouts WHERE petition_id = ANY ($1::uuid[]) AND writer = $2
UNION
SELECT petition_id, to_node, false, false FROM supports
  WHERE petition_id = ANY ($1::uuid[]) AND from_node = $2 AND to_node <> $2 AND open
"""


async def follow_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Versions that this node has written: all there is goes along with the case; papers, as a result, to those too
    that handed it on.
    """
    own = [event for event in events if event.node == runtime.node and _goes(event.data, runtime.node)]
    if not own:
        return
    ids = [event.subject for event in own]
    await session.raw.execute(LOCK, ids)
    where = {row["petition_id"]: row for row in await session.raw.fetch(WHERE, ids)}
    for event in own:
        state: CaseState = event.data
        row = where.get(event.subject)
        nodes, senders = (row["nodes"], row["senders"]) if row else ([], [])
        if state.writer != runtime.node and state.writer in nodes:
            await tell(runtime, session, event.subject, state.writer, cause=event)
        if state.last.action in RESULTS:
            for node in sorted({*senders} - {runtime.node, state.writer}):
                await tell(runtime, session, event.subject, node, kinds=(PAPER, SEALED), cause=event)


def _goes(state: CaseState, here: str) -> bool:
    return state.writer != here or state.last.action in RESULTS


async def follow_request(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Units of other nodes that were asked to support one of this node: they have the files."""
    for event in events:
        state: RequestState = event.data
        asks = state.kind == SUPPORT and state.status == "sent" and state.from_node == event.node == runtime.node
        if asks and state.to_node != runtime.node:
            await session.raw.execute(LOCK, [event.subject])
            await tell(runtime, session, event.subject, state.to_node, kinds=(FILE,), cause=event)


async def follow_own(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """What was stored, filed or sealed here goes to where the case is by now."""
    own = [event for event in events if event.node == runtime.node]
    at_work = await _at_work(runtime, session, [event.subject for event in own])
    for event in own:
        official = isinstance(event.data, SealedPaperState)
        for row in at_work:
            if row["petition_id"] == event.subject and (official or not row["official"]):
                await _tell_of(runtime, session, row, {_item_of(event)}, cause=event)


async def _at_work(runtime: Runtime, session: Session, petitions: Collection[UUID]) -> Sequence[asyncpg.Record]:
    if petitions:
        await session.raw.execute(LOCK, petitions)
    rows: Sequence[asyncpg.Record] = await session.raw.fetch(AT_WORK, petitions, runtime.node) if petitions else ()
    return rows


def _item_of(event: Envelope) -> UUID:
    told: FileState | PaperState | SealedPaperState = event.data
    if isinstance(told, FileState):
        return told.file_id
    return copy_of(told.paper_id) if isinstance(told, SealedPaperState) else told.paper_id


async def pass_on(
    runtime: Runtime, session: Session, petition_id: UUID, items: Collection[UUID], *, but: Collection[str] = (),
) -> None:  # fmt: skip
    """Tell who works on the case what has come here now. but: nodes that have it."""
    for row in await _at_work(runtime, session, [petition_id]):
        if not row["official"] and row["node"] not in {runtime.node, *but}:
            await _tell_of(runtime, session, row, items)


async def _tell_of(
    runtime: Runtime, session: Session, row: asyncpg.Record, items: Collection[UUID], cause: Envelope | None = None
) -> None:
    kinds = EVERYTHING if row["everything"] else (FILE,)
    if row["node"] != runtime.node:
        await tell(runtime, session, row["petition_id"], row["node"], kinds=kinds, items=items, cause=cause)


async def tell(
    runtime: Runtime, session: Session, petition_id: UUID, to: str, *, kinds: Collection[str] = EVERYTHING,
    items: Collection[UUID] | None = None, cause: Envelope | None = None,
) -> None:  # fmt: skip
    """Send a node the manifest of a petition, or of some items of it. Told twice it changes nothing there."""
    if all(entry.path != to for entry in runtime.settings.directory):
        log.error("moving.unknown_node", node=to)
        return
    found = [item for item in await listed(runtime.keyring, session, petition_id) if item.kind in kinds]
    chosen = [item for item in found if items is None or item.id in items]
    for start in range(0, len(chosen), MOST):
        some = Manifest(items=chosen[start : start + MOST])
        post(runtime, session, MANIFEST, some, to=to, subject=petition_id, cause=cause)
