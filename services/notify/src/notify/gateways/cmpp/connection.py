"""One CMPP connection to a gateway (ISMG): connecting, submitting within a window, taking what is delivered, the active
test. Ends with the line; whoever holds it opens the next one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from itertools import count

from kit.logs import log
from notify.gateways.cmpp.fields import Malformed
from notify.gateways.cmpp.packets import (
    HEADER,
    LONGEST,
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Packet,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    Unknown,
    Version,
    authenticator,
    decode,
    encode,
    gateway_authenticator,
)
from notify.gateways.interface import InDoubt, NotSent

Take = Callable[[Deliver], Awaitable[None]]
Late = Callable[[SubmitResp], Awaitable[None]]
FAREWELL = 1.0  # seconds for the last octets to leave
REMEMBERED = 10_000  # unanswered submits of which a late answer is still understood


class NoAnswer(InDoubt):
    """None came in time, on a line that stands."""


class Refused(Exception):
    """The gateway does not connect us; `status`: that of the connect response."""

    def __init__(self, status: int) -> None:
        super().__init__(f"connect refused with status {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Account:
    """Where the gateway is, and as whom we connect. window: packets under way without an answer (specification: 16);
    seconds: until an answer must be there (60); idle: until the active test (180); tries: active tests in a row without
    an answer that end the connection (3); taking: delivered messages that are being kept at a time, so many that only a
    gateway without a window of its own makes us stop reading.
    """

    host: str
    port: int
    source_addr: str
    secret: str = field(repr=False)
    version: Version = Version.V20
    window: int = 16
    seconds: float = 60
    idle: float = 180
    tries: int = 3
    taking: int = 256


class Connection:
    """Connected. `submit` may be called by many at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, account: Account) -> None:
        self._reader, self._writer, self._account = reader, writer, account
        self._sequences = count(1)
        self._waiting: dict[int, asyncio.Future[Packet]] = {}
        self._overdue: dict[int, Late] = {}
        self._window = asyncio.Semaphore(account.window)
        self._lost: Exception | None = None

    async def submit(self, packet: Submit, late: Late | None = None) -> SubmitResp:
        """The gateway's answer. Raises NotSent: nothing has left; NoAnswer, InDoubt: it has; Malformed.

        late: is told the answer when it comes after all, as long as the line stands.
        """
        async with self._window:
            answer = await self._ask(packet, late)
        if not isinstance(answer, SubmitResp):
            raise InDoubt("other-answer")
        return answer

    async def _ask(self, packet: Packet, late: Late | None = None) -> Packet:
        if self._lost is not None:
            raise NotSent(type(self._lost).__name__)
        sequence = next(self._sequences) & 0xFFFF_FFFF
        octets = encode(packet, sequence, self._account.version)
        answer: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._writer.write(octets)
            async with asyncio.timeout(self._account.seconds):  # wait_for would lose a cancel that meets the answer
                await self._writer.drain()
                return await answer
        except TimeoutError:
            self._remember(sequence, late)
            raise NoAnswer("no-answer") from None
        except OSError as error:
            raise InDoubt(type(error).__name__) from None
        finally:
            self._waiting.pop(sequence, None)
            answer.cancel()

    def _remember(self, sequence: int, late: Late | None) -> None:
        if late is not None:
            self._overdue[sequence] = late
            if len(self._overdue) > REMEMBERED:
                del self._overdue[next(iter(self._overdue))]

    async def run(self, take: Take) -> None:
        """Until the connection is lost or one side ends it; cancelled, it says so to the gateway.

        take: keeps what was delivered, only then the gateway is told. What `take` could not keep, whatever it raises,
        stays without an answer and the gateway delivers it again. Raises OSError, EOFError, Malformed, TimeoutError.
        """
        try:
            await self._run(take)
        except asyncio.CancelledError:
            self._send(Terminate(), next(self._sequences) & 0xFFFF_FFFF)
            raise
        finally:
            self._end()

    async def _run(self, take: Take) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read(take, tasks))
                testing = tasks.create_task(self._test())
                await reading
                testing.cancel()
        except* (OSError, EOFError, Malformed, TimeoutError) as errors:
            raise errors.exceptions[0] from None

    def _end(self) -> None:
        self._lost = ConnectionError("the connection has ended")
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._lost)
                answer.exception()  # who waits for the octets to leave hears of it by these
        self._writer.close()

    async def _read(self, take: Take, tasks: asyncio.TaskGroup) -> None:
        taking = asyncio.Semaphore(self._account.taking)
        while True:
            packet, sequence = await read(self._reader, self._account.version)
            match packet:
                case Deliver():
                    await taking.acquire()
                    tasks.create_task(self._take(take, packet, sequence)).add_done_callback(lambda _: taking.release())
                case ActiveTest():
                    self._send(ActiveTestResp(), sequence)
                    await self._writer.drain()
                case Terminate():
                    self._send(TerminateResp(), sequence)
                    return
                case TerminateResp():
                    return
                case SubmitResp() if sequence in self._overdue:
                    tasks.create_task(_kept(self._overdue.pop(sequence)(packet)))
                case _:
                    self._answered(packet, sequence)

    async def _take(self, take: Take, packet: Deliver, sequence: int) -> None:
        if await _kept(take(packet)):
            self._send(DeliverResp(packet.msg_id), sequence)
            await self._writer.drain()  # from who reads no answers no more is taken

    def _answered(self, packet: Packet | Unknown, sequence: int) -> None:
        answer = self._waiting.get(sequence)
        if answer is not None and not answer.done() and isinstance(packet, Packet):
            answer.set_result(packet)

    def _send(self, packet: Packet, sequence: int) -> None:
        self._writer.write(encode(packet, sequence, self._account.version))

    async def _test(self) -> None:
        """A gateway that keeps the line open and says nothing is as good as lost."""
        unanswered = 0
        while unanswered < self._account.tries:
            await asyncio.sleep(self._account.idle)
            try:
                await self._ask(ActiveTest())
                unanswered = 0
            except InDoubt:
                unanswered += 1
        raise TimeoutError(f"{unanswered} active tests without an answer")

    async def terminate(self) -> None:
        """Ask for the end; `run` returns once it is agreed."""
        with contextlib.suppress(OSError):
            self._send(Terminate(), next(self._sequences) & 0xFFFF_FFFF)
            await self._writer.drain()


