"""Giving a file out as a stream: nothing is answered before its first bytes were found right."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote
from uuid import UUID

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from documents.storage.objects import Absent
from kit.crypto import Undecipherable
from kit.errors import Refused
from kit.logs import log


async def checked(content: AsyncGenerator[bytes, None], file_id: UUID) -> AsyncGenerator[bytes, None]:
    """The same bytes; an object that is gone or was altered is named in the log. Raises Refused("content-damaged")."""
    try:
        async with aclosing(content):
            async for chunk in content:
                yield chunk
    except (Absent, Undecipherable) as error:
        log.error("content.damaged", file=str(file_id), reason=type(error).__name__)
        raise Refused("content-damaged") from error


async def begun(content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes, after the first are here: what is missing or is not ours must not become a 200."""
    first = await anext(content)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(content):
            yield first
            async for chunk in content:
                yield chunk

    return whole()


NOTHING_RUNS = "sandbox; default-src 'none'"
# the browser's own viewer of PDFs may work, and what it shows stands in no other page
VIEWED = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"


class Download(StreamingResponse):
    """A file as an attachment that no browser guesses at, shows or keeps; inline: one that its viewer of PDFs shows.
    size: bytes; sha256: hexadecimal, of what is given out as it is kept.

    Damage found on the way breaks the connection off: the Content-Length tells the receiver that it is not whole.
    """

    def __init__(
        self, content: AsyncGenerator[bytes, None], *, name: str, media_type: str, size: int, sha256: str | None,
        inline: bool = False,
    ) -> None:  # fmt: skip
        headers = {
            "Content-Length": str(size),
            "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": VIEWED if inline else NOTHING_RUNS,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        if sha256 is not None:
            headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"  # RFC 9530
        super().__init__(content, headers=headers, media_type=media_type)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._content):
            await super().__call__(scope, receive, send)
