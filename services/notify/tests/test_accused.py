"""What accuses a unit is kept from it and from those below it (Art 30): no message of it is listed for them."""

from typing import Any

import pytest
from services.notify.tests.stories import Story, hear
from tests.support.nodes import token

from notify.main import service

MESSAGES = "/api/notify/v1/messages"


@pytest.mark.parametrize("query", ["", "?petition_id={id}"])
async def test_no_message_is_listed_for_the_accused_unit_or_one_below_it(start: Any, query: str) -> None:
    notify = await start(service)
    kept, plain = Story(accused=("330225100-xf",)), Story()
    await hear(notify, kept.contact(), *kept.case(), plain.contact(), *plain.case())
    # all may read the whole county, as some accounts do; the last two are the unit beside the accused and the one above
    seen = {"330225100-xf": 0, "330225100-cj": 0, "330225101-xf": 1, "330225-xf": 1}
    for unit, count in seen.items():
        who = token(unit, "33.02.25", ["handler"])
        answer = await notify.request("GET", MESSAGES + query.format(id=kept.id), who=who)
        found = [item for item in answer.json()["items"] if item["number"] == kept.number]
        assert len(found) == count, unit
        others = await notify.request("GET", f"{MESSAGES}?petition_id={plain.id}", who=who)
        assert len(others.json()["items"]) == 1, "it is the accusation that keeps it from them"
