"""Registering a petition, over HTTP, on a real database."""

import asyncio
import uuid
from typing import Any

import pytest
from tests.support.nodes import token

from contracts.events import PetitionState
from intake.main import service
from intake.numbers import is_petition_number

PETITIONS = "/api/intake/v1/petitions"
LETTER: dict[str, Any] = {
    "channel": "letter",
    "kind": "appeal",
    "title": "门前道路积水",
    "content": "门前道路积水三个月无人管。",
    "petitioners": [
        {"name": "张三丰", "id_number": "110101199003074258", "phone": "13800001111", "address": "丁镇一村"}
    ],
}


def letter(**changes: Any) -> dict[str, Any]:
    return {**LETTER, **changes}


async def test_a_letter_is_registered_with_number_event_and_scopes(start: Any) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=letter())
    assert answer.status_code == 201
    receipt = answer.json()
    assert is_petition_number(receipt["number"])
    assert receipt["number"].startswith("XF330225")
    (event,) = await intake.events()
    state: PetitionState = event.data
    assert (event.type, event.version, str(event.subject)) == ("intake.petition.registered.v1", 1, receipt["id"])
    assert (state.number, state.petitioners, state.unit) == (receipt["number"], 1, "330225100-xf")
    scopes = await intake.rows("SELECT scope FROM petition_scopes ORDER BY scope")
    assert [row["scope"] for row in scopes] == ["33", "33.02", "33.02.25", "33.02.25.100"]


async def test_personal_data_is_encrypted_in_the_database_and_absent_from_the_event(start: Any) -> None:
    intake = await start(service)
    await intake.request("POST", PETITIONS, json=letter())
    (row,) = await intake.rows("SELECT * FROM petitioners")
    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    (sent,) = await intake.sent()
    (kept,) = await intake.rows("SELECT body FROM idempotency")
    for secret in ("张三丰", "110101199003074258", "13800001111", "丁镇一村"):
        assert secret.encode() not in stored
        assert secret.encode() not in sent["body"]
        assert secret.encode() not in kept["body"]


async def test_answers_show_petitioners_masked(start: Any) -> None:
    intake = await start(service)
    receipt = (await intake.request("POST", PETITIONS, json=letter())).json()
    (person,) = (await intake.request("GET", f"{PETITIONS}/{receipt['id']}")).json()["petitioners"]
    assert person == {
        "name": "张**",
        "id_number": "110***********4258",
        "phone": "138****1111",
        "address": "丁***",
        "representative": False,
    }


async def test_identity_is_read_only_for_a_purpose_and_every_reading_is_kept(start: Any) -> None:
    intake = await start(service)
    receipt = (await intake.request("POST", PETITIONS, json=letter())).json()
    path = f"{PETITIONS}/{receipt['id']}/identity-readings"
    assert (await intake.request("POST", path, json={})).status_code == 422
    answer = await intake.request("POST", path, json={"purpose": "电话核实来信内容"})
    assert answer.json()[0]["name"] == "张三丰"
    registered, reading = await intake.rows("SELECT * FROM audit ORDER BY id")
    assert (registered["action"], registered["actor"], registered["after"]) == ("register", "tester", 1)
    assert (reading["action"], reading["actor"], reading["unit"]) == ("read-identity", "tester", "330225100-xf")
    assert (str(reading["subject"]), reading["reason"]) == (receipt["id"], "电话核实来信内容")


