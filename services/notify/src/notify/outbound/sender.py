"""A sender: it keeps the windows of the gateways full with what is due, and writes down in batches how it ended.

Each message is written as being sent, with its gateway, before it is handed over outside of any transaction.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Protocol

from opentelemetry import trace

from kit import telemetry
from kit.logs import log
from kit.runtime import Runtime
from notify.gateways.interface import Gateway
from notify.outbound import telling
from notify.outbound.claiming import Claim, Claimed, claim
from notify.outbound.domain import Lane, ends_at
from notify.outbound.handing import Opened, Outcome, hand_over, opened, settled
from notify.outbound.journal import Journal
from notify.outbound.outlets import Outlet, Outlets
from notify.outbound.replaying import replay
from notify.outbound.settling import give_back, settle
from notify.outbound.telling import Change
from notify.settings import Settings

LOOK = 0.2  # seconds after which a sender that waits for answers looks whether something else is due
SHORTEST = timedelta(minutes=1)  # that a gateway is asked to go on trying
PACE = 0.05  # seconds between two settlements: so many answers are written down together


class Means(Protocol):
    """What a sender works with."""

    settings: Settings
    gateways: Mapping[str, Gateway]
    outlets: Outlets
    journal: Journal


class Sender:
    """Of some lanes, in one process; what is under way stays so between two steps."""

    def __init__(self, lanes: tuple[Lane, ...], means: Means) -> None:
        self._lanes, self._means = lanes, means
        self._mass = Lane.MASS in lanes
        self._under_way: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._settling: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()  # something was written down, or has left: look again
        self._more = False  # whether the last look found messages: then the next one is not left to the clock

    async def step(self, runtime: Runtime) -> int:
        """Take up what may leave now, or wait a moment for answers; how many messages are due or under way."""
        self._stirred.clear()
        decided, short = await self._take_up(runtime)
        busy = short + len(self._under_way) + len(self._outcomes)
        if busy and not decided:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), LOOK)
        return decided + busy

    async def finish(self, seconds: float) -> None:
        """Wait for the answers to what is under way, and for these to be written down."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._under_way or self._outcomes:
                    self._stirred.clear()
                    await asyncio.wait_for(self._stirred.wait(), seconds)

    async def close(self) -> None:
        """What is still without an answer then is in doubt, and found so when its lease is over."""
        tasks = [*self._under_way, *([self._settling] if self._settling else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up(self, runtime: Runtime) -> tuple[int, bool]:
        """How many messages were decided on, and whether others must wait for room."""
        outlets, settings = self._outlets(), self._means.settings
        if not self._mass and (risen := self._means.outlets.risen()):
            await replay(runtime)
            self._means.outlets.note(risen)
        exits = [each.exit(mass=self._mass) for each in outlets.values()]
        if not any(each.free >= outlets[each.name].batch // 2 for each in exits):
            return 0, False  # nothing is up, or as much is under way as should be
        journal, began = self._means.journal.name, asyncio.get_running_loop().time()  # before its lease does
        async with runtime.database.transaction() as session:
            now = runtime.clock.now()
            claimed = await claim(
                session, exits=exits, lanes=self._lanes, limit=settings.batch, now=now, lease=settings.lease,
                policy=settings.policy, journal=journal, node_rate=settings.outbound.rate,
            )  # fmt: skip
            ended = [Change.of(row, state, row["version"] + 1) for row, state in claimed.ended]
            telling.tell(runtime, session, ended, now)
        self._more = claimed.decided > 0
        self._start(runtime, claimed, self._batches(outlets, journal, began))
        return claimed.decided, claimed.short

    def _batches(self, outlets: Mapping[str, Outlet], journal: str, began: float) -> "Mapping[str, _Batch]":
        within = self._means.settings.begin_within
        return {name: _Batch(each, journal, began + within(each.seconds)) for name, each in outlets.items()}

    def _start(self, runtime: Runtime, claim: Claim, batches: "Mapping[str, _Batch]") -> None:
        recording = False
        for place, claimed in enumerate(claim.claimed):
            batch = batches[claimed.gateway]
            batch.add(mass=self._mass)
            span = _span(claimed) if recording or not place else None
            recording = span is not None and span.is_recording()  # else the others would be made to no end
            task = asyncio.create_task(self._try(runtime, claimed, batch, span))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _try(self, runtime: Runtime, claimed: Claimed, batch: "_Batch", span: trace.Span | None) -> None:
        settings, now, row = self._means.settings, runtime.clock.now(), claimed.row
        journal = self._means.journal
        begin = partial(journal.begin, batch.journal, row["id"], claimed.attempts)
        try:
            message = opened(runtime.keyring, claimed, now)
            if isinstance(message, Opened):
                ends = ends_at(Lane(row["lane"]), row["created_at"], row["expires_at"], settings.policy)
                with journal.holding(row["id"], claimed.attempts):
                    message = await hand_over(batch.outlet, message, max(ends - now, SHORTEST), batch.until, begin)
        finally:
            batch.end(mass=self._mass)
            if self._more and batch.outlet.has_room(mass=self._mass):
                self._more = False
                self._stirred.set()  # the next claim need not wait until this is written down
            if span is not None:
                span.end()
        self._outcomes.append(message)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(runtime))

    async def _settle(self, runtime: Runtime) -> None:
        """Write down what has come until nothing is left. While the database is away it is kept, and tried again."""
        pause = 0.2
        while self._outcomes:
            outcomes = self._outcomes.copy()
            try:
                await self._note(runtime, outcomes)
            except Exception as error:  # noqa: BLE001 - the database comes back; what is lost here could never be told
                log.warning("notify.not_noted", count=len(outcomes), error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            del self._outcomes[: len(outcomes)]
            self._stirred.set()
            await asyncio.sleep(PACE)

    async def _note(self, runtime: Runtime, outcomes: list[Outcome]) -> None:
        up, now = self._outlets(), runtime.clock.now()
        settlements = [settled(each, up, now, self._means.settings.outbound) for each in outcomes]
        async with runtime.database.transaction() as session:
            telling.tell(runtime, session, await settle(session, settlements, now), now)
            await give_back(session, settlements, now)
        refused = [each for each in settlements if each.state == "queued"]
        if refused:  # ids and codes only
            log.warning(
                "notify.not_sent", count=len(refused), reason=refused[0].reason, first=str(refused[0].row["id"])
            )

    def _outlets(self) -> dict[str, Outlet]:
        """Of the gateways that take messages now."""
        held = self._means.outlets.of(self._means.gateways)
        for each in held.values():
            each.keep_moving()
        return {name: each for name, each in held.items() if each.up}


class _Batch:
    """What one claim gave to one gateway. until: moment of the event loop after which nothing of it is begun."""

    def __init__(self, outlet: Outlet, journal: str, until: float) -> None:
        self.outlet, self.journal, self.until = outlet, journal, until
        self.started = asyncio.get_running_loop().time()
        self._count = self._left = 0

    def add(self, *, mass: bool) -> None:
        self._count += 1
        self._left += 1
        self.outlet.begin(mass=mass)

    def end(self, *, mass: bool) -> None:
        self._left -= 1
        self.outlet.end(mass=mass)
        if not self._left:
            self.outlet.took(self._count, asyncio.get_running_loop().time() - self.started)


def _span(claimed: Claimed) -> trace.Span:
    row = claimed.row
    return telemetry.tracer.start_span(
        "notify.send",
        context=telemetry.context_of(row["traceparent"]),
        kind=trace.SpanKind.PRODUCER,
        attributes={"xinqiao.template": row["template"], "xinqiao.gateway": claimed.gateway},
    )
