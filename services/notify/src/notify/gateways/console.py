"""The phone of a demonstration: a file."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from kit.logs import log
from kit.personal import mask
from notify.gateways.interface import Has, Health, NotSent, Part, Receipt, Taking


class ConsoleGateway:
    """One line a message at the end of a file, with the number masked. Nothing comes in here, nor do receipts.

    The file is the only place where a query code stands in clear, so only its owner may read it.
    """

    whole = True

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self.health = Health(up=True, since=datetime.now(UTC))
        self._file = file

    async def submit(self, part: Part) -> str:
        shown = mask(part.phone)
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = " ".join(part.text.splitlines())
        try:
            await asyncio.to_thread(self._append, f"{moment}\t{part.message_id}\t{shown}\t{text}\n")
        except OSError as error:
            raise NotSent(type(error).__name__) from error
        log.info("notify.console", id=str(part.message_id), template=part.template, to=shown)
        return str(part.message_id)

    async def ask(self, gateway_id: str) -> Receipt | None:  # noqa: ARG002 - a file knows of no fate
        return None

    async def has(self, message_id: UUID) -> Has:
        return str(message_id) if await asyncio.to_thread(self._holds, f"\t{message_id}\t") else False

    async def run(self, taking: Taking) -> None:
        """There is no line to hold."""

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
