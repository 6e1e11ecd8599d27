"""One line to a message centre, from binding to its end: the library's session, with what stood in the way replaced.

Of aiosmpplib: binding, its PDUs, their numbers, the answers to enquire_link and unbind. Ours: what is read of octets
that a stranger sent, who waits for which answer, and how a line ends (ADR 0037 tells why, one by one).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from struct import Struct

from aiosmpplib import (
    ESME,
    DeliverSmResp,
    GenericNack,
    SmppCommand,
    SmppCommandStatus,
    SmppMessage,
    Unbind,
)
from aiosmpplib.state import PduHeader, SmppSessionState

from notify.gateways.interface import InDoubt, NotSent
from notify.gateways.settings import Smpp

HEADER, LONGEST = 16, 65_536 + 1024  # octets; a message_payload has up to 64 KiB
RESPONSE = 0x8000_0000
FOUR = Struct(">4I")
ANSWERS = {
    SmppCommand.SUBMIT_SM_RESP,
    SmppCommand.QUERY_SM_RESP,
    SmppCommand.ENQUIRE_LINK_RESP,
    SmppCommand.UNBIND_RESP,
    SmppCommand.GENERIC_NACK,
}
LEFT_TO_THE_LIBRARY = {SmppCommand.BIND_TRANSCEIVER_RESP, SmppCommand.ENQUIRE_LINK, SmppCommand.UNBIND}
SILENT = 100  # above every level: the library's log quotes what was sent
KEEPING = 256  # messages that are being kept at a time; only a gateway without a window makes us stop reading
REMEMBERED = 10_000  # unanswered parts of which a late answer is still understood
TOGETHER = 8  # PDUs in one write
FAREWELL = 1.0  # seconds for the last octets to leave
STATUSES = {int(status): status.name for status in SmppCommandStatus}


def name_of(status: int) -> str:
    """Carriers have codes of their own."""
    return STATUSES.get(status, f"0x{status:08X}")


class Refused(Exception):
    """The gateway does not bind us; its text is the code."""


class Broken(Exception):
    """What came is no PDU: where the next one begins, nobody knows."""


class NoAnswer(InDoubt):
    """None in time, on a line that stands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """body: without the header."""

    command: int
    status: int
    body: bytes = field(repr=False)


Keep = Callable[[bytes], Awaitable[SmppCommandStatus]]  # of a deliver_sm; with which status it is answered
Heard = Callable[[Answer], Awaitable[None]]


@dataclass(slots=True)
class _Waiting:
    answer: "asyncio.Future[Answer]"
    late: Heard | None


def _give_up(answer: "asyncio.Future[Answer]") -> None:
    if not answer.done():
        answer.set_exception(NoAnswer("no-answer"))


