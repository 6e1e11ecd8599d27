"""The nodes above hear every hour how far the audit has come, and nothing while it stands still."""

from datetime import timedelta
from typing import Any

from intake.main import service
from kit import audit
from kit.clock import ManualClock

PETITIONS = "/api/intake/v1/petitions"
LETTER = {
    "channel": "letter", "kind": "appeal", "title": "门前积水", "content": "门前积水",
    "petitioners": [{"name": "张三丰", "phone": "13800001111"}],
}  # fmt: skip


async def test_the_head_of_the_audit_is_told_once_an_hour_when_it_has_moved(start: Any) -> None:
    clock = ManualClock()
    intake = await start(service, clock=clock)
    (job,) = (job for job in service.jobs if job.name == "seal-audit")

    async def told() -> list[tuple[int, str]]:
        async with intake.runtime.database.transaction() as session:
            await audit.chain(session, "intake")
            await job.run(intake.runtime, session)
        events = [event for event in await intake.events() if event.type == "intake.audit.sealed.v1"]
        return [(event.data.position, event.data.hash) for event in events]

    assert await told() == []
    assert (await intake.request("POST", PETITIONS, json=LETTER)).status_code == 201
    (first,) = await told()
    assert (await intake.request("POST", PETITIONS, json=LETTER)).status_code == 201
    assert await told() == [first]
    clock.advance(timedelta(hours=1))
    assert [position for position, _ in await told()] == [1, 2]
    clock.advance(timedelta(hours=1))
    assert len(await told()) == 2
    links = await intake.rows("SELECT encode(hash, 'hex') AS hash FROM audit_links ORDER BY position")
    assert [hash_ for _, hash_ in await told()] == [link["hash"] for link in links]
