"""What petitioners send by text: registered once, kept with the petition wherever it is handled, rated by phone."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from services.intake.tests.linked import PETITIONS, hear_state, opened, register
from services.intake.tests.test_following import case
from services.intake.tests.test_ratings import CLOCKS, SERVED
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.letters import Contact
from contracts.speech import parse_event
from contracts.texts import Supplement, TextOutcome, TextPetition, TextRating
from intake.main import service
from intake.texts import title_of
from kit.clock import ManualClock
from kit.errors import Refused

PHONE = "13800001111"
COUNTY, TOWNSHIP = token("330225-xf", "33.02.25"), token("330225100-xf", "33.02.25.100")
NODE = "33.02.25.100"


def raised(content: str = "门前道路积水三个月无人管。请处理。", node: str = NODE, **more: Any) -> Envelope:
    data = TextPetition(phone=PHONE, name="张三丰", address="某镇", content=content, received_at=SERVED, **more)
    return told("intake.text-petition.v1", data, subject=uuid.uuid4(), node=node)


def supplement(number: str, phone: str = PHONE, node: str = NODE, content: str = "昨夜又积水") -> Envelope:
    data = Supplement(phone=phone, number=number, content=content, received_at=SERVED)
    return told("intake.supplement.v1", data, subject=uuid.uuid4(), node=node)


def rating(number: str, phone: str = PHONE, office: str = "satisfied", unit: str = "fairly") -> Envelope:
    data = TextRating(phone=phone, number=number, office=office, unit=unit, received_at=SERVED)
    return told("intake.text-rating.v1", data, subject=uuid.uuid4(), node=NODE)


async def sent(intake: Running, kind: str, to: str = NODE) -> list[Envelope]:
    """Letters of a kind to this node itself."""
    rows = [row for row in await intake.sent("letters") if row["routing_key"].startswith(f"letter.{to}.")]
    letters = [opened(row["body"], intake.runtime.settings) for row in rows]
    return [letter for letter in letters if letter.type == kind]


async def outcomes(intake: Running) -> list[TextOutcome]:
    return [letter.data for letter in await sent(intake, "notify.text-outcome.v1")]


async def shown(intake: Running, petition: Any, who: str = TOWNSHIP) -> dict[str, Any]:
    found: dict[str, Any] = (await intake.request("GET", f"{PETITIONS}/{petition}", who=who)).json()
    return found


async def test_a_petition_by_text_is_registered_at_the_office_and_its_contact_names_the_text(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    first, second = raised(), raised("路灯坏了")
    await intake.hear("intake.letters", first, second, first)
    registered = [event for event in await intake.events() if event.type == "intake.petition.registered.v1"]
    contacts = await sent(intake, "notify.contact.v1")
    assert [contact.data.text_id for contact in contacts] == [first.subject, second.subject, first.subject]
    contact: Contact = contacts[0].data
    assert (contacts[0].subject, contact.number, contact.phone) == (
        registered[0].subject,
        registered[0].data.number,
        PHONE,
    )
    found = await shown(intake, registered[0].subject)
    assert (found["channel"], found["title"], found["unit"]) == ("sms", "门前道路积水三个月无人管", "330225100-xf")
    assert (found["petitioners"][0]["name"], found["petitioners"][0]["phone"]) == ("张**", "138****1111")
    await intake.hear("intake.letters", told("intake.text-petition.v1", first.data, subject=first.subject))
    assert len(registered) == 2 == len(await intake.rows("SELECT FROM petitions"))


async def test_a_text_without_a_number_that_was_made_a_petition_by_hand_has_a_petitioner_without_one(
    start: Any,
) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    nameless = raised()
    letters = [nameless.model_copy(update={"data": nameless.data.model_copy(update={"phone": ""})}), raised()]
    await intake.hear("intake.letters", *letters)
    without, other = [contact.subject for contact in await sent(intake, "notify.contact.v1")]
    assert (await shown(intake, without))["petitioners"][0]["phone"] is None
    assert (await shown(intake, other))["petitioners"][0]["phone"] == "138****1111"
    assert len(await intake.rows("SELECT FROM petitioners WHERE phone_index IS NULL")) == 1


async def test_notify_is_told_of_the_contact_once(start: Any) -> None:
    """Not again when the registration is heard, as of petitions that came another way."""
    intake = await start(service, clock=ManualClock(SERVED))
    await intake.hear("intake.letters", raised())
    await register(intake, channel="sms")
    events = [event for event in await intake.events() if event.type == "intake.petition.registered.v1"]
    await intake.hear("intake.on-petition-registered", *events)
    contacts = await sent(intake, "notify.contact.v1")
    assert [contact.data.text_id is None for contact in contacts] == [False, True]


async def test_only_notify_of_this_node_may_say_whose_phone_it_was(start: Any) -> None:
    intake = await start(service)
    for letter in (raised(node="33.02.25"), supplement("XF1", node="33.02.25")):
        with pytest.raises(Refused, match="sender-outside-link"):
            await intake.hear("intake.letters", letter)


async def test_a_phone_is_recognised_and_its_petitions_are_proposed_as_repeats(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    await intake.hear("intake.letters", raised())
    sought = {"title": "积水", "content": "门前道路积水三个月无人管", "petitioners": [{"phone": f"+86 {PHONE}"}]}
    answer = await intake.request("POST", f"{PETITIONS}/candidates", json=sought)
    assert [each["likely"] for each in answer.json()] == [True], answer.text


async def test_a_supplement_is_kept_encrypted_and_shown_with_the_petition(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    receipt = await register(intake)
    letter = supplement(receipt["number"])
    await intake.hear("intake.letters", letter, letter)
    assert [each["content"] for each in (await shown(intake, receipt["id"]))["supplements"]] == ["昨夜又积水"]
    (row,) = await intake.rows("SELECT content FROM supplements")
    assert "昨夜".encode() not in row["content"]
    assert {outcome.outcome for outcome in await outcomes(intake)} == {"supplemented"}


@pytest.mark.parametrize("phone", ["13900002222", ""])
async def test_another_phone_adds_nothing_rates_nothing_and_learns_nothing(start: Any, phone: str) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    receipt = await register(intake)
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
    for number in (receipt["number"], "XF330225202601050000999"):
        await intake.hear("intake.letters", supplement(number, phone), rating(number, phone))
    assert {(each.outcome, each.reason, each.petition) for each in await outcomes(intake)} == {
        ("refused", "not-the-contact", None)
    }
    assert (await shown(intake, receipt["id"]))["supplements"] == []


async def test_a_rating_by_text_follows_the_rules_of_the_web(start: Any) -> None:
    clock = ManualClock(SERVED)
    intake = await start(service, clock=clock)
    receipt = await register(intake)
    number = receipt["number"]
    await intake.hear("intake.letters", rating(number))
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
    await intake.hear("intake.letters", rating(number, office="wonderful"))
    await intake.hear("intake.letters", rating(number, unit="not"))
    await intake.hear("intake.letters", rating(number))
    told_ = [(each.outcome, each.reason) for each in await outcomes(intake)]
    assert told_ == [("refused", "not-answered-yet"), ("refused", "message-unreadable"), ("rated", None),
                     ("refused", "rated-already")]  # fmt: skip
    assert str((await outcomes(intake))[2].review_until) == "2026-02-04"
    assert [event.data.unit_rating for event in await intake.events() if "rating" in event.type] == ["not"]


async def test_the_time_for_rating_by_text_ends_as_on_the_web(start: Any) -> None:
    clock = ManualClock(SERVED)
    intake = await start(service, clock=clock)
    receipt = await register(intake)
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
    clock.advance(timedelta(days=31))
    await intake.hear("intake.letters", rating(receipt["number"]))
    assert [each.reason for each in await outcomes(intake)] == ["rating-expired"]


async def bring(sender: Running, receiver: Running, kind: str) -> int:
    """Letters of a kind that have not been brought yet, to the intake of another node."""
    prefix = f"letter.{receiver.runtime.node}.intake"
    rows = [row for row in await sender.sent("letters") if row["routing_key"] == prefix]
    letters = [opened(row["body"], receiver.runtime.settings) for row in rows]
    chosen = [letter for letter in letters if letter.type == kind]
    for letter in chosen:
        await receiver.hear("intake.letters", letter)
    return len(chosen)


async def test_a_supplement_reaches_the_node_that_handles_the_case_whenever_it_was_sent(start: Any) -> None:
    county, township = await start(service, path="33.02.25"), await start(service, path=NODE)
    receipt = await register(county, who=COUNTY)
    subject, number = uuid.UUID(receipt["id"]), receipt["number"]
    await county.hear("intake.letters", supplement(number, node="33.02.25", content="先补充"))
    await county.hear("intake.on-case", case(subject=subject))
    await county.hear("intake.letters", supplement(number, node="33.02.25", content="后补充"))
    assert await bring(county, township, "intake.supplement.v1") == 2
    await bring(county, township, "intake.petition-file.v1")
    await township.hear("intake.on-case", case(subject=subject))
    contents = [each["content"] for each in (await shown(township, subject, token("330000-xf", "33")))["supplements"]]
    assert sorted(contents) == ["先补充", "后补充"]
    assert await bring(township, county, "intake.supplement.v1") == 0, "sent back to where it came from"


async def test_a_supplement_to_the_node_that_handles_the_case_reaches_the_one_that_registered_it(start: Any) -> None:
    county, township = await start(service, path="33.02.25"), await start(service, path=NODE)
    receipt = await register(county, who=COUNTY)
    await county.hear("intake.on-case", case(subject=uuid.UUID(receipt["id"])))
    await bring(county, township, "intake.petition-file.v1")
    await township.hear("intake.letters", supplement(receipt["number"]))
    assert await bring(township, county, "intake.supplement.v1") == 1
    assert [each["content"] for each in (await shown(county, receipt["id"], COUNTY))["supplements"]] == ["昨夜又积水"]
    assert await bring(county, township, "intake.supplement.v1") == 0
    (outcome,) = await outcomes(township)
    assert outcome.outcome == "supplemented"


async def supplemented(intake: Running, exchange: str = "events") -> list[Envelope]:
    """What its services are told of supplements: what it says itself, or shows them only."""
    told_ = [parse_event(row["body"]) for row in await intake.sent(exchange)]
    return [event for event in told_ if event.type == "intake.petition.supplemented.v1"]


async def test_who_holds_the_case_is_told_of_a_supplement_once_and_not_what_it_says(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    receipt = await register(intake)
    letter = supplement(receipt["number"])
    await intake.hear("intake.letters", letter, letter)
    await hear_state(intake, receipt, "received", holder_unit="330225100-cj")
    await intake.hear("intake.letters", supplement(receipt["number"]))
    first, second = await supplemented(intake)
    assert (first.id, str(first.subject)) == (letter.subject, receipt["id"])
    assert first.data.model_dump() == {
        "number": receipt["number"], "channel": "sms", "holder_unit": "330225100-xf", "at": SERVED,
    }  # fmt: skip
    assert second.data.holder_unit == "330225100-cj"
    assert "积水" not in first.body().decode()


async def test_each_node_hears_of_a_supplement_once_wherever_it_came_in(start: Any) -> None:
    county, township = await start(service, path="33.02.25"), await start(service, path=NODE)
    receipt = await register(county, who=COUNTY)
    subject, number = uuid.UUID(receipt["id"]), receipt["number"]
    await county.hear("intake.letters", supplement(number, node="33.02.25"))
    await county.hear("intake.on-case", case(subject=subject))
    await township.hear("intake.on-case", case(subject=subject))
    await bring(county, township, "intake.petition-file.v1")
    await bring(county, township, "intake.supplement.v1")
    assert await supplemented(township, "events.down") == [], "it came along with the case"
    later = supplement(number, node="33.02.25", content="后补充")
    await county.hear("intake.letters", later)
    await bring(county, township, "intake.supplement.v1")
    (shown_,) = await supplemented(township, "events.down")
    assert (shown_.id, shown_.subject, shown_.data.number) == (later.subject, subject, number)
    assert shown_.id == (await supplemented(county))[-1].id
    await township.hear("intake.letters", supplement(number))
    await bring(township, county, "intake.supplement.v1")
    assert len(await supplemented(township)) == 1, "which rises to the county"
    assert await supplemented(county, "events.down") == []


@pytest.mark.parametrize(("content", "title"), [
    ("门前积水。无人管", "门前积水"), ("\n 第一行\n第二行", "第一行"), ("短", "短"), ("。。", "。。"),
    ("长" * 50, "长" * 29 + "…"),
])  # fmt: skip
def test_the_title_is_how_the_text_begins(content: str, title: str) -> None:
    assert title_of(content) == title
