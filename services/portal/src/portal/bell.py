"""How many items of the inbox a person has not read, as the header of every staff page shows it."""

import time
from collections import OrderedDict

from portal.calls import Calls, Declined

KNOWN = 15.0  # seconds for which a count is shown without asking again
MOST = 5000


class Bells:
    """The counts of those who were here last."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, int | None]] = OrderedDict()

    async def count(self, calls: Calls, name: str, token: str) -> int | None:
        """name: of the account. None while it cannot be told: a page does without it."""
        now = time.monotonic()
        asked, count = self._counts.get(name, (-KNOWN, None))
        if now - asked < KNOWN:
            return count
        try:
            count = int((await calls.get("/api/notify/v1/inbox/unread", token))["count"])
        except Declined:
            count = None
        self._counts[name] = (now, count)
        if len(self._counts) > MOST:
            self._counts.popitem(last=False)
        return count

    def forget(self, name: str) -> None:
        """Ask anew for the next page."""
        self._counts.pop(name, None)
