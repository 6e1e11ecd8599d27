"""A message centre as the suite knows gateways: its line is held again and again, parts become submit_sm, deliver_sm
becomes texts and receipts.
"""

import asyncio
import re
from functools import partial
from uuid import UUID

from aiosmpplib import TON, SmppCommand, SmppCommandStatus

from kit.clock import Clock
from kit.logs import log
from notify.gateways import metrics
from notify.gateways.interface import Has, Health, InDoubt, Late, NotSent, Part, Receipt, Rejected, Taking, Throttled
from notify.gateways.pace import SILENT, Pace
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Smpp
from notify.gateways.smpp import reading, saying
from notify.gateways.smpp.line import Answer, Line, NoAnswer, Refused, name_of

TOO_MANY = {SmppCommandStatus.ESME_RTHROTTLED, SmppCommandStatus.ESME_RMSGQFUL}
# what is about this message: its number, length, content. All others are about us or about the gateway (our number, the
# account, whatever a carrier made up), so that another way, or a later try, may take it
OF_THE_MESSAGE = {
    SmppCommandStatus.ESME_RINVMSGLEN,
    SmppCommandStatus.ESME_RINVDSTADR,
    SmppCommandStatus.ESME_RINVDSTTON,
    SmppCommandStatus.ESME_RINVDSTNPI,
    SmppCommandStatus.ESME_RINVNUMDESTS,
    SmppCommandStatus.ESME_RX_P_APPN,
    SmppCommandStatus.ESME_RX_R_APPN,
    SmppCommandStatus.ESME_RINVPARLEN,
    SmppCommandStatus.ESME_RINVOPTPARAMVAL,
}


MOBILE = re.compile(r"1[0-9]{10}")
ROOM = 8  # letters of a password
BROUGHT = ("receipt", "text", "unreadable", "not-kept")
QUESTIONS = 2  # at a time


