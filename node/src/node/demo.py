"""`make demo`: the main story on the running four nodes, by real HTTP calls, each step with how long it took and when
it was there.
"""

import csv
import os
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from kit.clock import MovableClock, move
from node.calling import Caller, Unanswered, public_url, until
from node.locating import load_settings
from routing.timing.counting import CHINA

SEED = Path(__file__).parents[3] / "deploy" / "local" / "seed"
OFFICE = {"city": "330200-xf", "county": "330225-xf", "township": "330225100-xf"}
WATER = "330225-slj"  # 县水利局, at the county's node
TOWNSHIP_CODE = "330225100000"
console = Console()


@dataclass
class Story:
    """The nodes by name, the accounts that act, and the files that move the nodes' time."""

    client: httpx.Client
    urls: dict[str, str]
    passwords: dict[str, str]
    clocks: list[Path]

    @property
    def now(self) -> datetime:
        """What time it is there, as the clock on the wall in China shows it."""
        return max(MovableClock(file).now() for file in self.clocks).astimezone(CHINA)

    def advance(self, until: datetime) -> None:
        """Move the time of all nodes forward to a moment; at once where it is over."""
        step = until - self.now
        for file in self.clocks if step > timedelta(0) else ():
            move(file, step)

    def caller(self, account: str) -> Caller:
        node, _, _ = account.partition(".")
        return Caller.sign_in(self.client, self.urls[node], account, self.passwords[account])

    def public(self, node: str) -> Caller:
        return Caller(self.client, self.urls[node])

    def step(self, zh: str, en: str, do: Callable[[], Any]) -> Any:
        """Do one step and print how long it took."""
        started = time.perf_counter()
        outcome = do()
        spent = (time.perf_counter() - started) * 1000
        console.print(
            f"  [green]✓[/green] {spent:6.0f} ms  [cyan]{self.now:%Y-%m-%d %H:%M}[/cyan]  {zh}  [dim]{en}[/dim]"
        )
        return outcome


