"""The four nodes as a user meets them: the demonstration, data scopes, personal data, traces, metrics."""

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest

from kit.clock import MovableClock
from kit.testing import eventually
from node.calling import until
from node.demo import OFFICE, act, case_at
from routing.timing.counting import CHINA
from tests.support.tree import TestCaller, Tree

PLANTED = {"name": "欧阳禾苗", "phone": "13799990000", "id_number": "110101199003074258", "address": "桃源里七号"}


def transferred(tree: Tree) -> tuple[str, TestCaller, TestCaller]:
    """A classified petition of the province with planted personal data, offered to the city."""
    province, city = tree.caller("province.clerk"), tree.caller("city.clerk")
    receipt = province.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", route=6, title="道路积水",
        content="道路积水无人管。", petitioners=[PLANTED],
    )  # fmt: skip
    case = case_at(province, receipt["id"], "screened")
    act(province, case, "transfer", to_unit=OFFICE["city"], note=f"请联系{PLANTED['name']}")
    return receipt["id"], province, city


@pytest.mark.moves_time
@pytest.mark.timeout(600)
def test_the_demonstration_runs_to_its_end_also_a_second_time(tree: Tree) -> None:
    for pages in ("40", "3"):
        environment = {**tree.environment, "COLUMNS": "200", "XQ_DEMO_PAGES": pages}
        done = subprocess.run(
            [sys.executable, "-m", "node.demo"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "done" in done.stdout
        assert re.search(f"窗口上传 {pages} 张照片,断线 2 次", done.stdout)
        assert re.search("离线校验卷宗.*verified offline", done.stdout)
        assert "第34条" in done.stdout, "it does not say why the case is due on that date"
        assert re.search("红色预警.*the red level is told at the province", done.stdout)


@pytest.mark.moves_time
def test_all_processes_of_a_node_are_moved_at_once_and_their_workers_notice_within_a_second(tree: Tree) -> None:
    """At the city, where every service has processes of its own."""
    clerk = tree.caller("city.clerk")
    receipt = clerk.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", route=6, title="路灯", content="路灯不亮。",
        petitioners=[PLANTED],
    )  # fmt: skip
    case = case_at(clerk, receipt["id"], "screened")
    days = (datetime.fromisoformat(case["due_at"]) - now_at(tree, "city")).days + 1

    def warned() -> bool:
        events = clerk.get(f"/api/analytics/v1/petitions/{case['id']}/events")
        return any(event["type"] == "routing.clock.warned.v1" for event in events)

    assert case["level"] == "green"
    assert not warned()
    words = ["clock", "advance", "--days", str(days), "--all"]
    moved = subprocess.run(
        [Path(sys.executable).with_name("xinqiao"), *words],
        env=tree.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "33.02.25.100" in moved.stdout
    began = time.monotonic()
    until(warned)
    assert time.monotonic() - began < 4  # a worker that nobody wakes sleeps for five
    assert clerk.get(f"/api/routing/v1/cases/{case['id']}")["level"] == "red"
    ready = httpx.get(tree.url("city") + "/readyz").json()
    assert ready["simulated_time"]["moved_seconds"] >= days * 86_400
    later = clerk.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", route=6, title="井盖", content="井盖缺失。",
        petitioners=[PLANTED],
    )  # fmt: skip
    assert f"{now_at(tree, 'city').astimezone(CHINA):%Y%m%d}" in later["number"]


def now_at(tree: Tree, node: str) -> datetime:
    return MovableClock(tree.node(node).directory / "clock").now()


def test_an_account_sees_its_subtree_and_no_other(tree: Tree) -> None:
    case, _, city = transferred(tree)
    assert case_at(city, case, "offered")
    township = tree.caller("township.clerk")
    for path in (f"/api/intake/v1/petitions/{case}", f"/api/routing/v1/cases/{case}"):
        assert township.status("GET", path) == 404
    assert tree.caller("province.supervisor").get(f"/api/routing/v1/cases/{case}")["id"] == case


def reads(case: str, number: str) -> Iterator[tuple[str, dict[str, str], bool]]:
    """Every route to read by, of every service: (path, query, whether it names the petition)."""
    petition = {"petition_id": case, "case_id": case, "number": number, "region": "33.02.25.100"}
    for file in sorted((Path(__file__).parents[2] / "docs" / "openapi").glob("*.json")):
        for path, operations in json.loads(file.read_text(encoding="utf-8"))["paths"].items():
            if "get" in operations and not path.startswith(f"/api/{file.stem}/v1/public/") and path.startswith("/api/"):
                parameters = operations["get"].get("parameters", [])
                counts = {each["name"]: "1" for each in parameters if each["schema"].get("type") == "integer"}
                known = {**petition, **counts}
                asked = [each["name"] for each in parameters if each["in"] == "query" and (
                    each["required"] or each["name"] in petition)]  # fmt: skip
                yield (
                    filled(path, known),
                    {name: known[name] for name in asked if name in known},
                    case in filled(path, known),
                )


def filled(path: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], str(uuid.uuid4())), path)


