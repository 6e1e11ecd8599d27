"""Long-lived processes that lay papers out: the work is heavy, and fonts and templates are warm after the first."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from documents.launch import PASSED_ON
from documents.papers.rendering import Filled, Marks
from documents.papers.worker import LENGTH, question
from kit.errors import Refused
from kit.logs import log

SECONDS = 30.0  # for one paper
PAPERS = 500  # laid out by one process before the next takes its place: what libraries do not give back goes with it


class _Worker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.left = PAPERS

    @classmethod
    async def start(cls, own: Path | None) -> "_Worker":
        where = [] if own is None else [str(own)]
        env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        module = "documents.papers.worker"
        return cls(
            await asyncio.create_subprocess_exec(sys.executable, "-m", module, *where, stdin=PIPE, stdout=PIPE, env=env)
        )

    async def ask(self, asked: bytes) -> tuple[bytes, bytes]:
        """Raises OSError, IncompleteReadError when the process is gone."""
        asking, answering = self.process.stdin, self.process.stdout
        if asking is None or answering is None:  # asked for above
            raise OSError
        asking.write(asked)
        await asking.drain()
        head = await answering.readexactly(1 + LENGTH)
        self.left -= 1
        return head[:1], await answering.readexactly(int.from_bytes(head[1:]))

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()


class Renderers:
    """At most `most` papers at once; more wait. own: the office's directory of templates."""

    def __init__(self, most: int, own: Path | None = None) -> None:
        self._own = own
        self._workers: list[_Worker] = []
        # the last one used is taken first: it is the warmest
        self._places: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        for _ in range(most):
            self._places.put_nowait(None)
        self._most = most

    def processes(self) -> list[int]:
        """The ids of those that run."""
        return [each.process.pid for each in self._workers if each.process.returncode is None]

    async def render(self, paper: Filled, marks: Marks, *, seconds: float = SECONDS) -> bytes:
        """The PDF, as rendering.render makes it. seconds: then its process is ended.

        Raises Refused: "template-unknown-here"; "paper-not-rendered" when it cannot be laid out, takes too long or too
        much memory.
        """
        kind, content = await self._answer(question(paper, marks), seconds)
        if kind == b"P":
            return content
        problem = json.loads(content)
        if problem["slug"] == "paper-not-rendered":
            log.error("papers.not-rendered", template=f"{paper.kind}/{paper.template_version}", **problem["facts"])
            raise Refused(problem["slug"])
        raise Refused(problem["slug"], **problem["facts"])

    async def _answer(self, asked: bytes, seconds: float) -> tuple[bytes, bytes]:
        worker = await self._places.get()
        try:
            if worker is None or worker.left < 1 or worker.process.returncode is not None:
                await self._ended(worker)
                worker = None
                worker = await self._started()
            async with asyncio.timeout(seconds):
                return await worker.ask(asked)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            await self._ended(worker)
            worker = None
            return b"E", json.dumps({"slug": "paper-not-rendered", "facts": {"error": type(error).__name__}}).encode()
        except BaseException:  # whoever asked is gone: the answer would be taken for the next one's
            await self._ended(worker)
            worker = None
            raise
        finally:
            self._places.put_nowait(worker)

    async def _started(self) -> _Worker:
        started = await _Worker.start(self._own)
        self._workers.append(started)
        return started

    async def _ended(self, worker: _Worker | None) -> None:
        if worker is not None:
            self._workers.remove(worker)
            await worker.end()

    async def close(self) -> None:
        for _ in range(self._most):
            await self._ended(await self._places.get())
