"""The third act of `make demo`: nobody acts, time passes on all nodes, and the limit makes itself heard."""

from datetime import datetime, timedelta
from typing import Any

from node.calling import Caller, until
from node.demo import OFFICE, Story, act, case_at, console, notice
from routing.timing.counting import CHINA

MORNING = timedelta(hours=9, minutes=30)  # limits end at midnight, people look in the morning
BEFORE = timedelta(days=4)  # left when the yellow level is looked for; it comes with five
WARNED = "routing.clock.warned.v1"


def tell(story: Story) -> None:
    """In order. Raises Unanswered at the step that fails."""
    console.print("[bold]三 六十天里无人办理  sixty days in which nobody acts[/bold]")
    case = accepted_and_left(story)
    due = datetime.fromisoformat(handling(case_of(story, case))["due_at"]).astimezone(CHINA)
    passed(story, case, due - BEFORE + MORNING, "yellow", "黄色预警")
    passed(story, case, due + MORNING, "red", "红色预警(逾期)")
    supervised(story, case)


def accepted_and_left(story: Story) -> str:
    """A letter to the county, transferred to the township, which accepts it and does nothing more."""
    county, handler = story.caller("county.clerk"), story.caller("township.handler")
    receipt = story.step("县里登记一封来信", "a letter to the county", lambda: county.post(
        "/api/intake/v1/petitions", channel="letter", kind="appeal", route=6, title="灌溉渠渗漏",
        content="下桥村灌溉渠渗漏,两季无水,请维修。",
        petitioners=[{"name": "麦小田", "phone": "13800000177", "address": "象溪县石桥镇下桥村"}],
    ))  # fmt: skip
    case: str = receipt["id"]
    held = case_at(county, case, "screened")
    story.step("转送乡镇", "transferred", lambda: act(county, held, "transfer", to_unit=OFFICE["township"]))
    received = act(handler, case_at(handler, case, "offered"), "receive")
    done = story.step("乡镇受理,此后无人办理", "accepted; then nobody acts", lambda: act(
        handler, received, "accept", fields=notice(story)))  # fmt: skip
    console.print(f"              {handling(done)['why_zh']}")
    return case


def case_of(story: Story, case: str) -> dict[str, Any]:
    """As its holder sees it."""
    found: dict[str, Any] = story.caller("township.handler").get(f"/api/routing/v1/cases/{case}")
    return found


def handling(case: dict[str, Any]) -> dict[str, Any]:
    """Its 60 days (Art 34)."""
    found: dict[str, Any] = next(clock for clock in case["clocks"] if clock["name"] == "handling")
    return found


def passed(story: Story, case: str, moment: datetime, level: str, zh: str) -> None:
    """Time passes at all nodes; the level is reached and told as an event up to the province."""
    supervisor, before = story.caller("province.supervisor"), len(warnings(story.caller("province.supervisor"), case))
    story.step(f"时间推进到 {moment:%m-%d}", "time passes at all nodes", lambda: story.advance(moment))

    def heard() -> bool:
        return len(warnings(supervisor, case)) > before and handling(case_of(story, case))["level"] == level

    story.step(f"{zh}到达省级", f"the {level} level is told at the province", lambda: until(heard, within=60))


def warnings(caller: Caller, case: str) -> list[Any]:
    events = caller.get(f"/api/analytics/v1/petitions/{case}/events")
    return [event for event in events if event["type"] == WARNED]


def supervised(story: Story, case: str) -> None:
    """Art 40: supervision is proposed to the superior, a person decides, the holder answers."""
    leader, township = story.caller("county.leader"), story.caller("township.handler")

    def proposed() -> dict[str, Any] | None:
        found = leader.get("/api/routing/v1/proposals", trigger="overdue", limit="100")["items"]
        return next((each for each in found if each["case_id"] == case), None)

    proposal = story.step("县信访局收到督办建议", "supervision is proposed to the county", lambda: until(proposed))
    answer_by = (story.now + timedelta(days=10)).isoformat()
    decision = f"/api/routing/v1/proposals/{proposal['id']}/supervise"
    sent = story.step("县领导决定督办", "a leader decides to supervise", lambda: leader.post(
        decision, text="已逾期,请十日内办结并报告。", due_at=answer_by))  # fmt: skip
    request = f"/api/routing/v1/requests/{sent['id']}"
    arrived = story.step("督办函到达乡镇", "it arrives at the township", lambda: until(lambda: township.get(request)))
    received = township.post(f"{request}/receive", version=arrived["version"])
    story.step("乡镇答复督办", "the township answers", lambda: township.post(
        f"{request}/answer", version=received["version"], text="渠道已修复通水,处理意见书三日内送达。"))  # fmt: skip
    answered = story.step("答复到达县里", "the answer is at the county", lambda: until(
        lambda: (seen := leader.get(request))["status"] == "answered" and seen))  # fmt: skip
    story.step("县领导认可,督办办结", "taken; the supervision is closed", lambda: leader.post(
        f"{request}/close", version=answered["version"]))  # fmt: skip
