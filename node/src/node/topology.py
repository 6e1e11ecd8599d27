"""What a node's broker must look like, as data: exchanges, queues, bindings, policies, link users, shovels.

Computed from the node file and the services alone; `node.declaring` makes it so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from contracts.events import SERVICES
from kit.app import Service
from kit.bus import QUORUM, delays, queues_of
from kit.settings import ChildSection, NodeSettings

STREAM = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 50_000_000}
UNDELIVERABLE = "letters.undeliverable"
LINK_UP, LINK_DOWN = "link-up", "link-down"
BULK = 8  # messages of bulk that a shovel has under way: 2 MiB; their links are slow where it matters


@dataclass(frozen=True, order=True, slots=True)
class Binding:
    """source exchange -> destination; kind: "queue" or "exchange"."""

    source: str
    destination: str
    key: str
    kind: str = "queue"


@dataclass(frozen=True, slots=True)
class LinkUser:
    """An account with which one child's shovels sign in here, and the only things it may do."""

    password: str = field(repr=False, compare=False)
    configure: str
    write: str
    read: str


@dataclass(frozen=True)
class Topology:
    """exchanges: name -> type; queues: name -> arguments; policies: name -> definition as the broker holds it;
    shovels: name -> definition; users: name -> account. Everything is durable.
    """

    exchanges: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bindings: frozenset[Binding] = frozenset()
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Mapping[str, LinkUser] = field(default_factory=dict)
    shovels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


def vhost_of(url: str) -> str:
    """The virtual host an AMQP address names; without one it is "/"."""
    return unquote(urlsplit(url).path.removeprefix("/")) or "/"


def topology_of(settings: NodeSettings, services: Sequence[Service]) -> Topology:
    """Everything this node's broker needs. The children's side of the links is theirs to declare."""
    children = [child.path for child in settings.children]
    rises = settings.parent is not None
    return Topology(
        exchanges=_exchanges(children, rises=rises),
        queues=_queues(services, children, rises=rises),
        bindings=frozenset(
            [
                *_events(children, rises=rises),
                *_letters(children, rises=rises),
                *_bulk(children, rises=rises),
                *[Binding(name, name, "") for name in delays()],
                *_heard(settings.node.path, services, rises=rises),
            ]
        ),
        policies=_policies(settings, children, rises=rises),
        users={f"link.{child.path}": _link_user(child) for child in settings.children},
        shovels=_shovels(settings),
    )


def _exchanges(children: Sequence[str], *, rises: bool) -> dict[str, str]:
    always = dict.fromkeys(["events", "events.down", "events.foreign", "events.all", "letters", "bulk"], "topic")
    upward = {"letters.up": "fanout", "bulk.up": "fanout", "from-parent": "topic"} if rises else {}
    fanouts = dict.fromkeys([UNDELIVERABLE, *delays()], "fanout")
    return {**always, **fanouts, **upward, **{f"from-child.{child}": "topic" for child in children}}


def _queues(services: Sequence[Service], children: Sequence[str], *, rises: bool) -> dict[str, Mapping[str, Any]]:
    ways = ["link.up"] * rises + [f"link.down.{child}" for child in children]
    links = [link for way in ways for link in (way, f"{way}.bulk")]
    consumers = [queues_of(consumer) for service in services for consumer in service.consumers]
    return {
        "events.stream": STREAM,
        "letters.parked": QUORUM,
        **delays(),
        **dict.fromkeys(links, QUORUM),
        **{name: arguments for queues in consumers for name, arguments in queues.items()},
    }


def _events(children: Sequence[str], *, rises: bool) -> Iterator[Binding]:
    """Own and the children's events go to all services and rise; what came down in a letter does not rise."""
    yield Binding("events.all", "events.stream", "#")
    for source in ("events", "events.foreign"):
        yield Binding(source, "events.all", "#", "exchange")
    yield Binding("events.down", "events.foreign", "#", "exchange")
    risen = [(f"from-child.{child}", key) for child in children for key in _of_services()]
    for source, key in risen:
        yield Binding(source, "events.foreign", key, "exchange")
    for source, key in [("events", "#"), *risen] if rises else []:
        yield Binding(source, "link.up", key)


def _of_services() -> list[str]:
    return [f"{service}.#" for service in SERVICES]


def _letters(children: Sequence[str], *, rises: bool) -> Iterator[Binding]:
    """A letter goes down to the child in whose subtree its address lies; else, by the alternate exchange, up."""
    yield Binding(UNDELIVERABLE, "letters.parked", "")
    if rises:
        yield Binding("letters.up", "link.up", "")
    for child in children:
        yield Binding(f"from-child.{child}", "letters", "letter.#", "exchange")
        for source in _letter_sources(rises=rises):
            yield Binding(source, f"link.down.{child}", f"letter.{child}.#")


