"""Taking a request's body in as a stream: bounded in size and in silence, looked at before it is kept."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from documents.files import domain
from documents.storage.vault import Receiving
from kit.errors import Refused


async def body_of(request: Request, *, limit: int, silence: float) -> AsyncIterator[bytes]:
    """The body in chunks. limit: bytes; silence: seconds that the next chunk may take.

    Raises Refused: "too-large" (before the first byte when Content-Length tells), "upload-interrupted".
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise Refused("too-large", limit_bytes=limit)
    taken = 0
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(silence):
                chunk = await anext(chunks, None)
        except (TimeoutError, ClientDisconnect) as error:
            raise Refused("upload-interrupted") from error
        if chunk is None:
            return
        taken += len(chunk)
        if taken > limit:
            raise Refused("too-large", limit_bytes=limit)
        yield chunk


async def receive(receiving: Receiving, body: AsyncIterator[bytes], declared: str) -> str:
    """Write a body to the vault's spool; returns its media type, found from the first bytes and equal to `declared`.

    Raises Refused: "empty-file", "unsupported-media", "media-type-mismatch", as soon as it is known.
    """
    head, found = b"", None
    async for chunk in body:
        if found is None:
            head = (head + chunk)[: domain.HEAD]
            if len(head) == domain.HEAD:
                found = domain.media_type(head, declared)
        await receiving.write(chunk)
    if not head:
        raise Refused("empty-file")
    return found or domain.media_type(head, declared)
