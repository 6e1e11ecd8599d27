"""A message centre (SMSC) on this machine: the npm package `smpp` behind deploy/local/smsc/smsc.js, as a process."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon
from xinqiao_local.secret_files import private_directory

SCRIPT = Path(__file__).parents[2] / "smsc" / "smsc.js"
PATIENCE = 30  # seconds


class Smsc:
    """directory: its own; the PDUs it took and gave lie in pdus.jsonl there, in the order of their coming."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.daemon = Daemon(self.directory, "smsc")
        self._ports = Ports(self.directory)

    @property
    def port(self) -> int:
        """Where it speaks SMPP, on 127.0.0.1."""
        return self._ports["smpp"]

    def start(self) -> None:
        """Does nothing when it runs. Raises NotReady."""
        private_directory(self.directory)
        if not self.daemon.alive:
            ports = self._ports.allocate("smpp", "control")
            self.daemon.start(["node", str(SCRIPT), str(self.directory), str(ports["smpp"]), str(ports["control"])])
        self.daemon.wait_ready(lambda: self.daemon.listens(self._ports["control"]), PATIENCE)

    def stop(self) -> None:
        self.daemon.stop(5)

    def kill9(self) -> None:
        self.daemon.kill9()

    def order(self, order: str, *, patience: float = PATIENCE, **said: Any) -> dict[str, Any]:
        """One of ORDERS in smsc.js, which says what they take. Raises ValueError, OSError."""
        with socket.create_connection(("127.0.0.1", self._ports["control"]), patience) as line:
            line.sendall(json.dumps({"do": order, **said}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def behave(self, **changes: Any) -> None:
        """From now on as an orderly centre does, but for these changes."""
        self.order("set", **changes)

    def text(self, phone: str, to: str, text: str) -> None:
        """A telephone sends; returns when it is kept."""
        self.deliver([{"from": phone, "to": to, "text": text}])

    def deliver(self, texts: Sequence[dict[str, Any]], **said: Any) -> dict[int, int]:
        """Bring them until they are kept: how many were answered with which status. wait=False: do not wait;
        per_second: not all at once.
        """
        statuses = self.order("deliver", texts=list(texts), **said).get("statuses", {})
        return {int(status): count for status, count in statuses.items()}

    def pdus(self) -> list[dict[str, Any]]:
        """Its log."""
        self.order("status")  # which writes what it still holds
        file = self.directory / "pdus.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def submits(self) -> list[dict[str, Any]]:
        return [entry for entry in self.pdus() if entry.get("took") == "submit_sm"]
