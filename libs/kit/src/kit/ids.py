"""Time-ordered identifiers (UUID version 7, RFC 9562) from a source that tests can replace."""

import itertools
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import uuid_utils


class Ids(Protocol):
    def new(self) -> UUID:
        """A fresh identifier; later calls sort after earlier ones of the same process."""
        ...


class TimeOrderedIds:
    def new(self) -> UUID:
        return UUID(int=uuid_utils.uuid7().int)


class SequentialIds:
    """Predictable identifiers for tests: 1, 2, 3, …"""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> UUID:
        return UUID(int=next(self._numbers))


def before(given: UUID, span: timedelta) -> UUID:
    """Before all ids that were given from so long before this one on: they begin with the milliseconds."""
    milliseconds = (given.int >> 80) - int(span.total_seconds() * 1000)
    return UUID(int=max(milliseconds, 0) << 80)