async def _kept(keeping: Awaitable[None]) -> bool:
    """The line must not break where it fails: what is under way would be in doubt."""
    try:
        await keeping
    except Exception as error:  # noqa: BLE001 - whatever it is, the gateway hears of it by our silence
        log.warning("notify.not_kept", reason=type(error).__name__)
        return False
    return True


@asynccontextmanager
async def connected(account: Account, at: datetime) -> AsyncIterator[Connection]:
    """at: now, in China. Raises Refused, Malformed, OSError, EOFError, TimeoutError."""
    async with asyncio.timeout(account.seconds):
        reader, writer = await asyncio.open_connection(account.host, account.port)
    try:
        async with asyncio.timeout(account.seconds):
            await _log_in(reader, writer, account, int(f"{at:%m%d%H%M%S}"))
        yield Connection(reader, writer, account)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await writer.wait_closed()
        writer.transport.abort()  # who does not read holds nobody up


async def _log_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, account: Account, timestamp: int) -> None:
    proof = authenticator(account.source_addr, account.secret, timestamp)
    writer.write(encode(Connect(account.source_addr, proof, account.version, timestamp), 0, account.version))
    await writer.drain()
    answer, _ = await read(reader, account.version)
    if not isinstance(answer, ConnectResp):
        raise Malformed("the first answer is none to a connect")
    if answer.status:
        raise Refused(answer.status)
    theirs = gateway_authenticator(0, proof, account.secret, account.version)
    if any(answer.authenticator_ismg) and not compare_digest(theirs, answer.authenticator_ismg):
        raise Malformed("the gateway does not know the shared secret")


async def read(reader: asyncio.StreamReader, version: Version) -> tuple[Packet | Unknown, int]:
    """The next packet and its sequence. Raises Malformed, EOFError, OSError."""
    header = await reader.readexactly(HEADER)
    length, command, sequence = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4, 8))
    if not HEADER <= length <= LONGEST:
        raise Malformed(f"a packet of {length} octets")
    return decode(command, await reader.readexactly(length - HEADER), version), sequence
