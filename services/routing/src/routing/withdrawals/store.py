"""Rows of withdrawals that another node decides about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from kit.crypto import Keyring
from kit.db import Session
from routing.withdrawals.domain import Withdrawal

# one that is here already stays as it is
KEEP = """
INSERT INTO withdrawals (id, case_id, unit, node, sender, version, at, passed_on, actor, note, fields)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING
"""
OPEN = "SELECT * FROM withdrawals WHERE case_id = ANY ($1::uuid[]) AND reason IS NULL ORDER BY at, id"


class Asked(NamedTuple):
    """What was taken down of a case. reason: why it was not written; note, fields: sealed."""

    id: UUID
    version: int
    unit: str
    actor: str | None
    at: datetime
    reason: str | None
    note: bytes | None
    fields: bytes | None


def text_binding(withdrawal: UUID, column: str) -> str:
    return f"withdrawals/{withdrawal}/{column}"


def take_down(session: Session, ring: Keyring, asked: Withdrawal) -> Asked:
    """Collect what was taken down here."""
    note, fields = _sealed(ring, asked)
    session.write(f"asked AS ({KEEP})", *_row(asked), note, fields)
    return Asked(asked.id, asked.version, asked.unit, asked.actor, asked.at, None, note, fields)


async def keep(session: Session, ring: Keyring, asked: Withdrawal) -> None:
    """Until the version has come that it follows."""
    await session.raw.execute(KEEP, *_row(asked), *_sealed(ring, asked))


def _row(asked: Withdrawal) -> tuple[Any, ...]:
    return (
        asked.id, asked.case_id, asked.unit, asked.node, asked.sender, asked.version, asked.at, asked.passed_on,
        asked.actor,
    )  # fmt: skip


def _sealed(ring: Keyring, asked: Withdrawal) -> tuple[bytes | None, bytes | None]:
    def sealed(column: str, text: str) -> bytes | None:
        return ring.encrypt(text, text_binding(asked.id, column)) if text else None

    return sealed("note", asked.note), sealed("fields", asked.fields)


async def unanswered(session: Session, ring: Keyring, case_ids: Sequence[UUID]) -> list[Withdrawal]:
    """Those that lie here, were taken down here or came too early, and are not answered."""
    return [_opened(ring, row) for row in await session.raw.fetch(OPEN, case_ids)]


def _opened(ring: Keyring, row: Record) -> Withdrawal:
    def text(column: str) -> str:
        return ring.decrypt(row[column], text_binding(row["id"], column)) if row[column] else ""

    return Withdrawal(
        row["id"], row["case_id"], row["unit"], row["node"], row["sender"], row["version"], row["at"],
        row["passed_on"], row["actor"], text("note"), text("fields"),
    )  # fmt: skip


async def answer(session: Session, withdrawal: UUID, case_id: UUID, reason: str) -> None:
    """Why it was not written; the first answer stays."""
    await session.raw.execute(
        "UPDATE withdrawals SET reason = $3 WHERE id = $1 AND case_id = $2 AND reason IS NULL",
        withdrawal, case_id, reason,
    )  # fmt: skip


async def forget(session: Session, withdrawal: UUID) -> None:
    """It lies here no longer: decided, or gone on."""
    await session.raw.execute("DELETE FROM withdrawals WHERE id = $1", withdrawal)
