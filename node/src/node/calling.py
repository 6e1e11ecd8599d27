"""A caller of one node's HTTP interface, as a program of an office would be."""

import time
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx


class Unanswered(RuntimeError):
    """A node refused, or what was waited for did not come."""


@dataclass
class Caller:
    """Calls as one account over a client that the owner closes; `token` is None for the public."""

    client: httpx.Client
    base_url: str
    token: str | None = None

    @classmethod
    def sign_in(cls, client: httpx.Client, base_url: str, username: str, password: str) -> Self:
        """Raises Unanswered when the node refuses."""
        caller = cls(client, base_url)
        answer = caller.post("/api/portal/v1/tokens", username=username, password=password)
        caller.token = answer["access_token"]
        return caller

    def get(self, path: str, *, headers: dict[str, str] | None = None, **params: str) -> Any:
        return self._answer(self.client.get(self.base_url + path, params=params, headers=self._headers(headers)))

    def post(self, path: str, **body: Any) -> Any:
        """A POST with a fresh Idempotency-Key."""
        headers = self._headers({"Idempotency-Key": str(uuid.uuid4())})
        return self._answer(self.client.post(self.base_url + path, json=body, headers=headers))

    def put(self, path: str, content: bytes, headers: dict[str, str]) -> Any:
        return self._answer(self.client.put(self.base_url + path, content=content, headers=self._headers(headers)))

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**signed, **(more or {})}

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        if response.is_error:
            problem = response.json()
            raise Unanswered(f"{response.status_code} {problem.get('title_en')} ({problem.get('title')})")
        return response.json()


def until(look: Callable[[], Any], *, within: float = 20) -> Any:
    """Ask again every 20 ms until the answer is true. Raises Unanswered."""
    deadline = time.monotonic() + within
    while True:
        try:
            seen = look()
        except Unanswered as error:
            seen, last = None, str(error)
        else:
            last = "not yet"
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Unanswered(f"waited {within:g} s in vain: {last}")
        time.sleep(0.02)


def public_url(node_file: Path) -> str:
    """Where a node answers, from its node.toml."""
    url: str = tomllib.loads(node_file.read_text(encoding="utf-8"))["node"]["public_url"]
    return url
