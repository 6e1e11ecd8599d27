"""The inbox: who holds the unit and the role reads what happened, once, and nobody who may not."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from services.notify.tests.staff import (
    COUNTY,
    HOP,
    INBOX,
    OFFICE,
    STATION,
    WITHIN,
    happens,
    inbox,
    request,
    staff,
    step,
    supplement,
    unread,
    warning,
)
from services.notify.tests.stories import NODE, NOW, Story
from tests.support.confidence import OPEN, TOWNSHIP, readable_by

from kit.clock import ManualClock
from notify.main import service
from notify.staff import store, usecases


async def kinds(notify: Any, *who: str) -> list[list[str]]:
    return [[item["kind"] for item in await inbox(notify, each)] for each in who]


async def test_a_hand_over_is_told_to_the_unit_that_has_to_receive_it(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "transfer", hand_over=WITHIN))
    (item,) = await inbox(notify, staff(STATION, "clerk"))
    assert (item["kind"], item["zh"], item["en"]) == ("to-receive", "待签收", "To be received")
    assert await kinds(notify, staff(OFFICE), staff(STATION, "leader")) == [[], []]


async def test_who_handed_it_on_is_told_how_it_goes_and_why_more_time_was_given(start: Any) -> None:
    notify, story = await start(service), Story()
    held: dict[str, Any] = {"holder_unit": STATION, "hops": [WITHIN]}
    await happens(
        notify, step(story, "accept", 3, **held), step(story, "extend", 4, reason="complex", **held),
        step(story, "decline", 5, **held), step(story, "serve", 6, **held),
    )  # fmt: skip
    served, declined, extended, accepted = await inbox(notify)
    assert [served["zh"], declined["zh"], extended["zh"], accepted["zh"]] == [
        "处理意见已送达,可评价", "不予受理", "已延期", "已受理",
    ]  # fmt: skip
    assert extended["reason"] == "complex"
    assert [item["zh"] for item in await inbox(notify, staff(STATION))] == ["处理意见已送达,可评价"]


async def test_a_warning_goes_to_the_desk_and_an_alarm_to_the_leader_too(start: Any) -> None:
    notify, story = await start(service), Story()
    await happens(notify, step(story, "open"), warning(story), warning(story, "red"))
    desk, leader = await inbox(notify), await inbox(notify, staff(OFFICE, "leader"))
    assert [item["level"] for item in desk] == ["red", "yellow", ""]
    assert [(item["kind"], item["level"], item["about"]) for item in leader] == [("deadline", "red", "handling")]
    assert all(item["due_at"] for item in leader)


async def test_supervision_objections_and_approvals_reach_who_must_act(start: Any) -> None:
    notify, story = await start(service), Story()
    await happens(
        notify, step(story, "object", 2, state="objected", asked=OFFICE), request(story),
        step(story, "submit", 4, procedure="ordinary-petition/1"),
    )  # fmt: skip
    clerk, leader = await kinds(notify, staff(), staff(OFFICE, "leader"))
    assert clerk == ["supervision", "to-decide"]
    assert leader == ["to-approve", "supervision", "to-decide"]


async def test_who_holds_a_case_is_told_that_its_petitioner_added_something(start: Any) -> None:
    notify, story, accusing = await start(service), Story(), Story(accused=(STATION,))
    added = supplement(story, STATION)
    await happens(notify, supplement(accusing, STATION), added, added)
    assert await inbox(notify, staff(STATION)) == [], "nobody knows yet whom they accuse"
    await happens(notify, step(story, "open"), step(accusing, "open"))
    (item,) = await inbox(notify, staff(STATION, "handler"))
    assert (item["kind"], item["zh"], item["number"]) == ("supplement", "信访人补充材料", story.number)
    assert await kinds(notify, staff(), staff(STATION, "leader")) == [["registered", "registered"], []]


async def test_one_person_with_two_roles_is_told_once(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "open"))
    assert len(await inbox(notify, staff(OFFICE, "clerk", "handler"))) == 1


async def test_each_event_and_addressee_is_kept_once_in_any_order(start: Any) -> None:
    notify, story, chance = await start(service), Story(), Random(7)
    events = [step(story, "open", 1), step(story, "transfer", 2, hand_over=WITHIN), warning(story), request(story)]
    many = events * 3
    chance.shuffle(many)
    await happens(notify, *many)
    rows = await notify.rows("SELECT event_id, unit, count(*) AS times FROM staff_items GROUP BY 1, 2")
    assert {row["times"] for row in rows} == {1}
    assert {row["event_id"] for row in rows} == {event.id for event in events}


async def test_units_of_other_nodes_are_told_there(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "accept", hops=[HOP]), step(Story(), "open", holder_unit=COUNTY))
    assert await notify.rows("SELECT 1 FROM staff_items") == []


@pytest.mark.parametrize("accused", [OFFICE, COUNTY, STATION])
async def test_the_accused_unit_and_those_below_it_read_nothing_of_it(start: Any, accused: str) -> None:
    notify = await start(service)
    kept, plain = Story(accused=(accused,)), Story()
    for story in (kept, plain):
        await happens(
            notify, step(story, "open"), step(story, "transfer", 3, hand_over=WITHIN), warning(story, "red"),
            request(story, STATION),
        )  # fmt: skip
    seen = {unit: {item["number"] for item in await inbox(notify, staff(unit, "clerk", "leader"))}
            for unit in (OFFICE, STATION)}  # fmt: skip
    assert seen[STATION] == {plain.number}, "the station is accused, or below whom is"
    assert seen[OFFICE] == ({plain.number, kept.number} if accused == STATION else {plain.number})
    assert await unread(notify, staff(STATION, "clerk", "leader")) == 2


async def test_nobody_reads_a_warning_of_a_case_of_which_it_is_not_known_whom_it_accuses(start: Any) -> None:
    notify, story = await start(service), Story()
    await happens(notify, warning(story))
    assert await inbox(notify) == []
    await happens(notify, step(story, "open"))
    assert len(await inbox(notify)) == 2


async def test_of_a_confidential_case_its_readers_alone_read(start: Any) -> None:
    notify, story = await start(service), Story()
    handed = step(story, "transfer", hand_over=WITHIN)
    for sequence, (readers, seen) in enumerate([(None, 1), (TOWNSHIP, 0), (None, 0), (OPEN, 2)], start=2):
        await happens(notify, readable_by(handed, readers, sequence))
        if seen == 2:  # one more event
            await happens(notify, step(story, "transfer", 9, hand_over=WITHIN))
        assert len(await inbox(notify, staff(STATION))) == seen
    assert await inbox(notify, staff(OFFICE, "leader")) == []


async def test_the_account_of_another_region_reads_nothing(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "open"))
    for region, count in {NODE: 1, "33.02.25": 1, "33.02.25.101": 0, "33.03": 0}.items():
        assert len(await inbox(notify, staff(region=region))) == count, region


async def test_what_one_has_read_stays_new_for_the_others(start: Any) -> None:
    notify = await start(service)
    stories = [Story() for _ in range(5)]
    await happens(notify, *(step(story, "open") for story in stories))
    one, other = staff(subject="one"), staff(subject="other")
    newest, second, *_ = await inbox(notify, one)
    await notify.request("POST", f"{INBOX}/read", who=one, json={"items": [newest["id"]]})
    assert [await unread(notify, one), await unread(notify, other)] == [4, 5]
    await notify.request("POST", f"{INBOX}/read", who=one, json={"until": second["id"]})
    assert [await unread(notify, one), await unread(notify, other)] == [0, 5]
    assert await inbox(notify, one, unread=True) == []
    assert {item["read_at"] is None for item in await inbox(notify, one)} == {False}


async def test_what_may_not_be_read_is_not_marked_either(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "open"))
    (item,) = await inbox(notify)
    await notify.request("POST", f"{INBOX}/read", who=staff(STATION), json={"items": [item["id"]]})
    assert await notify.rows("SELECT 1 FROM staff_reads") == []


async def test_pages_show_each_item_once_newest_first(start: Any) -> None:
    notify = await start(service)
    stories = [Story() for _ in range(5)]
    await happens(notify, *(step(story, "open") for story in stories))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await notify.request("GET", INBOX, who=staff(), params=query)).json()
        seen += [item["number"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [story.number for story in reversed(stories)]


async def test_old_items_leave_the_inbox_and_what_was_read_with_them(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    await happens(notify, step(Story(), "open"))
    (item,) = await inbox(notify)
    await notify.request("POST", f"{INBOX}/read", who=staff(), json={"items": [item["id"]]})
    clock.advance(timedelta(days=180))
    await happens(notify, step(Story(), "open"))
    clock.advance(timedelta(days=5))
    async with notify.runtime.database.transaction() as session:
        await usecases.forget(notify.runtime, session)
    assert len(await inbox(notify)) == 1
    assert await notify.rows("SELECT 1 FROM staff_reads") == []


MANY = 12_000
FILL = f"""
WITH first AS (SELECT * FROM staff_items),
made AS (
  INSERT INTO staff_items (id, event_id, event_type, unit, region, roles, kind, petition_id, number, about, level, at,
    created_at)
  SELECT gen_random_uuid(), gen_random_uuid(), event_type, CASE WHEN n % 2 = 0 THEN unit ELSE 'u' || n END, region,
    roles, kind, petition_id, number, about, level, at, at - n * interval '1 minute'
  FROM first, generate_series(1, {MANY}) AS n RETURNING id, created_at),
