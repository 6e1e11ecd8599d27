"""How a field of a CMPP packet lies in its octets: fixed widths, high octets first, text filled with NUL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Malformed(ValueError):
    """Octets that are no packet, or values that fit in none. Never quotes them."""


class Field(Protocol):
    """Takes its value out of what a packet says, and puts it there; in the order in which fields follow each other."""

    @property
    def name(self) -> str: ...

    def write(self, said: Mapping[str, Any]) -> bytes: ...

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """The value that begins at `at`, and where the next one begins. Raises Malformed."""
        ...


def taken(octets: bytes, at: int, size: int, name: str) -> bytes:
    """Raises Malformed: the packet ends within the field."""
    if at + size > len(octets):
        raise Malformed(f"{name} ends after the packet")
    return octets[at : at + size]


@dataclass(frozen=True, slots=True)
class Number:
    """Unsigned Integer of `size` octets."""

    name: str
    size: int = 1

    def write(self, said: Mapping[str, Any]) -> bytes:
        try:
            return int(said[self.name]).to_bytes(self.size, "big")
        except OverflowError:
            raise Malformed(f"{self.name} does not fit into {self.size} octets") from None

    def read(self, octets: bytes, at: int) -> tuple[int, int]:
        return int.from_bytes(taken(octets, at, self.size, self.name), "big"), at + self.size


@dataclass(frozen=True, slots=True)
class Text:
    """Octet String that is ASCII text, ended by NUL where it is shorter."""

    name: str
    size: int

    def write(self, said: Mapping[str, Any]) -> bytes:
        return filled(said[self.name], self.size, self.name)

    def read(self, octets: bytes, at: int) -> tuple[str, int]:
        return shown(taken(octets, at, self.size, self.name)), at + self.size


@dataclass(frozen=True, slots=True)
class Octets:
    """Octet String that is no text: a digest, or what is reserved."""

    name: str
    size: int

    def write(self, said: Mapping[str, Any]) -> bytes:
        value = bytes(said[self.name])
        if len(value) > self.size:
            raise Malformed(f"{self.name} does not fit into {self.size} octets")
        return value.ljust(self.size, b"\0")

    def read(self, octets: bytes, at: int) -> tuple[bytes, int]:
        return taken(octets, at, self.size, self.name), at + self.size


@dataclass(frozen=True, slots=True)
class Content:
    """Msg_Length, one octet, and so many octets of Msg_Content."""

    name: str

    def write(self, said: Mapping[str, Any]) -> bytes:
        value = bytes(said[self.name])
        if len(value) > 255:
            raise Malformed(f"{self.name} has more than 255 octets")
        return bytes([len(value)]) + value

    def read(self, octets: bytes, at: int) -> tuple[bytes, int]:
        size = taken(octets, at, 1, self.name)[0]
        return taken(octets, at + 1, size, self.name), at + 1 + size


@dataclass(frozen=True, slots=True)
class Numbers:
    """DestUsr_tl, one octet, and so many telephone numbers of `size` octets; fewer than 100."""

    name: str
    size: int
    most: int = 99

    def write(self, said: Mapping[str, Any]) -> bytes:
        values = tuple(said[self.name])
        if not 0 < len(values) <= self.most:
            raise Malformed(f"{self.name}: 1 to {self.most} numbers, not {len(values)}")
        return bytes([len(values)]) + b"".join(filled(value, self.size, self.name) for value in values)

    def read(self, octets: bytes, at: int) -> tuple[tuple[str, ...], int]:
        count, first = taken(octets, at, 1, self.name)[0], at + 1
        if not 0 < count <= self.most:
            raise Malformed(f"{self.name}: 1 to {self.most} numbers, not {count}")
        starts = range(first, first + count * self.size, self.size)
        return tuple(shown(taken(octets, start, self.size, self.name)) for start in starts), first + count * self.size


def filled(value: str, size: int, name: str) -> bytes:
    """Raises Malformed: not ASCII, or too long."""
    octets = value.encode("ascii", errors="replace")
    if len(octets) > size or not value.isascii() or "\0" in value:
        raise Malformed(f"{name} is not ASCII of at most {size} octets")
    return octets.ljust(size, b"\0")


def shown(octets: bytes) -> str:
    """Some gateways fill with spaces, some leave what was there behind the first NUL."""
    return octets.split(b"\0", 1)[0].decode("ascii", errors="replace").rstrip(" ")
