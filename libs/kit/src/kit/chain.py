"""The hash chain of an audit: what an entry hashes to, and what is wrong with a chain. Standard library only."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["altered", "removed", "inserted", "replaced"]


def _domain(service: str) -> bytes:
    """No entry of one service hashes to what it would in another one's chain."""
    return b"audit-chain/1\0" + service.encode() + b"\0"


def genesis(service: str) -> bytes:
    """What the first link of a service's chain follows."""
    return hashlib.sha256(_domain(service)).digest()


def digest(service: str, previous: bytes, fields: Sequence[str | None]) -> bytes:
    """SHA-256 over the domain, the hash before, and each field with its length (-1: null) before it."""
    parts = [_domain(service), previous]
    for field in fields:
        encoded = b"" if field is None else field.encode()
        parts += (struct.pack(">i", -1 if field is None else len(encoded)), encoded)
    return hashlib.sha256(b"".join(parts)).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain had come. Who has noted a head sees whether the chain still leads through it."""

    position: int
    hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain as it stands. position: from 1, without gaps; entry: id of the audited row;
    digest: what that row and `previous` hash to now; None: there is no such row.
    """

    position: int
    entry: int
    previous: bytes
    hash: bytes
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong. position, until: places in the chain, from and to; entry: id of the row.

    altered: the row is not what was hashed, or not what the next one follows; removed: something stood there;
    inserted: it never belonged there; replaced: all up to there hangs together, but is not what was sealed.
    """

    kind: Kind
    position: int | None
    entry: int | None = None
    until: int | None = None


class Walk:
    """Judges the links of a chain one after the other, each when it has seen the next; ends with `end`."""

    def __init__(self, service: str, sealed: Iterable[Head] = ()) -> None:
        self._before: bytes | None = genesis(service)  # what the next link must follow; None: not known after a gap
        self._position = 0
        self._held: Link | None = None
        self._sealed: dict[int, set[bytes]] = {}
        for head in sealed:
            self._sealed.setdefault(head.position, set()).add(head.hash)

    def step(self, link: Link) -> Iterator[Fault]:
        held, self._held = self._held, link
        if held is not None:
            yield from self._judge(held, link if link.position == held.position + 1 else None)

    def end(self) -> Iterator[Fault]:
        held, self._held = self._held, None
        if held is not None:
            yield from self._judge(held, None)
        last = max(self._sealed, default=0)
        if last > self._position:  # cut off: what is left hangs together, but heads beyond it were noted
            yield Fault("removed", self._position + 1, until=last)

    def _judge(self, link: Link, successor: Link | None) -> Iterator[Fault]:
        if link.position <= self._position:
            yield Fault("inserted", link.position, link.entry)
            return
        if link.position > self._position + 1:
            yield Fault("removed", self._position + 1, until=link.position - 1)
            self._before = None
        self._position = link.position
        kind, self._before = self._verdict(link, successor)
        if kind is not None:
            yield Fault(kind, link.position, link.entry)
        if not self._sealed.get(link.position, {link.hash}) <= {link.hash}:
            yield Fault("replaced", link.position, link.entry)

    def _verdict(self, link: Link, successor: Link | None) -> tuple[Kind | None, bytes | None]:
        """What is wrong with a link, judged by its neighbours too, and what the next one must follow."""
        own = link.digest == link.hash
        follows = self._before is None or link.previous == self._before
        wanted = successor is None or successor.previous == link.hash
        if own and follows and wanted:
            return None, link.hash
        if successor is not None and successor.previous == self._before:
            return "inserted", self._before  # its neighbours belong together
        after = link.hash if successor is None else successor.previous
        if not own:
            return "removed" if link.digest is None else "altered", after
        if not follows:  # the hash of its own is right
            return "removed" if wanted else "inserted", after  # removed: what stood before it; the rest moved up
        if successor is not None and successor.digest != successor.hash:
            return None, link.hash  # the next one is wrong
        return "altered", after  # hashed anew, but the next one still follows what was there
