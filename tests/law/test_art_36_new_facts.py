"""信访工作条例 第三十六条: only the same facts and reasons are no longer accepted, and only after a re-review."""

from typing import Any

import pytest
from services.routing.tests.cases import attempt, in_state
from services.routing.tests.test_cases import COUNTY, LEADER, NOTICE, do, filed, opened

from kit.errors import Refused
from routing.links.domain import recognised
from routing.main import service
from tests.law.limits import at

SAID = {"concluded_number": "XF33022520240101000001X"}


async def test_a_first_petition_is_never_refused_as_a_repeated_one(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await filed(routing, case, "refusal-again-notice")
    refused = await do(routing, case, "refuse-again", version=1, fields=SAID)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:not-barred")
    assert refused.json()["rule"] == "Art 36"


async def test_a_leader_finds_the_facts_new_and_says_why(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing, terminated_before=True)
    assert (await do(routing, case, "lift-bar", version=1, note="新证据")).status_code == 403, "no clerk"
    unsaid = await do(routing, case, "lift-bar", LEADER, version=1)
    assert (unsaid.status_code, unsaid.json()["errors"][0]["field"]) == (422, "fields/note")
    lifted = (await do(routing, case, "lift-bar", LEADER, version=1, note="原处理后水源又遭污染,属新的事实")).json()
    assert (lifted["state"], lifted["timeline"][-1]["note"]) == ("screened", "原处理后水源又遭污染,属新的事实")
    assert (await routing.events())[-1].type == "routing.case.bar-lifted.v1"
    await filed(routing, case, "refusal-again-notice")
    assert (await do(routing, case, "refuse-again", version=2, fields=SAID)).status_code == 409
    assert (await do(routing, case, "accept", version=2, fields=NOTICE)).json()["state"] == "accepted"


def test_the_decision_holds_until_another_matter_is_recognised() -> None:
    case = recognised(in_state("received"), at("2025-09-02 10:00"), terminated=True)
    assert case is not None
    with pytest.raises(Refused, match="not-terminated-before"):
        attempt(case, "accept")
    lifted = attempt(case, "lift-bar")
    assert attempt(lifted, "accept").state == "accepted"
    for action in ("lift-bar", "refuse-again"):
        with pytest.raises(Refused, match="not-barred"):
            attempt(lifted, action)
    assert recognised(lifted, at("2025-09-03 10:00"), terminated=True) is None, "what the register says again"
    unlinked = recognised(lifted, at("2025-09-03 10:00"), terminated=False)
    assert unlinked is not None
    relinked = recognised(unlinked, at("2025-09-04 10:00"), terminated=True)
    assert relinked is not None
    assert relinked.barred
