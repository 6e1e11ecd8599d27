"""What every gateway can do, what it tells, and how a hand-over may end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from notify.outbound.parts import Alphabet


class Rejected(Exception):
    """The gateway will never take this message. code: its own, without personal data."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotSent(Exception):
    """It has not left: another way, or the same one later, may take it without a second one arriving."""


class Throttled(NotSent):
    """Too many at a time for the gateway. after: how long it is left alone."""

    def __init__(self, after: timedelta) -> None:
        super().__init__("throttled")
        self.after = after


class InDoubt(Exception):
    """It has left and no answer came: whether the gateway has it, only a question or a receipt can tell."""


@dataclass(frozen=True, slots=True)
class Part:
    """One short message as it leaves: the only one of its message, or number `number` of `total`.

    payload: header and encoded text of this part, at most 140 octets (GSM 7 bit: an octet a septet, 160); text: what it
    says, the whole message for gateways that take whole ones (there it is 1 of 1, and `payload` is empty).
    valid_for: how long the gateway may go on trying.
    """

    message_id: UUID
    number: int
    total: int
    alphabet: Alphabet
    valid_for: timedelta
    template: str
    phone: str = field(repr=False)
    text: str = field(repr=False)
    payload: bytes = field(repr=False, default=b"")


Fate = Literal["delivered", "failed", "expired"]
Has = str | Literal[False] | None  # the id by which receipts name what it took; False: it has it not; null: cannot tell


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a part: told once, twice or never, before or after the answer to its hand-over.

    reason: the code of the carrier.
    """

    gateway_id: str
    state: Fate
    at: datetime
    reason: str | None = None
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Joint:
    """Which part of a long message: those of one phone with one reference belong together; number counts from 1."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A short message from a telephone. gateway_id: null where the protocol has none (SMPP).

    phone: as the gateway writes it, with + where it says that it is international; empty where the sender is no number.
    text: null where the octets are none in the alphabet they claim; they are in `raw` then, for a person to look at.
    """

    gateway_id: str | None
    to: str
    at: datetime
    phone: str = field(repr=False)
    text: str | None = field(repr=False)
    raw: bytes = field(repr=False, default=b"")
    joint: Joint | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """The answer to a hand-over that had ended in doubt. gateway_id: it was taken, and receipts will name it so; null:
    it was not taken, `reason` says why.
    """

    message_id: UUID
    number: int
    gateway_id: str | None
    reason: str | None = None


async def unheard(_gateway: str, _late: Late) -> None:
    """For who leaves what is in doubt to receipts."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Keeps what a gateway brings. All return when it is kept durably, so only then the gateway is answered; what they
    raise means that it is not kept, and the gateway brings it again (a late answer it does not).
    """

    incoming: Callable[[str, Incoming], Awaitable[None]]  # gateway's name, what came
    receipt: Callable[[str, Receipt], Awaitable[None]]
    late: Callable[[str, Late], Awaitable[None]] = unheard


@dataclass(frozen=True, slots=True)
class Health:
    """up: it takes messages now; since: from when; reason: why not, a code."""

    up: bool
    since: datetime
    reason: str | None = None

    def turned(self, at: datetime, reason: str | None = None) -> "Health":
        """As it is at that moment: up, unless there is a reason why not."""
        up = reason is None
        return Health(up, self.since if up is self.up else at, reason)


class Gateway(Protocol):
    """One way out and in; `run` holds its line. All may be called by many at a time."""

    @property
    def name(self) -> str: ...

    @property
    def whole(self) -> bool:
        """Whether it takes whole messages, and divides them itself."""
        ...

    @property
    def health(self) -> Health: ...

    async def submit(self, part: Part) -> str:
        """Returns the id by which its receipts will name it. Raises Rejected, NotSent, Throttled, InDoubt."""
        ...

    async def ask(self, gateway_id: str) -> Receipt | None:
        """What became of it, where the gateway can be asked and knows; else null. Raises NotSent."""
        ...

    async def has(self, message_id: UUID) -> Has:
        """Whether it took this message, asked after a crash between hand-over and noting it."""
        ...

    async def run(self, taking: Taking) -> None:
        """Hold the line, again and again, until cancelled."""
        ...
