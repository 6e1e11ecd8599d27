"""Registers the rows of a file: several in flight, again with the same key until there is an answer."""

import asyncio
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from node.importing.mapping import Unmapped, body_of, key_of
from node.importing.reading import Row, Unreadable

PETITIONS = "/api/intake/v1/petitions"
LANES = 16
PATIENCE = 300  # seconds a node may be away before the import gives up


class GaveUp(RuntimeError):
    """The node did not answer for too long, or does not accept the account; what was registered stays registered."""


@dataclass
class Outcome:
    """Counts, and what was refused: (row number, field, reason)."""

    registered: int = 0
    known: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    refused_rows: int = 0

    def write_report(self, file: Path) -> None:
        """The refused rows as CSV: row, field, reason."""
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["row", "field", "reason"])
            writer.writerows(sorted(self.refused))


@dataclass
class Sender:
    """node: path of the node, part of every key; source: name of where the rows came from."""

    client: httpx.AsyncClient
    node: str
    source: str
    progress: Callable[[], None]
    outcome: Outcome = field(default_factory=Outcome)

    async def send(self, rows: Iterator[tuple[int, Row]]) -> Outcome:
        """Register all rows. Raises GaveUp, or what reading the file raises."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(LANES):
                    group.create_task(self._lane(rows))
        except* (GaveUp, Unreadable) as errors:
            raise errors.exceptions[0] from None
        return self.outcome

    async def _lane(self, rows: Iterator[tuple[int, Row]]) -> None:
        for number, row in rows:
            try:
                body = body_of(row, self.source)
            except Unmapped as error:
                self._refuse(number, [(str(error.args[0]), str(error.args[1]))])
            else:
                self._note(number, await self._register(body))
            self.progress()

    async def _register(self, body: dict[str, Any]) -> httpx.Response:
        headers = {"Idempotency-Key": key_of(self.node, body)}
        waited = 0.0
        while True:
            try:
                answer = await self.client.post(PETITIONS, json=body, headers=headers)
            except httpx.TransportError:
                pause = 1.0
            else:
                if answer.status_code not in {429, 502, 503, 504}:
                    return answer
                pause = float(answer.headers.get("Retry-After", "1"))
            if waited > PATIENCE:
                raise GaveUp("the node does not answer (节点没有响应): start it and run the import again")
            await asyncio.sleep(pause)
            waited += pause

    def _note(self, number: int, answer: httpx.Response) -> None:
        if answer.status_code in {401, 403}:
            raise GaveUp(f"{answer.json()['title_en']} ({answer.json()['title']})")
        if answer.status_code == httpx.codes.CREATED and "Idempotency-Replayed" not in answer.headers:
            self.outcome.registered += 1
        elif answer.is_success:
            self.outcome.known += 1
        else:
            self._refuse(number, _reasons(answer.json()))

    def _refuse(self, number: int, reasons: list[tuple[str, str]]) -> None:
        self.outcome.refused_rows += 1
        self.outcome.refused += [(number, field_, reason) for field_, reason in reasons]


def _reasons(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and reason of each error of a problem answer."""
    errors = [(str(error["field"]).removeprefix("body."), str(error["reason"])) for error in problem.get("errors", [])]
    return errors or [(str(problem.get("field", "row")), f"{problem['title_en']} ({problem['title']})")]
