"""Has viewing copies made by processes that may die (ADR 23), and passes them on as they come."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from documents import launch
from documents.views import domain
from documents.views.settings import ViewSettings
from kit.errors import Refused
from kit.logs import log

CHUNK = 256 * 1024
# not imported here: it loads what draws
STAMPING, LENGTH = Path(__file__).with_name("stamping.py"), 8


@dataclass(frozen=True, slots=True)
class Copy:
    """A marked PDF; size: bytes. content is to be closed, read or not."""

    content: AsyncGenerator[bytes, None]
    size: int


class Viewer:
    """Makes so many copies at once as the settings say; who comes later waits a while."""

    def __init__(self, settings: ViewSettings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(settings.at_once)

    async def copy(
        self, content: AsyncGenerator[bytes, None], media_type: str, size: int, looks: domain.Viewer
    ) -> Copy:
        """A copy of these bytes, every page marked with who looks. It is whole before this returns.

        Raises Refused: "not-viewable"; "too-many-requests" when all places stay taken; what reading the content does.
        """
        async with aclosing(content):
            if media_type not in domain.VIEWED:
                raise unfit("no-pages")
            if size > self._settings.most_bytes:
                raise unfit("too-large")
            await self._take_place()
            answer = self._answer(content, media_type, size, looks)
            try:
                made = int.from_bytes(await anext(answer))  # the first piece tells how many bytes follow
            except BaseException:
                await answer.aclose()
                raise
        return Copy(answer, made)

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._settings.wait_seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise Refused("too-many-requests") from error

    async def _answer(
        self, content: AsyncIterator[bytes], media_type: str, size: int, looks: domain.Viewer
    ) -> AsyncGenerator[bytes, None]:
        """How many bytes, then the bytes. Holds a place and a process until it is closed."""
        process: Process | None = None
        try:
            try:
                async with asyncio.timeout(self._settings.seconds):
                    process = await self._started()
                    await self._ask(process, content, media_type, size, looks)
                    made = await _told(process)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                raise unfit("too-large") from error  # it went beyond its bounds
            giving = asyncio.get_running_loop().call_later(self._settings.give_seconds, _kill, process)
            try:
                yield made.to_bytes(8)
                async for chunk in _rest(process, made):
                    yield chunk
            finally:
                giving.cancel()
        finally:
            self._places.release()
            if process is not None:
                _kill(process)
                await process.wait()

    async def _started(self) -> Process:
        held = self._settings
        bounds = [str(bound) for bound in (held.memory_mb, held.seconds, 0)]  # it writes no file
        env = {name: os.environ[name] for name in launch.PASSED_ON if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", launch.__file__, *bounds, sys.executable, "-I", str(STAMPING),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=env,
        )  # fmt: skip

    async def _ask(
        self, process: Process, content: AsyncIterator[bytes], media_type: str, size: int, looks: domain.Viewer
    ) -> None:
        if process.stdin is None:  # asked for above
            raise OSError
        order = {
            "media_type": media_type, "size": size, "lines": looks.lines(), "most_pages": self._settings.most_pages,
            "most_pixels": self._settings.most_pixels, "formats": domain.PICTURES.get(media_type, ()),
        }  # fmt: skip
        text = json.dumps(order, ensure_ascii=False).encode()
        process.stdin.write(len(text).to_bytes(LENGTH) + text)
        async for chunk in content:
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()


async def _told(process: Process) -> int:
    """Bytes of the copy. Raises Refused, IncompleteReadError when the process is gone."""
    if process.stdout is None:  # asked for above
        raise OSError
    length = int.from_bytes(await process.stdout.readexactly(LENGTH))
    answer = json.loads(await process.stdout.readexactly(length))
    if "problem" in answer:
        log.info("view.refused", reason=answer["problem"], error=answer.get("error"))
        raise unfit(answer["problem"])
    return int(answer["bytes"])


async def _rest(process: Process, size: int) -> AsyncIterator[bytes]:
    """Ends early where the process did: who receives it has been told the size."""
    left = size
    while left and process.stdout is not None and (chunk := await process.stdout.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def unfit(reason: str) -> Refused:
    zh, en = domain.REASONS[reason]
    return Refused("not-viewable", reason=reason, reason_zh=zh, reason_en=en)
