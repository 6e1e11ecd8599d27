"""From the last approval to what everybody reads, and back out of sight: published, superseded, withdrawn."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.files import downloads
from documents.papers.domain import canonical
from documents.publishing import store
from documents.publishing.checking import Content
from documents.publishing.domain import Standing
from documents.seals import store as seals
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def publish(
    runtime: Runtime, session: Session, who: Principal, row: Row[Any], content: Content, standing: Standing
) -> None:
    """Put it where everybody reads it; a trigger counts the approvals once more. Its hash is in the audit.

    Raises Refused("publication-not-public") when what it supersedes was superseded meanwhile.
    """
    if row.supersedes is not None:
        older = await store.find(session, row.supersedes, who, lock=True)
        if older is None or older.superseded_by is not None:
            raise Refused("publication-not-public")
    paper = None if row.paper_id is None else await seals.sealed_of_any(session, row.paper_id)
    digest = digest_of(row.kind, content, paper and paper.sha256)
    await store.publish(
        session, publication_id=row.id, version=row.version, round=row.round, kind=row.kind, unit=row.unit,
        **asdict(content), paper_id=row.paper_id, sha256=digest, supersedes=row.supersedes,
        published_at=runtime.clock.now(),
    )  # fmt: skip
    access.note(
        runtime, session, who, row.id, "publish", sha256=digest, version_of_text=str(row.version),
        approved_by=" ".join(standing.approvals.values()), supersedes=str(row.supersedes or ""),
    )  # fmt: skip


def digest_of(kind: str, content: Content, paper_sha256: str | None) -> str:
    """SHA-256 of everything that is public, as canonical JSON: keys in order, no spaces, UTF-8."""
    whole = {"kind": kind, **asdict(content), "paper_sha256": paper_sha256}
    return hashlib.sha256(canonical(whole).encode()).hexdigest()


async def withdraw(runtime: Runtime, session: Session, leader: Principal, publication_id: UUID, reason: str) -> None:
    """Take it out of sight (撤稿): a leader of the unit, or of one above. What was published stays in the records.

    Raises Refused: "not-found", "not-allowed", "publication-not-public".
    """
    row = await store.find(session, publication_id, leader, lock=True)
    if row is None:
        raise Refused("not-found")
    if not may_withdraw(runtime, row, leader):
        raise Refused("not-allowed")
    if row.published_at is None or row.withdrawn_at is not None or row.superseded_by is not None:
        raise Refused("publication-not-public")
    await store.withdraw(
        session, publication_id=row.id, unit=leader.unit, withdrawn_by=leader.subject, withdrawn_at=runtime.clock.now(),
        reason=runtime.keyring.encrypt(reason, store.withdrawal_binding(row.id)),
    )  # fmt: skip
    access.note(runtime, session, leader, row.id, "withdraw-publication")


def may_withdraw(runtime: Runtime, row: Row[Any], leader: Principal) -> bool:
    units = resources.of(runtime).units
    unit = units.units.get(row.unit)
    above = () if unit is None else units.above(unit.code, unit.region)
    return "leader" in leader.roles and leader.unit in {row.unit, *above}


async def read_paper(runtime: Runtime, publication_id: UUID) -> tuple[Row[Any], AsyncGenerator[bytes, None]]:
    """The sealed paper that is public with a text. Raises Refused: "not-found", "content-damaged"."""
    async with runtime.database.transaction() as session:
        row = await store.public_one(session, publication_id)
    if row is None or row.paper_id is None:
        raise Refused("not-found")
    content = downloads.checked(resources.of(runtime).vault.read(row.object, row.paper_sha256), row.paper_id)
    return row, await downloads.begun(content)
