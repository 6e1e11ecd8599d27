"""A process that binds one dossier, confined as strangers' files want it (documents.launch): asked on standard input,
answers on standard output.

A question is a length (8 bytes) and JSON, then the contents of the parts one after the other; an answer is a length and
the places as JSON, then the PDF.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from documents import launch
from documents.dossiers.domain import Part, Place
from kit.errors import Refused

LENGTH = 8
MEGABYTES, SECONDS, BYTES = 3072, 600, 64 * 1024 * 1024  # of address space, of work, of a file that it writes


@dataclass(frozen=True, slots=True)
class Source:
    """A part whose content is read while the process takes it in; size: bytes, None for what has no pages."""

    part: Part
    size: int | None
    read: Callable[[], AsyncIterator[bytes]]


async def bound(facts: Sequence[tuple[str, str]], sources: Sequence[Source]) -> tuple[bytes, list[Place]]:
    """As binding.bind, elsewhere. Raises Refused("dossier-not-bound") when it takes too long, too much, or gives up."""
    env = {name: os.environ[name] for name in launch.PASSED_ON if name in os.environ}
    bounds = [str(bound) for bound in (MEGABYTES, SECONDS, BYTES)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", launch.__file__, *bounds, sys.executable, "-m", "documents.dossiers.binder",
        stdin=PIPE, stdout=PIPE, env=env,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            await _ask(process, facts, sources)  # it answers when it has all
            return await _answered(process)
    except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        raise Refused("dossier-not-bound") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _ask(
    process: asyncio.subprocess.Process, facts: Sequence[tuple[str, str]], sources: Sequence[Source]
) -> None:
    if process.stdin is None:  # asked for above
        raise OSError
    lines = [[s.part.title, s.part.unit, s.part.day, s.part.media_type, s.size] for s in sources]
    head = json.dumps([facts, lines], ensure_ascii=False).encode()
    process.stdin.write(len(head).to_bytes(LENGTH) + head)
    for source in sources:
        if source.size is not None:
            async for chunk in source.read():
                process.stdin.write(chunk)
                await process.stdin.drain()
    process.stdin.close()


async def _answered(process: asyncio.subprocess.Process) -> tuple[bytes, list[Place]]:
    if process.stdout is None:  # asked for above
        raise OSError
    length = int.from_bytes(await process.stdout.readexactly(LENGTH))
    places = [Place(*place) for place in json.loads(await process.stdout.readexactly(length))]
    return await process.stdout.read(), places


def serve(asking: BinaryIO, answering: BinaryIO) -> None:
    from documents.dossiers.binding import bind  # what lays pages out is loaded here alone

    facts, lines = json.loads(asking.read(int.from_bytes(asking.read(LENGTH))))
    parts = []
    for title, unit, day, media_type, size in lines:
        parts.append(Part(title, unit, day, media_type, None if size is None else asking.read(size)))
    pdf, places = bind(facts, parts)
    text = json.dumps([[place.page, place.pages] for place in places]).encode()
    answering.write(len(text).to_bytes(LENGTH) + text + pdf)
    answering.flush()


def main() -> None:
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answering:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
        serve(sys.stdin.buffer, answering)


if __name__ == "__main__":
    main()
