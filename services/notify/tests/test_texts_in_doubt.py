"""Texts of which something has to be found out: who sent it, which petition it means, whether it came before, and which
of many cannot be written.
"""

import uuid
from datetime import timedelta
from typing import Any

from services.notify.tests import texting
from services.notify.tests.stories import NOW, hear
from services.notify.tests.telephones import (
    NUMBER,
    OLDER,
    OTHER,
    PHONE,
    RAISED,
    asked,
    begin,
    contact_of,
    handle_all,
    letters,
    outcome,
    parts_of,
    registered,
    sends,
    texts,
    told,
)
from tests.support.running import told as letter

from kit.ids import before
from notify.inbound import store, unanswered
from notify.inbound.keeping import keep

# two hundred phones, a text every minute for three weeks: the time stands in the ids
PHONES = "INSERT INTO phones (key, number) SELECT decode(md5(n::text), 'hex'), '' FROM generate_series(0, 199) AS n"
TEXTS = """
INSERT INTO inbound (id, gateway, phone_key, to_number, sent_at, received_at, digest, traceparent, state)
SELECT
  (lpad(to_hex(1767000000000 - n * 60000::bigint), 12, '0') || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid,
  'mobile', decode(md5((n % 200)::text), 'hex'), '', now(), now(), '', '', 'handled'
FROM generate_series(1, 30000) AS n
"""


async def test_what_was_said_of_no_petition_in_particular_waits_until_one_is_named(start: Any) -> None:
    notify, clock = await begin(start)
    petitions = [uuid.UUID(int=n) for n in (1, 2)]
    for number, petition in zip((OLDER, NUMBER), petitions, strict=True):
        await hear(notify, letter("notify.contact.v1", contact_of(number), subject=petition))
    assert await asked(notify, "BC 又下雨了", "CX") == ["which-number", "list"]
    assert f"B {OLDER}" in (await told(notify))[-2][1]
    assert await asked(notify, "XF330225202601050000999", "ｂ") == ["unknown-number"]
    (sent,) = await letters(notify)
    assert (sent.type, sent.data.number, sent.data.content) == ("intake.supplement.v1", OLDER, "又下雨了")
    await outcome(notify, sent.subject, "supplemented", number=OLDER, petition=petitions[0])
    about = [row[1:] for row in await texts(notify, "meaning, state, petition_id") if row[0] == "supplement"]
    assert about == [("handled", petitions[0])] * 2, "the text that said it, and the one that said of which"
    assert await asked(notify, "A") == ["text-received"], "it is done once"
    await asked(notify, "PJ 12")
    clock.advance(timedelta(hours=24))
    async with notify.runtime.database.transaction() as session:
        await unanswered.end_dialogues(notify.runtime, session)
    assert await asked(notify, "A") == ["text-received"]
    assert (await texts(notify))[-2] == ("unparsed", "incomplete")
    assert len(await letters(notify)) == 1


async def test_what_a_person_has_dealt_with_is_not_gone_on_with(start: Any) -> None:
    notify, _ = await begin(start)
    for number in (OLDER, NUMBER):
        await hear(notify, letter("notify.contact.v1", contact_of(number), subject=uuid.uuid4()))
    await asked(notify, "BC 又下雨了", "张三#某镇某村#")
    await notify.rows("UPDATE inbound SET state = 'handled', handled_by = 'clerk'")
    assert await asked(notify, NUMBER, "积水三个月") == ["status", "text-received"]
    assert await letters(notify) == []


async def test_who_only_looks_like_a_contact_gets_nothing_of_it(start: Any) -> None:
    """A number of another country that ends alike, and names that hold the number."""
    notify, _ = await begin(start)
    await hear(notify, letter("notify.contact.v1", contact_of(NUMBER), subject=uuid.uuid4()))
    assert await asked(notify, NUMBER, phone="+" + PHONE) == ["unknown-number"]
    for name in (f"A{PHONE}", f"信访{PHONE}", ""):
        await sends(notify, NUMBER, phone=name)
    for part in parts_of(["张三#某村#积水", "三个月"], phone="BANK"):
        await keep(notify.runtime, "mobile", part)
    await handle_all(notify)
    assert (await texts(notify))[1:] == [("unparsed", "no-number")] * 4
    assert len(await notify.rows("SELECT FROM messages WHERE answers IS NOT NULL")) == 1
    assert await letters(notify) == []
    assert await asked(notify, NUMBER, phone="0086" + PHONE) == ["status"]


