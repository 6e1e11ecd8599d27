"""What intake does with what it hears: public rows from below, progress, petition files that follow their case."""

import uuid
from datetime import UTC, datetime
from typing import Any

from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState, PetitionState
from contracts.letters import PetitionFile
from contracts.speech import parse_letter
from intake.main import service
from kit.links import Sealer

PETITIONS = "/api/intake/v1/petitions"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
COUNTY = token("330225-xf", "33.02.25")


def case(
    action: str = "transfer", version: int = 2, *, subject: uuid.UUID, node: str = "33.02.25", **more: Any
) -> Envelope:
    to = more.pop("to", "33.02.25.100")
    state: dict[str, Any] = {
        "number": "XF1", "channel": "web", "kind": "appeal", "state": "offered", "holder_unit": "330225100-xf",
        "holder_region": to, "writer": to, "registered_region": "33.02.25", "registered_at": NOW,
        "regions": ["33.02.25", to], "nodes": ["33.02.25", to],
        "last": {"action": action, "unit": "330225-xf", "at": NOW},
    }  # fmt: skip
    if action == "transfer":
        state["hand_over"] = {
            "id": uuid.uuid4(), "kind": "transfer", "from_unit": "330225-xf", "from_node": node,
            "from_region": "33.02.25", "from_state": "registered", "to_unit": "330225100-xf", "to_node": to,
            "offered_at": NOW,
        }  # fmt: skip
    data = CaseState.model_validate({**state, **more})
    kind = "routing.case.handed-over.v1" if action == "transfer" else "routing.case.accepted.v1"
    return told(kind, data, subject=subject, sequence=version, node=node)


async def registered(intake: Running) -> uuid.UUID:
    body = {
        "channel": "letter", "kind": "appeal", "title": "积水", "content": "门前积水",
        "petitioners": [{"name": "张三丰", "phone": "13800001111"}],
    }  # fmt: skip
    answer = await intake.request("POST", PETITIONS, who=COUNTY, json=body)
    return uuid.UUID(answer.json()["id"])


def opened(intake: Running, body: bytes, receiver: Any) -> Envelope:
    """A letter of this node, opened with the receiver's keys."""
    settings = receiver
    directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
    sealer = Sealer.load(settings.node.path, settings.keys / "node.private.jwks", directory)
    sender, payload = sealer.open(body)
    assert sender == intake.runtime.node
    return parse_letter(payload)


async def test_a_petition_registered_below_shows_as_a_public_row(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    state = PetitionState(
        number="XF2", region="33.02.25.100", unit="330225100-xf", channel="letter", kind="accusation", petitioners=1,
        accused_units=["330225-js"], received_at=NOW, registered_at=NOW,
    )  # fmt: skip
    event = told("intake.petition.registered.v1", state, subject=uuid.uuid4())
    await intake.hear("intake.on-petition-registered", event)
    await intake.hear("intake.on-petition-registered", event)
    shown = (await intake.request("GET", f"{PETITIONS}/{event.subject}", who=COUNTY)).json()
    assert (shown["number"], shown["title"], shown["petitioners"]) == ("XF2", None, [])
    accused = token("330225-js", "33.02.25")
    assert (await intake.request("GET", f"{PETITIONS}/{event.subject}", who=accused)).status_code == 404


async def test_own_registrations_tell_notify_how_to_reach_the_petitioner(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    await registered(intake)
    (event,) = await intake.events()
    await intake.hear("intake.on-petition-registered", event)
    letter, _ = await intake.sent("letters")
    assert letter["routing_key"] == "letter.33.02.25.notify"
    assert b"13800001111" not in letter["body"]
    contact = opened(intake, letter["body"], intake.runtime.settings).data
    assert contact.phone == "13800001111"
    assert len(contact.query_code) == 10


async def test_a_petition_file_goes_along_with_its_case_once(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    township = await start(service, path="33.02.25.100")
    petition = await registered(intake)
    event = case(subject=petition)
    await intake.hear("intake.on-case", event)
    (row,) = await intake.sent("letters")
    letter = opened(intake, row["body"], township.runtime.settings)
    file: PetitionFile = letter.data
    assert (file.title, file.petitioners[0].name) == ("积水", "张三丰")
    await township.hear("intake.letters", letter)
    await township.hear("intake.letters", letter)
    shown = (await township.request("GET", f"{PETITIONS}/{petition}", who=token("330000-xf", "33"))).json()
    assert (shown["content"], shown["petitioners"][0]["name"]) == ("门前积水", "张**")


async def test_a_file_that_comes_after_its_case_was_handed_on_is_sent_on(start: Any) -> None:
    city = await start(service, path="33.02")
    intake = await start(service, path="33.02.25")
    petition = await registered_at(city)
    await intake.hear("intake.on-case", case(subject=petition))
    assert not await intake.sent("letters")
    await city.hear("intake.on-case", case(subject=petition, node="33.02", to="33.02.25"))
    (row,) = await city.sent("letters")
    await intake.hear("intake.letters", opened(city, row["body"], intake.runtime.settings))
    (sent_on,) = await intake.sent("letters")
    assert sent_on["routing_key"] == "letter.33.02.25.100.intake"


async def registered_at(city: Running) -> uuid.UUID:
    body = {"channel": "web", "kind": "appeal", "title": "积水", "content": "门前积水"}
    answer = await city.request("POST", PETITIONS, who=token("330200-xf", "33.02"), json=body)
    return uuid.UUID(answer.json()["id"])


async def test_progress_keeps_the_highest_version_and_every_step(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    petition = await registered(intake)
    events = [
        case("accept", 4, subject=petition, node="33.02.25.100", state="accepted"),
        case("receive", 3, subject=petition, node="33.02.25.100", state="received"),
    ]
    for event in [*events, *events]:
        await intake.hear("intake.on-case", event)
    shown = (await intake.request("GET", f"{PETITIONS}/{petition}", who=COUNTY)).json()
    assert shown["state"] == "accepted"
    assert [step["version"] for step in shown["progress"]] == [3, 4]


async def test_who_holds_the_case_may_read_the_petition(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    petition = await registered(intake)
    other = token("330225101-xf", "33.02.25.101")
    assert (await intake.request("GET", f"{PETITIONS}/{petition}", who=other)).status_code == 404
    held = case("receive", 3, subject=petition, regions=["33.02.25", "33.02.25.101"])
    await intake.hear("intake.on-case", held)
    assert (await intake.request("GET", f"{PETITIONS}/{petition}", who=other)).status_code == 200


async def test_a_file_goes_to_a_node_once_and_says_where_and_how_it_was_registered(start: Any) -> None:
    intake = await start(service, path="33.02.25")
    first = await registered(intake)
    body = {"channel": "visit", "kind": "appeal", "title": "积水", "content": "积水", "group_size": 9, "route": 6,
            "repeat_of": str(first)}  # fmt: skip
    answer = await intake.request("POST", PETITIONS, who=COUNTY, json=body)
    petition = uuid.UUID(answer.json()["id"])
    await intake.hear("intake.on-case", case(subject=petition))
    await intake.hear("intake.on-case", case(subject=petition, version=6))
    (row,) = await intake.sent("letters")
    township = await start(service, path="33.02.25.100")
    letter = opened(intake, row["body"], township.runtime.settings)
    await township.hear("intake.letters", letter)
    (kept,) = await township.rows("SELECT * FROM petitions")
    assert (kept["petitioner_count"], kept["is_group"], kept["route"], kept["repeat_of"]) == (9, True, 6, first)
    assert kept["registered_node"] == "33.02.25"
