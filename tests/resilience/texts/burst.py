"""Texts of many telephones at once, while everything dies; and what has become of each of them."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg

from kit.testing import eventually
from notify.inbound.tables import text_binding
from notify.phones import key_of
from tests.resilience.texts.stand import SENDER, Stand

FIRST = 13_300_000_000
AT_ONCE = 5_000  # texts in one order
HALF = 66  # letters in a part
PETITION, LONG, QUERY, UNCLEAR = "PLQU"
TEXTS = "SELECT id, phone_key, text, state, meaning, petition_id FROM inbound"
OPEN = """
SELECT (SELECT count(*) FROM inbound WHERE state IN ('received', 'waiting'))
  + (SELECT count(*) FROM inbound_parts WHERE whole_id IS NULL) + (SELECT count(*) FROM outbox)
"""
Fault = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Sent:
    """What one telephone sends. kind: petition, long petition (two parts), query, unclear."""

    number: int
    kind: str

    @property
    def phone(self) -> str:
        return str(FIRST + self.number)

    @property
    def said(self) -> str:
        n = self.number
        match self.kind:
            case "P":
                return f"张三#象溪县石桥镇下桥村{n}组#门前道路积水{n}天无人管"
            case "L":
                return f"李四#象溪县石桥镇上桥村{n}组#" + f"桥面破损{n}处,车辆难行,多次反映无人修。" * 4
            case "Q":
                return "CX"
            case _:
                return f"你们{n}号几点上班"

    def pdus(self) -> list[dict[str, Any]]:
        """As the centre brings them; parts with a header (TS 23.040, 9.2.3.24.8)."""
        to = {"from": self.phone, "to": SENDER}
        if self.kind != LONG:
            return [{**to, "ref": f"{self.number}", "text": self.said}]
        parts = [self.said[:HALF], self.said[HALF:]]
        heads = [bytes([6, 8, 4, *(self.number % 65536).to_bytes(2, "big"), 2, place]) for place in (1, 2)]
        return [
            {**to, "ref": f"{self.number}/{place}", "coding": 8, "esm_class": 0x40,
             "octets": (head + part.encode("utf-16-be")).hex()}
            for place, (head, part) in enumerate(zip(heads, parts, strict=True), 1)
        ]  # fmt: skip


@dataclass
class Burst:
    """pattern: the kinds of texts, again and again. struck: (texts kept before a fault, when it struck, in ms)."""

    stand: Stand
    count: int
    pattern: str
    struck: list[tuple[int, float]] = field(default_factory=list)

    @cached_property
    def sent(self) -> list[Sent]:
        return [Sent(n, self.pattern[n % len(self.pattern)]) for n in range(self.count)]

    async def run(self, faults: Sequence[Fault], per_second: int, along: Fault) -> None:
        """A share of the texts for each fault, and one at the end: some are kept, others under way when it strikes.

        along: what else is begun with each share; returns when that is under way too.
        """
        size = self.count // (len(faults) + 1)
        for place, fault in enumerate(faults):
            share = [pdu for each in self.sent[place * size : (place + 1) * size] for pdu in each.pdus()]
            kept = (await self.stand.status())["kept"]
            self._bring(share[: len(share) // 2], per_second=per_second)
            await along()
            await self.kept(kept + len(share) // 10)
            self._bring(share[len(share) // 2 :])
            self.struck.append(((await self.stand.status())["kept"], time.time() * 1000))
            await fault()
        self._bring([pdu for each in self.sent[len(faults) * size :] for pdu in each.pdus()])

    def _bring(self, pdus: Sequence[dict[str, Any]], **pace: Any) -> None:
        for start in range(0, len(pdus), AT_ONCE):
            self.stand.one.deliver(pdus[start : start + AT_ONCE], wait=False, **pace)

    async def kept(self, many: int) -> None:
        """Until so many PDUs are."""

        async def reached() -> bool:
            return (await self.stand.status())["kept"] >= many

        await eventually(reached, within=300)

    async def handled(self, within: float) -> None:
        """Until all is done that follows."""

        async def nothing_left() -> bool:
            return not (await self.stand.rows(OPEN))[0][0]

        await eventually(nothing_left, within=within, every=0.5)

    @property
    def pdus(self) -> int:
        return sum(len(each.pdus()) for each in self.sent)

    async def struck_in_the_midst(self) -> None:
        """Some texts were kept before each fault, and some after it."""
        gave = [pdu["at"] for pdu in await self.stand.pdus() if pdu.get("gave") == "text"]
        for kept, moment in self.struck:
            assert 0 < kept < self.pdus
            assert any(at > moment for at in gave)

    # --- afterwards ---

    async def each_is_there_once(self) -> list[asyncpg.Record]:
        """Texts that were acted on; beside them, as duplicates, those that came again because our answer was lost."""
        log = await self.stand.pdus()
        gave = {pdu["ref"]: pdu for pdu in log if pdu.get("gave") == "text"}
        assert len([pdu for pdu in log if pdu.get("gave") == "text"]) == len(gave) == self.pdus
        assert {pdu["status"] for pdu in gave.values()} == {0}
        rows = await self.stand.rows(TEXTS)
        acted, again = self._counted(rows, duplicates=False), self._counted(rows, duplicates=True)
        lost = Counter(pdu["ref"] for pdu in log if pdu.get("lost") == "text")
        assert lost, "no answer of ours was lost"
        for each in self.sent:
            key = (key_of(self.stand.keyring, each.phone), each.said)
            if each.kind == LONG:
                assert (acted.pop(key, 0), again.pop(key, 0)) == (1, 0), each.number
                continue
            tries = gave[f"{each.number}"]["tries"]
            times, duplicates = acted.pop(key, 0), again.pop(key, 0)
            assert times == 1 or (each.kind == QUERY and times > 1), (each.number, times)
            assert 1 + lost[f"{each.number}"] <= times + duplicates <= tries, each.number
        assert not acted, "texts that nobody sent"
        assert not again
        return [row for row in rows if row["state"] != "duplicate"]

    def _counted(self, rows: Sequence[asyncpg.Record], *, duplicates: bool) -> Counter[tuple[bytes, str]]:
        ring = self.stand.keyring
        chosen = [row for row in rows if (row["state"] == "duplicate") is duplicates]
        return Counter((row["phone_key"], ring.decrypt(row["text"], text_binding(row["id"], "text"))) for row in chosen)

    async def each_petition_is_there_once(self, acted: Sequence[asyncpg.Record]) -> int:
        """How many."""
        raised = [row for row in acted if row["meaning"] == "petition"]
        assert len(raised) == sum(each.kind in {PETITION, LONG} for each in self.sent)
        made = await self.stand.rows("SELECT id, external_id FROM petitions WHERE channel = 'sms'", service="intake")
        assert Counter(row["external_id"] for row in made) == Counter(f"sms:{row['id']}" for row in raised)
        assert {row["id"] for row in made} == {row["petition_id"] for row in raised}
        return len(made)

    async def each_is_answered_once(self, acted: Sequence[asyncpg.Record]) -> list[UUID]:
        """Our answers; those that are a confirmation are one for each petition."""
        rows = await self.stand.rows("SELECT id, answers, template FROM messages WHERE answers IS NOT NULL")
        assert Counter(row["answers"] for row in rows) == Counter(row["id"] for row in acted)
        confirmed = {row["answers"] for row in rows if row["template"] == "registered-by-text"}
        assert confirmed == {row["id"] for row in acted if row["meaning"] == "petition"}
        return [row["id"] for row in rows]
