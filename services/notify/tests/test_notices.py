"""Mass notices: recipients from the ledger, four eyes, messages made once, paused, stopped and told of."""

import asyncio
import csv
import io
import uuid
from typing import Any

import pytest
from services.notify.tests.noticing import (
    CLERK,
    LEADER,
    NOTICES,
    SECOND,
    STRANGER,
    Told,
    act,
    answered,
    drafted,
    known,
    made,
    petitioners,
    read,
    running_notice,
    states,
)
from services.notify.tests.sms import Peer, send_all, use
from services.notify.tests.stories import hear
from tests.support.nodes import token

from contracts.speech import parse_letter
from notify.main import service
from notify.notices import making
from notify.notices.making import make
from notify.outbound.outgoing import text_binding


async def test_the_ledger_is_asked_for_what_was_chosen_as_far_as_the_writer_may_read(start: Any) -> None:
    notify = await start(service)
    chosen = {"region": "330225100000", "state": "accepted", "registered_from": "2026-01-01",
              "registered_to": "2026-01-31"}  # fmt: skip
    notice = await drafted(notify, chosen=chosen)
    (row,) = await notify.sent("letters")
    _, payload = notify.runtime.sealer.open(row["body"])
    asked = parse_letter(payload)
    assert (asked.type, str(asked.subject)) == ("intake.recipients-asked.v1", notice["id"])
    assert (asked.data.scope, asked.data.region, asked.data.state) == ("33.02.25.100", "33.02.25.100", "accepted")
    assert "330225100-xf" in asked.data.line
    assert "330225-xf" in asked.data.line
    assert asked.data.registered_from.isoformat() == "2026-01-01T00:00:00+08:00"
    assert asked.data.registered_until.isoformat() == "2026-02-01T00:00:00+08:00"
    assert notice["gathering"] == {"complete": False, "pages": 0, "matched": 0, "reachable": 0, "recipients": 0}


async def test_each_telephone_is_a_recipient_once_and_the_dry_run_counts_its_parts(start: Any) -> None:
    notify = await start(service)
    first, second, third = petitioners(3)
    same, silent = Told(phone=first.phone), Told()
    await known(notify, [first, second, third, same])
    opt_out = "UPDATE phones SET opted_out_at = now() FROM petitions WHERE key = phone_key AND id = $1 RETURNING 1"
    await notify.rows(opt_out, third.id)
    notice = await drafted(notify)
    following = uuid.uuid4()
    await answered(notify, notice, [first, second, silent], following=following)
    half = await read(notify, notice)
    assert not half["gathering"]["complete"]
    assert (await act(notify, notice, "submission", CLERK)).json()["type"].endswith("notice-gathering")
    await answered(notify, notice, [first, second, silent], following=following)  # told twice
    await answered(notify, notice, [third, same], page=1)
    found = await read(notify, notice, "/dry-run")
    figures = ("matched", "without_phone", "same_phone", "recipients", "opted_out", "to_send", "parts")
    assert [found[name] for name in figures] == [5, 1, 1, 3, 1, 2, 4]
    (sample,) = found["samples"]
    assert sample["text"].startswith("【丁镇信访办】您反映的事项(编号XF")
    assert "2026年12月31日" in sample["text"]
    assert (sample["parts"], sample["recipients"]) == (2, 2)
    assert [(cost["gateway"], cost["share"]) for cost in found["costs"]] == [("console", 100.0)]
    letters = await notify.sent("letters")
    assert len(letters) == 2, "the first page, and the one after it, once"


async def test_the_dry_run_counts_as_many_parts_as_the_messages_have(start: Any) -> None:
    notify = await start(service)
    stories = petitioners(6)
    notice = await running_notice(notify, stories, template="stage-told", given={})
    expected = (await read(notify, notice, "/dry-run"))["parts"]
    await made(notify)
    (row,) = await notify.rows(
        "SELECT sum(parts) AS parts, count(*) AS count FROM messages WHERE notice_id IS NOT NULL"
    )
    assert (row["parts"], row["count"]) == (expected, 6)


async def test_the_writer_cannot_approve_it_nor_anybody_of_another_unit(start: Any) -> None:
    notify = await start(service)
    stories = petitioners(2)
    await known(notify, stories)
    notice = await drafted(notify, who=LEADER)
    await answered(notify, notice, stories)
    assert (await act(notify, notice, "submission", LEADER)).json()["state"] == "submitted"
    own = await act(notify, notice, "decision", LEADER, decision="approve")
    assert (own.status_code, own.json()["type"]) == (403, "urn:xinqiao:problem:four-eyes-notice")
    assert (await act(notify, notice, "decision", CLERK, decision="approve")).status_code == 403
    body = {"version": 2, "decision": "approve"}
    path = f"{NOTICES}/{notice['id']}/decision"
    assert (await notify.request("POST", path, who=STRANGER, json=body)).status_code == 404
    assert (await notify.request("POST", path, who=SECOND, json={**body, "version": 1})).status_code == 409
    await made(notify)
    assert await states(notify) == {}
    approved = await notify.request("POST", path, who=SECOND, json=body)
    assert (approved.json()["state"], approved.json()["may"]) == ("running", ["pause", "stop"])


