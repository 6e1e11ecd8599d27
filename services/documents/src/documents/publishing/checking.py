"""The check before a text is sent to be reviewed: what it holds that may not be public, and what was said of that."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import resources
from documents.papers.usecases import content_binding
from documents.publishing import store
from documents.publishing.hits import Hit, find, topics_in
from documents.publishing.parties import known_of
from kit.db import Session
from kit.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Content:
    """What is, or is to be, public."""

    title: str = field(repr=False)
    body: str = field(repr=False)
    correction: str | None = field(default=None, repr=False)

    @property
    def whole(self) -> str:
        return "\n".join(filter(None, (self.title, self.body, self.correction)))


@dataclass(frozen=True, slots=True)
class Found:
    """A hit; mark: names it for as long as it is written so; explanation: the row, where somebody answers for it."""

    hit: Hit
    mark: str
    explanation: Row[Any] | None


async def found_in(runtime: Runtime, session: Session, row: Row[Any], content: Content) -> list[Found]:
    """Everything that the rules find in a publication and in the paper that goes with it."""
    text = await _text(runtime, session, row, content)
    known = await known_of(runtime, session, row.petition_id)
    hits = await resources.of(runtime).threads.run(find, text, known)
    said = {each.mark: each for each in await store.explained(session, row.id)}
    marks = [mark_of(runtime, row.id, hit) for hit in hits]
    return [Found(hit, mark, said.get(mark)) for hit, mark in zip(hits, marks, strict=True)]


async def topics_of(runtime: Runtime, session: Session, row: Row[Any], content: Content) -> list[str]:
    """Names of the sensitive topics it is about."""
    text = await _text(runtime, session, row, content)
    return topics_in(text, resources.of(runtime).publishing.topics)


async def _text(runtime: Runtime, session: Session, row: Row[Any], content: Content) -> str:
    if row.paper_id is None:
        return content.whole
    stored = await store.paper_content(session, row.paper_id)
    sections = json.loads(runtime.keyring.decrypt(stored, content_binding(row.paper_id)))
    lines = (line for value in sections.values() for line in (value if isinstance(value, list) else [value]))
    return "\n".join((content.whole, *map(str, lines)))


def mark_of(runtime: Runtime, publication_id: UUID, hit: Hit) -> str:
    """A keyed digest: it stands in addresses and rows, and tells nothing."""
    return runtime.keyring.blind_index(f"publications/{publication_id}/{hit.rule}/{hit.value}").hex()
