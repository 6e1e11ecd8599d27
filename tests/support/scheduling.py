"""Which test runs on which worker of pytest-xdist: those that share servers on one, the rest by module."""

from xdist.scheduler import LoadScopeScheduling

NODES = "nodes"
# folder -> the servers its tests share
SHARED = {
    "tests/resilience/texts/": "a node that texts go through",
    "tests/e2e/": NODES,
    "tests/resilience/": NODES,
    "tests/browser/": NODES,
    "node/tests/": "brokers",
    "libs/kit/tests/": "broker and database",
}


def shared(nodeid: str) -> str | None:
    """What a test shares with others."""
    return next((servers for folder, servers in SHARED.items() if nodeid.startswith(folder)), None)


class BySharedServers(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no annotations
    """Scopes in the order of collection, so that the longest one, the nodes, starts first."""

    def _split_scope(self, nodeid: str) -> str:
        return shared(nodeid) or nodeid.partition("::")[0]
