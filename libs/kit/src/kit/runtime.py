"""What one service holds while it runs: its database, the broker, keys, clock, ids."""

from dataclasses import dataclass, field
from typing import Any

from kit.auth import Above, Verifier
from kit.bus import Bus, Consumer, Delivery, Message
from kit.clock import Clock, MovableClock, SystemClock
from kit.crypto import Keyring
from kit.db import Database
from kit.errors import Refused
from kit.health import Check
from kit.ids import Ids, TimeOrderedIds
from kit.links import Sealer, check_origin
from kit.settings import NodeSettings


@dataclass
class Runtime:
    """Passed to use cases and consumers as their context. `resources` is the service's own (a store, a cache);
    what of it must answer for the service to be ready is in `checks`, by name.
    """

    service: str
    settings: NodeSettings
    database: Database
    bus: Bus
    keyring: Keyring
    sealer: Sealer
    verifier: Verifier
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=TimeOrderedIds)
    resources: Any = None
    checks: dict[str, Check] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """Path of this node."""
        return self.settings.node.path

    @property
    def wall(self) -> Clock:
        """The clock that tokens, sessions and tries end by: a demonstration does not move it."""
        return self.clock.wall if isinstance(self.clock, MovableClock) else self.clock

    @classmethod
    def build(cls, service: str, settings: NodeSettings, bus: Bus, above: Above) -> "Runtime":
        """Read keys and prepare connections; nothing is opened yet. above: which units are above which."""
        keys = settings.keys
        directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
        database = Database(
            settings.database.dsn(service),
            pool_size=settings.database.pool_size,
            application=f"xinqiao-{service}",
        )
        return cls(
            service=service,
            settings=settings,
            database=database,
            bus=bus,
            keyring=Keyring.load(keys / "fields.json"),
            sealer=Sealer.load(settings.node.path, keys / "node.private.jwks", directory),
            verifier=Verifier(settings.auth, keys / "issuer.public.jwks", above),
            clock=MovableClock(settings.clock_file) if settings.clock_file else SystemClock(),
        )

    def open_message(self, consumer: Consumer, delivery: Delivery) -> Message:
        """Decode a delivery; for letters open the seal and check the signature. Raises Refused."""
        if not (consumer.letters or consumer.bulk):
            message = consumer.decode(delivery.body)
            check_origin(self.node, delivery.exchange, message.node)
            return message
        sender, payload = self.sealer.open(delivery.body)
        if sender != self.node:
            check_origin(self.node, delivery.exchange, sender)
        message = consumer.decode(payload)
        if message.node != sender:
            raise Refused("sender-outside-link", sender=sender, claimed=message.node)
        return message