def _letter_sources(*, rises: bool, bulk: bool = False) -> list[str]:
    own = "bulk" if bulk else "letters"
    return [own, "from-parent"] if rises else [own]


def _bulk(children: Sequence[str], *, rises: bool) -> Iterator[Binding]:
    """The same ways as those of letters, beside them: nothing that matters waits behind what is large."""
    if rises:
        yield Binding("bulk.up", "link.up.bulk", "")
    for child in children:
        yield Binding(f"from-child.{child}", "bulk", "bulk.#", "exchange")
        for source in _letter_sources(rises=rises, bulk=True):
            yield Binding(source, f"link.down.{child}.bulk", f"bulk.{child}.#")


def _heard(own: str, services: Sequence[Service], *, rises: bool) -> Iterator[Binding]:
    """What each consumer's queue is bound to."""
    for service in services:
        for consumer in service.consumers:
            for pattern in consumer.bindings:
                yield Binding(consumer.source, consumer.queue, pattern)
            for source in _letter_sources(rises=rises) if consumer.letters else []:
                yield Binding(source, consumer.queue, f"letter.{own}.{service.name}")
            for source in _letter_sources(rises=rises, bulk=True) if consumer.bulk else []:
                yield Binding(source, consumer.queue, f"bulk.{own}.{service.name}")


def _policies(settings: NodeSettings, children: Sequence[str], *, rises: bool) -> dict[str, Mapping[str, Any]]:
    """What may change while the exchange or queue stays: as an argument it could not be changed any more.

    What a newer child tells of a service unknown here is parked, not lost.
    """
    aside = [*(["from-parent"] if rises else []), *(f"from-child.{child}" for child in children)]
    upward = {sort: f"{sort}.up" if rises else UNDELIVERABLE for sort in ("letters", "bulk")}
    ways = upward | dict.fromkeys(aside, UNDELIVERABLE)
    alternates = {
        f"xinqiao.{exchange}": _policy(exchange, "exchanges", {"alternate-exchange": alternate})
        for exchange, alternate in ways.items()
    }
    limit = {"max-length-bytes": settings.broker.stream_bytes}
    return {**alternates, "xinqiao.events.stream": _policy("events.stream", "queues", limit)}


def _policy(name: str, kind: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    pattern = f"^{name.replace('.', '[.]')}$"
    return {"pattern": pattern, "apply-to": kind, "definition": dict(definition), "priority": 0}


def _link_user(child: ChildSection) -> LinkUser:
    """A child may put messages into its own exchange and take from its own queues, and nothing else."""
    path = child.path.replace(".", r"\.")
    return LinkUser(
        password=child.link_password.get_secret_value(),
        configure="^$",
        write=rf"^from-child\.{path}$",
        read=rf"^link\.down\.{path}(\.bulk)?$",
    )


def _shovels(settings: NodeSettings) -> dict[str, Mapping[str, Any]]:
    """All run here, so that only outbound connections are needed; what is large has connections of its own."""
    if settings.parent is None:
        return {}
    own = _local_address(settings.broker.url.get_secret_value())
    parent = _remote_address(settings.parent.broker_url.get_secret_value())
    path = settings.node.path
    up, down = f"from-child.{path}", f"link.down.{path}"
    return {
        LINK_UP: _shovel(own, "link.up", parent, up),
        LINK_DOWN: _shovel(parent, down, own, "from-parent"),
        f"{LINK_UP}-bulk": _shovel(own, "link.up.bulk", parent, up, BULK),
        f"{LINK_DOWN}-bulk": _shovel(parent, f"{down}.bulk", own, "from-parent", BULK),
    }


def _shovel(source: str, queue: str, destination: str, exchange: str, under_way: int = 1000) -> dict[str, Any]:
    return {
        "src-protocol": "amqp091",
        "src-uri": source,
        "src-queue": queue,
        "src-prefetch-count": under_way,
        "src-delete-after": "never",
        "dest-protocol": "amqp091",
        "dest-uri": destination,
        "dest-exchange": exchange,
        "dest-add-forward-headers": False,
        "dest-add-timestamp-header": False,
        "ack-mode": "on-confirm",
        "reconnect-delay": 1,
    }


def _local_address(url: str) -> str:
    """The broker speaks to itself without a network, as the same user."""
    return f"amqp://{urlsplit(url).username}@/{quote(vhost_of(url), safe='')}"


def _remote_address(url: str) -> str:
    """Heartbeats find a dead line; a path "/" would name a virtual host without a name."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    host = f"{parts.scheme}://{parts.netloc}/{quote(vhost_of(url), safe='')}"
    return f"{host}?{query}heartbeat=10&connection_timeout=5000"
