"""Recipients of a mass notice come from the ledger: what the asker may read, as it was filtered, page by page."""

import uuid
from typing import Any

import pytest
from services.intake.tests.linked import hear_state, register
from services.intake.tests.test_confidential import keep
from services.intake.tests.test_following import opened
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.notices import Recipients, RecipientsAsked
from intake import recipients
from intake.main import service
from kit.errors import Refused
from kit.paths import ancestors

OFFICE = token("330225100-xf", "33.02.25.100")
NODE = "33.02.25.100"
LINE = ["330225100-xf", "330225-xf", "*", "330225100-xf:", "330225100-xf:clerk"]
STATION = ["330225100-cj", "330225100-xf", "330225-xf", "*", "330225100-cj:"]


async def asked(
    intake: Running, line: list[str] = LINE, node: str = NODE, scope: str = NODE, **filters: Any
) -> Recipients:
    """The answer to one question."""
    question = RecipientsAsked(query=uuid.uuid4(), scope=scope, line=line, **filters)
    letter = told("intake.recipients-asked.v1", question, subject=uuid.uuid4(), node=node)
    await intake.hear("intake.letters", letter)
    answer = opened(intake, (await intake.sent("letters"))[-1]["body"], intake.runtime.settings)
    assert (answer.type, answer.subject) == ("notify.recipients.v1", letter.subject)
    page: Recipients = answer.data
    assert (page.query, page.page) == (question.query, question.page)
    return page


def ids(page: Recipients) -> list[str]:
    return [str(each.petition) for each in page.petitions]


async def test_each_filter_keeps_what_it_names(start: Any) -> None:
    intake = await start(service)
    plain = await register(intake, OFFICE)
    other = await register(intake, OFFICE, channel="visit", kind="suggestion", category="城乡建设/道路")
    await hear_state(intake, other, "accepted", holder_unit="330225100-cj", kind="suggestion")
    for filters, expected in (
        ({}, [other, plain]),
        ({"channel": "visit"}, [other]),
        ({"kind": "appeal"}, [plain]),
        ({"category": "城乡建设"}, [other]),
        ({"category": "城_建设"}, []),
        ({"state": "accepted"}, [other]),
        ({"state": "registered"}, [plain]),
        ({"unit": "330225100-cj"}, [other]),
        ({"region": "33.02"}, [other, plain]),
        ({"region": "33.02.25.10"}, []),
        ({"registered_from": other["registered_at"]}, [other]),
        ({"registered_until": other["registered_at"]}, [plain]),
        ({"channel": "visit", "state": "registered"}, []),
    ):
        assert ids(await asked(intake, **filters)) == [each["id"] for each in expected], filters


async def test_pages_name_everybody_once(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipients, "A_PAGE", 2)
    intake = await start(service)
    wanted = [(await register(intake, OFFICE))["id"] for _ in range(5)]
    seen: list[str] = []
    after, number = None, 0
    while number == 0 or after:
        page = await asked(intake, after=after, page=number)
        seen, after, number = [*seen, *ids(page)], page.next, number + 1
    assert (seen, number) == (wanted[::-1], 3)


async def test_what_accuses_the_askers_unit_or_is_confidential_is_not_among_them(start: Any) -> None:
    intake = await start(service)
    beside = token("330225101-xf", "33.02.25")
    accusing = await register(intake, beside, kind="accusation", accused_units=["330225100-xf"])
    secret = await register(intake, OFFICE)
    await keep(intake, secret)
    plain = await register(intake, OFFICE)
    county = ["330225-xf", "*", "330225-xf:", "330225-xf:leader"]
    assert ids(await asked(intake, STATION, scope="33.02.25")) == [plain["id"]]
    assert ids(await asked(intake, LINE, scope="33.02.25")) == [plain["id"], secret["id"]]
    assert ids(await asked(intake, county, scope="33.02.25")) == [plain["id"], secret["id"], accusing["id"]]
    assert ids(await asked(intake, LINE, scope="33.02.26")) == []


async def test_another_node_is_told_nothing(start: Any) -> None:
    intake = await start(service)
    await register(intake, OFFICE)
    with pytest.raises(Refused, match="sender-outside-link"):
        await asked(intake, node=ancestors(NODE)[1])
