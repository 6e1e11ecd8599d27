"""How many parts may be under way at a time, and when none may."""

import asyncio
from collections import deque
from datetime import timedelta

from notify.gateways.interface import NotSent, Throttled

FIRST, LONGEST = 1.0, 60.0  # seconds of a pause
UNANSWERED, TOO_MANY = "unanswered", "too-many"
SILENT = 3  # answers in a row that did not come, after which the gateway is left alone


class Pace:
    """At most `most` under way. Half as many after the gateway said it is too many, one after it did not answer, and
    one more with each part that it takes. Each pause is twice as long as the one before, until a part is taken.
    """

    def __init__(self, most: int) -> None:
        self.allowed = self._most = most
        self.under_way = 0
        self._reason: str | None = None  # why there is, or was last, a pause
        self._unanswered = 0
        self._pause = self._until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def left(self) -> float:
        """Seconds of the pause that are left; 0: there is none."""
        if not self._until:
            return 0.0
        left = self._until - asyncio.get_running_loop().time()
        if left <= 0:
            left = self._until = 0.0
        return left

    @property
    def silence(self) -> str | None:
        """A reason, while it is left alone because it did not answer."""
        return self._reason if self._reason == UNANSWERED and self.left else None

    async def enter(self) -> None:
        """Wait for a place. Raises Throttled, NotSent during a pause: nothing has left."""
        self._refuse()
        queue = self._waiting.append
        while self.under_way >= self.allowed:
            turn = asyncio.get_running_loop().create_future()
            queue(turn)
            queue = self._waiting.appendleft  # somebody else was faster: first the next time
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                else:
                    self._call()  # it was its turn: somebody else's now
                raise
            self._refuse()
        self.under_way += 1

    def leave(self) -> None:
        self.under_way -= 1
        self._call()

    def call_all(self) -> None:
        """Whoever waits looks again what has become of the line."""
        while self._waiting:
            self._wake(self._waiting.popleft())

    def taken(self) -> None:
        self.allowed = min(self.allowed + 1, self._most)
        self._pause, self._unanswered = 0.0, 0
        self._call()

    def heard(self) -> None:
        """It answered, if not as we like."""
        self._unanswered = 0

    def too_many(self) -> timedelta:
        """Returns how long it is left alone."""
        self._unanswered = 0
        if not self.left:  # those that were under way together are one lesson
            self.allowed = max(1, self.allowed // 2)
            self._begin(TOO_MANY)
        return timedelta(seconds=self.left)

    def unanswered(self) -> None:
        self.allowed = 1
        self._unanswered += 1
        if self._unanswered >= SILENT and not self.left:
            self._begin(UNANSWERED)

    def _begin(self, reason: str) -> None:
        self._reason = reason
        self._pause = min(max(FIRST, self._pause * 2), LONGEST)
        self._until = asyncio.get_running_loop().time() + self._pause
        self.call_all()

    def _refuse(self) -> None:
        if not (left := self.left):
            return
        if self._reason == TOO_MANY:
            raise Throttled(timedelta(seconds=left))
        raise NotSent(self._reason)

    def _call(self) -> None:
        for _ in range(min(self.allowed - self.under_way, len(self._waiting))):
            self._wake(self._waiting.popleft())

    @staticmethod
    def _wake(turn: "asyncio.Future[None]") -> None:
        if not turn.done():
            turn.set_result(None)
