"""Nodes of a tree on this machine: started in parallel, linked, stopped; nothing outside `directory` is touched."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from xinqiao_local.keys import introduce, public_name
from xinqiao_local.local_node import LocalNode
from xinqiao_local.process import wait_until
from xinqiao_local.secret_files import Passwords, private_directory, write_json
from xinqiao_local.tree import FOUR_TIERS, NodeSpec, Tree

SEED = Path(__file__).parents[2] / "seed"
SEED_FILES = ("units.csv", "accounts.csv")
PATIENCE = 300  # seconds for a parent's setup
Report = Callable[[str, str], None]  # (slug of the node, what it is doing now)


def quiet(_slug: str, _step: str) -> None:
    """A report that nobody reads."""


class Cluster:
    """directory: everything it owns; specs: the nodes; seed: units.csv and accounts.csv for all nodes;
    durable: False for tests that do not crash the database; wires: links pass through a `Wire` each, to be cut;
    store: the [s3] section of every node, None for a directory.
    """

    def __init__(
        self,
        directory: Path,
        specs: Sequence[NodeSpec] = FOUR_TIERS,
        *,
        seed: Path = SEED,
        durable: bool = True,
        wires: bool = False,
        store: Mapping[str, Any] | None = None,
    ) -> None:
        self.directory = private_directory(directory.absolute())
        self.tree = Tree(specs)
        nodes = self.directory / "nodes"
        self.nodes = {spec.slug: LocalNode(spec, nodes / spec.slug, durable=durable) for spec in self.tree.specs}
        self._seed = seed
        self._with_wires = wires
        self._store = store
        self._links = Passwords(self.directory / "links.json")

    def __getitem__(self, slug: str) -> LocalNode:
        return self.nodes[slug]

    def up(self, report: Report = quiet) -> None:
        """Start what does not run and wait until every node is ready. Raises NotReady."""
        with self._alone():
            self.start_servers(report)
            ready: dict[str, Future[None]] = {slug: Future() for slug in self.nodes}
            self._for_all(lambda node: self._start_services(node, ready, report))

    def start_servers(self, report: Report = quiet) -> None:
        """Brokers, databases, keys and node files of all nodes; no services yet."""
        self._remember()
        self._for_all(lambda node: self._launch(node, report))
        self._string_wires()
        for node in self.nodes.values():
            introduce(node.spec.path, node.keys, [other.keys for other in self.nodes.values()])
        for node in self.nodes.values():
            node.configure(self.tree.lane(node.spec), self._sections(node.spec))

    def _launch(self, node: LocalNode, report: Report) -> None:
        report(node.spec.slug, "servers")
        node.launch_servers()
        for name in SEED_FILES:
            shutil.copyfile(self._seed / name, node.directory / name)

    def _string_wires(self) -> None:
        for spec in self.tree.specs:
            parent = self.tree.parent(spec)
            if self._with_wires and parent is not None:
                target = self.nodes[parent.slug].rabbitmq.amqp_port
                self.nodes[spec.slug].wire.connect(target)

    def _start_services(self, node: LocalNode, ready: Mapping[str, Future[None]], report: Report) -> None:
        mine = ready[node.spec.slug]
        try:
            self._set_up(node, ready, report)
            mine.set_result(None)
        except BaseException as error:
            mine.set_exception(error)  # children that wait learn of it
            raise
        report(node.spec.slug, "services")
        node.application.start()
        node.application.wait_ready()
        node.rabbitmq.wait_settled()
        report(node.spec.slug, "ready")

    def _set_up(self, node: LocalNode, ready: Mapping[str, Future[None]], report: Report) -> None:
        report(node.spec.slug, "broker and databases")
        node.make_databases()
        node.rabbitmq.wait_ready()
        if not node.application.alive:
            self._await_parent(node, ready, report)
            report(node.spec.slug, "setup")
            node.set_up()

    def _await_parent(self, node: LocalNode, ready: Mapping[str, Future[None]], report: Report) -> None:
        """A child declares its shovels when the parent's broker knows the user of their link."""
        parent = self.tree.parent(node.spec)
        if parent is not None:
            broker, user, done = self.nodes[parent.slug].rabbitmq, f"link.{node.spec.path}", ready[parent.slug]
            report(node.spec.slug, f"waits for {parent.slug}")
            wait_until(lambda: done.done() or broker.has_user(user), PATIENCE, poll=0.2)
            if done.done():
                done.result()

    def _sections(self, spec: NodeSpec) -> dict[str, Any]:
        """What the tree says about a node."""
        parent = self.tree.parent(spec)
        return {
            "parent": self._parent_section(spec, parent) if parent else {},
            "children": [
                {"path": child.path, "link_password": self._links[child.path]} for child in self.tree.children(spec)
            ],
            "directory": [
                {"path": other.path, "name": other.name, "jwks": f"keys/{public_name(other.path)}"}
                for other in self.tree.specs
            ],
            "s3": {**self._store, "bucket": f"xinqiao-{spec.slug}"} if self._store else {},
            "telemetry": {"traces_file": "traces.jsonl"},
        }

    def _parent_section(self, spec: NodeSpec, parent: NodeSpec) -> dict[str, str]:
        port = self.nodes[spec.slug].wire.port if self._with_wires else self.nodes[parent.slug].rabbitmq.amqp_port
        return {
            "path": parent.path,
            "broker_url": f"amqp://link.{spec.path}:{self._links[spec.path]}@127.0.0.1:{port}/",
        }

    def down(self, report: Report = quiet) -> None:
        """Stop everything it started, services first."""
        with self._alone():
            self._for_all(lambda node: self._stop_services(node, report))
            self._for_all(lambda node: self._stop_servers(node, report))

    def _stop_services(self, node: LocalNode, report: Report) -> None:
        report(node.spec.slug, "services stop")
        node.application.stop()

    def _stop_servers(self, node: LocalNode, report: Report) -> None:
        report(node.spec.slug, "broker and database stop")
        node.stop_servers()
        report(node.spec.slug, "stopped")

    def kill9(self) -> None:
        """End everything at once, for directories that are thrown away."""
        self._for_all(LocalNode.kill9)

    def _for_all(self, work: Callable[[LocalNode], None]) -> None:
        """In parallel. The first error is raised when all have ended."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            done = [pool.submit(work, node) for node in self.nodes.values()]
        for outcome in done:
            outcome.result()

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The cluster that was last started in a directory. Raises FileNotFoundError when there was none."""
        known = json.loads((directory / "cluster.json").read_text())
        return cls(directory, [NodeSpec(**spec) for spec in known])

    def _remember(self) -> None:
        write_json(self.directory / "cluster.json", [asdict(node.spec) for node in self.nodes.values()])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands on one directory take turns."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
