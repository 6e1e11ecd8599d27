"""Writes that end a transaction together, in one statement: one way to the database and back instead of one each."""

import re
from functools import lru_cache
from typing import Any

_PARAMETER = re.compile(r"\$(\d+)")
MESSAGE = """messages AS (
INSERT INTO outbox (exchange, routing_key, message_id, body, traceparent) VALUES ($1, $2, $3, $4, $5))"""
MESSAGES = """messages AS (
INSERT INTO outbox (exchange, routing_key, message_id, body, traceparent)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[]))"""
# each entry of the audit waits in `audit_unchained` for its place in the chain
NOTE = """entries AS (
INSERT INTO audit (at, actor, unit, subject, action, reason, before, after, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id),
unchained AS (INSERT INTO audit_unchained SELECT id FROM entries)"""
NOTES = """entries AS (
INSERT INTO audit (at, actor, unit, subject, action, reason, before, after, detail)
SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bigint[],
  $8::bigint[], $9::text[]) RETURNING id),
unchained AS (INSERT INTO audit_unchained SELECT id FROM entries)"""


class Writes:
    """Collects parts of a WITH clause: `name AS (INSERT …)`, one or several, with parameters from $1 on.

    The parts of a statement do not see each other's rows; names must differ.
    """

    def __init__(self) -> None:
        self._parts: tuple[str, ...] = ()
        self._sizes: tuple[int, ...] = ()
        self._values: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, part: str, *values: Any) -> None:
        self._parts += (part,)
        self._sizes += (len(values),)
        self._values += values

    def take(self) -> tuple[str, list[Any]]:
        """The statement and its values; nothing is collected any longer."""
        statement, values = _together(self._parts, self._sizes), self._values
        self.__init__()  # type: ignore[misc]  # as new
        return statement, values


@lru_cache(maxsize=256)
def _together(parts: tuple[str, ...], sizes: tuple[int, ...]) -> str:
    """One statement; the parameters of each part follow those of the part before."""
    numbered = [_shifted(part, sum(sizes[:place])) for place, part in enumerate(parts)]
    return f"WITH {','.join(numbered)} SELECT"


def _shifted(part: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", part)
