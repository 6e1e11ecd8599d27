"""Long messages put together from parts that come in any order, and more than once. Standard library only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Piece:
    """One part. text: null where its octets are none in the alphabet they claim; whole: what it was put into before."""

    id: UUID
    number: int
    total: int
    at: datetime
    text: str | None = field(repr=False)
    raw: bytes = field(default=b"", repr=False)
    whole: UUID | None = None

    def same_as(self, other: "Piece") -> bool:
        return (self.text, self.raw) == (other.text, other.raw)


@dataclass(slots=True)
class Group:
    """Parts of one message, by number; those that came again are in `pieces` alone."""

    pieces: list[Piece] = field(default_factory=list)
    parts: dict[int, Piece] = field(default_factory=dict)

    def takes(self, piece: Piece) -> bool:
        """The same number with another text is of another message: senders use their references again."""
        here = self.parts.get(piece.number)
        return here is None or here.same_as(piece)

    def add(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.parts.setdefault(piece.number, piece)

    @property
    def id(self) -> UUID:
        """Of the whole: the same whoever puts it together, and however often."""
        return next((piece.whole for piece in self.pieces if piece.whole), self.pieces[0].id)

    @property
    def late(self) -> list[UUID]:
        """What is in no whole yet."""
        return [piece.id for piece in self.pieces if piece.whole is None]

    @property
    def closed(self) -> bool:
        """It was put together before."""
        return any(piece.whole for piece in self.pieces)

    @property
    def complete(self) -> bool:
        return len(self.parts) == self.pieces[0].total

    @property
    def damaged(self) -> bool:
        return not self.complete or any(piece.text is None for piece in self.parts.values())

    def text(self) -> str:
        """What it says; what is missing, or cannot be read, is marked."""
        total = self.pieces[0].total
        return joined(self._said(number, total) for number in range(1, total + 1))

    def _said(self, number: int, total: int) -> str:
        piece = self.parts.get(number)
        if piece is None:
            return f"〔缺第{number}/{total}段〕"
        return f"〔第{number}/{total}段无法解码〕" if piece.text is None else piece.text


def joined(texts: Iterable[str]) -> str:
    """Also where a part ended between the halves of a letter; a half alone becomes a mark."""
    return "".join(texts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def group(pieces: Sequence[Piece]) -> list[Group]:
    """pieces: of one telephone, to one number, with one reference and total, in the order they came."""
    groups: list[Group] = []
    for piece in pieces:
        found = next((each for each in groups if _belongs(each, piece)), None)
        if found is None:
            groups.append(found := Group())
        found.add(piece)
    return groups


def _belongs(found: Group, piece: Piece) -> bool:
    """What was put together before stays so."""
    if piece.whole is not None and found.closed:
        return piece.whole == found.id
    return found.takes(piece)
