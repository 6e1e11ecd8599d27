"""Tables on the terminal, in Chinese and English."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from node.outboxes import ParkedRow, State
from node.parking import Parked
from node.status import Status

if TYPE_CHECKING:
    from notify.desk.models import Conversation

CHINA = timezone(timedelta(hours=8))
console = Console()


def table(title: str, *columns: str, rows: Sequence[Sequence[object]]) -> Table:
    made = Table(*columns, title=title, title_justify="left")
    for row in rows:
        made.add_row(*(str(value) for value in row))
    return made


def print_status(node: str, status: Status) -> None:
    """Everything `xinqiao status` tells."""
    if status.simulated:
        console.print(f"[bold yellow]time was moved here 时间已调快[/bold yellow]: {status.simulated}")
    console.print(table(f"{node}: health 健康", "part", "state", rows=sorted(status.checks.items())))
    if status.links:
        console.print(table("links 链路", "shovel", "state", rows=sorted(status.links.items())))
    rows = [(service, *_outbox(state)) for service, state in status.outboxes.items()]
    console.print(table("outboxes 待发", "service", "waiting 待发", "lag s 延迟", "parked 搁置", rows=rows))
    print_counts("queues with messages 有消息的队列", status.waiting)
    print_counts("parked 搁置", status.parked)


def _outbox(state: State | str) -> tuple[object, ...]:
    return (state, "", "") if isinstance(state, str) else (state.waiting, round(state.lag, 1), state.parked)


def print_counts(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        console.print(table(title, "queue 队列", "messages 消息数", rows=sorted(counts.items())))
    else:
        console.print(f"{title}: none 无")


def print_parked(name: str, messages: Sequence[Parked]) -> None:
    rows = [
        (each.message_id, each.kind, each.reason, each.attempt, each.came_by, _age(each.age_seconds))
        for each in messages
    ]
    columns = ("id", "type 类型", "reason 原因", "tries 次数", "came by 来路", "age 时长")
    console.print(table(name, *columns, rows=rows))


def print_rows(service: str, parked: Sequence[ParkedRow]) -> None:
    rows = [
        (each.id, each.exchange, each.routing_key, each.reason, f"{each.created_at:%Y-%m-%d %H:%M}") for each in parked
    ]
    console.print(table(f"{service} outbox", "id", "exchange", "key", "reason 原因", "written 写入", rows=rows))


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


LANES = ("answers 回复", "notices 通知", "mass notices 群发")


def print_text(row: Mapping[str, Any]) -> None:
    """One line of `xinqiao sms tail`; no more than codes and a masked number."""
    arrow = "<-" if row["way"] == "in" else "->"
    what, gateway = row["what"] or "", row["gateway"] or ""
    moment = f"{row['at'].astimezone(CHINA):%H:%M:%S}"
    console.print(
        f"{moment} {arrow} {row['phone']} {row['state']} {what} {gateway} {row['id']} ({row['conversation']})",
        soft_wrap=True, markup=False, highlight=False,
    )  # fmt: skip


def print_conversation(told: "Conversation") -> None:
    """Oldest first, as it was said."""
    by = told.operator or "nobody 无人"
    console.print(f"{told.phone} {told.id}: {told.unit}, {by}{', closed 已结束' if told.closed else ''}", markup=False)
    for each in reversed(told.said):
        arrow = "<-" if each.way == "in" else "->"
        said = each.text if each.text is not None else f"({each.hidden})"
        head = f"{_moment(each.at)} {arrow} {each.state} {each.template or ''}"
        console.print(f"{head}: {said}", soft_wrap=True, markup=False, highlight=False)


def print_text_queues(depths: Mapping[str, Any], doubted: Sequence[Mapping[str, Any]]) -> None:
    """Everything `xinqiao sms queue` tells."""
    rows: list[Sequence[object]] = [
        (f"queued 待发: {LANES[row['lane']]}", row["count"], _since(row["oldest"])) for row in depths["queued"]
    ]
    rows += [(f"{row['state']}", row["count"], _since(row["oldest"])) for row in depths["awaited"]]
    (held,), (waiting,) = depths["held"], depths["waiting"]
    rows += [("held, of paused notices 已暂停", held["count"], "")]
    rows += [("texts for an operator 待人工处理", waiting["count"], _since(waiting["oldest"]))]
    rows += [("of these overdue 其中超时", waiting["overdue"], "")]
    console.print(table("texts 短信", "what 项目", "count 数量", "oldest since 最早", rows=rows))
    for unit, (count, oldest) in depths["unread"].items():
        turn = f"turn to 请转 {unit}" if unit else "see operating.md 见运维手册"
        told = f"nobody here may read 本级无人可阅: {count}, since 自 {_since(oldest)}; {turn}"
        console.print(told, soft_wrap=True, markup=False, highlight=False)
    for row in doubted:  # each on a line of its own: the id is to be copied
        since = _since(row["state_at"])
        told = f"{row['id']} {row['phone']} {row['gateway']} {row['template']} {since} {row['reason'] or ''}"
        console.print(f"in doubt 结果不明: {told}", soft_wrap=True, markup=False, highlight=False)


def _since(at: datetime | None) -> str:
    return "" if at is None else _moment(at)


def _moment(at: datetime) -> str:
    """As clocks go in China, whatever the zone of the machine."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}+08:00"
