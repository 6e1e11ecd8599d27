"""Keyset paging: a cursor is the last key seen, opaque and bounded."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from kit.errors import Refused

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=200, description="rows a page")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = None


def after(cursor: str | None) -> UUID | None:
    """The key a cursor stands for. Raises Refused("invalid-input")."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise Refused("invalid-input", errors=[{"field": "query.cursor", "reason": "not a cursor"}]) from error


def cursor_of(key: UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")
