"""Whose a conversation is: handed on as far as it was read, never to whom it accuses, never without a reader unnoticed;
and at what size the lists stay quick.
"""

from typing import Any

import asyncpg
from prometheus_client import REGISTRY
from services.notify.tests.noticing import Told
from services.notify.tests.stories import PHONE, Story, hear
from services.notify.tests.texting import (
    CLERK,
    COLLEAGUE,
    CONVERSATIONS,
    LEADER,
    STATION,
    act,
    conversation,
    last,
    petition,
    read,
    waiting,
    write,
)
from sqlalchemy import event as listening
from tests.support.confidence import TOWNSHIP, readable_by
from tests.support.infra import Infra, new_database
from tests.support.nodes import token
from tests.support.running import Running

from kit import migrations
from kit.auth import Principal
from kit.readers import reader
from notify.desk import listing
from notify.desk.unread import hand_on, look
from notify.main import service

BEFORE = """
INSERT INTO phones (key, number) VALUES ('k', 'x');
INSERT INTO conversations (phone_key, unit, changed_at) VALUES ('k', '330225100-cj', '2026-01-05');
INSERT INTO inbound (id, gateway, phone_key, to_number, sent_at, received_at, digest, traceparent, state)
SELECT gen_random_uuid(), 'x', 'k', '1', at, at, 'x', '', 'unparsed'
FROM unnest(ARRAY['2026-01-04', '2026-01-06']::timestamptz[]) AS at
"""
ANSWER = "您反映的情况已转有关人员,请发送编号查询进展"
MANY = 20_000


async def test_what_comes_after_a_hand_over_is_the_office_s_first(start: Any) -> None:
    """It may accuse the very unit that holds the conversation: the office reads it before, and hands it on as well."""
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    assert (await act(notify, reference, "handing", unit="330226-xf")).json()["type"].endswith("unknown-unit")
    assert (await act(notify, reference, "handing", unit="330225100-cj")).status_code == 200
    assert (len(await waiting(notify)), len(await waiting(notify, STATION))) == (0, 1)
    assert (await read(notify, reference, STATION))["unit"] == "330225100-cj"
    await write(notify, "村建办主任收钱")
    assert (len(await waiting(notify)), len(await waiting(notify, STATION))) == (1, 1)
    assert (await act(notify, reference, "replies", STATION, text=ANSWER)).status_code == 201
    assert (len(await waiting(notify)), len(await waiting(notify, STATION))) == (1, 0), "the later text still waits"
    seen = (await read(notify, reference, STATION))["said"]
    assert [each["text"] for each in seen if each["way"] == "in"] == ["你们那里有人吗"]
    assert [each["author"] for each in seen if each["way"] == "out"] == ["station", None]
    assert (await act(notify, reference, "petition", STATION, **petition(await last(notify)))).status_code == 409
    told = await read(notify, reference)
    assert (told["handed"], told["unit"], len(told["said"])) == (True, "330225100-cj", 5)
    seen_before = next(each["id"] for each in seen if each["way"] == "in")
    crossed = await act(notify, reference, "handing", unit="330225100-cj", seen=seen_before)
    assert crossed.json()["type"].endswith("newer-text")
    assert (await act(notify, reference, "handing", unit="330225100-cj", seen=told["newest"])).status_code == 200
    assert (len(await waiting(notify)), len(await waiting(notify, STATION))) == (0, 1)


