"""The audit of a service: who did what to which subject, append-only, chained after the commit, sealed by its heads.

Entries are written with the transaction they tell of. Hashing them there would put all commits in a row, so they wait
in `audit_unchained` until `chain` gives them a place, in whatever order they were committed.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from kit import telemetry
from kit.chain import Head, digest, genesis
from kit.db import Database, Session
from kit.workers import Worker

BATCH = 1000
LOCK = 0x617564697463  # one process chains at a time; locks are apart for each database
DETAIL_LENGTH = 2000
TABLES = ("audit", "audit_links", "audit_heads")

# as text, so that a value of any kind, also one that somebody forged, has one form to be hashed
FIELDS = """audit.id::text, extract(epoch FROM at)::text, actor, unit, subject::text, action, reason, before::text,
  after::text, detail"""
LOOK = """
SELECT (SELECT count(*) FROM (SELECT FROM audit_unchained LIMIT 100000) AS looked), pg_try_advisory_xact_lock($1)
"""
HEAD = "SELECT position, hash FROM audit_links ORDER BY position DESC LIMIT 1"
WAITING = f"SELECT audit.id, {FIELDS} FROM audit_unchained JOIN audit USING (id) ORDER BY audit.id LIMIT $1"  # noqa: S608 - constants of this file
CHAIN = """
WITH links AS (
  INSERT INTO audit_links (position, entry, previous, hash)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]))
DELETE FROM audit_unchained WHERE id = ANY($2::bigint[])
"""
SEAL = """
INSERT INTO audit_heads (position, hash, at)
SELECT position, hash, $1 FROM audit_links WHERE NOT EXISTS (SELECT FROM audit_heads WHERE at > $2)
ORDER BY position DESC LIMIT 1
ON CONFLICT DO NOTHING RETURNING position, hash, at
"""


def note(
    session: Session,
    action: str,
    *,
    subject: UUID,
    at: datetime,
    actor: str | None = None,
    unit: str | None = None,
    reason: str | None = None,
    before: int | None = None,
    after: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the transaction: no way to the database of its own, several are one statement.

    before, after: versions of the subject; reason, detail: codes, ids, digests, a stated purpose, never what identifies
    a person, for entries cannot be taken back. Raises ValueError for a detail over 2 000 characters.
    """
    text = None if detail is None else json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if text is not None and len(text) > DETAIL_LENGTH:
        raise ValueError(f"detail of {action} has {len(text)} characters")
    session.notes.append((at, actor, unit, subject, action, reason, before, after, text))


async def chain(session: Session, service: str, batch: int = BATCH) -> int:
    """Give up to a batch of waiting entries their places; returns how many, 0 also while another process does it."""
    waiting, mine = await session.raw.fetchrow(LOOK, LOCK) or (0, False)
    telemetry.AUDIT_UNCHAINED.labels(service).set(waiting)
    if not (waiting and mine):
        return 0
    # looked for after the lock was taken: whoever held it has committed
    position, previous = await session.raw.fetchrow(HEAD) or (0, genesis(service))
    places: list[tuple[int, int, bytes, bytes]] = []
    for entry, *fields in await session.raw.fetch(WAITING, batch):
        hash_ = digest(service, previous, fields)
        position += 1
        places.append((position, entry, previous, hash_))
        previous = hash_
    if places:
        await session.raw.execute(CHAIN, *zip(*places, strict=True))
    telemetry.AUDIT_UNCHAINED.labels(service).set(waiting - len(places))
    return len(places)


class Audited(Protocol):
    """What chaining needs of a service's runtime."""

    service: str
    database: Database


async def _step(runtime: Audited) -> int:
    async with runtime.database.transaction() as session:
        chained = await chain(session, runtime.service)
    return chained if chained == BATCH else 0


# looks by itself: waking it at each commit would make many small batches, and cost a connection
CHAINING = Worker("audit", None, _step, timedelta(seconds=1))


async def heads(session: Session) -> list[Head]:
    """All heads that were sealed here."""
    rows = await session.raw.fetch("SELECT position, hash, at FROM audit_heads ORDER BY position")
    return [Head(*row) for row in rows]


async def seal(session: Session, at: datetime, every: timedelta = timedelta(0)) -> Head | None:
    """Note how far the chain has come; None when it has not moved, or the last seal is younger than `every`.

    The caller tells others of it: who can write here can also write a whole chain anew.
    """
    row = await session.raw.fetchrow(SEAL, at, at - every)
    return row and Head(*row)


REFUSE = """
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


class Executes(Protocol):
    """Alembic's `op`, or whatever executes a statement."""

    def execute(self, statement: str, /) -> Any: ...


def protect(op: Executes) -> None:
    """For a migration: nobody changes or deletes what is audited, the owner of the tables included; ALWAYS: whatever
    the session's role.
    """
    op.execute(REFUSE)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays")


def unprotect(op: Executes) -> None:
    """For a migration's way back."""
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    op.execute("DROP FUNCTION audit_stays()")