async def test_a_returned_notice_is_changed_and_its_recipients_are_looked_up_anew(start: Any) -> None:
    notify = await start(service)
    stories = petitioners(3)
    await known(notify, stories)
    notice = await drafted(notify)
    await answered(notify, notice, stories)
    await act(notify, notice, "submission", CLERK)
    returned = (await act(notify, notice, "decision", LEADER, decision="return", reason="范围过大")).json()
    assert (returned["state"], returned["reason"]) == ("draft", "范围过大")
    more = {"title": "接访日", "template": "reception-day", "given": {"date": "2026-02-01"}}
    changed = (await act(notify, notice, "draft", CLERK, **more)).json()
    assert changed["gathering"] == {"complete": False, "pages": 0, "matched": 0, "reachable": 0, "recipients": 0}
    await answered(notify, notice, stories[:1])
    assert (await read(notify, notice))["recipients"] == 1
    assert len(await notify.rows("SELECT FROM recipients")) == 1


async def test_messages_are_made_once_by_several_workers_in_the_lane_of_mass_notices(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH", 3)
    notify = await start(service)
    stories = petitioners(10)
    await running_notice(notify, stories)
    await asyncio.gather(*(made(notify) for _ in range(3)))
    await made(notify)
    rows = await notify.rows("SELECT * FROM messages WHERE notice_id IS NOT NULL")
    assert {row["petition_id"] for row in rows} == {story.id for story in stories}
    assert {(row["lane"], row["state"], row["unit"], row["author"]) for row in rows} == {
        (2, "queued", "330225100-xf", "clerk")
    }
    ring = notify.runtime.keyring
    numbers = {story.id: story.number for story in stories}
    assert all(numbers[row["petition_id"]] in ring.decrypt(row["text"], text_binding(row["id"])) for row in rows)


async def test_paused_nothing_of_it_is_queued_and_resumed_it_goes_on(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH", 4)
    notify = await start(service)
    notice = await running_notice(notify, petitioners(9))
    await make(notify.runtime)
    assert (await act(notify, notice, "control", CLERK, action="pause")).json()["state"] == "paused"
    assert await make(notify.runtime) == 0
    assert await states(notify) == {"held": 4}
    again = await act(notify, notice, "control", CLERK, action="pause")
    assert again.json()["type"].endswith("notice-not-in-this-state")
    resumed = (await act(notify, notice, "control", LEADER, action="resume")).json()
    assert resumed["progress"]["messages"] == {"queued": 4}
    await made(notify)
    assert await states(notify) == {"queued": 9}


async def test_stopped_what_has_not_left_is_cancelled_and_what_is_under_way_is_not(start: Any) -> None:
    notify = await start(service)
    notice = await running_notice(notify, petitioners(5))
    await made(notify)
    ids = [row["id"] for row in await notify.rows("SELECT id FROM messages WHERE notice_id IS NOT NULL ORDER BY id")]
    for state, message in zip(("sending", "sent", "delivered"), ids, strict=False):
        await notify.rows(
            "UPDATE messages SET state = $2, gateway = 'console' WHERE id = $1 RETURNING 1", message, state
        )
    stopped = (await act(notify, notice, "control", CLERK, action="stop")).json()
    assert stopped["progress"]["messages"] == {"sending": 1, "sent": 1, "delivered": 1, "cancelled": 2}
    assert sum(stopped["progress"]["messages"].values()) == stopped["recipients"]
    # one that the gateway did not take now is handed back to the queue: it is caught there
    await notify.rows("UPDATE messages SET state = 'queued' WHERE id = $1 RETURNING 1", ids[0])
    await make(notify.runtime)
    assert await states(notify) == {"sent": 1, "delivered": 1, "cancelled": 3}


async def test_after_it_is_paused_or_stopped_no_sender_takes_up_anything_of_it(start: Any) -> None:
    notify = await start(service)
    peer = Peer()
    use(notify, peer)
    notice = await running_notice(notify, petitioners(4))
    await made(notify)
    for action in ("pause", "stop"):
        await act(notify, notice, "control", CLERK, action=action)
        # as a sender hands a message back that it had taken up before
        await notify.rows("UPDATE messages SET state = 'queued', due_at = '-infinity' WHERE notice_id IS NOT NULL"
                          " RETURNING 1")  # fmt: skip
        await send_all(notify)
        assert peer.taken == []
    assert await states(notify) == {"queued": 4}
    await make(notify.runtime)
    assert await states(notify) == {"cancelled": 4}


async def test_a_notice_that_runs_reaches_everybody_once(start: Any) -> None:
    notify = await start(service)
    peer = Peer()
    use(notify, peer)
    stories = petitioners(4)
    notice = await running_notice(notify, stories)
    await made(notify)
    await send_all(notify)
    assert sorted({part.phone for part in peer.taken}) == sorted(story.phone for story in stories)
    assert len({part.message_id for part in peer.taken}) == 4
    await make(notify.runtime)
    told = await read(notify, notice)
    assert (told["state"], told["progress"]["gone"]) == ("finished", 4)


async def test_a_notice_is_finished_when_nothing_is_left_to_send(start: Any) -> None:
    notify = await start(service)
    notice = await running_notice(notify, petitioners(2))
    await made(notify)
    assert (await read(notify, notice))["state"] == "running"
    await notify.rows("UPDATE messages SET state = 'sent' WHERE notice_id IS NOT NULL RETURNING 1")
    await make(notify.runtime)
    told = await read(notify, notice)
    assert (told["state"], told["progress"]["gone"], told["may"]) == ("finished", 2, [])


async def test_results_are_paged_and_exported_with_masked_numbers(start: Any) -> None:
    notify = await start(service)
    stories = petitioners(5)
    notice = await running_notice(notify, stories)
    await made(notify)
    seen: list[dict[str, Any]] = []
    cursor = ""
    while cursor or not seen:
        page = await read(notify, notice, f"/recipients?limit=2{cursor}")
        seen += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else ""
    assert sorted(each["number"] for each in seen) == sorted(story.number for story in stories)
    assert {each["phone"] for each in seen} == {f"139****000{index}" for index in range(5)}
    assert (await read(notify, notice, "/recipients?state=delivered"))["items"] == []
    file = await notify.request("GET", f"{NOTICES}/{notice['id']}/recipients.csv", who=CLERK)
    lines = list(csv.DictReader(io.StringIO(file.text)))
    assert {line["number"] for line in lines} == {story.number for story in stories}
    assert all("*" in line["phone"] and line["state"] == "queued" for line in lines)
    actions = [row["action"] for row in await notify.rows("SELECT action FROM audit ORDER BY id")]
    assert actions[:3] == ["draft-notice", "submit-notice", "approve-notice"]
    assert {"read-notice-recipients", "export-notice-recipients"} < set(actions)


async def test_a_recipient_whose_petition_turns_out_to_accuse_the_unit_is_not_shown_to_it(start: Any) -> None:
    notify = await start(service)
    stories = petitioners(2)
    notice = await running_notice(notify, stories)
    accusing = Told(actions=("open", "screen"), accused=("330225100-xf",), id=stories[0].id, phone=stories[0].phone)
    await hear(notify, *accusing.case()[1:])
    shown = await read(notify, notice, "/recipients")
    assert [each["number"] for each in shown["items"]] == [stories[1].number]
    file = await notify.request("GET", f"{NOTICES}/{notice['id']}/recipients.csv", who=CLERK)
    assert stories[0].number not in file.text
    assert stories[1].number in file.text


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"template": "no-such"}, {"given": {}}, {"given": {"until": "2026-02-30"}},
     {"given": {"name": "x"}}, {"chosen": {"region": "000000000000"}}, {"chosen": {"phone": "138"}},
     {"language": "fr"}],
)  # fmt: skip
async def test_bad_input_is_refused(start: Any, changes: dict[str, Any]) -> None:
    notify = await start(service)
    body = {"title": "评价提醒", "template": "rate-until", "given": {"until": "2026-12-31"}, **changes}
    assert (await notify.request("POST", NOTICES, who=CLERK, json=body)).status_code == 422


async def test_only_office_and_leaders_see_notices_and_only_their_unit_s(start: Any) -> None:
    notify = await start(service)
    notice = await drafted(notify)
    assert [each["id"] for each in (await notify.request("GET", NOTICES, who=LEADER)).json()["items"]] == [notice["id"]]
    assert (await notify.request("GET", NOTICES, who=STRANGER)).json()["items"] == []
    assert (await notify.request("GET", f"{NOTICES}/{notice['id']}", who=STRANGER)).status_code == 404
    assert (await notify.request("GET", NOTICES, who=token(roles=["handler"]))).status_code == 403