class Line(ESME):
    """`connect`, then `hold`, then `close`; `request` may be called by many at a time."""

    def __init__(self, settings: Smpp, password: str, keep: Keep) -> None:
        """Raises ValueError: the protocol has no room for such an account."""
        super().__init__(
            settings.host, settings.port, settings.account, password, system_type=settings.system_type,
            enquire_link_interval=float(settings.idle), socket_timeout=float(settings.seconds), log_level=SILENT,
        )  # fmt: skip
        self._keep = keep
        self._pdus = 0
        self._waiting: dict[int, _Waiting] = {}
        self._leaving: list[bytes] = []
        self._room = asyncio.Semaphore(KEEPING)
        self._tasks: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """Bound, until the gateway unbinds. Raises what broke the line."""
        self._bound.set()
        tasks = {asyncio.create_task(self._receive_data()), asyncio.create_task(self._test())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Says that it ends, where somebody may listen; whoever waits is left in doubt."""
        bound, self._session_state = self._session_state is SmppSessionState.BOUND_TRX, SmppSessionState.CLOSED
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(ConnectionError("the line has ended"))
        tasks = [task for task in self._tasks if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if (writer := self._writer) is not None:
            with contextlib.suppress(OSError, EOFError, TimeoutError, Broken):
                async with asyncio.timeout(FAREWELL):
                    if bound:
                        await self._unbind()
                    writer.close()
                    await writer.wait_closed()
            writer.transport.abort()

    async def _unbind(self) -> None:
        """Until the gateway agrees: else what it still says would meet a closed door."""
        self._write(Unbind(sequence_num=self.sequence_generator.next_sequence()))
        while (await self._next())[1] != SmppCommand.UNBIND_RESP:
            continue

    async def request(self, command: SmppCommand, body: bytes = b"", late: Heard | None = None) -> Answer:
        """late: is told the answer when it comes after all, as long as the line stands.

        Raises NotSent; NoAnswer, InDoubt: it has left.
        """
        writer, loop = self._writer, asyncio.get_running_loop()
        if self._session_state is not SmppSessionState.BOUND_TRX or writer is None or writer.is_closing():
            raise NotSent("line-lost")
        number = self.sequence_generator.next_sequence()
        waiting = self._waiting[number] = _Waiting(loop.create_future(), late)
        if len(self._waiting) > REMEMBERED:
            self._forget()
        # not drained: what a peer does not read is no more than a window
        self._put(FOUR.pack(HEADER + len(body), command, 0, number) + body)
        # a timer, not a timeout: it costs a fifth, and this is done for every message
        timer = loop.call_later(self.socket_timeout, _give_up, waiting.answer)
        try:
            return await waiting.answer
        except OSError:
            raise InDoubt("line-lost") from None
        finally:
            timer.cancel()

    def _forget(self) -> None:
        """The oldest whose answer nobody waits for any more."""
        oldest = next((number for number, waiting in self._waiting.items() if waiting.answer.done()), None)
        self._waiting.pop(oldest, None) if oldest is not None else None

    async def _test(self) -> None:
        """A gateway that keeps the line and says nothing is as good as lost. Raises NoAnswer."""
        while True:
            before = self._pdus
            await asyncio.sleep(self.enquire_link_interval)
            if self._pdus == before:
                await self.request(SmppCommand.ENQUIRE_LINK)

    async def _get_pdu(self) -> tuple[bytes, PduHeader]:
        """The next one that the library itself should see. Raises Broken, Refused, EOFError, OSError."""
        while True:
            pdu, command, status, sequence = await self._next()
            self._pdus += 1
            if command in ANSWERS:
                self._answered(sequence, Answer(command, status, pdu[HEADER:]))
            elif command == SmppCommand.DELIVER_SM:
                await self._room.acquire()
                self._start(self._deliver(pdu, sequence))
            elif command == SmppCommand.BIND_TRANSCEIVER_RESP and status:
                raise Refused(name_of(status))
            elif command in LEFT_TO_THE_LIBRARY:
                return pdu, PduHeader(len(pdu), SmppCommand(command), SmppCommandStatus.ESME_ROK, sequence)
            elif not command & RESPONSE:
                self._write(GenericNack(sequence_num=sequence, command_status=SmppCommandStatus.ESME_RINVCMDID))

    async def _next(self) -> tuple[bytes, int, int, int]:
        """Octets, command, status, number."""
        if self._reader is None:
            raise ConnectionError("there is no line")
        header = await self._reader.readexactly(HEADER)
        length, command, status, sequence = FOUR.unpack(header)
        if not HEADER <= length <= LONGEST:
            self._write(GenericNack(command_status=SmppCommandStatus.ESME_RINVCMDLEN))
            raise Broken(f"a PDU of {length} octets")
        return header + await self._reader.readexactly(length - HEADER), command, status, sequence

    def _answered(self, sequence: int, answer: Answer) -> None:
        """The second answer to one request, and one to none, are passed over."""
        waiting = self._waiting.pop(sequence, None)
        if waiting is None:
            return
        if not waiting.answer.done():
            waiting.answer.set_result(answer)
        elif waiting.late is not None:
            self._start(waiting.late(answer))

    async def _deliver(self, pdu: bytes, sequence: int) -> None:
        try:
            status = await self._keep(pdu)
        finally:
            self._room.release()
        self._write(DeliverSmResp(sequence_num=sequence, command_status=status))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, message: SmppMessage) -> None:
        self._put(message.pdu())

    def _put(self, pdu: bytes) -> None:
        """Those of one turn of the event loop leave some at a time: few writes, and the peer need not wait for all."""
        if not self._leaving:
            asyncio.get_running_loop().call_soon(self._leave)
        self._leaving.append(pdu)
        if len(self._leaving) == TOGETHER:
            self._leave()

    def _leave(self) -> None:
        pdus, self._leaving = self._leaving, []
        if pdus and self._writer is not None and not self._writer.is_closing():
            self._writer.write(b"".join(pdus))
