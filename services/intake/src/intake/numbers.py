"""Petition numbers: XF + 6-digit region + yyyymmdd + sequence + check character, reserved in blocks."""

from datetime import datetime

from stdnum.iso7064 import mod_37_36

from contracts.regions import code_of
from intake.domain import CHINA, in_lane
from kit.db import Database

BLOCK = 100
RESERVE = """
INSERT INTO number_blocks (region, day, next) VALUES ($1, $2, $3)
ON CONFLICT (region, day) DO UPDATE SET next = number_blocks.next + $3 RETURNING next - $3
"""


def petition_number(region: str, day: str, sequence: int) -> str:
    """The number of a petition; check character by ISO/IEC 7064 MOD 37,36. `region` is a dotted path."""
    digits = f"{code_of(region)[:6]}{day}{sequence:06d}"
    return f"XF{digits}{mod_37_36.calc_check_digit('XF' + digits)}"


def is_petition_number(text: str) -> bool:
    """Whether the check character fits: a mistyped number is told apart from an unknown one."""
    return text.startswith("XF") and text.isascii() and text.isalnum() and bool(mod_37_36.is_valid(text))


class Numbers:
    """Hands out numbers of this node. A block is reserved in a transaction of its own, so that registrations
    do not wait for each other on one row; what a process has not used when it ends is left out.
    """

    def __init__(self, database: Database, lane: int) -> None:
        self._database = database
        self._lane = lane
        self._left: dict[tuple[str, str], tuple[int, int]] = {}

    async def next(self, region: str, now: datetime) -> str:
        """The next number for a region (dotted path) on the day that `now` is in China."""
        day = now.astimezone(CHINA).strftime("%Y%m%d")
        count, end = self._left.get((region, day), (0, 0))
        while count == end:
            await self._reserve(region, day)
            count, end = self._left[(region, day)]
        self._left[(region, day)] = (count + 1, end)
        return petition_number(region, day, in_lane(count, self._lane))

    async def _reserve(self, region: str, day: str) -> None:
        async with self._database.apart() as session:
            start = await session.raw.fetchval(RESERVE, code_of(region)[:6], day, BLOCK)
        self._left = {key: left for key, left in self._left.items() if key[1] == day}
        self._left[(region, day)] = (start, start + BLOCK)
