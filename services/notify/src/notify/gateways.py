"""Ways out to the petitioner, behind one small protocol."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from kit.logs import log
from kit.personal import mask


class Rejected(Exception):
    """The gateway will never take this message; the text is a reason without personal data."""


class NotSent(Exception):
    """It has not left: another way, or the same one later, may take it without a second one arriving."""


class InDoubt(Exception):
    """It has left and no answer came: whether the gateway has it, only a question or a receipt can tell."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message as it leaves."""

    id: UUID
    template: str
    phone: str = field(repr=False)
    text: str = field(repr=False)


class Gateway(Protocol):
    """Any exception of `send` but Rejected means: not now, perhaps later."""

    @property
    def name(self) -> str: ...

    async def send(self, message: Outbound) -> None:
        """Return once the message is handed over. Raises Rejected."""
        ...

    async def has(self, message_id: UUID) -> bool:
        """Whether it took this message: asked after a crash between sending and noting it."""
        ...


class ConsoleGateway:
    """The phone of the demo: one line a message at the end of a file, with the number masked.

    The file is the only place where a query code stands in clear, so only its owner may read it.
    """

    name = "console"

    def __init__(self, file: Path) -> None:
        self._file = file

    async def send(self, message: Outbound) -> None:
        shown = mask(message.phone)
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = " ".join(message.text.splitlines())
        await asyncio.to_thread(self._append, f"{moment}\t{message.id}\t{shown}\t{text}\n")
        log.info("notify.console", id=str(message.id), template=message.template, to=shown)

    async def has(self, message_id: UUID) -> bool:
        return await asyncio.to_thread(self._holds, f"\t{message_id}\t")

    def _append(self, line: str) -> None:
        """One write at the end: lines of several processes never mix."""
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def _holds(self, mark: str) -> bool:
        if not self._file.exists():
            return False
        with self._file.open(encoding="utf-8") as lines:
            return any(mark in line for line in lines)