async def test_an_operator_sees_what_a_name_has_sent_and_cannot_answer_it(start: Any) -> None:
    notify, _ = await begin(start)
    await sends(notify, "您的账户异常", phone="BANK")
    (row,) = await texting.waiting(notify)
    refused = await texting.act(notify, row["conversation"], "replies", text="请致电本办")
    assert (refused.status_code, refused.json()["type"].rsplit(":")[-1]) == (409, "no-number")
    body = {"text_id": row["id"], "name": None, "address": None, "content": "账户异常"}
    assert (await texting.act(notify, row["conversation"], "petition", **body)).status_code == 202
    (letter,) = await letters(notify)
    assert letter.data.phone == ""
    petition = await registered(notify, letter.subject, phone="")
    assert await texts(notify, "state, petition_id") == [("handled", petition)]
    assert await notify.rows("SELECT FROM messages") == [], "there is nobody to tell"
    assert (await texting.act(notify, row["conversation"], "closing")).status_code == 200


async def test_a_petition_that_is_brought_again_later_is_answered_with_the_number_of_the_first(start: Any) -> None:
    notify, clock = await begin(start)
    await asked(notify, RAISED)
    clock.advance(timedelta(minutes=3))
    assert await asked(notify, RAISED) == [], "its number is on its way"
    (sent,) = await letters(notify)
    petition = await registered(notify, sent.subject)
    assert await asked(notify, RAISED) == ["raised-before"]
    assert NUMBER in (await told(notify))[-1][1]
    clock.advance(timedelta(hours=24))
    await asked(notify, RAISED)
    assert len(await letters(notify)) == 2
    assert await texts(notify, "state, petition_id") == [
        ("handled", petition), ("duplicate", None), ("handled", petition), ("waiting", None),
    ]  # fmt: skip


async def test_of_many_texts_the_one_that_cannot_be_written_is_found_and_none_is_blamed_for_it(start: Any) -> None:
    notify, _ = await begin(start)
    phones = [f"1380000{n:04}" for n in range(9)]
    for phone in phones:
        await sends(notify, "CX", "HELP", phone=phone)
    ids = [row["id"] for row in await notify.rows("SELECT id FROM inbound ORDER BY id")]
    poison = f"ALTER TABLE inbound ADD CONSTRAINT poison CHECK (id <> '{ids[8]}' OR state <> 'handled')"
    await notify.rows(poison)
    await handle_all(notify)
    found = await notify.rows("SELECT state, meaning FROM inbound ORDER BY id")
    assert [n for n, row in enumerate(found) if tuple(row) == ("unparsed", "failed")] == [8]
    assert {row["state"] for n, row in enumerate(found) if n != 8} == {"handled"}
    assert [name for name, _ in await told(notify, phones[4])] == ["text-received", "help"]


async def test_a_text_that_cannot_even_be_answered_is_an_operators_and_raises_an_alarm(start: Any) -> None:
    notify, _ = await begin(start)
    await sends(notify, "CX")
    await sends(notify, "CX", phone=OTHER)
    key = (await notify.rows("SELECT phone_key FROM inbound ORDER BY id LIMIT 1"))[0][0]
    poison = f"ALTER TABLE messages ADD CONSTRAINT poison CHECK (phone_key <> '\\x{key.hex()}')"
    await notify.rows(poison)
    await handle_all(notify)
    assert sorted(await texts(notify)) == [("handled", "status"), ("unparsed", "failed")]
    assert all(row[0] for row in await texts(notify, "due_at"))


async def test_of_what_a_phone_has_ever_sent_only_the_last_days_are_read(start: Any) -> None:
    notify, _ = await begin(start)
    for statement in (PHONES, TEXTS, "ANALYZE inbound"):
        await notify.rows(statement)
    (newest,) = await notify.rows("SELECT id, phone_key FROM inbound ORDER BY id DESC LIMIT 1")
    floor = before(newest["id"], timedelta(days=1))
    looked = (store.HISTORY, [newest["phone_key"]], NOW - timedelta(days=1), 160, floor)
    plan = "\n".join(row[0] for row in await notify.rows(f"EXPLAIN (COSTS OFF) {looked[0]}", *looked[1:]))
    index = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "ix_inbound_phone" in plan
    assert "phone_key" in index
    assert "id >" in index, plan