def test_a_township_reads_nothing_of_another_one_by_any_route(tree: Tree) -> None:
    """At the county's node, which serves the other township and knows the petition in every service."""
    receipt = tree.caller("township.clerk").post(
        "/api/intake/v1/petitions", channel="letter", kind="suggestion", title="增设座椅", content="候车处没有座椅。",
        petitioners=[PLANTED],
    )  # fmt: skip
    case, number = receipt["id"], receipt["number"]
    county = tree.caller("county.supervisor")
    for path in ("/api/routing/v1/cases/", "/api/intake/v1/petitions/"):
        assert until(partial(county.get, path + case))["id"] == case
    assert until(partial(county.get, f"/api/analytics/v1/petitions/{case}/events"))
    url, password = tree.url("county"), tree.passwords["liutang.clerk"]
    other = TestCaller.sign_in(tree.client, url, "liutang.clerk", password)
    named = 0
    for path, query, names_it in reads(case, number):
        answer = tree.client.get(url + path, params=query, headers={"Authorization": f"Bearer {other.token}"})
        assert case not in answer.text.replace(path, ""), path
        assert number not in answer.text, path
        if names_it:
            named += 1
            assert answer.status_code in {403, 404}, path
    assert named >= 10
    reading = {"purpose": "核对信访人身份"}
    assert other.status("POST", f"/api/intake/v1/petitions/{case}/identity-readings", json=reading) == 404
    assert county.status("GET", f"/api/routing/v1/cases/{case}") == 200  # so that the check can fail


def test_a_case_handed_to_another_node_is_acted_on_there_and_goes_back_when_the_sender_agrees(tree: Tree) -> None:
    case, province, city = transferred(tree)
    offered = case_at(city, case, "offered", OFFICE["city"])
    assert province.status("POST", f"/api/routing/v1/cases/{case}/accept", json={"version": offered["version"]}) == 409
    received = act(city, offered, "receive")
    act(city, received, "object", reason="not-ours", note="应由省住建厅办理")
    objected = case_at(province, case, "objected", OFFICE["city"])

    def noted() -> dict[str, Any] | None:
        timeline = province.get(f"/api/routing/v1/cases/{case}")["timeline"]
        return next((entry for entry in timeline if entry["action"] == "object" and entry["note"]), None)

    assert until(noted)["note"] == "应由省住建厅办理"
    back = act(province, objected, "agree-objection")
    assert (back["state"], back["holder_unit"]) == ("screened", "330000-xf")
    assert case_at(city, case, "screened", "330000-xf")["version"] == back["version"]


def test_an_appeal_is_classified_before_it_is_handed_over(tree: Tree) -> None:
    province = tree.caller("province.clerk")
    receipt = province.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", title="道路积水", content="道路积水无人管。"
    )
    case = case_at(province, receipt["id"], "registered")
    body = {"version": case["version"], "to_unit": OFFICE["city"]}
    assert province.status("POST", f"/api/routing/v1/cases/{case['id']}/transfer", json=body) == 409
    screened = act(province, case, "screen", route=6)
    assert act(province, screened, "transfer", to_unit=OFFICE["city"])["state"] == "offered"


def test_a_hand_over_is_recalled_by_request_while_it_is_not_received(tree: Tree) -> None:
    case, province, _ = transferred(tree)
    offered = case_at(province, case, "offered")
    act(province, offered, "recall")
    assert case_at(province, case, "screened", "330000-xf")["version"] == offered["version"] + 1


