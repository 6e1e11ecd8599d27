"""保密: no message about a confidential case is listed for who has nothing to do with it; docs/adr/0019."""

from typing import Any

import pytest
from services.notify.tests.stories import Story, hear
from tests.support.confidence import OPEN, TOWNSHIP, readable_by
from tests.support.nodes import token

from notify.main import service

MESSAGES = "/api/notify/v1/messages"
READERS = [token("330225100-xf", "33.02.25.100"), token("330225-xf", "33.02.25", ["leader"])]
# who may read the whole county, as some accounts do: another township, a station, the clerk of the office above
OTHERS = [token("330225101-xf", "33.02.25"), token("330225100-cj", "33.02.25"), token("330225-xf", "33.02.25")]


async def counted(notify: Any, who: str, query: str) -> int:
    return len((await notify.request("GET", MESSAGES + query, who=who)).json()["items"])


@pytest.mark.parametrize("query", ["", "?petition_id={id}"])
async def test_only_its_readers_find_a_message_until_it_is_confidential_no_more(start: Any, query: str) -> None:
    notify, story = await start(service), Story()
    (opened,) = story.case()
    path = query.format(id=story.id)
    steps = [(None, 1), (TOWNSHIP, 0), (None, 0), (OPEN, 1)]  # None: from a node that knows of no readers
    await hear(notify, story.contact())
    for sequence, (readers, others) in enumerate(steps, start=1):
        await hear(notify, readable_by(opened, readers, sequence))
        for who in READERS:
            assert await counted(notify, who, path) == 1
        for who in OTHERS:
            assert await counted(notify, who, path) == others


async def test_of_events_that_come_in_one_batch_the_last_that_names_readers_counts(start: Any) -> None:
    notify, story = await start(service), Story()
    (opened,) = story.case()
    await hear(notify, story.contact())
    named = ((None, 4), (TOWNSHIP, 3), (OPEN, 2))
    await notify.hear("notify.on-case", *(readable_by(opened, readers, sequence) for readers, sequence in named))
    assert [await counted(notify, who, "") for who in (*READERS, *OTHERS)] == [1, 1, 0, 0, 0]
