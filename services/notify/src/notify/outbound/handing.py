"""One try of one message: divided into parts, each given to the gateway, and how that ended."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kit.crypto import Keyring, Undecipherable
from kit.logs import log
from notify.gateways.interface import InDoubt, NotSent, Part, Rejected, Throttled
from notify.outbound.claiming import Claimed
from notify.outbound.domain import Lane, pause_after, state_of, untried
from notify.outbound.outgoing import text_binding
from notify.outbound.outlets import NoPlace, Outlet
from notify.outbound.parts import Parts, payloads, split
from notify.outbound.settings import Outbound
from notify.outbound.settling import Left, Settlement
from notify.phones import number_of

LONGEST = 200  # letters of a code or an id that a gateway gives


@dataclass(frozen=True, slots=True)
class Opened:
    """A claimed message in clear. parts: how it is divided; at: when it was opened."""

    claimed: Claimed
    phone: str = field(repr=False)
    parts: Parts = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try. refused: why parts have not left, if any; after: how long it said to wait."""

    claimed: Claimed
    total: int
    began_at: datetime
    lefts: tuple[Left, ...] = ()
    refused: str | None = None
    after: timedelta | None = None


def opened(ring: Keyring, claimed: Claimed, now: datetime) -> Opened | Outcome:
    """In clear, or how it ended before it began: what cannot be read never can."""
    row = claimed.row
    try:
        text = ring.decrypt(row["text"], text_binding(row["id"]))
        phone = number_of(ring, row["phone_key"], row["number"])
    except Undecipherable as error:
        return Outcome(claimed, row["parts"], now, (Left(1, "failed", None, str(error)),))
    return Opened(claimed, phone, split(text), now)


async def hand_over(
    outlet: Outlet, message: Opened, valid_for: timedelta, until: float, begin: Callable[[], None]
) -> Outcome:
    """Give its parts to the gateway, those that have left before left out; never raises but when it is cancelled.

    begin: notes that it is begun; until: moment of the event loop after which nothing is begun: its lease would end
    before the answer.
    """
    parts = _parts(message, valid_for, whole=outlet.gateway.whole)
    lane = Lane(message.claimed.row["lane"])
    if len(parts) == 1:
        results = [await _submit(outlet, parts[0], until, lane, begin)]
    else:
        results = await asyncio.gather(*(_submit(outlet, part, until, lane, begin) for part in parts))
    lefts = [each for each in results if isinstance(each, Left)]
    refusals = [each for each in results if not isinstance(each, Left)]
    total = len(message.parts)
    if outlet.gateway.whole and lefts:  # one id names them all: a receipt by it settles all of them
        lefts = [Left(number, lefts[0].state, lefts[0].gateway_id, lefts[0].reason) for number in range(1, total + 1)]
    reason, after = refusals[0] if refusals else (None, None)
    return Outcome(message.claimed, total, message.at, tuple(lefts), reason, after)


def _parts(message: Opened, valid_for: timedelta, *, whole: bool) -> list[Part]:
    row, divided = message.claimed.row, message.parts
    texts, contents = divided.texts, payloads(divided, row["id"].int)
    if whole:
        texts, contents = ("".join(texts),), (b"",)
    return [
        Part(
            message_id=row["id"],
            number=number,
            total=len(texts),
            alphabet=divided.alphabet,
            valid_for=valid_for,
            template=row["template"],
            phone=message.phone,
            text=text,
            payload=payload,
        )
        for number, (text, payload) in enumerate(zip(texts, contents, strict=True), 1)
        if number not in message.claimed.left_before
    ]


Refusal = tuple[str, timedelta | None]  # why a part has not left, and how long the gateway said to wait


async def _submit(outlet: Outlet, part: Part, until: float, lane: Lane, begin: Callable[[], None]) -> Left | Refusal:
    try:
        await outlet.window.enter(lane)
    except NoPlace:
        return "returned", None
    try:
        if not outlet.up or asyncio.get_running_loop().time() > until:
            return "returned", None
        begin()
    except OSError:  # what cannot be noted is not begun
        return "returned", None
    else:
        return await _given(outlet, part)
    finally:
        outlet.window.leave()


async def _given(outlet: Outlet, part: Part) -> Left | Refusal:
    try:
        gateway_id = await outlet.gateway.submit(part)
    except Rejected as error:
        return Left(part.number, "failed", None, clean(error.code))
    except Throttled as error:
        outlet.rest(error.after.total_seconds())
        return "throttled", error.after
    except NotSent:
        return "not-sent", None
    except Exception as error:  # noqa: BLE001 - InDoubt, or a gateway that broke: whether it has left nobody knows
        if not isinstance(error, InDoubt):  # its type only: what a library says may quote what was sent
            log.error("notify.gateway_broke", gateway=outlet.gateway.name, error=type(error).__name__)
        return Left(part.number, "unknown", None, "in-doubt")
    return Left(part.number, "sent", clean(gateway_id))


def clean(code: str) -> str:
    """What a gateway gave, as the database takes it."""
    return code.replace("\0", "")[:LONGEST]


def settled(outcome: Outcome, up: Collection[str], now: datetime, policy: Outbound) -> Settlement:
    """How the try is written down. up: gateways that take messages now."""
    claimed, row = outcome.claimed, outcome.claimed.row
    states = ["sent"] * len(claimed.left_before) + [each.state for each in outcome.lefts]
    state = state_of(states, outcome.total)
    tried: tuple[str, ...] = ()
    due_at, reason = now, outcome.refused
    if state == "queued":
        tried = tuple(row["tried"])
        begun = bool(states)
        if outcome.refused != "returned":
            tried = () if begun else (*tried, claimed.gateway)
            if begun or not untried(up, tried):
                due_at, tried = now + (outcome.after or pause_after(claimed.attempts)), ()
    elif state == "failed":
        reason = next(each.reason for each in outcome.lefts if each.state == "failed")
    else:
        doubted = state == "unknown"
        reason = next((each.reason for each in outcome.lefts if each.state == "unknown"), None) if doubted else None
        due_at = now + timedelta(seconds=policy.doubt_seconds if state == "unknown" else policy.ask_seconds)
    return Settlement(
        row,
        claimed.gateway,
        claimed.attempts,
        state,
        outcome.total,
        outcome.began_at,
        due_at,
        outcome.lefts,
        reason,
        tried,
    )
