"""Which test runs on which worker of pytest-xdist: those that share servers on one, the rest by module."""

from xdist.scheduler import LoadScopeScheduling

# folder -> the servers its tests share
SHARED = {
    "tests/e2e/": "nodes",
    "tests/resilience/": "nodes",
    "tests/browser/": "nodes",
    "node/tests/": "brokers",
    "libs/kit/tests/": "broker and database",
}


class BySharedServers(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no annotations
    """Scopes in the order of collection, so that the longest one, the nodes, starts first."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in SHARED if nodeid.startswith(folder)), None)
        return SHARED[folder] if folder else nodeid.partition("::")[0]
