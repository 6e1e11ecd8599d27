"""A copy for one reader, of what lies in the vault or was just laid out."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from documents import resources
from documents.views import domain
from documents.views.viewer import Copy
from kit.auth import Principal
from kit.runtime import Runtime


async def marked(
    runtime: Runtime, reader: Principal, content: AsyncGenerator[bytes, None], media_type: str, size: int
) -> Copy:
    """Raises Refused: "not-viewable", "too-many-requests", and what reading the content raises."""
    held = resources.of(runtime)
    unit = held.units.units.get(reader.unit)
    looks = domain.Viewer(reader.subject, reader.unit if unit is None else unit.name, runtime.clock.now())
    return await held.viewer.copy(content, media_type, size, looks)


async def marked_pdf(runtime: Runtime, reader: Principal, pdf: bytes) -> bytes:
    """As `marked`, of a PDF of our own making."""

    async def once() -> AsyncGenerator[bytes, None]:
        yield pdf

    copy = await marked(runtime, reader, once(), domain.PDF, len(pdf))
    async with aclosing(copy.content):
        return b"".join([chunk async for chunk in copy.content])
