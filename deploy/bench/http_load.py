"""A load generator for one POST endpoint: keep-alive connections on raw asyncio, cheaper than any HTTP client.

Run as a process of its own: `python -m deploy.bench.http_load` with the JSON of a `Plan` on standard input.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

ROOT = Path(__file__).parents[2]
MARK = "@@@@@@@@@@"  # replaced by ten digits of its own in every body


@dataclass(frozen=True)
class Plan:
    """body: JSON text holding MARK, replaced by a number no other request has; seconds: how long new requests start."""

    host: str
    port: int
    path: str
    body: str
    token: str
    connections: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """answers: how many of each status; rate: 201s a second; p50, p95: milliseconds to the whole answer."""

    answers: dict[str, int]
    rate: float
    p50: float
    p95: float

    @property
    def registered(self) -> int:
        return self.answers.get("201", 0)


class Connection(asyncio.Protocol):
    """Sends one request after the other until the time is over."""

    def __init__(self, requests: "Requests") -> None:
        self._requests = requests
        self._received = b""
        self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        if self._sent_at > self._requests.until:
            self._transport.close()
        else:
            self._transport.write(self._requests.next())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length_of(head):
            self._received = b""
            self._requests.answered(head[9:12].decode(), time.perf_counter() - self._sent_at)
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error) if error else self.ended.set_result(None)


def _length_of(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0])


class Requests:
    """Makes requests that all differ, and counts the answers."""

    def __init__(self, plan: Plan) -> None:
        body = plan.body.encode()
        head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {plan.token}\r\nContent-Length: {len(body)}\r\n"
            f"Idempotency-Key: {secrets.token_hex(8)}-{MARK}\r\n\r\n"
        )
        self._parts = (head.encode() + body).split(MARK.encode())
        self._first = secrets.randbelow(9_000_000_000)
        self.until = time.perf_counter() + plan.seconds
        self.answers: Counter[str] = Counter()
        self.times: list[float] = []

    def next(self) -> bytes:
        self._first += 1
        return b"%010d".__mod__(self._first).join(self._parts)

    def answered(self, status: str, seconds: float) -> None:
        self.answers[status] += 1
        self.times.append(seconds)


async def load(plan: Plan) -> Outcome:
    """Raises OSError when the server is not there or ends a connection."""
    requests = Requests(plan)
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(requests), plan.host, plan.port)
        for _ in range(plan.connections)
    ]
    await asyncio.gather(*(connection.ended for _, connection in opened))
    spent = time.perf_counter() - started
    times = sorted(requests.times)
    return Outcome(
        answers=dict(requests.answers),
        rate=requests.answers["201"] / spent,
        p50=times[len(times) // 2] * 1000,
        p95=times[int(len(times) * 0.95)] * 1000,
    )


def load_from_outside(plan: Plan) -> Outcome:
    """Run the plan in a process of its own. Raises subprocess.CalledProcessError."""
    words = [sys.executable, "-m", "deploy.bench.http_load"]
    given = json.dumps(asdict(plan)).encode()
    done = subprocess.run(words, input=given, stdout=subprocess.PIPE, check=True, cwd=ROOT, timeout=plan.seconds + 30)
    return Outcome(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(load(Plan(**json.load(sys.stdin)))))))
