"""Four linked nodes for a test run, with everything a test asks of them."""

import csv
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import httpx

from node.calling import Caller
from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.local_node import LocalNode


@dataclass
class TestCaller(Caller):
    """A caller that can also look at refusals, and lead a trace."""

    __test__: ClassVar[bool] = False
    traceparent: str = ""

    def status(self, method: str, path: str, *, json: Any = None) -> int:
        """Only the status of an answer."""
        headers = {**self._headers({}), "Idempotency-Key": os.urandom(8).hex()}
        return self.client.request(method, self.base_url + path, json=json, headers=headers).status_code

    def traced(self, traceparent: str) -> "TestCaller":
        """The same caller inside a trace."""
        return TestCaller(self.client, self.base_url, self.token, traceparent)

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        led = {"traceparent": self.traceparent} if self.traceparent else {}
        return {**led, **super()._headers(more)}


@dataclass
class Tree:
    cluster: Cluster
    client: httpx.Client
    _callers: dict[str, TestCaller] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return self.cluster.directory

    @property
    def environment(self) -> dict[str, str]:
        """For commands that find the nodes by XQ_RUN_DIR."""
        return {**os.environ, "XQ_RUN_DIR": str(self.directory)}

    @cached_property
    def passwords(self) -> dict[str, str]:
        with (SEED / "accounts.csv").open(encoding="utf-8", newline="") as file:
            return {row["username"]: row["password"] for row in csv.DictReader(file)}

    def node(self, name: str) -> LocalNode:
        return self.cluster[name]

    def url(self, name: str) -> str:
        return self.cluster[name].url

    def amqp(self, name: str) -> str:
        return self.cluster[name].rabbitmq.url()

    def restart(self, name: str) -> None:
        """Start again whatever of a node was killed, as a supervisor of processes would; wait until it is ready."""
        node = self.cluster[name]
        node.rabbitmq.start(wait=False)
        node.postgres.start()
        node.rabbitmq.wait_ready()
        if self.cluster.tree.parent(node.spec) is not None:
            node.wire.mend()
        node.application.start()
        node.application.wait_ready()

    def caller(self, account: str) -> TestCaller:
        """Signed in as one of the sample accounts: "township.clerk"."""
        if account not in self._callers:
            node, _, _ = account.partition(".")
            password = self.passwords[account]
            self._callers[account] = TestCaller.sign_in(self.client, self.url(node), account, password)
        return self._callers[account]
