"""A CMPP gateway (ISMG) as the suite knows gateways: its line is held again and again, parts become submit packets,
deliver packets become receipts and texts.
"""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Final
from uuid import UUID

from kit.clock import Clock
from kit.logs import log
from notify.gateways import interface, metrics
from notify.gateways.arriving import Letters, Unreadable, opened, said
from notify.gateways.cmpp.connection import Account, Connection, NoAnswer, Refused, connected
from notify.gateways.cmpp.fields import Malformed
from notify.gateways.cmpp.packets import Deliver, Receipt, Submit, SubmitResp, Version
from notify.gateways.interface import Fate, Health, Incoming, Late, NotSent, Part, Rejected, Taking, Throttled
from notify.gateways.pace import Pace
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Cmpp
from notify.outbound.parts import ALONE, JOINED, Alphabet, encoded

CHINA = timezone(timedelta(hours=8))
ASCII, UCS2, GBK = 0, 8, 15  # Msg_Fmt
ENCODINGS: dict[int, Letters] = {ASCII: "ascii", UCS2: "ucs2", GBK: "gbk"}
ALIAS = 1  # Src_terminal_type of 3.0: a number that stands for another one (伪码)
TOO_MANY = 8
# of the results of a submit, those that are about this message: its structure, length, size, number. All others are
# about us or about the gateway (service code, source, whatever a gateway made up), so another way may take it
OF_THE_MESSAGE = {1, 4, 6, 13}
LONG_AGO = timedelta(days=30)
HEADER = 6  # octets of the user data header before the text of a part
# what tells of no end: taken, on its way, or nothing known
NO_FATE = {"ACCEPTD", "ENROUTE", "UNKNOWN", ""}
FATES: dict[str, Fate] = {"DELIVRD": "delivered", "EXPIRED": "expired"}  # all others: failed


