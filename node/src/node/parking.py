"""Dead letters: what was parked and why, and putting it back. Bodies are never shown: sealed, or not ours to read."""

import contextlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aio_pika.abc import AbstractIncomingMessage

from kit.amqp import broker_call
from kit.app import Service
from kit.bus import FIRST_EXCHANGE, REASON, Bus, delivery_of
from kit.outbox import Outgoing
from kit.settings import NodeSettings
from node.topology import topology_of

PARKED = ".parked"
UNDELIVERED = "letters.parked"
PORTION = 200  # messages replayed at a time, so that memory stays small
MOST = 20_000  # messages held at once while one of them is looked for


class NoSuchQueue(KeyError):
    """There is no parking place of this name."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked message. kind: type of the event, or the address of a letter; came_by: the exchange it came by."""

    message_id: str
    kind: str
    reason: str
    attempt: int
    came_by: str
    published_at: datetime | None

    @property
    def age_seconds(self) -> float | None:
        return None if self.published_at is None else (datetime.now(UTC) - self.published_at).total_seconds()


class ParkingPlaces:
    """All parking places of one node's broker."""

    def __init__(self, settings: NodeSettings, services: Sequence[Service], bus: Bus) -> None:
        self._node = settings.node.path
        self._bus = bus
        self.names = sorted(name for name in topology_of(settings, services).queues if name.endswith(PARKED))

    async def counts(self) -> dict[str, int]:
        """Messages in each parking place. Raises OSError when the broker is away."""
        async with self._bus.channel() as channel:
            found = {}
            for name in self.names:
                async with broker_call():
                    state = (await channel.declare_queue(name, passive=True)).declaration_result
                found[name] = state.message_count or 0
            return found

    async def look(self, name: str, limit: int = 100) -> list[Parked]:
        """The first messages, which all stay."""
        async with self._taken(name, limit) as messages:
            return [_parked(message) for message in messages]

    async def replay(self, name: str, ids: Collection[str] = ()) -> int:
        """Give messages (all, or those with these ids) back to where they failed, tried as often as new ones.

        A message leaves only after the broker confirmed its copy. Returns how many went. Raises NoSuchQueue,
        kit.outbox.Unsendable when there is nothing to give one back to, OSError when the broker is away.
        """
        gone: set[str] = set()
        while True:
            async with self._taken(name, MOST if ids else PORTION) as messages:
                chosen = [message for message in messages if not ids or message.message_id in ids]
                back_again = {message.message_id for message in chosen} & gone
                for message in chosen:
                    if message.message_id not in back_again:
                        await self._give_back(name, message)
                        gone.add(message.message_id or "")
            if ids or back_again or len(messages) < PORTION:
                return len(gone)

    async def _give_back(self, name: str, message: AbstractIncomingMessage) -> None:
        delivery = delivery_of(message)
        exchange, key = "", name.removesuffix(PARKED)
        if name == UNDELIVERED:
            exchange, key = self._address(message.routing_key or "")
        outgoing = Outgoing(exchange, key, delivery.message_id, delivery.body, delivery.traceparent)
        await self._bus.publish(outgoing, {FIRST_EXCHANGE: delivery.exchange} if exchange == "" else None)
        async with broker_call():
            await message.ack()

    def _address(self, key: str) -> tuple[str, str]:
        """(exchange, key): a letter for this node goes into its service's queue, any other on its way again."""
        path, _, service = key.removeprefix("letter.").rpartition(".")
        return ("", f"{service}.letters") if path == self._node else ("letters", key)

    async def drop(self, name: str, ids: Collection[str]) -> int:
        """Throw the messages with these ids away, for good. Returns how many went."""
        async with self._taken(name, MOST) as messages:
            chosen = [message for message in messages if message.message_id in ids]
            for message in chosen:
                async with broker_call():
                    await message.ack()
        return len(chosen)

    @contextlib.asynccontextmanager
    async def _taken(self, name: str, limit: int) -> AsyncIterator[list[AbstractIncomingMessage]]:
        """What lies there now; what is not acknowledged goes back when the block ends. Raises NoSuchQueue."""
        if name not in self.names:
            raise NoSuchQueue(name)
        async with self._bus.channel() as channel:
            messages: list[AbstractIncomingMessage] = []
            async with broker_call(60):
                queue = await channel.get_queue(name, ensure=False)
                while len(messages) < limit and (message := await queue.get(fail=False)) is not None:
                    messages.append(message)
            yield messages


def _parked(message: AbstractIncomingMessage) -> Parked:
    delivery = delivery_of(message)
    undelivered = (message.routing_key or "").startswith("letter.")
    return Parked(
        message_id=delivery.message_id,
        kind=(message.routing_key or "") if undelivered else _type_of(delivery.body),
        reason="no such node or service" if undelivered else str(delivery.headers.get(REASON, "")),
        attempt=delivery.attempt,
        came_by=delivery.exchange,
        published_at=delivery.published_at,
    )


def _type_of(body: bytes) -> str:
    """The type an event gives itself; nothing else of it is looked at."""
    try:
        kind = json.loads(body)["type"]
    except (ValueError, KeyError, TypeError):
        return "sealed or unreadable 密封或不可读"
    return str(kind)[:120]
