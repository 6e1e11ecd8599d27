"""Takes cases through their lives: so many clients, each with one request at a time, many cases in progress.

Run as a process of its own: `python -m deploy.bench.lifecycle_load` with the JSON of a `Plan` on standard input.
"""

import asyncio
import heapq
import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import uvloop

ROOT = Path(__file__).parents[2]
MARK = "@@@@@@@@@@"  # ten digits that no other case has
CASE = "@case@"  # the id of the case, once it is told
PATIENCE = 30.0  # seconds that a step may be too early
AGAIN = 0.2  # seconds until it is tried again; then twice as long, and so on
# who came too early leaves more time from then on; who did not, a little less
LATER, SOONER = 1.2, 0.995
LONGEST = 5.0


@dataclass(frozen=True)
class Step:
    """token: bearer; body: JSON text with marks in it; keeps: (field of the answer, what it stands for);
    early: statuses that say that an event of an earlier step has not arrived yet; rest: seconds at least that are
    left for it to arrive: the clerk turns to another case; counted: one of the seven calls.
    """

    name: str
    path: str
    body: str
    token: str
    status: int = 200
    keeps: tuple[str, str] | None = None
    early: tuple[int, ...] = ()
    rest: float = 0.0
    counted: bool = True


@dataclass(frozen=True)
class Plan:
    """clients: requests at the same time; in_progress: cases at the same time; seconds: how long new ones begin;
    cases: at most so many.
    """

    port: int
    steps: Sequence[Step]
    clients: int
    in_progress: int
    seconds: float
    cases: int = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """began, ended: time.monotonic() of the first request and the last answer; calls: milliseconds of each successful
    call, by step; early: how often a step was tried before the event it needs had arrived.
    """

    began: float
    ended: float
    cases: Sequence[str]
    calls: Mapping[str, Sequence[float]]
    early: Mapping[str, int]


@dataclass(order=True)
class Case:
    """due: when its next step may be tried; known: ids and marks that its steps use; tries: of that step, too early;
    since: when it was first due.
    """

    due: float
    number: int
    step: int = field(default=0, compare=False)
    tries: int = field(default=0, compare=False)
    since: float = field(default=0.0, compare=False)
    known: dict[str, str] = field(default_factory=dict, compare=False)


class Line(asyncio.Protocol):
    """A connection that is kept; one request at a time."""

    _waiting: "asyncio.Future[tuple[int, bytes]]"

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises ConnectionError."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length_of(head):
            self._received = b""
            self._waiting.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        waiting = getattr(self, "_waiting", None)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error or ConnectionError("the server ended the connection"))

    def close(self) -> None:
        self._transport.close()


def _length_of(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0])


class Work:
    """Which case comes next: one whose next step is due, else a new one."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._first = secrets.randbelow(9_000_000_000)
        self._key = secrets.token_hex(8)
        self._due: list[Case] = []
        self._open = 0
        self._begun = 0
        self._rests = [step.rest for step in plan.steps]
        self.began = time.monotonic()
        self.done: list[str] = []
        self.calls: defaultdict[str, list[float]] = defaultdict(list)
        self.early: Counter[str] = Counter()

    def take(self) -> Case | None:
        """None: nothing to do at this moment."""
        now = time.monotonic()
        if self._due and self._due[0].due <= now:
            return heapq.heappop(self._due)
        plan = self._plan
        if self._open < plan.in_progress and self._begun < plan.cases and now < self.began + plan.seconds:
            self._open += 1
            self._begun += 1
            return Case(now, self._begun, since=now, known={MARK: f"{self._first + self._begun:010d}"})
        return None

    @property
    def over(self) -> bool:
        begins = self._begun < self._plan.cases and time.monotonic() < self.began + self._plan.seconds
        return not self._open and not begins

    def request(self, case: Case) -> bytes:
        step = self._plan.steps[case.step]
        path, text = step.path, step.body
        for mark, known in case.known.items():
            path, text = path.replace(mark, known), text.replace(mark, known)
        body = text.encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._plan.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {step.token}\r\nContent-Length: {len(body)}\r\n"
            f"Idempotency-Key: {self._key}-{case.number}-{case.step}\r\n\r\n"
        )
        return head.encode() + body

    def answered(self, case: Case, status: int, body: bytes, seconds: float) -> None:
        """Raises RuntimeError for an answer that is neither what was expected nor early."""
        step, now = self._plan.steps[case.step], time.monotonic()
        if status in step.early and now < case.since + PATIENCE:
            self.early[step.name] += 1
            self._rests[case.step] = min(self._rests[case.step] * LATER, LONGEST)
            case.due = now + AGAIN * 2**case.tries
            case.tries += 1
        elif status == step.status:
            self.calls[step.name].append(seconds * 1000)
            self._move_on(case, step, body, now)
        else:
            raise RuntimeError(f"{step.name} was answered {status}: {body.decode(errors='replace')[:500]}")
        if case.step < len(self._plan.steps):
            heapq.heappush(self._due, case)

    def _move_on(self, case: Case, step: Step, body: bytes, now: float) -> None:
        if step.keeps is not None:
            name, mark = step.keeps
            case.known[mark] = json.loads(body)[name]
        if not case.tries:
            self._rests[case.step] = max(self._rests[case.step] * SOONER, step.rest)
        case.step, case.tries = case.step + 1, 0
        if case.step == len(self._plan.steps):
            self._open -= 1
            self.done.append(case.known[CASE])
            return
        case.since = case.due = now + self._rests[case.step]


async def _client(line: Line, work: Work) -> None:
    while not work.over:
        case = work.take()
        if case is None:
            await asyncio.sleep(0.005)
            continue
        request, started = work.request(case), time.perf_counter()
        status, body = await line.ask(request)
        work.answered(case, status, body, time.perf_counter() - started)


async def load(plan: Plan) -> Outcome:
    """Raises OSError when the server is away, RuntimeError for an answer that no step may get."""
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(Line, "127.0.0.1", plan.port) for _ in range(plan.clients)]
    work = Work(plan)
    async with asyncio.TaskGroup() as group:
        for _, line in opened:
            group.create_task(_client(line, work))
    ended = time.monotonic()
    for _, line in opened:
        line.close()
    return Outcome(work.began, ended, work.done, dict(work.calls), dict(work.early))


def load_from_outside(plan: Plan) -> Outcome:
    """Run the plan in a process of its own. Raises subprocess.CalledProcessError."""
    words = [sys.executable, "-m", "deploy.bench.lifecycle_load"]
    given = json.dumps(asdict(plan)).encode()
    limit = plan.seconds + 60 + PATIENCE
    # without a buffer, what is longer than the pipe is cut off
    rest = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(words, input=given, stdout=subprocess.PIPE, check=True, cwd=ROOT, timeout=limit, env=rest)
    return Outcome(**json.loads(done.stdout))


def _plan_of(told: dict[str, Any]) -> Plan:
    return Plan(**{**told, "steps": [Step(**step) for step in told["steps"]]})


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(load(_plan_of(json.load(sys.stdin)))))))