async def test_the_same_key_registers_once_and_answers_the_same(start: Any) -> None:
    intake = await start(service)
    first = await intake.request("POST", PETITIONS, json=letter(), key="the-same-key-1")
    again = await intake.request("POST", PETITIONS, json=letter(), key="the-same-key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await intake.rows("SELECT 1 FROM petitions")) == 1


async def test_twenty_equal_requests_at_once_register_one_petition(start: Any) -> None:
    intake = await start(service)
    answers = await asyncio.gather(
        *(intake.request("POST", PETITIONS, json=letter(), key="twenty-at-once") for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await intake.rows("SELECT 1 FROM petitions")) == 1


async def test_a_key_used_for_another_body_is_refused(start: Any) -> None:
    intake = await start(service)
    await intake.request("POST", PETITIONS, json=letter(), key="the-same-key-2")
    other = await intake.request("POST", PETITIONS, json=letter(title="另一件事"), key="the-same-key-2")
    assert (other.status_code, other.json()["type"]) == (409, "urn:xinqiao:problem:idempotency-key-reused")


async def test_a_refused_request_does_not_use_up_its_key(start: Any) -> None:
    intake = await start(service)
    bad = await intake.request("POST", PETITIONS, json=letter(accused_units=["no-such"]), key="try-again-1")
    good = await intake.request("POST", PETITIONS, json=letter(), key="try-again-1")
    assert (bad.status_code, good.status_code) == (422, 201)


async def test_an_external_id_is_registered_once(start: Any) -> None:
    intake = await start(service)
    first = await intake.request("POST", PETITIONS, json=letter(external_id="forum-1"))
    again = await intake.request("POST", PETITIONS, json=letter(external_id="forum-1"))
    other = await intake.request("POST", PETITIONS, json=letter(external_id="forum-1", title="别的事"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json()["number"] == first.json()["number"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "pigeon"}, "body.channel"),
        ({"title": ""}, "body.title"),
        ({"title": "零\u0000字节"}, "body.title"),
        ({"content": "控制\u0007字符"}, "body.content"),
        ({"title": 7}, "body.title"),
        ({"petitioners": [{"id_number": "110101199003074259"}]}, "body.petitioners.0.id_number"),
        ({"petitioners": [{"phone": "call me"}]}, "body.petitioners.0.phone"),
        ({"about_region": "000000000000"}, "body.about_region"),
        ({"received_at": "2026-01-05T08:00:00"}, "body.received_at"),
        ({"unknown": 1}, "body.unknown"),
    ],
)
async def test_bad_fields_are_named_and_nothing_is_stored(start: Any, change: dict[str, Any], field: str) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=letter(**change))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not await intake.rows("SELECT 1 FROM petitions")
    assert not await intake.sent()


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"about_region": "990000000000"}, "unknown-region"),
        ({"accused_units": ["nobody"]}, "unknown-unit"),
        ({"accused_units": ["330000-xf"]}, "accused-unit"),  # nobody is above it
        ({"received_at": "2999-01-01T00:00:00Z"}, "received-in-the-future"),
    ],
)
async def test_rules_refuse_with_their_slug(start: Any, change: dict[str, Any], slug: str) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=letter(**change))
    assert answer.json()["type"] == f"urn:xinqiao:problem:{slug}"
    assert not await intake.rows("SELECT 1 FROM petitions")


async def test_a_date_before_all_calendars_and_a_number_with_a_null_byte_are_refused(start: Any) -> None:
    intake = await start(service)
    for received_at in ("0001-01-01T00:00:00+14:00", "0202-01-01T00:00:00Z"):
        answer = await intake.request("POST", PETITIONS, json=letter(received_at=received_at))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.received_at")
    for number in ("%00", "9" * 41):
        assert (await intake.request("GET", f"{PETITIONS}?number={number}")).status_code == 422


async def test_malformed_and_oversized_bodies_are_refused(start: Any) -> None:
    intake = await start(service)
    broken = await intake.request(
        "POST", PETITIONS, content=b'{"channel": ', headers={"content-type": "application/json"}
    )
    large = await intake.request("POST", PETITIONS, content=b" " * 10_000_000)
    assert (broken.status_code, broken.json()["type"]) == (400, "urn:xinqiao:problem:malformed-json")
    assert (large.status_code, large.json()["type"]) == (413, "urn:xinqiao:problem:too-large")


async def test_nobody_registers_without_signing_in_or_without_a_key(start: Any) -> None:
    intake = await start(service)
    nobody = await intake.request("POST", PETITIONS, json=letter(), who=None)
    analyst = await intake.request("POST", PETITIONS, json=letter(), who=token(roles=["analyst"]))
    keyless = await intake.client.post(PETITIONS, json=letter(), headers={"Authorization": f"Bearer {token()}"})
    assert (nobody.status_code, analyst.status_code, keyless.status_code) == (401, 403, 400)


async def test_forged_expired_and_foreign_tokens_are_refused(start: Any) -> None:
    intake = await start(service)
    head, payload, signature = token().split(".")
    forged = f"{head}.{payload}.{signature[:-4]}AAAA"
    for bad in (forged, token(exp=1), token(iss="somebody"), token(aud="others"), "not.a.token"):
        assert (await intake.request("GET", PETITIONS, who=bad)).status_code == 401


async def test_another_township_sees_nothing_and_superiors_see_their_subtree(start: Any) -> None:
    intake = await start(service)
    receipt = (await intake.request("POST", PETITIONS, json=letter())).json()
    one = f"{PETITIONS}/{receipt['id']}"
    neighbour = token("330225101-xf", "33.02.25.101")
    for who, seen in ((neighbour, False), (token("330225-xf", "33.02.25"), True), (token("330000-xf", "33"), True)):
        assert (await intake.request("GET", one, who=who)).status_code == (200 if seen else 404)
        assert bool((await intake.request("GET", PETITIONS, who=who)).json()["items"]) is seen
        reading = await intake.request("POST", f"{one}/identity-readings", who=who, json={"purpose": "核实来信内容"})
        assert reading.status_code == (201 if seen else 404)


