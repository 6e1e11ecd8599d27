"""A TCP wire between two nodes that can be cut: forwards one loopback port to another, for tests of broken links."""

import asyncio
import sys
from pathlib import Path

from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon

CHUNK = 65_536


class Wire:
    """Listens on `port` and forwards to another port of 127.0.0.1, as a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.daemon = Daemon(directory.absolute(), "wire")
        self._ports = Ports(directory.absolute())
        self._target = 0

    @property
    def port(self) -> int:
        return self._ports["wire"]

    def connect(self, target: int) -> None:
        """Forward to port `target` from now on. Does nothing when it runs."""
        self._target = target
        if not self.daemon.alive:
            self._ports.allocate("wire")
            self.daemon.start([sys.executable, "-m", "xinqiao_local.wire", str(self.port), str(target)])
        self.daemon.wait_ready(lambda: self.daemon.listens(self.port), 30)

    def cut(self) -> None:
        """Connections break at once and new ones are refused, until `mend`."""
        self.daemon.kill9()

    def hang(self) -> None:
        """Nothing passes and nobody is told, as when a cable is pulled, until `mend`."""
        self.daemon.pause()

    def mend(self) -> None:
        """Whole again, at the same port."""
        self.daemon.resume()
        self.connect(self._target)

    def stop(self) -> None:
        self.daemon.stop(2)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        return  # one end broke: closing the other tells it
    finally:
        sink.close()


async def _serve(port: int, target: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