class SmppGateway:
    """pauses: between two lines. Raises ValueError: the protocol has no room for the password."""

    def __init__(self, settings: Smpp, password: str, clock: Clock, pauses: Pauses | None = None) -> None:
        if len(password) > ROOM or not password.isascii():
            raise ValueError(f"the password of {settings.name} is not ASCII of at most {ROOM} letters")
        self.name = settings.name
        self.whole = settings.long == "payload"
        self._settings = settings
        self._password = password
        self._clock = clock
        self._pauses = pauses or Pauses()
        self._pace = Pace(settings.window)
        self._line: Line | None = None
        self._taking: Taking | None = None
        self._down: str | None = "not-connected"
        metrics.UNDER_WAY.labels(self.name).set_function(lambda: self._pace.under_way)
        metrics.WINDOW.labels(self.name).set_function(lambda: self._pace.allowed)
        self._submits = {end: metrics.SUBMITS.labels(self.name, end) for end in ("taken", *metrics.ENDS.values())}
        self._sender = saying.address(settings.sender)
        self._brought = {what: metrics.BROUGHT.labels(self.name, what) for what in BROUGHT}
        metrics.LINE_UP.labels(self.name).set(0)
        self._health = Health(up=False, since=clock.now(), reason=self._down)
        self._asking, self._unanswered = asyncio.Semaphore(QUESTIONS), 0
        self._can_ask = settings.receipt_ids == "same"  # else the id as the gateway wrote it is not known

    @property
    def health(self) -> Health:
        """A line that stands is not up while it is left alone because answers did not come."""
        reason = self._down or self._pace.silence
        if reason != self._health.reason:
            self._health = self._health.turned(self._clock.now(), reason)
            metrics.LINE_UP.labels(self.name).set(self._health.up)
        return self._health

    async def submit(self, part: Part) -> str:
        result = "in-doubt"
        try:
            gateway_id = self._judged(await self._request(self._body(part), part))
            result = "taken"
        except (Rejected, NotSent, InDoubt) as error:
            result = next(label for kind, label in metrics.ENDS.items() if isinstance(error, kind))
            raise
        finally:
            self._submits[result].inc()
        return gateway_id

    async def ask(self, gateway_id: str) -> Receipt | None:
        if not self._can_ask:
            return None
        try:
            answer = await self._question(saying.query_sm(gateway_id, self._sender))
        except InDoubt as error:
            raise NotSent(str(error)) from error
        if answer.command != SmppCommand.QUERY_SM_RESP or answer.status == SmppCommandStatus.ESME_RINVCMDID:
            self._can_ask = False  # it has no such question
        return None if answer.status else reading.asked(answer.body, gateway_id, self._clock.now())

    async def has(self, message_id: UUID) -> Has:  # noqa: ARG002 - SMPP only knows ids that the gateway gave
        return None

    async def run(self, taking: Taking) -> None:
        self._taking = taking
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            reason, stood = await self._one_line()
            pause = self._pauses.after(loop.time() - began if stood else 0)
            metrics.RECONNECTS.labels(self.name).inc()
            log.warning("notify.line_down", gateway=self.name, reason=reason, pause=round(pause, 2))
            await asyncio.sleep(pause)

    async def _one_line(self) -> tuple[str, bool]:
        """From its beginning to its end: why it ended, and whether it stood."""
        line, stood, reason = Line(self._settings, self._password, self._keep), False, "ended"
        try:
            await line.connect()
            self._line, self._down, stood = line, None, True
            log.info("notify.line_up", gateway=self.name)
            _ = self.health
            await line.hold()
        except Refused as error:
            reason = str(error)
        except (TimeoutError, NoAnswer):
            reason = "no-answer"
        except Exception as error:  # noqa: BLE001 - whatever a peer sends, the next line is opened
            reason = type(error).__name__
        finally:
            self._line, self._down = None, reason
            _ = self.health
            await line.close()
            self._pace.call_all()
        return reason, stood

    async def _question(self, body: bytes) -> Answer:
        """Beside the window: a centre that answers no question still takes messages. Raises NotSent, InDoubt."""
        async with self._asking:
            if (line := self._line) is None or not self._can_ask:
                raise NotSent(self._down)
            try:
                answer = await line.request(SmppCommand.QUERY_SM, body)
            except NoAnswer:
                self._unanswered += 1
                self._can_ask = self._unanswered < SILENT
                raise
        self._unanswered = 0
        return answer

    async def _request(self, body: bytes, part: Part) -> Answer:
        """Raises NotSent, Throttled, InDoubt."""
        if self._line is None:
            raise NotSent(self._down)
        await self._pace.enter()
        try:
            if (line := self._line) is None:
                raise NotSent(self._down)
            answer = await line.request(SmppCommand.SUBMIT_SM, body, partial(self._late, part))
            self._pace.heard()
        except NoAnswer:
            self._pace.unanswered()
            raise
        finally:
            self._pace.leave()
        return answer

    def _judged(self, answer: Answer) -> str:
        """The id that the gateway gave. Raises Rejected, Throttled, NotSent, InDoubt."""
        if answer.status in TOO_MANY:
            raise Throttled(self._pace.too_many())
        if answer.status in OF_THE_MESSAGE:
            raise Rejected(name_of(answer.status))
        if answer.status or answer.command != SmppCommand.SUBMIT_SM_RESP:
            raise NotSent(name_of(answer.status))
        self._pace.taken()
        gateway_id = reading.written(answer.body, self._settings.receipt_ids)
        if not gateway_id:
            raise InDoubt("no-id")  # it has it, but receipts cannot name it
        return gateway_id

    def _body(self, part: Part) -> bytes:
        """Raises Rejected."""
        try:
            return saying.submit_sm(self._sender, self._address(part.phone), part)
        except ValueError as error:
            raise Rejected("malformed") from error

    def _address(self, phone: str) -> bytes:
        """Raises ValueError."""
        if self._settings.prefix and MOBILE.fullmatch(phone):
            return saying.address(self._settings.prefix + phone, TON.INTERNATIONAL)
        if phone.startswith("+"):
            return saying.address(phone[1:], TON.INTERNATIONAL)
        return saying.address(phone)

    async def _keep(self, pdu: bytes) -> SmppCommandStatus:
        """With which status a deliver_sm is answered: that of a temporary fault makes the gateway bring it again."""
        what, status = "unreadable", SmppCommandStatus.ESME_RX_P_APPN
        try:
            told = reading.read(pdu)
            what = "receipt" if told.is_receipt else "text"
            await self._bring(told, pdu)
            status = SmppCommandStatus.ESME_ROK
        except reading.Malformed as error:
            log.warning("notify.pdu_unreadable", gateway=self.name, reason=str(error), octets=len(pdu))
        except Exception as error:  # noqa: BLE001 - what could not be kept must not end the line of all others
            what, status = "not-kept", SmppCommandStatus.ESME_RX_T_APPN
            log.warning("notify.not_kept", gateway=self.name, reason=type(error).__name__)
        self._brought[what].inc()
        return status

    async def _bring(self, told: reading.Delivered, pdu: bytes) -> None:
        """Returns when it is kept. Raises what the keeping raises."""
        if self._taking is None:
            raise NotSent("nobody takes anything yet")
        now = self._clock.now()
        if not told.is_receipt:
            await self._taking.incoming(self.name, reading.incoming(told, pdu, now))
        elif (receipt := reading.receipt(told, self._settings.receipt_ids, now)) is not None:
            await self._taking.receipt(self.name, receipt)

    async def _late(self, part: Part, answer: Answer) -> None:
        """The answer to a part that was given up: what it is in truth."""
        gateway_id, reason = None, None
        try:
            gateway_id = self._judged(answer)
        except (Rejected, NotSent, InDoubt) as error:
            reason = str(error)
            if isinstance(error, InDoubt):
                return
        late = Late(part.message_id, part.number, gateway_id, reason)
        log.info("notify.late_answer", gateway=self.name, id=str(part.message_id), taken=gateway_id is not None)
        try:
            if self._taking is not None:
                await self._taking.late(self.name, late)
        except Exception as error:  # noqa: BLE001 - a receipt, or asking, will settle it
            log.warning("notify.not_kept", gateway=self.name, reason=type(error).__name__)
