"""Bringing what services of several nodes send to whom it is for, as the brokers and the links between nodes do."""

from fnmatch import fnmatchcase

from contracts.speech import parse_event, parse_letter
from kit.links import Sealer
from kit.paths import lies_in
from tests.support.running import Running


class Couriers:
    """Events go to every service of their node and of those above, letters to the service they name; each once."""

    def __init__(self, *services: Running) -> None:
        self.services = services
        self._brought: set[str] = set()

    async def carry(self) -> None:
        """Until nothing is left to bring."""
        while any([await self._carry_from(sender) for sender in self.services]):
            pass

    async def _carry_from(self, sender: Running) -> bool:
        rows = [row for exchange in ("events", "events.down", "letters") for row in await sender.sent(exchange)]
        new = [row for row in rows if row["message_id"] not in self._brought]
        for row in new:
            self._brought.add(row["message_id"])
            for receiver in self.services:
                if row["exchange"] == "letters":
                    await self._letter(receiver, row["routing_key"], row["body"])
                elif _hears(sender, receiver, rises=row["exchange"] == "events"):
                    own = row["exchange"] == "events" and sender.runtime.node == receiver.runtime.node
                    await self._event(receiver, row["routing_key"], row["body"], own=own)
        return bool(new)

    async def _event(self, receiver: Running, kind: str, body: bytes, *, own: bool) -> None:
        for consumer in receiver.service.consumers:
            if not (own and consumer.foreign) and any(fnmatchcase(kind, binding) for binding in consumer.bindings):
                await receiver.hear(consumer.queue, parse_event(body))

    async def _letter(self, receiver: Running, key: str, body: bytes) -> None:
        service, settings = receiver.service.name, receiver.runtime.settings
        if key == f"letter.{receiver.runtime.node}.{service}":
            directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
            sealer = Sealer.load(settings.node.path, settings.keys / "node.private.jwks", directory)
            await receiver.hear(f"{service}.letters", parse_letter(sealer.open(body)[1]))


def _hears(sender: Running, receiver: Running, *, rises: bool) -> bool:
    here, there = sender.runtime.node, receiver.runtime.node
    return here == there or (rises and lies_in(here, there))