async def events_in_stream(tree: Tree, node: str) -> list[bytes]:
    """Everything the node's event stream holds."""
    connection = await aio_pika.connect(tree.amqp(node))
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=500)
        queue = await channel.get_queue("events.stream")
        bodies: list[bytes] = []
        seen = time.monotonic()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            nonlocal seen
            bodies.append(message.body)
            seen = time.monotonic()
            await message.ack()

        await queue.consume(take, arguments={"x-stream-offset": "first"})

        async def quiet() -> bool:
            return bool(bodies) and time.monotonic() - seen > 1

        await eventually(quiet, within=30)
    return bodies


def files_of(tree: Tree) -> Iterator[Path]:
    """Logs, traces and broker data of all nodes: everything that is written outside the databases and the console. The
    message centre beside a node is not ours: like any carrier it knows whom it brings a text.
    """
    for file in tree.directory.rglob("*"):
        if file.is_file() and file.name != "notify-console.log" and not {"postgres", "keys", "smsc"} & set(file.parts):
            yield file


async def test_personal_data_is_in_no_event_no_log_no_trace_and_no_queue(tree: Tree) -> None:
    case, _, city = transferred(tree)
    offered = case_at(city, case, "offered")
    act(city, offered, "receive")
    until(lambda: city.get(f"/api/intake/v1/petitions/{case}")["content"])
    city.post(f"/api/intake/v1/petitions/{case}/identity-readings", purpose="核实来信内容")
    bodies = [body for node in ("province", "city") for body in await events_in_stream(tree, node)]
    assert any(case.encode() in body for body in bodies)
    for secret in PLANTED.values():
        assert not any(secret.encode() in body or json.dumps(secret).encode() in body for body in bodies)
    leaks = [
        str(file)
        for file in files_of(tree)
        if any(secret.encode() in (text := file.read_bytes()) or json.dumps(secret)[1:-1].encode() in text
               for secret in PLANTED.values())
    ]  # fmt: skip
    assert leaks == []


def spans_of(tree: Tree, node: str) -> list[dict[str, Any]]:
    file = tree.node(node).directory / "traces.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_one_trace_leads_from_a_request_to_the_services_of_the_next_node(tree: Tree) -> None:
    case, province, city = transferred(tree)
    offered = case_at(city, case, "offered")
    trace_id = uuid.uuid4().hex
    act(city.traced(f"00-{trace_id}-00f067aa0ba902b7-01"), offered, "receive")
    case_at(province, case, "received")

    def seen() -> bool:
        return all(wanted <= names(node) for node, wanted in expected.items())

    def names(node: str) -> set[str]:
        return {span["name"] for span in spans_of(tree, node) if span["context"]["trace_id"] == f"0x{trace_id}"}

    expected = {
        "city": {
            "POST /api/routing/v1/cases/{case_id}/receive",
            "intake.on-case process",
            "analytics.on-event process",
        },
        "province": {"routing.on-case process", "intake.on-case process", "analytics.on-event process"},
    }
    assert until(seen)


def test_metrics_tell_requests_outbox_queues_duplicates_and_links(tree: Tree) -> None:
    text = httpx.get(tree.url("province") + "/metrics").text
    for name in (
        "xinqiao_http_request_seconds_count", "xinqiao_outbox_lag_seconds", "xinqiao_queue_depth",
        "xinqiao_inbox_duplicates_total", "xinqiao_link_lag_seconds",
    ):  # fmt: skip
        assert name in text
    health = httpx.get(tree.url("province") + "/readyz").json()
    assert health["status"] == "ok"
    assert {"broker", "database.intake", "database.portal"} <= set(health["checks"])


def test_a_petition_registered_at_the_township_is_counted_once_at_every_tier(tree: Tree) -> None:
    township = tree.caller("township.clerk")
    receipt = township.post(
        "/api/intake/v1/petitions", channel="visit", kind="suggestion", title="建议", content="建议增设公交站。"
    )
    for node in ("township", "county", "city", "province"):
        path = f"/api/analytics/v1/petitions/{receipt['id']}/events"
        events = until(partial(tree.caller(f"{node}.supervisor").get, path))
        registered = [event for event in events if event["type"] == "intake.petition.registered.v1"]
        assert len(registered) == 1