async def test_a_unit_that_has_finished_holds_a_conversation_no_more(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    await act(notify, reference, "handing", unit="330225100-cj")
    mine = f"{CONVERSATIONS}?mine=true"
    assert (await act(notify, reference, "taking", STATION)).status_code == 200
    assert len((await notify.request("GET", mine, who=STATION)).json()["items"]) == 1
    assert (await act(notify, reference, "closing", STATION)).status_code == 200
    await write(notify, "再问一件事")
    assert (await notify.request("GET", f"{CONVERSATIONS}/{reference}", who=STATION)).status_code == 404
    assert (await notify.request("GET", CONVERSATIONS, who=STATION)).json()["items"] == []
    told = await read(notify, reference)
    assert (told["unit"], told["operator"], told["closed"]) == ("330225100-xf", None, False)
    assert (await act(notify, reference, "replies", COLLEAGUE, text=ANSWER)).status_code == 201


async def test_what_was_handed_on_before_the_upgrade_is_that_unit_s_as_far_as_it_had_come(
    infra: Infra, worker: str
) -> None:
    dsn = await new_database(infra, f"notify_handed_{worker}")
    await migrations.upgrade(dsn, service.migrations, service.metadata, "0008")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(BEFORE)
        await migrations.upgrade(dsn, service.migrations, service.metadata)
        rows = await connection.fetch("SELECT handed_to FROM inbound ORDER BY received_at")
        assert [row["handed_to"] for row in rows] == ["330225100-cj", None]
    finally:
        await connection.close()


async def test_the_office_takes_back_what_it_handed_on(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们那里有人吗")
    await act(notify, reference, "handing", unit="330225100-cj")
    await act(notify, reference, "taking", STATION)
    assert (await act(notify, reference, "taking")).status_code == 200
    assert (len(await waiting(notify)), len(await waiting(notify, STATION))) == (1, 0)
    actions = [row["action"] for row in await notify.rows("SELECT action FROM audit ORDER BY id")]
    assert actions[-2:] == ["take-back-conversation", "take-conversation"]


async def test_it_is_handed_to_a_unit_that_has_to_do_with_it(start: Any) -> None:
    county, office = "33.02.25", token("330225-xf", "33.02.25", subject="clerk", roles=["clerk"])
    notify = await start(service, path=county)
    story = Story(nodes=(county,), regions=(county,), by=county)
    reference = await conversation(notify, "你们那里有人吗", "13900000001", office)
    assert (await act(notify, reference, "handing", office, unit="330225101-xf")).status_code == 200, "none is known"
    reference = await conversation(notify, "请问我的事办得怎么样了", PHONE, office)
    contact = story.contact(county)
    data = contact.data.model_copy(update={"region": county})
    await hear(notify, contact.model_copy(update={"data": data}), *story.case())
    refused = await act(notify, reference, "handing", office, unit="330225101-xf")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:xinqiao:problem:unit-not-concerned")
    assert (await act(notify, reference, "handing", office, unit="330225-js")).status_code == 200


async def test_it_is_not_handed_to_whom_it_accuses_nor_to_who_may_not_read_it(start: Any) -> None:
    notify = await start(service)
    story, secret = Story(accused=("330225100-cj",)), Told(phone="13900000001")
    await hear(notify, story.contact(), *story.case(), secret.contact())
    await hear(notify, readable_by(secret.case()[0], TOWNSHIP, 1))
    for phone in (PHONE, secret.phone):
        reference = await conversation(notify, "你们那里有人吗", phone)
        refused = await act(notify, reference, "handing", unit="330225100-cj")
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:xinqiao:problem:accused-unit")


async def test_a_conversation_about_what_accuses_the_office_is_an_alarm_that_names_who_may_read(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "你们办公室的人态度恶劣")
    story = Story(accused=("330225100-xf",))
    assert (await notify.request("GET", f"{CONVERSATIONS}/{reference}", who=CLERK)).status_code == 200
    assert await unread(notify) == (0, [])
    await hear(notify, story.contact(), *story.case())
    paths = (f"{CONVERSATIONS}/{reference}", f"{CONVERSATIONS}/of-petition/{story.id}")
    for path in paths:
        assert (await notify.request("GET", path, who=LEADER)).status_code == 404
    assert await waiting(notify) == []
    assert (await notify.request("GET", CONVERSATIONS, who=CLERK)).json()["items"] == []
    found = await notify.request("POST", f"{CONVERSATIONS}/search", who=CLERK, json={"phone": PHONE})
    assert found.status_code == 404
    for what, body in (("replies", {"text": ANSWER}), ("closing", {}), ("block", {"hours": 1, "reason": "abuse"})):
        assert (await act(notify, reference, what, LEADER, **body)).status_code == 404
    assert await unread(notify) == (1, ["330225-xf"]), "the next higher unit, whose node is another one"
    await hear(notify, *Story(("open", "receive"), accused=("330225100-cj",), id=story.id).case())
    assert (await unread(notify), len(await waiting(notify))) == ((0, []), 1)


async def test_what_the_office_may_not_read_goes_to_the_next_higher_unit_of_this_node(start: Any) -> None:
    county = "33.02.25"
    notify = await start(service, path=county)
    notify.runtime.settings.node.__dict__["office_unit"] = "330225101-xf"  # a county that serves one of its townships
    here = token("330225101-xf", "33.02.25.101", subject="clerk", roles=["clerk"])
    above = token("330225-xf", county, subject="leader", roles=["leader"])
    reference = await conversation(notify, "你们办公室的人态度恶劣", PHONE, here)
    story = Story(accused=("330225101-xf",), nodes=(county,), by=county)
    await hear(notify, story.contact(county), *story.case())
    assert (await waiting(notify, here), await waiting(notify, above)) == ([], [])
    assert await unread(notify) == (0, ["330225-xf"])
    assert (await read(notify, reference, above))["unit"] == "330225-xf"
    assert (await act(notify, reference, "taking", above)).status_code == 200
    await write(notify, "什么时候有人管")
    assert (await unread(notify), len(await waiting(notify, above))) == ((0, ["330225-xf"]), 2)
    assert (await read(notify, reference, above))["operator"] == "leader", "who works on it goes on"
    (entry, _) = await notify.rows("SELECT * FROM audit WHERE action = 'hand-conversation' ORDER BY id")
    assert (entry["actor"], entry["reason"], str(entry["subject"])) == (None, "no-reader", reference)


async def test_a_confidential_conversation_goes_to_its_readers(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "请问我的事办得怎么样了")
    await act(notify, reference, "taking")
    story = Story()
    await hear(notify, story.contact())
    assert await unread(notify) == (1, [None]), "until it is known whom it accuses, nobody may"
    await hear(notify, readable_by(story.case()[0], (reader("330225100-cj"),), 1))
    assert await waiting(notify) == []
    assert await unread(notify) == (0, ["330225100-cj"])
    assert (await read(notify, reference, STATION))["operator"] is None
    await hear(notify, readable_by(story.case()[0], (reader("330225100-xf", "leader"),), 2))
    assert (await unread(notify), len(await waiting(notify, LEADER))) == ((0, ["330225100-xf"]), 1)


async def test_of_a_confidential_case_only_its_readers_open_the_conversation(start: Any) -> None:
    notify = await start(service)
    reference = await conversation(notify, "请问我的事办得怎么样了")
    story = Story()
    await hear(notify, story.contact())
    heads = (reader("330225100-xf", "leader"),)
    await hear(notify, readable_by(story.case()[0], heads, 1))
    path = f"{CONVERSATIONS}/{reference}"
    assert (await notify.request("GET", path, who=CLERK)).status_code == 404
    assert (await notify.request("GET", path, who=LEADER)).status_code == 200
    assert (len(await waiting(notify, CLERK)), len(await waiting(notify, LEADER))) == (0, 1)


# what the person, or the unit, works on is the oldest: from the newest text on, one would read all
FILL = f"""
WITH made AS (
  INSERT INTO phones (key, number)
  SELECT decode(lpad(n::text, 64, '0'), 'hex'), 'x' FROM generate_series(1, {MANY}) AS n RETURNING key),
numbered AS (SELECT key, row_number() OVER (ORDER BY key) AS n FROM made),
held AS (
  INSERT INTO conversations (phone_key, unit, operator, changed_at)
  SELECT key, CASE WHEN n <= 400 THEN $2 ELSE $1 END, CASE WHEN n <= 800 THEN 'clerk' ELSE 'u' || n % 500 END, now()
  FROM numbered)
INSERT INTO inbound (id, gateway, phone_key, to_number, sent_at, received_at, digest, traceparent, state, handed_to)
SELECT (lpad(n::text, 12, '0') || '00007000a000' || lpad(copy::text, 8, '0'))::uuid, 'x', key, '1', now(), now(), 'x',
  '', 'handled', CASE WHEN copy = 1 THEN $2 END
FROM numbered, generate_series(1, 3) AS copy
"""  # noqa: S608 - a number of this file


async def test_what_a_person_works_on_is_found_without_reading_what_others_do(start: Any) -> None:
    notify = await start(service)
    async with notify.runtime.database.transaction() as session:
        await session.raw.execute(FILL, "330225100-xf", "330225100-cj")
    for table in ("phones", "conversations", "inbound"):
        await notify.rows(f"ANALYZE {table}")
    said: list[tuple[str, Any]] = []
    who = Principal("clerk", "330225100-xf", "33.02.25.100", frozenset({"clerk"}), 0.0, ())
    async with notify.runtime.database.transaction() as session:
        line = session.sql.sync_connection
        listening.listen(line, "before_cursor_execute", lambda *called: said.append((called[2], called[3])))
        rows = await listing.page(session, who, who.unit, mine=True, still_open=False, before=None, limit=20)
        assert len(rows) == 21
        ((statement, values),) = said
        row = await session.raw.fetchrow(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    texts = [read for name, read in _scans(row[0][0]["Plan"]) if "inbound" in name]
    assert max(texts) <= MANY / 20, texts


def _scans(plan: dict[str, Any]) -> list[tuple[str, float]]:
    """Of each scan its index, or its table where there is none, and how many rows it read in all."""
    found = []
    if "Scan" in plan["Node Type"]:
        rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        found.append((plan.get("Index Name", plan.get("Relation Name", "?")), rows))
    return found + [each for child in plan.get("Plans", []) for each in _scans(child)]


async def unread(notify: Running) -> tuple[int, list[str | None]]:
    """How many texts the alarm counts, once those were handed on that have a reader here; and who may read each."""
    async with notify.runtime.database.transaction() as session:
        found = await look(notify.runtime, session)
        await hand_on(notify.runtime, session)
    counted = REGISTRY.get_sample_value("xinqiao_texts_without_reader")
    return int(counted or 0), [None if each.to is None else each.to.code for each in found]
