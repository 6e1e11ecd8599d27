"""RabbitMQ's management API: what AMQP cannot say (users, policies, shovels) and what a broker looks like."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from kit.settings import NodeSettings
from node.topology import Binding, LinkUser, Topology, vhost_of

PREFIXES = ("link.", "link-", "xinqiao.")


class BrokerRefused(RuntimeError):
    """The management API answered with an error."""


class Management:
    """One broker's management API, for one virtual host."""

    def __init__(self, settings: NodeSettings) -> None:
        parts = urlsplit(settings.broker.management_url.get_secret_value())
        self.vhost = vhost_of(settings.broker.url.get_secret_value())
        self._client = httpx.AsyncClient(
            base_url=f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api",
            auth=(parts.username or "", parts.password or ""),  # not in the address, which is logged
            timeout=15,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(self, method: str, *path: str, **body: Any) -> Any:
        """path: segments, quoted here. Raises BrokerRefused, or OSError when nobody answers."""
        url = "/" + "/".join(quote(segment, safe="") for segment in path)
        try:
            answer = await self._client.request(method, url, json=body or None)
        except httpx.TransportError as error:
            raise ConnectionError(f"the management API does not answer: {type(error).__name__}") from error
        if answer.is_error:
            reason = answer.text[:300] if answer.status_code < 500 else ""
            raise BrokerRefused(f"{method} {path[0]} {path[-1]}: {answer.status_code} {reason}")
        return answer.json() if answer.content else None

    async def depths(self) -> dict[str, int]:
        """Messages in each queue. Asks the broker for nothing but these counts: it is done every few seconds."""
        counts = "disable_stats=true&enable_queue_totals=true"
        try:
            answer = await self._client.get(f"/queues/{quote(self.vhost, safe='')}?{counts}")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise ConnectionError(f"the management API does not answer: {type(error).__name__}") from error
        return {queue["name"]: int(queue.get("messages", 0)) for queue in answer.json()}

    async def shovel_states(self) -> dict[str, str]:
        """State of each shovel: running, starting, terminated …"""
        found = await self.call("GET", "shovels", self.vhost)
        return {shovel["name"]: str(shovel["state"]) for shovel in found}

    async def observe(self) -> Topology:
        """What is there now, as far as it is ours to say: other people's users, policies and shovels are left out."""
        vhost = self.vhost
        exchanges = await self.call("GET", "exchanges", vhost)
        queues = await self.call("GET", "queues", vhost)
        bindings = await self.call("GET", "bindings", vhost)
        policies = await self.call("GET", "policies", vhost)
        permissions = await self.call("GET", "vhosts", vhost, "permissions")
        shovels = await self.call("GET", "parameters", "shovel", vhost)
        return Topology(
            exchanges={e["name"]: e["type"] for e in exchanges if e["name"] and not e["name"].startswith("amq.")},
            queues={queue["name"]: queue["arguments"] for queue in queues},
            bindings=frozenset(
                Binding(b["source"], b["destination"], b["routing_key"], b["destination_type"])
                for b in bindings
                if b["source"]
            ),
            policies={
                p["name"]: {field: p[field] for field in ("pattern", "apply-to", "definition", "priority")}
                for p in policies
                if p["name"].startswith(PREFIXES)
            },
            users={
                p["user"]: LinkUser("", p["configure"], p["write"], p["read"])
                for p in permissions
                if p["user"].startswith(PREFIXES)
            },
            shovels={s["name"]: s["value"] for s in shovels if s["name"].startswith(PREFIXES)},
        )

    async def put_user(self, name: str, user: LinkUser) -> None:
        """An account with its permissions here; it has none elsewhere unless somebody gives them."""
        await self.call("PUT", "users", name, password=user.password, tags="")
        rights = {"configure": user.configure, "write": user.write, "read": user.read}
        await self.call("PUT", "permissions", self.vhost, name, **rights)