class CmppGateway:
    whole: Final = False

    def __init__(self, settings: Cmpp, secret: str, clock: Clock, pauses: Pauses | None = None) -> None:
        self.name = settings.name
        self._down: str | None = "not-connected"
        self._health = Health(up=False, since=clock.now(), reason=self._down)
        self._settings = settings
        self._clock = clock
        self._pauses = pauses or Pauses()
        self._pace = Pace(settings.window)
        self._connection: Connection | None = None
        self._taking: Taking | None = None
        self._account = Account(
            settings.host, settings.port, settings.account, secret, Version.V30 if settings.version == "3.0" else
            Version.V20, settings.window, settings.seconds, settings.idle,
        )  # fmt: skip

    @property
    def health(self) -> Health:
        """A line that stands is not up while it is left alone because answers did not come."""
        self._health = self._health.turned(self._clock.now(), self._down or self._pace.silence)
        return self._health

    def _turn(self, down: str | None) -> None:
        self._down = down
        _ = self.health  # it remembers since when

    async def submit(self, part: Part) -> str:
        with metrics.handing_over(self.name):
            return await self._submit(part)

    async def _submit(self, part: Part) -> str:
        packet, late = self._packet(part), partial(self._late, part.message_id, part.number)
        if self._connection is None:
            raise NotSent(self._down)
        await self._pace.enter()
        self._count()
        try:
            if (connection := self._connection) is None:
                raise NotSent(self._down)
            return self._judged(await connection.submit(packet, late))
        except Malformed as error:
            raise Rejected("malformed") from error
        except NoAnswer:
            self._pace.unanswered()
            raise
        finally:
            self._pace.leave()
            self._count()

    def _count(self) -> None:
        metrics.UNDER_WAY.labels(self.name).set(self._pace.under_way)
        metrics.WINDOW.labels(self.name).set(self._pace.allowed)

    def _judged(self, answer: SubmitResp) -> str:
        """The id that the gateway gave. Raises Throttled, Rejected, NotSent."""
        if answer.result == TOO_MANY:
            raise Throttled(self._pace.too_many())
        if answer.result == 0:
            self._pace.taken()
            return str(answer.msg_id)
        self._pace.heard()
        raise (Rejected if answer.result in OF_THE_MESSAGE else NotSent)(f"result-{answer.result}")

    async def _late(self, message_id: UUID, number: int, answer: SubmitResp) -> None:
        refused = f"result-{answer.result}" if answer.result else None
        late = Late(message_id, number, None if refused else str(answer.msg_id), refused)
        if self._taking is not None:
            await self._taking.late(self.name, late)

    async def ask(self, gateway_id: str) -> interface.Receipt | None:  # noqa: ARG002 - CMPP only tells sums
        return None

    async def has(self, message_id: UUID) -> None:  # noqa: ARG002 - CMPP has no such question
        return None

    async def run(self, taking: Taking) -> None:
        loop, self._taking = asyncio.get_running_loop(), taking
        while True:
            began = loop.time()
            reason = await self._line(taking)
            pause = self._pauses.after(0 if self._down else loop.time() - began)
            self._turn(reason)
            self._pace.call_all()
            metrics.RECONNECTS.labels(self.name).inc()
            log.warning("notify.line_down", gateway=self.name, reason=reason, pause=round(pause, 2))
            await asyncio.sleep(pause)

    async def _line(self, taking: Taking) -> str:
        """One connection from its beginning to its end; returns why it ended."""

        async def take(packet: Deliver) -> None:
            await self._take(taking, packet)

        try:
            async with connected(self._account, self._clock.now().astimezone(CHINA)) as self._connection:
                self._turn(None)
                log.info("notify.line_up", gateway=self.name)
                await self._connection.run(take)
        except Refused as error:
            return f"refused-{error.status}"
        except TimeoutError:
            return "no-answer"
        except (OSError, EOFError, Malformed) as error:
            return type(error).__name__
        finally:
            self._connection = None
        return "ended"

    def _packet(self, part: Part) -> Submit:
        """Raises Rejected."""
        letters, content = self._content(part)
        until = (self._clock.now() + part.valid_for).astimezone(CHINA)
        return Submit(
            src_id=self._settings.sender,
            dest_terminal_id=(part.phone,),
            msg_content=content,
            msg_fmt=letters,
            msg_src=self._settings.account,
            service_id=self._settings.service,
            pk_total=part.total,
            pk_number=part.number,
            tp_udhi=int(part.total > 1),
            valid_time=f"{until:%y%m%d%H%M%S}032+",  # as SMPP writes it: tenths, quarters of an hour before UTC
        )

    def _content(self, part: Part) -> tuple[int, bytes]:
        """Msg_Fmt and octets, the header of a part first. Msg_Fmt 0 is ASCII: what else the default alphabet has,
        leaves as UCS-2 where there is room. Raises Rejected.
        """
        head = part.payload[:HEADER] if part.total > 1 else b""
        if part.alphabet is Alphabet.GSM and part.text.isascii():
            return ASCII, head + part.text.encode()
        if self._settings.letters == "gbk" and (octets := _gbk(part.text)) is not None:
            return GBK, head + octets
        octets = encoded(part.text, Alphabet.UCS2)
        if len(octets) > 2 * (JOINED if part.total > 1 else ALONE)[Alphabet.UCS2]:
            raise Rejected("alphabet")
        return UCS2, head + octets

    async def _take(self, taking: Taking, packet: Deliver) -> None:
        what = "not-kept"
        try:
            what = await self._bring(taking, packet)
        finally:
            metrics.BROUGHT.labels(self.name, what).inc()

    async def _bring(self, taking: Taking, packet: Deliver) -> str:
        """Returns what it was, once that is kept."""
        if packet.registered_delivery != 1:
            await taking.incoming(self.name, self._incoming(packet))
            return "text"
        try:
            receipt = self._receipt(Receipt.of(packet.msg_content, self._account.version))
        except Malformed:  # the gateway would bring it for ever, and nothing could be read from it
            log.warning("notify.receipt_unreadable", gateway=self.name, octets=len(packet.msg_content))
            return "unreadable"
        if receipt is not None:
            await taking.receipt(self.name, receipt)
        return "receipt"

    def _receipt(self, told: Receipt) -> interface.Receipt | None:
        stat = told.stat.strip().upper()
        if stat in NO_FATE:
            return None
        return interface.Receipt(
            gateway_id=str(told.msg_id),
            state=FATES.get(stat, "failed"),
            at=self._moment(told.done_time),
            reason=re.sub(r"[^\w:.-]", "?", stat, flags=re.ASCII),
            phone=told.dest_terminal_id,
        )

    def _moment(self, done: str) -> datetime:
        """YYMMDDHHMM, in China; now, where it is no time, one to come, or one long gone."""
        now = self._clock.now()
        try:
            at = datetime.strptime(done, "%y%m%d%H%M").replace(tzinfo=CHINA)
        except ValueError:
            return now
        return at.astimezone(UTC) if now - LONG_AGO <= at <= now else now

    def _incoming(self, packet: Deliver) -> Incoming:
        """What cannot be read is kept as it came."""
        came = Incoming(
            gateway_id=str(packet.msg_id), to=packet.dest_id, at=self._clock.now(),
            phone="" if packet.src_terminal_type == ALIAS else packet.src_terminal_id, text=None,
            raw=packet.msg_content,
        )  # fmt: skip
        try:
            if packet.tp_udhi & 1:
                joint, octets = opened(packet.msg_content)
                came = replace(came, joint=joint, raw=octets)
            if (letters := ENCODINGS.get(packet.msg_fmt)) is not None:
                came = replace(came, text=said(came.raw, letters, of_several=came.joint is not None), raw=b"")
        except Unreadable as error:
            log.warning("notify.text_unreadable", gateway=self.name, reason=str(error))
        return came


def _gbk(text: str) -> bytes | None:
    try:
        return text.encode("gbk")
    except UnicodeEncodeError:
        return None
