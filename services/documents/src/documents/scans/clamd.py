"""Asking clamd, by its INSTREAM command: the bytes in counted chunks, an empty one, then one line of answer."""

import asyncio
from collections.abc import AsyncIterator

FOUND = " FOUND"
FINE = "stream: OK"


class ClamdAway(OSError):
    """clamd does not answer."""


class Unscannable(ValueError):
    """clamd answers that it could not look at it: it is longer than its StreamMaxLength, or clamd is out of order."""


class Clamd:
    """address: host:port, or unix: and the path of a socket; seconds: how long one file may take."""

    def __init__(self, address: str, seconds: float) -> None:
        self._address = address
        self._seconds = seconds

    async def scan(self, content: AsyncIterator[bytes]) -> str | None:
        """The name of what was found; None for nothing. Raises ClamdAway, Unscannable, and what `content` raises."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(content)
        except (ConnectionError, EOFError, TimeoutError) as error:
            raise ClamdAway(type(error).__name__) from error
        if answer == FINE:
            return None
        if answer.endswith(FOUND):
            return answer.removeprefix("stream: ").removesuffix(FOUND)[:200]
        raise Unscannable(answer[:200])

    async def _ask(self, content: AsyncIterator[bytes]) -> str:
        reader, writer = await self._connect()
        # it may answer before the end, and then end the connection with what is still under way
        answering = asyncio.create_task(reader.readuntil(b"\0"))
        try:
            await _send(writer, content, answering)
            return (await answering).rstrip(b"\0\n").decode(errors="replace")
        finally:
            answering.cancel()
            writer.close()
            await asyncio.gather(answering, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if self._address.startswith("unix:"):
                return await asyncio.open_unix_connection(self._address.removeprefix("unix:"))
            host, _, port = self._address.rpartition(":")
            return await asyncio.open_connection(host, int(port))
        except OSError as error:
            raise ClamdAway(type(error).__name__) from error


async def _send(writer: asyncio.StreamWriter, content: AsyncIterator[bytes], answering: "asyncio.Task[bytes]") -> None:
    try:
        writer.write(b"zINSTREAM\0")
        async for chunk in content:
            if answering.done():
                return
            writer.write(len(chunk).to_bytes(4) + chunk)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
    except ConnectionError:
        if not answering.done():  # what it said comes before the end of the connection, or not at all
            await asyncio.wait([answering], timeout=5)
