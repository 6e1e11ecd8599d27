"""HTTP face of uploads in parts: the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload)."""

from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.types import Message, Receive, Scope, Send

from documents import resources
from documents.faces import HIGHEST, PREFIX, Office, runtime_of
from documents.files.uploads import body_of
from documents.uploads import domain, usecases
from documents.uploads.domain import Checksum
from documents.uploads.usecases import Standing
from kit.errors import Refused
from kit.idempotency import IdempotentRoute, Keyed

ROOM = r"/api/documents/v1/petitions/[^/]+/uploads(/[^/]+)?"  # bodies of these paths are bounded here
BODY = {"requestBody": {"content": {domain.CHUNK: {"schema": {"type": "string", "format": "binary"}}}}}
DONE: dict[int | str, dict[str, Any]] = {204: {"description": "as the tus protocol says"}}


class TusRoute(IdempotentRoute):
    """Says in every answer, refusals too, which version of the protocol it speaks."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"tus-resumable", domain.VERSION.encode())]}
            await send(message)

        await super().handle(scope, receive, told)


async def _speaks(
    tus_resumable: Annotated[str | None, Header(max_length=20, examples=[domain.VERSION])] = None,
) -> None:
    if tus_resumable != domain.VERSION:
        raise Refused("tus-version", versions=[domain.VERSION])


router = APIRouter(prefix=PREFIX, route_class=TusRoute, tags=["documents"])
Speaks = Depends(_speaks)
Length = Annotated[int, Header(alias="Upload-Length", ge=0, le=HIGHEST)]
Metadata = Annotated[
    str, Header(alias="Upload-Metadata", description="file_id (a UUID), filename, filetype, identity in Base64")
]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=HIGHEST)]
Sum = Annotated[str | None, Header(alias="Upload-Checksum", max_length=200, description="sha256 or sha1, and Base64")]
ContentType = Annotated[str | None, Header(alias="Content-Type", max_length=200)]


@router.options("/uploads", status_code=204, responses=DONE)
async def describe(request: Request, _: Office, petition_id: UUID) -> Response:  # noqa: ARG001 - of the path
    """What is spoken here."""
    headers = {
        "Tus-Version": domain.VERSION,
        "Tus-Extension": domain.EXTENSIONS,
        "Tus-Max-Size": str(resources.of(runtime_of(request)).settings.max_file_bytes),
        "Tus-Checksum-Algorithm": ",".join(domain.ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post("/uploads", status_code=201, dependencies=[Keyed, Speaks], openapi_extra=BODY)
async def begin_upload(
    request: Request, writer: Office, petition_id: UUID, length: Length, metadata: Metadata,
    checksum: Sum = None, content_type: ContentType = None,
) -> Response:  # fmt: skip
    """Begin a file that comes in parts; its first may come along. Sent again, it answers how far the upload is."""
    runtime = runtime_of(request)
    at = await usecases.begin(runtime, writer, petition_id, length, metadata)
    file_id = domain.described(metadata).file_id
    if content_type == domain.CHUNK and at.position == 0:
        at = await _append(request, writer, petition_id, file_id, 0, checksum)
    where = f"{request.url.path.rstrip('/')}/{file_id}"
    return Response(status_code=201, headers={"Location": where, **_headers(at)})


@router.head("/uploads/{file_id}", dependencies=[Speaks])
async def ask_upload(request: Request, writer: Office, petition_id: UUID, file_id: UUID) -> Response:
    """How many bytes have arrived."""
    at = await usecases.standing(runtime_of(request), writer, petition_id, file_id)
    metadata = {} if at.metadata is None else {"Upload-Metadata": at.metadata}
    return Response(headers={"Upload-Length": str(at.length), "Cache-Control": "no-store", **_headers(at), **metadata})


@router.patch(
    "/uploads/{file_id}", status_code=204, dependencies=[Speaks], openapi_extra=BODY,
    responses={204: {"description": "taken; with the last bytes the file is stored"}},
)  # fmt: skip
async def append_to_upload(
    request: Request, writer: Office, petition_id: UUID, file_id: UUID, offset: Offset,
    checksum: Sum = None, content_type: ContentType = None,
) -> Response:  # fmt: skip
    """Send bytes on from where the upload stands."""
    if content_type != domain.CHUNK:
        raise Refused("not-a-chunk")
    at = await _append(request, writer, petition_id, file_id, offset, checksum)
    return Response(status_code=204, headers=_headers(at))


@router.delete("/uploads/{file_id}", status_code=204, dependencies=[Speaks], responses=DONE)
async def end_upload(request: Request, writer: Office, petition_id: UUID, file_id: UUID) -> Response:
    """Throw away what has arrived of a file."""
    await usecases.end(runtime_of(request), writer, petition_id, file_id)
    return Response(status_code=204)


async def _append(
    request: Request, writer: Office, petition_id: UUID, file_id: UUID, offset: int, checksum: str | None
) -> Standing:
    runtime = runtime_of(request)
    settings = resources.of(runtime).settings
    body = body_of(request, limit=settings.max_file_bytes, silence=settings.silence_seconds)
    expected = None if checksum is None else Checksum(checksum)
    return await usecases.append(runtime, writer, petition_id, file_id, offset, body, expected)


def _headers(at: Standing) -> dict[str, str]:
    told = {"Upload-Offset": str(at.position)}
    return told if at.expires_at is None else {**told, "Upload-Expires": _date(at.expires_at)}


def _date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)
