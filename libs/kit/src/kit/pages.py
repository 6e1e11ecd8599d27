"""Keyset paging: a cursor is the last key seen, opaque and bounded."""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from kit.errors import Refused

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=200, description="rows a page")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]
Place = tuple[datetime | None, UUID]  # a row of a list in order of time; None: after all that have a time
_PLACE = struct.Struct(">q16s")  # microseconds since 1970, key
_NEVER = 2**63 - 1
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = None


def after(cursor: str | None) -> UUID | None:
    """The key a cursor stands for. Raises Refused("invalid-input")."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=_bytes(cursor))
    except (ValueError, binascii.Error) as error:
        raise _no_cursor() from error


def cursor_of(key: UUID) -> str:
    return _text(key.bytes)


def after_place(cursor: str | None) -> Place | None:
    """The place a cursor stands for, of a list in order of time. Raises Refused("invalid-input")."""
    if cursor is None:
        return None
    try:
        at, key = _PLACE.unpack(_bytes(cursor))
        return None if at == _NEVER else _START + timedelta(microseconds=at), UUID(bytes=key)
    except (ValueError, OverflowError, struct.error) as error:
        raise _no_cursor() from error


def cursor_of_place(at: datetime | None, key: UUID) -> str:
    return _text(_PLACE.pack(_NEVER if at is None else (at - _START) // timedelta(microseconds=1), key.bytes))


def _bytes(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _no_cursor() -> Refused:
    return Refused("invalid-input", errors=[{"field": "query.cursor", "reason": "not a cursor"}])
