"""Taking a request's body in as a stream: bounded in size and in silence, looked at before it is kept."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect

from documents.files import domain, kinds
from documents.files.ends import Directories
from documents.storage.vault import Receiving
from kit.errors import Refused


async def body_of(request: Request, *, limit: int, silence: float) -> AsyncGenerator[bytes, None]:
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


@dataclass(frozen=True, slots=True)
class Received:
    """media_type: borne out by the content; encrypted: a password is needed to open it."""

    media_type: str
    encrypted: bool


async def receive(receiving: Receiving, body: AsyncIterator[bytes], claim: domain.Claim) -> Received:
    """Write a body to the vault's spool, looked at as it passes.

    Raises Refused: "empty-file", "truncated-file" and those of Claim.checked, as soon as it is known.
    """
    head, tail, found, size, directories = b"", bytearray(), None, 0, Directories()
    async for chunk in body:
        size += len(chunk)
        directories.update(chunk)
        if found is None:
            head = (head + chunk)[: kinds.HEAD]
            if len(head) == kinds.HEAD:
                found = claim.checked(head)
        tail += chunk
        del tail[: -kinds.TAIL]
        await receiving.write(chunk)
    if not head:
        raise Refused("empty-file")
    kind, media_type = found or claim.checked(head)
    domain.check_whole(kind, head, tail, size, directories)
    return Received(media_type, kinds.needs_password(kind, head, tail))
