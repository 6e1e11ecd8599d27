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
    """silent: kinds of packets that get no answer; result: of every submit."""

    version: Version
    silent: set[type[Packet]] = field(default_factory=set)
    result: int = 0
    taken: list[Submit] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    most_at_once: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def account(self, **changes: object) -> Account:
        said = {"host": "127.0.0.1", "port": self.port, "source_addr": "900001", "secret": SECRET}
        return Account(**{**said, "version": self.version, **changes})  # type: ignore[arg-type]  # of a test

    def send(self, packet: Packet, sequence: int) -> None:
        self.lines[-1].write(encode(packet, sequence, self.version))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        waiting: list[tuple[int, int]] = []
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
                status = 0 if proof == packet.authenticator_source else 3
                theirs = gateway_authenticator(status, proof, SECRET, self.version)
                self.send(ConnectResp(status, theirs, self.version), sequence)
            case Submit():
                self.taken.append(packet)
                waiting.append((len(self.taken), sequence))
                self.most_at_once = max(self.most_at_once, len(waiting))
                self.arrived.set()
                if self.held.is_set():
                    self.release(waiting)
            case DeliverResp():
                self.acknowledged.append(packet.msg_id)
                self.arrived.set()
            case ActiveTest():
                self.tested.append(sequence)
                self.arrived.set()
                self.send(ActiveTestResp(), sequence)
            case Terminate():
                self.send(TerminateResp(), sequence)

    def release(self, waiting: list[tuple[int, int]]) -> None:
        """The last first: answers need not come in the order of the questions."""
        while waiting:
            number, sequence = waiting.pop()
            self.send(SubmitResp(number, self.result), sequence)

    async def until(self, wanted: int, what: Sequence[object]) -> None:
        while len(what) < wanted:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 10)

    def deliver(self, number: int, content: bytes = b"BC") -> None:
        self.send(Deliver(number, "106573001", "13800000001", content, 0), number)


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
