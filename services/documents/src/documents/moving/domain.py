"""What of a case goes where, and in which pieces it comes. Standard library only."""

from collections.abc import Collection
from dataclasses import dataclass

from kit.readers import EVERYBODY, MARK

PART = 128 * 1024  # bytes of a part: what a line of 1 Mbit/s carries in a second
FILE, PAPER = "file", "paper"
SEALED = "sealed-paper"  # the signed PDF of a paper: a file everywhere but where it was sealed
# what came of a case: the units that handed it on are told (Art 22, 23), so they have the papers too
RESULTS = frozenset({"answer", "decline", "refuse-again", "serve", "close", "report", "end-mediation"})


@dataclass(frozen=True, slots=True)
class Hop:
    """A hand-over: from which node to which."""

    from_node: str
    to_node: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who writes the next version of a case, and the hand-overs by which it came there, the one under way last."""

    writer: str
    hops: tuple[Hop, ...] = ()

    @property
    def nodes(self) -> frozenset[str]:
        """Those whose case it is or was, in the line by which it came; where it was given back from has no part."""
        return frozenset({self.writer, *(node for hop in self.hops for node in (hop.from_node, hop.to_node))})

    @property
    def senders(self) -> frozenset[str]:
        """Those that handed it on."""
        return frozenset(hop.from_node for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of something, from `start` on."""

    start: int
    size: int


def units_of(readers: Collection[str]) -> frozenset[str] | None:
    """Units that may read a confidential case, which says so as in kit.readers; None: everybody in scope."""
    return None if EVERYBODY in readers else frozenset(reader.partition(MARK)[0] for reader in readers)


def length(size: int, start: int, part: int = PART) -> int:
    """Bytes of the part that begins at `start`."""
    return min(part, size - start)


def is_part(size: int, start: int, content: int) -> bool:
    """Whether so many bytes are what a part is that begins there."""
    return start % PART == 0 and 0 <= start < size and content == length(size, start)


def missing(size: int, asked: int, have: Collection[int], room: int) -> tuple[list[Piece], int]:
    """What to ask for next, and up to where everything was asked for then.

    asked: up to where it was; have: where the parts begin that are here; room: bytes that may be asked for.
    """
    wanted: list[Piece] = []
    at = asked
    while at < size and room > 0:
        step = length(size, at)
        if at not in have:
            if wanted and wanted[-1].start + wanted[-1].size == at:
                wanted[-1] = Piece(wanted[-1].start, wanted[-1].size + step)
            else:
                wanted.append(Piece(at, step))
            room -= step
        at += step
    return wanted, at
