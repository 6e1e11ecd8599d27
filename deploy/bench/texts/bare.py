"""The floor: the SMPP library alone, a process: `python -m deploy.bench.texts.bare PORT SECRET COUNT WINDOW TEXT`.

It makes each message when the window has room for it, and ends when answers and receipts of all are here.
"""

import asyncio
import os
import sys
from typing import Any

from aiosmpplib import ESME, DeliverSm, PhoneNumber, SmppMessage, SubmitSm, SubmitSmResp
from aiosmpplib.broker import AbstractBroker
from aiosmpplib.correlator import AbstractCorrelator
from aiosmpplib.hook import AbstractHook


class Load(AbstractHook, AbstractBroker):
    """So many messages, of which no more than the window are without an answer."""

    def __init__(self, many: int, window: int, text: str) -> None:
        self._many, self._text = many, text
        self._made = 0
        self._answers = self._receipts = many
        self._window = asyncio.Semaphore(window)
        self.done = asyncio.Event()

    async def enqueue(self, message: SmppMessage) -> None:  # noqa: ARG002 - the broker must have it
        raise RuntimeError("nothing is given back")

    async def dequeue(self) -> SmppMessage:
        await self._window.acquire()
        if self._made == self._many:
            await asyncio.Event().wait()
        self._made += 1
        return SubmitSm(
            short_message=self._text, source=PhoneNumber("10690225"), log_id=str(self._made), registered_delivery=1,
            destination=PhoneNumber(str(13_700_000_000 + self._made)), auto_message_payload=True,
        )  # fmt: skip

    async def sending(self, *_: object) -> None:
        """Nothing is noted."""

    async def received(self, message: object, *_: object) -> None:
        if isinstance(message, SubmitSmResp):
            self._answers -= 1
            self._window.release()
        self._receipts -= isinstance(message, DeliverSm)
        if self._answers <= 0 and self._receipts <= 0:
            self.done.set()

    async def send_error(self, _message: object, error: Exception, *_: object) -> None:
        raise RuntimeError("a message was not sent") from error


class Remembering(AbstractCorrelator):
    """A dictionary: the library's own looks through all that waits, and would make a low floor."""

    def __init__(self) -> None:
        self._asked: dict[int, SmppMessage] = {}

    async def put(self, smpp_message: SmppMessage) -> None:
        self._asked[smpp_message.sequence_num] = smpp_message

    async def get(self, response: SmppMessage) -> SmppMessage | None:
        return self._asked.pop(response.sequence_num, None)

    async def put_delivery(self, smsc_message_id: str, submit_sm: SubmitSm) -> None:
        """Receipts are only counted."""

    async def get_delivery(self, receipt: DeliverSm) -> SubmitSm | None:  # noqa: ARG002 - nothing is kept of them
        return None

    async def put_delivery_segmented(self, deliver_sm: DeliverSm) -> DeliverSm | None:
        return deliver_sm

    async def get_segmented(self, smpp_seq_num: int, remove: bool = False) -> tuple[Any, int]:  # noqa: ARG002 - as below
        return None, 0

    def get_cumulated_status(self, ref_num: int) -> int:  # noqa: ARG002 - no message has parts
        return 0

    async def expired(self, smpp_message: SmppMessage) -> None:  # noqa: ARG002 - whichever it is
        raise RuntimeError("a message was not answered")


async def main(port: int, secret: str, load: Load) -> None:
    esme = ESME(
        smsc_host="127.0.0.1", smsc_port=port, system_id="bare", password=secret, log_level=40,
        hook=load, broker=load, correlator=Remembering(),
    )  # fmt: skip
    running = asyncio.create_task(esme.start())  # noqa: F841, RUF006 - until the process ends
    await load.done.wait()
    os._exit(0)  # to stop it in order may take for ever


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], Load(int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])))
