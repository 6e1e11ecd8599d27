"""A gateway (ISMG) for the tests, on real sockets: what it was sent it writes down, and it misbehaves when told to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from notify.gateways.cmpp.connection import Account, read
from notify.gateways.cmpp.packets import (
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Packet,
    Receipt,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    Version,
    authenticator,
    encode,
    gateway_authenticator,
)

SECRET = "shared"


@dataclass
class Gateway:
    """silent: kinds of packets that get no answer; result: of every submit; refused: status of every connect; answers:
    how often each submit is answered; breaks: after so many submits of a line it ends, without an answer to the last.
    """

    version: Version
    silent: set[type[Packet]] = field(default_factory=set)
    result: int = 0
    refused: int = 0
    answers: int = 1
    breaks: int | None = None
    answered: list[Submit] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    taken: list[Submit] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    most_at_once: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[tuple[int, int]] = field(default_factory=list)
    port: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)
    of_line: tuple[int, int] = (0, 0)  # number of the line, submits in it
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def account(self, **changes: object) -> Account:
        said = {"host": "127.0.0.1", "port": self.port, "source_addr": "900001", "secret": SECRET}
        return Account(**{**said, "version": self.version, **changes})  # type: ignore[arg-type]  # of a test

    def send(self, packet: Packet, sequence: int) -> None:
        self.lines[-1].write(encode(packet, sequence, self.version))

    def release_all(self) -> None:
        """Answer what was held back, on the line there is."""
        self.release(self.waiting)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        self.arrived.set()
        waiting: list[tuple[int, int]] = []
        self.waiting = waiting
        try:
            while True:
                packet, sequence = await read(reader, self.version)
                if type(packet) not in self.silent:
                    await self._answer(packet, sequence, waiting)
        except (EOFError, OSError):
            pass  # they have gone
        finally:
            writer.close()

    async def _answer(self, packet: object, sequence: int, waiting: list[tuple[int, int]]) -> None:
        match packet:
            case Connect():
                proof = authenticator(packet.source_addr, SECRET, packet.timestamp)
                status = self.refused or (0 if proof == packet.authenticator_source else 3)
                theirs = gateway_authenticator(status, proof, SECRET, self.version)
                self.send(ConnectResp(status, theirs, self.version), sequence)
            case Submit():
                self.taken.append(packet)
                waiting.append((len(self.taken), sequence))
                self.most_at_once = max(self.most_at_once, len(waiting))
                self.arrived.set()
                if self.breaks is not None and self._of_this_line() == self.breaks:
                    self.lines[-1].transport.abort()
                elif self.held.is_set():
                    self.release(waiting)
            case DeliverResp():
                self.acknowledged.append(packet.msg_id)
                self.arrived.set()
            case ActiveTest():
                self.tested.append(sequence)
                self.arrived.set()
                self.send(ActiveTestResp(), sequence)
            case Terminate():
                self.ended.append("by them")
                self.arrived.set()
                self.send(TerminateResp(), sequence)

    def _of_this_line(self) -> int:
        self.of_line = (len(self.lines), self.of_line[1] + 1 if self.of_line[0] == len(self.lines) else 1)
        return self.of_line[1]

    def release(self, waiting: list[tuple[int, int]]) -> None:
        """The last first: answers need not come in the order of the questions."""
        while waiting:
            number, sequence = waiting.pop()
            self.answered.append(self.taken[number - 1])
            for _ in range(self.answers):
                self.send(SubmitResp(number, self.result), sequence)

    async def until(self, wanted: int, what: Sequence[object]) -> None:
        while len(what) < wanted:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 10)

    def deliver(self, number: int, content: bytes = b"BC", letters: int = 0, *, header: bool = False) -> None:
        packet = Deliver(number, "106573001", "13800000001", content, letters, tp_udhi=int(header))
        self.send(packet, number)

    def report(self, number: int, stat: str = "DELIVRD", done: str = "2611220901", msg_id: int | None = None) -> None:
        """A receipt of the submit with this id, in a packet that has an id of its own."""
        told = Receipt(number, stat, "2611220900", done, "8613800000001")
        own = 1000 + number if msg_id is None else msg_id
        self.send(Deliver(own, "106573001", "13800000001", told.octets(self.version), 0, registered_delivery=1), own)


@asynccontextmanager
async def gateway(version: Version = Version.V20) -> AsyncIterator[Gateway]:
    peer = Gateway(version)
    peer.held.set()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for line in peer.lines:
            line.close()
        await server.wait_closed()
