"""How much of something a process grants in a minute: a token bucket."""

import time

from kit.errors import Refused


class Allowance:
    """Holds up to `per_minute` grants and fills up evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._most = float(per_minute)
        self._left = self._most
        self._counted = time.monotonic()

    def take(self) -> None:
        """Use one grant. Raises Refused("too-many-requests") when none is left."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._counted) * self._per_second)
        self._counted = now
        if self._left < 1:
            raise Refused("too-many-requests")
        self._left -= 1
