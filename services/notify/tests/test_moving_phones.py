"""A database of the release before: its petitioners are told as well."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.notify.tests.sms import Peer, send_all, use
from services.notify.tests.stories import PHONE, Story, hear
from tests.support.running import Running

from notify import moving
from notify.main import service
from notify.moving import MOVE_PHONES

NOW = datetime(2026, 1, 5, tzinfo=UTC)


async def set_up(notify: Running) -> None:
    async with notify.runtime.database.transaction() as session:
        await service.setup(notify.runtime, session)


async def test_an_upgraded_database_still_tells_its_petitioners(start: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(moving, "AT_ONCE", 2)
    notify, peer = await start(service), Peer()
    use(notify, peer)
    stories = [Story(actions=("open", "close")) for _ in range(5)]
    ring = notify.runtime.keyring
    for story in stories:
        sealed = ring.encrypt("+86 " + PHONE, f"petitions/{story.id}/phone")
        add = "INSERT INTO petitions (id, number, region, phone) VALUES ($1, $2, '33', $3)"
        await notify.rows(add, story.id, story.number, sealed)
    message, text = uuid4(), "queued before"
    await notify.rows(
        "INSERT INTO messages (id, petition_id, case_stage, happening, template, template_version, language, text,"
        " state, traceparent, created_at, due_at, state_at)"
        " VALUES ($1, $2, 'handling', 'accepted', 'accepted', 1, 'zh', $3, 'queued', '', $4, $4, $4)",
        message, stories[0].id, ring.encrypt(text, f"messages/{message}/text"), datetime.now(UTC),
    )  # fmt: skip
    await set_up(notify)
    await set_up(notify)
    await hear(notify, *(event for story in stories for event in story.case()))
    await send_all(notify)
    assert {part.phone for part in peer.taken} == {PHONE}
    assert sorted(part.template for part in peer.taken) == ["accepted", *["closed"] * 5]
    kept = await notify.rows("SELECT FROM petitions WHERE phone IS NOT NULL AND phone_key IS NOT NULL")
    assert len(kept) == 5, "processes of the release before look for it there"


async def test_a_number_that_nobody_can_read_stops_no_other(start: Any) -> None:
    notify = await start(service)
    good, bad = uuid4(), uuid4()
    ring = notify.runtime.keyring
    for petition, owner in ((good, good), (bad, good)):
        sealed = ring.encrypt(PHONE, f"petitions/{owner}/phone")
        await notify.rows("INSERT INTO petitions (id, number, phone) VALUES ($1, 'XF1', $2)", petition, sealed)
    await set_up(notify)
    rows = await notify.rows("SELECT id, phone_key IS NULL AS unknown FROM petitions")
    assert {row["id"]: row["unknown"] for row in rows} == {good: False, bad: True}


async def test_what_a_process_of_the_release_before_still_hears_is_told(start: Any) -> None:
    notify, peer = await start(service), Peer()
    use(notify, peer)
    story = Story(actions=("open", "close"))
    await hear(notify, *story.case())
    sealed = notify.runtime.keyring.encrypt(PHONE, f"petitions/{story.id}/phone")
    await notify.rows("UPDATE petitions SET region = '33', phone = $2 WHERE id = $1", story.id, sealed)
    async with notify.runtime.database.transaction() as session:
        await MOVE_PHONES.run(notify.runtime, session)
    await send_all(notify)
    assert [part.template for part in peer.taken] == ["closed"]
