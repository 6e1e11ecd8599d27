"""Whatever octets a message centre sends: they become texts, receipts and answers, or end the line, and nothing else.

python -m tests.fuzz.smpp -runs=20000
"""

import asyncio
import sys
from datetime import UTC, datetime

import atheris
from aiosmpplib import SmppCommandStatus

if __name__ == "__main__":  # what tests import is not slowed down
    with atheris.instrument_imports(include=["notify.gateways"]):
        import notify.gateways.smpp.line
        import notify.gateways.smpp.reading  # noqa: F401 - found here by the imports below

from notify.gateways.settings import Smpp
from notify.gateways.smpp import reading
from notify.gateways.smpp.line import Broken, Line, Refused

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = Smpp.model_validate(
    {"kind": "smpp", "name": "x", "host": "x", "port": 1, "account": "x", "secret_file": "x"}
)


def read(pdu: bytes) -> None:
    """As the gateway does with a deliver_sm. Raises what it does not expect."""
    for ids in ("same", "decimal", "hex"):
        reading.written(pdu, ids)
    reading.asked(pdu, "1", NOW)
    try:
        told = reading.read(pdu)
    except reading.Malformed:
        return
    reading.receipt(told, "decimal", NOW)
    came = reading.incoming(told, pdu, NOW)
    assert came.phone == told.phone  # empty: a name
    assert came.text is None or "\0" not in came.text
    assert came.joint is None or 1 <= came.joint.number <= came.joint.total


async def swallow(octets: bytes) -> None:
    """As a line does, from whatever came first to where it ends. Raises what it does not expect."""

    async def keep(pdu: bytes) -> SmppCommandStatus:
        read(pdu)
        return SmppCommandStatus.ESME_ROK

    line = Line(SETTINGS, "x", keep)
    line._reader = asyncio.StreamReader()
    line._reader.feed_data(octets)
    line._reader.feed_eof()
    try:
        while True:
            await line._get_pdu()
    except (EOFError, Broken, Refused):
        await asyncio.gather(*line._tasks)


def one_input(data: bytes) -> None:
    read(data)
    asyncio.run(swallow(data))


def one_delivery(data: bytes) -> None:
    """With a header that fits, so that most inputs get as far as the fields."""
    one_input((16 + len(data)).to_bytes(4, "big") + bytes.fromhex("0000000500000000") + b"\0\0\0\1" + data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_delivery if "--deliveries" in sys.argv else one_input)
    atheris.Fuzz()
