"""The floor: the SMPP library alone, a process: `python -m deploy.bench.texts.bare PORT SECRET COUNT TEXT`."""

import asyncio
import sys
from typing import Any

from aiosmpplib import ESME, DeliverSm, PhoneNumber, SmppMessage, SubmitSm, SubmitSmResp
from aiosmpplib.correlator import AbstractCorrelator
from aiosmpplib.hook import AbstractHook


class Counting(AbstractHook):
    """Ends when all were answered."""

    def __init__(self, many: int) -> None:
        self.left, self.done = many, asyncio.Event()

    async def sending(self, *_: object) -> None:
        """Nothing is noted."""

    async def received(self, message: object, *_: object) -> None:
        if isinstance(message, SubmitSmResp):
            self.left -= 1
            if self.left == 0:
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
        """Receipts are only counted by the peer."""

    async def get_delivery(self, receipt: DeliverSm) -> SubmitSm | None:  # noqa: ARG002 - nothing is kept of them
        return None

    async def put_delivery_segmented(self, deliver_sm: DeliverSm) -> DeliverSm | None:
        return deliver_sm

    async def get_segmented(self, smpp_seq_num: int, remove: bool = False) -> tuple[Any, int]:  # noqa: ARG002
        return None, 0

    def get_cumulated_status(self, ref_num: int) -> int:  # noqa: ARG002 - no message has parts
        return 0

    async def expired(self, smpp_message: SmppMessage) -> None:  # noqa: ARG002
        raise RuntimeError("a message was not answered")


async def main(port: int, secret: str, many: int, text: str) -> None:
    hook = Counting(many)
    esme = ESME(
        smsc_host="127.0.0.1", smsc_port=port, system_id="bare", password=secret, hook=hook, log_level=40,
        correlator=Remembering(),
    )  # fmt: skip
    running = asyncio.create_task(esme.start())
    for number in range(many):
        phone = PhoneNumber(str(13_700_000_000 + number))
        message = SubmitSm(
            short_message=text, source=PhoneNumber("10690225"), destination=phone, log_id=str(number),
            registered_delivery=1, auto_message_payload=True,
        )  # fmt: skip
        await esme.broker.enqueue(message)
    await hook.done.wait()
    await esme.stop()
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