sent AS (
  INSERT INTO staff_deliveries (id, subject, channel, kind, items, count, state, created_at, due_at, state_at)
  SELECT id, 'tester', 'email', 'progress', '{{}}', 1, 'sent', created_at, created_at, created_at FROM made)
INSERT INTO staff_reads (item_id, subject, at) SELECT id, 'tester', now() FROM made UNION SELECT id, 'tester', now()
  FROM first
"""  # noqa: S608 - a number of this file


async def test_what_is_asked_with_every_page_and_what_is_forgotten_reads_no_more_than_it_must(start: Any) -> None:
    notify = await start(service)
    await happens(notify, step(Story(), "open"))
    await notify.rows(
        "INSERT INTO staff VALUES ('tester', 'u', '33', '{}', '{}', 'zh', NULL, NULL, now()) RETURNING subject"
    )
    await notify.rows(FILL)
    for table in ("staff_items", "staff_reads", "staff_deliveries"):
        await notify.rows(f"ANALYZE {table}")
    reader = [OFFICE, NODE, ["clerk"], [OFFICE], "tester"]
    counted = await scans(notify, store.COUNT, *reader, 100)
    assert max(rows for _, rows in counted) <= store.LOOKED_AT < MANY / 2, counted
    for statement, index in (
        (store.FORGET, "ix_staff_items_created_at"), (store.FORGET_SENT, "ix_staff_deliveries_over"),
    ):  # fmt: skip
        found = await scans(notify, statement, NOW - timedelta(minutes=MANY - 50), 100)
        assert index in {name for name, _ in found}, found
        assert max(rows for _, rows in found) <= 100, found


async def scans(notify: Any, statement: str, *values: Any) -> list[tuple[str, float]]:
    """Of each scan its index, or its table where there is none, and how many rows it read in all."""
    (row,) = await notify.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    open_ones, found = [row[0][0]["Plan"]], []
    while open_ones:
        plan = open_ones.pop()
        open_ones += plan.get("Plans", [])
        if "Scan" in plan["Node Type"] and plan["Node Type"] != "Subquery Scan":
            rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
            found.append((plan.get("Index Name", plan.get("Relation Name", "?")), rows))
    return found


async def test_analysts_have_no_inbox(start: Any) -> None:
    notify = await start(service)
    for path in (INBOX, f"{INBOX}/unread"):
        assert (await notify.request("GET", path, who=staff(OFFICE, "analyst"))).status_code == 403
        assert (await notify.request("GET", path, who=None)).status_code == 401
