"""The centres' own logs beside our records: one to one, and every difference in doubt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from kit.phones import phone_key
from kit.testing import eventually
from notify.phones import number_of
from tests.resilience.texts.stand import Stand

PARTS = """
SELECT messages.id, messages.state, messages.phone_key, phones.number AS phone, messages.parts AS total, lane,
  attempts, parts.number, parts.gateway, parts.gateway_id, parts.state AS part_state
FROM messages JOIN phones ON phones.key = messages.phone_key LEFT JOIN parts ON parts.message_id = messages.id
WHERE messages.id = ANY($1)
"""
OPEN = ("queued", "sending")


@dataclass(frozen=True)
class Records:
    """rows: one of each part of the messages, or of a message without any; taken: what the centres took, by gateway and
    id; phones: our keys -> numbers as the centre's log has them.
    """

    rows: list[asyncpg.Record]
    taken: dict[tuple[str, str], dict[str, Any]]
    phones: dict[bytes, str]

    @property
    def states(self) -> dict[UUID, str]:
        return {row["id"]: row["state"] for row in self.rows}

    @property
    def doubted(self) -> int:
        """How many messages are in doubt."""
        return sum(state == "unknown" for state in self.states.values())

    @property
    def named(self) -> dict[tuple[str, str], asyncpg.Record]:
        """Our parts that have a gateway's id."""
        return {(row["gateway"], row["gateway_id"]): row for row in self.rows if row["gateway_id"]}

    def in_order(self) -> list[tuple[int, str, str]]:
        """(moment, gateway, number it went to) as the centres took them."""
        return sorted((each["at"], gateway, each["to"]) for (gateway, _), each in self.taken.items())


async def records(stand: Stand, ids: Sequence[UUID]) -> Records:
    rows = await stand.rows(PARTS, ids)
    stored = {row["phone_key"]: row["phone"] for row in rows}
    phones = {key: number_of(stand.keyring, key, number) for key, number in stored.items()}
    ours = set(phones.values())
    taken = {
        (name, pdu["id"]): {**pdu, "to": phone_key(pdu["to"])}
        for name, centre in stand.centres.items()
        if centre.daemon.alive
        for pdu in await stand.pdus(name)
        if pdu.get("took") == "submit_sm" and pdu["taken"] and phone_key(pdu["to"]) in ours
    }
    return Records(rows, taken, phones)


async def handed_over(stand: Stand, ids: Sequence[UUID], within: float = 120) -> None:
    """Until nothing waits, and nothing is without an end whose sender has died."""

    async def none_left() -> bool:
        return await stand.left(ids, *OPEN) == 0

    await eventually(none_left, within=within, every=0.2)


def none_twice(found: Records) -> None:
    """No centre took more parts for a number than we have for it, in whatever tries and by whatever ways."""
    parts = {row["id"]: (found.phones[row["phone_key"]], row["total"]) for row in found.rows}
    most: Counter[str] = Counter()
    for phone, total in parts.values():
        most[phone] += total
    went = Counter(each["to"] for each in found.taken.values())
    assert not went - most, "submitted twice"


async def agree_but_for_doubts(stand: Stand, ids: Sequence[UUID]) -> Records:
    found = await records(stand, ids)
    compare(found)
    return found


def compare(found: Records) -> None:
    """What we call sent was taken under the id that we know, for that number; all else that differs is in doubt."""
    assert set(found.states.values()) <= {"sent", "delivered", "unknown"}, Counter(found.states.values())
    none_twice(found)
    named = found.named
    ids_of_parts = [(row["gateway"], row["gateway_id"]) for row in found.rows if row["gateway_id"]]
    assert len(ids_of_parts) == len(named), "an id stands for two parts"
    assert named.keys() <= found.taken.keys(), "the centre knows nothing of what we call sent"
    assert all(found.phones[row["phone_key"]] == found.taken[key]["to"] for key, row in named.items())
    for row in found.rows:
        assert row["state"] == "unknown" or row["gateway_id"], "not in doubt, and without an id"
    doubted = {found.phones[row["phone_key"]] for row in found.rows if row["state"] == "unknown"}
    assert {found.taken[key]["to"] for key in found.taken.keys() - named.keys()} <= doubted


async def settled_by_receipts(stand: Stand, ids: Sequence[UUID], within: float = 90) -> Records:
    """The receipts come now. What was taken is delivered, whether its answer was lost or not; the rest is in doubt."""

    async def all_told() -> bool:
        found = await records(stand, ids)
        delivered = {key for key, row in found.named.items() if row["part_state"] == "delivered"}
        return delivered == found.taken.keys()

    for centre in stand.centres.values():
        if centre.daemon.alive:
            centre.order("receipts")
    await eventually(all_told, within=within, every=max(0.5, len(ids) / 10_000))
    found = await records(stand, ids)
    none_twice(found)
    whole = Counter(row["id"] for row in found.rows if row["part_state"] == "delivered")
    totals = {row["id"]: row["total"] for row in found.rows}
    for message_id, state in found.states.items():
        assert state == ("delivered" if whole[message_id] == totals[message_id] else "unknown")
    return found
