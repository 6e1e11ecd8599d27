"""A gateway as this process's senders use it: how many messages are under way to it, who goes first, when it rests."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from math import inf

from notify.gateways.interface import Gateway
from notify.gateways.settings import GatewaySettings
from notify.outbound.claiming import Exit
from notify.outbound.domain import Lane

LANES = tuple(Lane)
WINDOW = 10  # of gateways that have none of their own
LONG, SHORT = 1.0, 0.25  # seconds that the messages of one claim should take to be handed over


class NoPlace(Exception):
    """The gateway is down, or wants rest: who waited for a place goes another way."""


class Window:
    """Places for what is handed over at a time: answers go first, mass notices last, and leave the others a fifth."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._spared = {Lane.ANSWER: 0, Lane.NOTICE: 0, Lane.MASS: size // 5}
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in Lane}

    async def enter(self, lane: Lane) -> None:
        """Take a place, which `leave` gives back. Raises NoPlace."""
        if self._free > self._spared[lane] and not any(self._waiting[each] for each in LANES[: lane + 1]):
            self._free -= 1
        else:
            await self._wait(lane)

    def leave(self) -> None:
        self._free += 1
        self._next()

    async def _wait(self, lane: Lane) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if (
                turn.done() and not turn.cancelled() and turn.exception() is None
            ):  # its turn came at the same instant: it goes to the next
                self._free += 1
                self._next()
            raise

    def dismiss(self) -> None:
        """Nobody waits any longer."""
        for queue in self._waiting.values():
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_exception(NoPlace())

    def _next(self) -> None:
        for lane, queue in self._waiting.items():
            while queue and self._free > self._spared[lane]:
                turn = queue.popleft()
                if not turn.done():
                    self._free -= 1
                    turn.set_result(None)
            if queue:
                return


class Outlet:
    """What this process has under way to a gateway. batch: how many messages it is given at a time, found by trying."""

    def __init__(self, gateway: Gateway, settings: GatewaySettings | None, most: int) -> None:
        size = getattr(settings, "window", WINDOW)
        self.gateway = gateway
        self.window = Window(size)
        self.weight = settings.weight if settings else 1
        self.rate = settings.rate if settings else None
        self.seconds: float = getattr(settings, "seconds", 0.0)  # until an answer must be there
        self._least, self._most = 2 * size, max(most, 2 * size)
        self.batch = self._least
        self._under_way = {True: 0, False: 0}  # claimed, not answered yet; mass notices and others apart
        self._rests_until = 0.0

    @property
    def up(self) -> bool:
        return self.gateway.health.up and not self.resting

    @property
    def resting(self) -> bool:
        """Whether it asked to be left alone."""
        return bool(self._rests_until) and asyncio.get_running_loop().time() < self._rests_until

    def rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, asyncio.get_running_loop().time() + seconds)

    def exit(self, *, mass: bool) -> Exit:
        free = max(0, 2 * self.batch - self._under_way[mass])  # one batch leaves while the next is claimed
        return Exit(self.gateway.name, self.weight, self.rate, min(free, self.batch))

    def has_room(self, *, mass: bool) -> bool:
        """Whether it is worth a claim."""
        return 2 * self.batch - self._under_way[mass] >= self.batch // 2

    def keep_moving(self) -> None:
        """Let nobody wait for a gateway that takes nothing now, while another may."""
        if not self.up:
            self.window.dismiss()

    def begin(self, *, mass: bool) -> None:
        self._under_way[mass] += 1

    def end(self, *, mass: bool) -> None:
        self._under_way[mass] -= 1

    def took(self, count: int, seconds: float) -> None:
        """Learn from a batch: many at a time cost the database less, few delay nobody who comes later."""
        if seconds > LONG:
            self.batch = max(self._least, self.batch // 2)
        elif seconds < SHORT and count >= self.batch // 2:
            self.batch = min(self._most, self.batch * 2)


class Outlets:
    """Those of all gateways, kept between two looks; one whose gateway was replaced begins anew."""

    def __init__(self, settings: Iterable[GatewaySettings], most: int) -> None:
        self._settings = {each.name: each for each in settings}
        self._most = most
        self._held: dict[str, Outlet] = {}
        self._noted_up: set[str] = set()

    def of(self, gateways: Mapping[str, Gateway]) -> Mapping[str, Outlet]:
        for name, gateway in gateways.items():
            if name not in self._held or self._held[name].gateway is not gateway:
                self._held[name] = Outlet(gateway, self._settings.get(name), self._most)
        return {name: self._held[name] for name in gateways}

    def risen(self) -> set[str]:
        """Whose line has come up since that was noted; not who only rested: he had said for how long."""
        up = {name for name, each in self._held.items() if each.gateway.health.up}
        self._noted_up &= up
        return up - self._noted_up

    def note(self, risen: set[str]) -> None:
        """What waited for these is due now."""
        self._noted_up |= risen

    def close(self) -> None:
        """Nothing is begun any more; whoever waits for a place goes back to the queue."""
        for each in self._held.values():
            each.rest(inf)
            each.keep_moving()
