"""HTTP face of links: asked for with a session, opened without one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from documents.faces import PREFIX, Reader, runtime_of
from documents.files.downloads import Download
from documents.identity.stating import purpose_of
from documents.links import usecases
from documents.links.models import LinkIn, LinkOut
from documents.links.usecases import Wanted
from kit.auth import public
from kit.db import Db
from kit.idempotency import Idempotent, IdempotentRoute

ROOT = "/api/documents/v1/links"
router = APIRouter(route_class=IdempotentRoute, tags=["documents"])
Token = Annotated[str, Path(max_length=400, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$")]
ANY: dict[int | str, dict[str, Any]] = {200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post(PREFIX + "/links", status_code=201, dependencies=[Idempotent])
async def make_link(request: Request, session: Db, reader: Reader, petition_id: UUID, body: LinkIn) -> LinkOut:
    """A link to a file or a paper, for some minutes, to be opened where no session is at hand. It is recorded."""
    runtime = runtime_of(request)
    said = body.purpose
    purpose = None if said is None else purpose_of(runtime, said.code, said.words, "body.purpose.words")
    wanted = Wanted(body.kind, body.id, body.disposition, body.once)
    token, expires_at = await usecases.make(runtime, session, reader, petition_id, wanted, purpose)
    path = f"{ROOT}/{token}"
    return LinkOut(path=path, url=runtime.settings.node.public_url.rstrip("/") + path, expires_at=expires_at)


@router.get(ROOT + "/{token}", dependencies=[public()], response_class=Response, responses=ANY)
async def open_link(request: Request, token: Token) -> Download:
    """What a link leads to: who asked for it reads, with the rights they have now. The reading is recorded."""
    opened = await usecases.open_link(runtime_of(request), token)
    return Download(
        opened.content, name=opened.name, media_type=opened.media_type, size=opened.size, sha256=opened.sha256,
        inline=opened.inline,
    )  # fmt: skip
