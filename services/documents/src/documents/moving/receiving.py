"""What other nodes tell and send: what there is, parts of what was asked for, and what they cannot give."""

import base64
from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.moving import FilePart, FileUnavailable, Manifest, ManifestItem
from contracts.speech import Enclosed
from documents import access, resources
from documents.files.usecases import name_binding
from documents.identity import noting
from documents.moving import following
from documents.moving.domain import FILE, PAPER, SEALED, is_part
from documents.moving.items import is_here
from kit import audit
from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime

KEPT_AS = {FILE: FILE, PAPER: PAPER, SEALED: FILE}
WORK = "documents_moving"  # the worker listens to it
ADD = """
INSERT INTO awaited (id, petition_id, version, kind, what, name, bytes, sha256, unit, stored_by, stored_at, told_at,
  template)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
# who says that it can give something is asked, after those that said so before; if it could not, anew
OFFERED = """
UPDATE awaited SET sources = array_append(array_remove(sources, $2), $2),
  failed = ARRAY(SELECT each FROM unnest(failed) AS each WHERE each NOT LIKE $2 || ':%'),
  again = again OR EXISTS (SELECT FROM unnest(failed) AS each WHERE each LIKE $2 || ':%'),
  state = CASE WHEN state = 'missing' THEN 'new' ELSE state END
WHERE id = $1 AND NOT ($2 = ANY (sources))
"""
ASKED = "SELECT bytes, asked FROM awaited WHERE id = $1 AND sha256 = $2 AND sources[1] = $3 FOR NO KEY UPDATE"
PART = "INSERT INTO awaited_parts (item_id, start, bytes, content) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
MOVED = """
UPDATE awaited SET moved_at = $2,
  state = CASE WHEN bytes = (SELECT sum(bytes) FROM awaited_parts WHERE item_id = $1) THEN 'whole' ELSE state END
WHERE id = $1
"""
# what was sent before this has come, or it is lost on the way
LOST = """
UPDATE awaited SET asked = 0, again = true WHERE id = $1 AND state = 'asked'
  AND NOT EXISTS (SELECT FROM awaited_parts WHERE item_id = $1 AND start = $2)
"""
# the next one that can give it is asked for what is not here yet
FAILED = """
UPDATE awaited SET sources = array_remove(sources, $3), failed = array_append(failed, $3 || ':' || $4), asked = 0,
  state = CASE WHEN sources = ARRAY[$3] THEN 'missing' ELSE 'told' END
WHERE id = $1 AND sha256 = $2 AND $3 = ANY (sources)
RETURNING petition_id
"""


class NotKnownYet(RuntimeError):
    """The sender may have got the case meanwhile, and its letter have overtaken what tells of that: try again."""


def part_binding(item_id: UUID, start: int) -> str:
    """What the encrypted bytes of a part are bound to."""
    return f"awaited_parts/{item_id}/{start}"


async def take_manifest(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Note what there is elsewhere and not here. Raises NotKnownYet for a node that has nothing to do with the case."""
    manifest: Manifest = letter.data
    await session.raw.execute("INSERT INTO petitions (id) VALUES ($1) ON CONFLICT DO NOTHING", letter.subject)
    if not await following.may_tell(session, letter.subject, letter.node):
        raise NotKnownYet(f"{letter.node} has nothing to do with the petition")
    await noting.take(
        runtime, session, [(item.sha256, item.identity_at) for item in manifest.items if item.identity_at]
    )
    for item in manifest.items:
        if item.kind in KEPT_AS and not await is_here(session, letter.subject, item.id):
            await _note(runtime, session, letter, item)
    session.wake.add(WORK)


async def _note(runtime: Runtime, session: Session, letter: Envelope, item: ManifestItem) -> None:
    known = await session.raw.fetchrow("SELECT petition_id, sha256 FROM awaited WHERE id = $1", item.id)
    if known is not None and tuple(known) != (letter.subject, item.sha256):
        log.error("moving.differs", file=str(item.id), node=letter.node)
        return
    if known is None:
        name = item.name and runtime.keyring.encrypt(item.name, name_binding(item.id))
        version = await access.advance(session, letter.subject)
        await session.raw.execute(
            ADD, item.id, letter.subject, version, KEPT_AS[item.kind], item.what, name, item.size, item.sha256,
            item.unit, item.by, item.at, runtime.wall.now(), item.template,
        )  # fmt: skip
    if item.here:
        await session.raw.execute(OFFERED, item.id, letter.node)
        if item.size > resources.of(runtime).settings.max_file_bytes:
            await fail(session, item.id, item.sha256, letter.node, "too-large")


async def take_parts(runtime: Runtime, session: Session, parts: Sequence[Enclosed]) -> None:
    """Keep what was asked for, of the node that was asked. Twice, or in another order, it comes to the same."""
    for each in parts:
        part: FilePart = each.data
        asked = await session.raw.fetchrow(ASKED, part.id, part.sha256, each.node)
        if asked is None:
            continue  # it came before, or from somewhere else since
        if not each.content:
            await session.raw.execute(LOST, part.id, part.start)
            continue
        if part.start >= asked["asked"] or not is_part(asked["bytes"], part.start, len(each.content)):
            log.warning("moving.not_asked_for", file=str(part.id), node=each.node)
            continue
        sealed = runtime.keyring.encrypt(base64.b64encode(each.content).decode(), part_binding(part.id, part.start))
        await session.raw.execute(PART, part.id, part.start, len(each.content), sealed)
        await session.raw.execute(MOVED, part.id, runtime.wall.now())
    session.wake.add(WORK)


async def take_refusal(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Something does not come from the node that was asked for it."""
    told: FileUnavailable = letter.data
    petition_id = await fail(session, told.id, told.sha256, letter.node, told.reason)
    if petition_id is not None:
        log.error("moving.unavailable", file=str(told.id), node=letter.node, reason=told.reason)
        audit.note(
            session, "miss-file", subject=petition_id, at=runtime.clock.now(),
            detail={"file": str(told.id), "node": letter.node, "reason": told.reason},
        )  # fmt: skip
    session.wake.add(WORK)


async def fail(session: Session, item_id: UUID, digest: str, node: str, reason: str) -> UUID | None:
    """A node cannot give something; returns the petition it belongs to, if it was awaited from there."""
    petition_id: UUID | None = await session.raw.fetchval(FAILED, item_id, digest, node, reason)
    return petition_id