def case_at(caller: Caller, case: str, state: str, unit: str | None = None) -> dict[str, Any]:
    """The case once it has reached a state (and a holder) at this node."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = caller.get(f"/api/routing/v1/cases/{case}")
        return found if found["state"] == state and unit in {None, found["holder_unit"]} else None

    reached: dict[str, Any] = until(look)
    return reached


def act(caller: Caller, case: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
    done: dict[str, Any] = caller.post(f"/api/routing/v1/cases/{case['id']}/{action}", version=case["version"], **body)
    return done


def letter_at_the_township(story: Story) -> str:
    """Returns its id."""
    clerk = story.caller("township.clerk")
    receipt = story.step("乡镇窗口登记一封来信", "a township clerk registers a letter", lambda: clerk.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", route=6, title="村口路灯不亮",
        content="村口三盏路灯坏了两个月,晚上老人出门看不清路,盼修。",
        petitioners=[{"name": "石小满", "phone": "13800000199", "address": "象溪县石桥镇下桥村"}],
    ))  # fmt: skip
    letter: str = receipt["id"]
    return letter


def petition_to_the_province(story: Story) -> dict[str, Any]:
    citizen = story.public("province")
    receipt: dict[str, Any] = story.step("群众在省级网上信访", "a citizen petitions the province on the web", lambda: (
        citizen.post(
            "/api/intake/v1/public/petitions", kind="appeal", title="门前排水沟堵塞无人清理",
            content="石桥镇东街排水沟堵塞三个月,雨天倒灌进屋,请尽快清理。", about_region=TOWNSHIP_CODE,
            petitioner={"name": "田小溪", "phone": "13800000188", "address": "象溪县石桥镇东街"},
        )
    ))  # fmt: skip
    console.print(f"              编号 {receipt['number']}  查询码 {receipt['query_code']}")
    return receipt


def classified(story: Story, case: str) -> None:
    """Art 31: which way the appeal goes is decided before it is handed to anybody."""
    clerk = story.caller("province.clerk")
    held = case_at(clerk, case, "registered")
    story.step("甄别分类:第三十一条第六项", "classified: Art 31(6)", lambda: act(clerk, held, "screen", route=6))


def down_the_tiers(story: Story, case: str) -> None:
    """Each tier hands the case to the next one, which signs for it."""
    hand_down(story, case, "province", "city")
    hand_down(story, case, "city", "county")
    not_ours(story, case)
    hand_down(story, case, "county", "township")


def hand_down(story: Story, case: str, above: str, below: str) -> None:
    sender, receiver, unit = story.caller(f"{above}.clerk"), story.caller(f"{below}.clerk"), OFFICE[below]
    held = case_at(sender, case, "screened" if above == "province" else "received")
    story.step(
        f"{above} → {below} 转送",
        "transferred",
        lambda: act(sender, held, "transfer", to_unit=unit, note="请依法核实办理"),
    )
    offered = story.step("办件到达", "the case arrives", lambda: case_at(receiver, case, "offered", unit))
    story.step(f"{below} 签收", "received", lambda: act(receiver, offered, "receive"))
    file = f"/api/intake/v1/petitions/{case}"
    story.step("信访件到达", "the petition file is here", lambda: until(lambda: receiver.get(file)["content"]))


def not_ours(story: Story, case: str) -> None:
    """退回异议 (Art 23): the unit gives its reasons, the sender agrees and holds the case again."""
    clerk, water = story.caller("county.clerk"), story.caller("county.water")
    held = case_at(clerk, case, "received", OFFICE["county"])
    offered = story.step("县信访局转送县水利局", "transferred to the water bureau", lambda: act(
        clerk, held, "transfer", to_unit=WATER))  # fmt: skip
    received = act(water, offered, "receive")
    objected = story.step("水利局提出异议", "the bureau objects: not ours", lambda: act(
        water, received, "object", reason="not-ours", note="镇区排水沟由乡镇管护,不属水利设施"))  # fmt: skip
    story.step("信访局同意,办件退回", "the office agrees and holds it again", lambda: act(
        clerk, objected, "agree-objection"))  # fmt: skip


def handled_at_the_township(story: Story, case: str) -> None:
    handler, leader = story.caller("township.handler"), story.caller("township.leader")
    held = case_at(handler, case, "received")
    held = story.step("乡镇受理并书面告知", "accepted", lambda: act(handler, held, "accept", fields=notice(story)))
    console.print(f"              {why_that_date(held, 'handling')}")
    page = (SEED / "scanned-page.png").read_bytes()
    headers = {"Content-Type": "image/png", "Content-Disposition": "attachment; filename=page-1.png"}
    upload = f"/api/documents/v1/petitions/{case}/files/{uuid.uuid4()}"
    story.step("上传扫描页", "a scanned page is uploaded", lambda: until(lambda: handler.put(upload, page, headers)))
    paper = story.step("写处理意见书", "the opinion is written", lambda: opinion_of(handler, case))
    held = story.step("送审", "sent for approval", lambda: until(lambda: act(
        handler, held, "submit", outcome="support", papers=[paper["paper_id"]])))  # fmt: skip
    held = story.step("领导审批", "approved by the leader", lambda: act(leader, held, "approve"))
    held = story.step("送达", "served", lambda: act(handler, held, "serve", fields={"method": "in-person"}))
    story.step("办结", "closed", lambda: act(handler, held, "close"))


def notice(story: Story) -> dict[str, str]:
    """How and when the petitioner was told in writing (Art 23)."""
    return {"notice_method": "in-person", "notice_at": story.now.isoformat()}


def why_that_date(case: dict[str, Any], clock: str) -> str:
    """Why a time limit of the case ends when it does, in one sentence."""
    sentence: str = next(each["why_zh"] for each in case["clocks"] if each["name"] == clock)
    return sentence


def opinion_of(handler: Caller, case: str) -> dict[str, Any]:
    """A handling opinion (处理意见书), filed for the case."""
    paper: dict[str, Any] = handler.post(
        f"/api/documents/v1/petitions/{case}/papers", kind="opinion", outcome="support",
        request="清理东街排水沟", facts="经现场核实,排水沟淤堵约八十米,情况属实。",
        opinion="支持。镇村建办十日内完成清淤,并列入日常巡查。", legal_basis="《信访工作条例》第三十二条",
    )  # fmt: skip
    return paper


def told_and_looked_up(story: Story, receipt: dict[str, Any]) -> None:
    clerk, citizen = story.caller("province.clerk"), story.public("province")

    def told() -> list[str] | None:
        page = clerk.get("/api/notify/v1/messages", petition_id=receipt["id"])
        sent = [message["template"] for message in page["items"] if message["status"] == "sent"]
        return sent if {"registered", "accepted", "opinion-served", "closed"} <= set(sent) else None

    sent = story.step("信访人收到短信告知", "the petitioner is told (console gateway)", lambda: until(told))
    console.print(f"              {', '.join(sorted(sent))}")
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/status"

    def look() -> dict[str, Any] | None:
        status: dict[str, Any] = citizen.get(path, headers={"Query-Code": receipt["query_code"]})
        return status if status["state"] == "closed" else None

    status = story.step("凭编号和查询码查询", "looked up with number and query code", lambda: until(look))
    console.print(f"              {' → '.join(step['action'] for step in status['progress'])}")


def counted_at_the_province(story: Story, case: str) -> None:
    supervisor = story.caller("province.supervisor")

    def steps() -> list[str] | None:
        events = supervisor.get(f"/api/analytics/v1/petitions/{case}/events")
        seen = [event["type"] for event in events]
        return seen if "routing.case.closed.v1" in seen else None

    seen = story.step("省级统计看到每一步", "the province's statistics show every step", lambda: until(steps))
    console.print(f"              {len(seen)} 个事件 events")
    totals = supervisor.get("/api/analytics/v1/statistics")["totals"]
    console.print(f"              全省 province: {totals}")


def load(run: Path, client: httpx.Client) -> Story:
    """Raises FileNotFoundError when the nodes were never started, Unanswered when their time cannot be moved."""
    with (SEED / "accounts.csv").open(encoding="utf-8", newline="") as file:
        passwords = {row["username"]: row["password"] for row in csv.DictReader(file)}
    folders = sorted((run / "nodes").iterdir())
    clocks = [load_settings(folder / "node.toml", None).clock_file for folder in folders]
    if None in clocks:
        raise Unanswered("a node has no clock_file in its node.toml: run `make up` again")
    nodes = {folder.name: public_url(folder / "node.toml") for folder in folders}
    return Story(client, nodes, passwords, [file for file in clocks if file])


def tell(story: Story) -> tuple[str, str]:
    """The first act, in order; returns the letter and the case it told of. Raises Unanswered at the step that fails."""
    console.print("[bold]一 一件信访事项走过四级  one petition travels four tiers and back[/bold]")
    letter = letter_at_the_township(story)
    receipt = petition_to_the_province(story)
    classified(story, receipt["id"])
    down_the_tiers(story, receipt["id"])
    handled_at_the_township(story, receipt["id"])
    told_and_looked_up(story, receipt)
    counted_at_the_province(story, receipt["id"])
    return letter, receipt["id"]


def main() -> int:
    """Tell the story; 0 when every step worked."""
    from node import demo_overdue, demo_papers, demo_texts

    run = Path(os.environ.get("XQ_RUN_DIR", ".run"))
    started = time.perf_counter()
    try:
        with httpx.Client(timeout=30) as client:
            story = load(run, client)
            demo_papers.tell(story, *tell(story))
            demo_overdue.tell(story)
            demo_texts.tell(story, run)
    except FileNotFoundError:
        console.print(f"[red]没有运行中的节点[/red]  no nodes below {run}: run `make up` first")
        return 1
    except Unanswered as error:
        console.print(f"  [red]✗[/red] {error}")
        return 1
    console.print(f"[bold]完成 done[/bold] in {time.perf_counter() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