async def test_many_petitions_are_asked_for_at_once_and_each_within_the_scope_of_the_caller(start: Any) -> None:
    intake = await start(service)
    posted = [await intake.request("POST", PETITIONS, json=letter(title=f"第{n}件")) for n in range(3)]
    hidden = letter(kind="accusation", title="检举", accused_units=["330225100-cj"])
    posted.append(await intake.request("POST", PETITIONS, json=hidden))
    ids = [answer.json()["id"] for answer in posted]
    asked = {"ids": [*ids, str(uuid.uuid4())]}
    found = (await intake.request("GET", PETITIONS, params=asked)).json()
    assert [each["title"] for each in found["items"]] == ["检举", "第2件", "第1件", "第0件"]
    accused = token("330225100-cj", "33.02.25.100")
    seen = (await intake.request("GET", PETITIONS, params=asked, who=accused)).json()["items"]
    assert [each["title"] for each in seen] == ["第2件", "第1件", "第0件"]
    elsewhere = token("330226-xf", "33.02.26")
    assert (await intake.request("GET", PETITIONS, params=asked, who=elsewhere)).json()["items"] == []
    many = {"ids": [str(uuid.uuid4()) for _ in range(201)]}
    assert (await intake.request("GET", PETITIONS, params=many)).status_code == 422


async def test_the_accused_unit_sees_nothing_even_in_its_own_region(start: Any) -> None:
    intake = await start(service)
    body = letter(kind="accusation", accused_units=["330225100-cj"])
    receipt = (await intake.request("POST", PETITIONS, json=body)).json()
    accused = token("330225100-cj", "33.02.25.100")
    assert (await intake.request("GET", f"{PETITIONS}/{receipt['id']}", who=accused)).status_code == 404
    assert (await intake.request("GET", PETITIONS, who=accused)).json()["items"] == []


async def test_pages_follow_each_other_without_gap_or_double(start: Any) -> None:
    intake = await start(service)
    for n in range(7):
        await intake.request("POST", PETITIONS, json=letter(title=f"第{n}件"))
    titles: list[str] = []
    cursor = ""
    while True:
        page = (await intake.request("GET", f"{PETITIONS}?limit=3{cursor}")).json()
        titles += [item["title"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert titles == [f"第{n}件" for n in reversed(range(7))]


async def test_numbers_of_concurrent_registrations_are_all_different(start: Any) -> None:
    intake = await start(service)
    answers = await asyncio.gather(
        *(intake.request("POST", PETITIONS, json=letter(title=f"第{n}件")) for n in range(150))
    )
    numbers = {answer.json()["number"] for answer in answers}
    assert len(numbers) == 150


async def test_a_citizen_petitions_and_looks_up_with_number_and_code_only(start: Any) -> None:
    intake = await start(service)
    body = {"title": "路灯不亮", "content": "村口路灯坏了。", "petitioner": {"name": "李四", "phone": "13900002222"}}
    receipt = (await intake.request("POST", "/api/intake/v1/public/petitions", who=None, json=body)).json()
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/status"
    right = await intake.request("GET", path, who=None, headers={"Query-Code": receipt["query_code"]})
    wrong = await intake.request("GET", path, who=None, headers={"Query-Code": "AAAAAAAAAA"})
    assert right.json()["state"] == "registered"
    assert right.json()["holder_name"] == "丁镇信访办"
    assert (wrong.status_code, wrong.json()["type"]) == (404, "urn:xinqiao:problem:wrong-query-code")


async def test_guessing_query_codes_is_stopped(start: Any) -> None:
    intake = await start(service)
    receipt = (await intake.request("POST", PETITIONS, json=letter())).json()
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/status"
    for n in range(10):
        await intake.request("GET", path, who=None, headers={"Query-Code": f"AAAAAAAA{n:02d}"})
    answer = await intake.request("GET", path, who=None, headers={"Query-Code": receipt["query_code"]})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]


async def test_a_failing_commit_is_never_answered_with_success(start: Any) -> None:
    intake = await start(service)
    async with intake.runtime.database.transaction() as session:
        await session.raw.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    answer = await intake.request("POST", PETITIONS, json=letter())
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    assert not await intake.rows("SELECT 1 FROM petitions")
