"""Which test runs on which worker of pytest-xdist: all that share the four nodes on one, the rest by module."""

from xdist.scheduler import LoadScopeScheduling

ON_THE_NODES = ("tests/e2e/", "tests/resilience/", "tests/browser/")


class ByNodesAndModule(LoadScopeScheduling):
    """Scopes in the order of collection, so that the longest one, the nodes, starts first."""

    def _split_scope(self, nodeid: str) -> str:
        return "nodes" if nodeid.startswith(ON_THE_NODES) else nodeid.partition("::")[0]
