"""The figures of a simulation as tables, in Chinese and English."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

import routing.refusals
import routing.timing.refusals  # noqa: F401 - these fill the catalogue
from kit.errors import CATALOGUE
from node.simulating.figures import Figures

EVENTS = {
    "objections": "退回异议 objections", "agreed": "同意退回 agreed to", "disputes": "管辖争议 disputes",
    "arbitrations": "指定管辖 arbitrations", "returned_too_often": "退回次数过多 returned too often",
    "not_done": "自动处理未成 could not be done by itself",
    "unclaimed_assigned": "逾时未认领自动派单 assigned unclaimed", "recalls": "撤回转办 recalls",
    "returned_drafts": "退回修改 returned drafts", "extensions": "延期 extensions", "hearings": "听证 hearings",
    "mediations": "调解 mediations", "suspensions": "中止 suspensions", "merges": "并案 merges",
    "reports": "报结 result reports", "proposals": "督办建议 supervision proposed",
    "reviews": "复查 reviews", "re_reviews": "复核 re-reviews",
    "withdrawals": "撤回信访 withdrawals",
}  # fmt: skip
OUTCOMES = {
    "on-time": "按期 on time", "late": "逾期办结 late", "not-yet-due": "未到期 not yet due",
    "overdue": "逾期未办 overdue",
}  # fmt: skip


def show(console: Console, found: Figures, *, days_per_second: float) -> None:
    """All tables, the speed, and what was broken."""
    for part in (_procedures, _rates, _events, _alarms, _refused):
        part(console, found)
    _speed(console, found, days_per_second)
    _breaches(console, found)


def table(title: str, *columns: str, rows: Sequence[Sequence[object]]) -> Table:
    """Nothing is cut off, however narrow the terminal."""
    wrapped = (Column(each, overflow="fold") for each in columns)
    made = Table(*wrapped, title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        made.add_row(*(str(value) for value in row))
    return made


def _procedures(console: Console, found: Figures) -> None:
    columns = ("办理程序\nprocedure", "收\nopened", "结\ndone", "在办\nopen", "逾期\noverdue",
               "受理\naccepted", "办结\nclosed")  # fmt: skip
    rows = [
        (
            f"{each['zh']}\n{each['procedure']}", each["opened"], each["finished"], each["open"], each["overdue"],
            _days(each["days_to_acceptance"]), _days(each["days_to_close"]),
        )
        for each in found["procedures"]
    ]  # fmt: skip
    console.print(table("办理程序 procedures; 天数:中位数 / 第90百分位 days: median / p90", *columns, rows=rows))


def _days(spread: Mapping[str, Any]) -> str:
    return f"{spread['median']} / {spread['p90']}" if spread["of"] else ""


def _rates(console: Console, found: Figures) -> None:
    rows = [
        (
            f"{each['zh']}\n{each['en']}\n{_share(each)}",
            f"{each['definition_zh']}\n{each['definition_en']}\n"
            + ", ".join(f"{name} {each[key]}" for key, name in OUTCOMES.items()),
        )
        for each in found["rates"]
    ]
    console.print(table("比率 rates", "比率 rate", "口径 definition", rows=rows))


def _share(rate: Mapping[str, Any]) -> str:
    return "" if rate["rate"] is None else f"{rate['rate']:.1%} ({rate['on-time']}/{rate['of']})"


def _events(console: Console, found: Figures) -> None:
    rows = [(name, found["events"][key]) for key, name in EVENTS.items()]
    console.print(table("办理情况 events", "事项 what", "次数 times", rows=rows))


def _alarms(console: Console, found: Figures) -> None:
    rows = [
        (clock, each["zh"], each.get("yellow", ""), each.get("red", ""), each.get("expire", ""))
        for clock, each in found["alarms"].items()
    ]
    console.print(table("预警 alarms", "clock", "期限", "黄 yellow", "红 red", "自动处理 acted", rows=rows))


def _refused(console: Console, found: Figures) -> None:
    rows = [
        (action, slug, CATALOGUE[slug].zh if slug in CATALOGUE else "时机已过", times)
        for action, slugs in found["refused"].items()
        for slug, times in slugs.items()
    ]
    if rows:
        console.print(table("被拒绝的操作 tried and refused", "action", "rule", "规则", "次数 times", rows=rows))


def _speed(console: Console, found: Figures, days_per_second: float) -> None:
    plan = found["plan"]
    console.print(
        f"petitions 信访件 {plan['petitions']}, versions 版本 {found['versions']}, days 天 {plan['days']}, "
        f"seed 种子 {plan['seed']}; simulated days per second 每秒模拟天数: {days_per_second:.1f}"
    )
    if found["calendar"]["provisional"]:
        console.print("部分日期的放假安排尚未公布,按周末推算 holidays are provisional for a part of this time")


def _breaches(console: Console, found: Figures) -> None:
    if not found["breaches"]:
        console.print("规则均成立 every rule held")
        return
    columns = ("rule", "number", "version", "state", "action", "detail")
    rows = [[each[key] for key in columns] for each in found["breaches"]]
    console.print(table("规则不成立 broken rules", *columns, rows=rows))
