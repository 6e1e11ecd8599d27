"""Whether the end of a file is there, told by what it says of itself near its beginning. Standard library only.

TIFF has no mark at its end: its directories name each other and their pictures' last bytes. They are followed as the
bytes pass, so nothing is kept of the file and nothing is opened (TIFF 6.0, section 2).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes of a value, by its type
OFFSETS, COUNTS = {273, 324}, {279, 325}  # tags of strips and tiles: where each begins, how many bytes it has
MOST_ENTRIES, MOST_DIRECTORIES, MOST_WANTED = 512, 5000, 16  # what has more is not looked at any further
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SECTORS = 0xFFFFFFFA  # numbers from here on mean something else


def least(head: bytes) -> int:
    """Bytes that a WebP picture or an OLE file (the Office of before 2007) has, as its header says; 0 for others."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return int.from_bytes(head[4:8], "little") + 8
    return _least_of_compound(head) if head.startswith(COMPOUND) else 0


def _least_of_compound(head: bytes) -> int:
    """Up to the first byte of the last sector that the header names ([MS-CFB] 2.2)."""
    if len(head) < 512:
        return 512
    size = 1 << min(int.from_bytes(head[30:32], "little"), 16)
    named = [*struct.unpack("<109I", head[76:512]), *(struct.unpack_from("<I", head, at)[0] for at in (48, 60, 68))]
    return max(((number + 1) * size + 1 for number in named if number < SECTORS), default=0)


@dataclass(frozen=True, slots=True)
class _Want:
    """Bytes that are looked at when they pass."""

    start: int
    length: int
    then: Callable[[bytes], None]

    @property
    def end(self) -> int:
        return self.start + self.length


class Directories:
    """Those of a TIFF that passes, and the last piece of each of its pictures. What lies before what names it is taken
    to be there. Of anything else nothing is said.
    """

    def __init__(self) -> None:
        self._wanted = [_Want(0, 8, self._header)]
        self._furthest = 0  # where what was named ends
        self._order = ""
        self._directories = 0
        self._at = 0  # where the bytes begin that are still looked at
        self._rest = b""

    def update(self, chunk: bytes) -> None:
        if not self._wanted:
            return
        data = self._rest + chunk if self._rest else chunk
        end = self._at + len(data)
        while reached := [want for want in self._wanted if want.end <= end]:
            want = min(reached, key=lambda each: each.start)
            self._wanted.remove(want)
            want.then(data[want.start - self._at : want.end - self._at])
            self._wanted = [each for each in self._wanted if each.start >= self._at]
        begin = min((want.start for want in self._wanted if want.start < end), default=end)
        self._rest, self._at = data[begin - self._at :], begin

    def are_in(self, size: int) -> bool:
        """Whether everything that was named lies within so many bytes."""
        return max([self._furthest, *(want.end for want in self._wanted if self._order)]) <= size

    def _header(self, header: bytes) -> None:
        self._order = ORDERS.get(header[:4], "")
        if self._order:
            self._go_to(self._number(header[4:8]))

    def _go_to(self, directory: int) -> None:
        self._directories += 1
        if directory and self._directories <= MOST_DIRECTORIES:
            self._want(directory, 2, lambda count: self._counted(directory, self._number(count)))

    def _counted(self, directory: int, entries: int) -> None:
        if entries <= MOST_ENTRIES:
            self._want(directory + 2, entries * 12 + 4, self._entries)

    def _entries(self, content: bytes) -> None:
        picture: dict[bool, int | None] = {}
        for start in range(0, len(content) - 4, 12):
            self._entry(content[start : start + 12], picture)
        self._go_to(self._number(content[-4:]))

    def _entry(self, entry: bytes, picture: dict[bool, int | None]) -> None:
        """picture: where its last piece begins (True), and how long that is (False), as far as it is known."""
        tag, kind, count, place = (self._number(each) for each in (entry[:2], entry[2:4], entry[4:8], entry[8:]))
        size = SIZES.get(kind, 0)
        before_last = max(0, count - 1) * size
        inline = count * size <= 4
        if not inline:
            self._furthest = max(self._furthest, place + count * size)
        which = tag in OFFSETS
        if not (which or tag in COUNTS) or not size or which in picture:
            return
        picture[which] = None

        def told(value: bytes) -> None:
            picture[which] = self._number(value)
            begins, length = picture.get(True), picture.get(False)
            if begins is not None and length is not None:
                self._furthest = max(self._furthest, begins + length)

        if inline:
            told(entry[8 + before_last : 8 + before_last + size])
        else:
            self._want(place + before_last, size, told)

    def _want(self, start: int, length: int, then: Callable[[bytes], None]) -> None:
        if len(self._wanted) < MOST_WANTED:
            self._wanted.append(_Want(start, length, then))

    def _number(self, value: bytes) -> int:
        return int.from_bytes(value, "little" if self._order == "<" else "big")
