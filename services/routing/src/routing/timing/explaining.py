"""Why a clock ends when it does: as data, and as one sentence in Chinese and in English. Standard library only."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from routing.procedures.domain import ClockRule, Unit
from routing.timing.clocks import Clock
from routing.timing.counting import CHINA, DAY, Calendar, Count, CountingPolicy, china_day, count, whole_days

UNITS: dict[Unit, tuple[str, str]] = {
    "day": ("日", "days"),
    "working-day": ("个工作日", "working days"),
    "hour": ("日", "days"),  # of 24 hours; extensions and hand-set dates only
}
_ARTICLE = re.compile(r"^Art (\d+)")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day that did not count. reason: in Chinese (国庆节, 周六)."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the due date of a clock came about.

    kind: counted by the rule, in hours, set by hand, or open (no date). first_day, last_day: in China, of a limit in
    days; skipped: between them; rolled: the end was moved over them; made_up: weekend days that count, because people
    work on them. paused: days, of hours seconds. provisional: a year is concerned whose list of holidays is not known.
    current: False while the clock still stands by an older calendar.
    """

    clock: str
    kind: Literal["counted", "hours", "set", "open"]
    rule_zh: str
    rule_en: str
    article: str
    length: int | None
    unit: Unit
    started_at: datetime
    due_at: datetime | None
    first_day: date | None
    last_day: date | None
    first_day_excluded: bool
    skipped: tuple[Skipped, ...]
    rolled: tuple[Skipped, ...]
    made_up: tuple[date, ...]
    extended: int
    paused: int
    paused_now: bool
    provisional: bool
    current: bool
    calendar: str
    sentence_zh: str = ""
    sentence_en: str = ""


def explain(clock: Clock, rule: ClockRule, calendar: Calendar, policy: CountingPolicy) -> Explanation:
    """Count the clock again and tell each step of it."""
    counted = _counted(clock, rule, calendar, policy)
    told = Explanation(
        clock=clock.name,
        kind=_kind(clock, rule),
        rule_zh=rule.zh,
        rule_en=rule.en,
        article=rule.article,
        length=rule.length,
        unit=rule.unit,
        started_at=clock.started_at,
        due_at=clock.due_at,
        first_day=counted.first if counted else None,
        last_day=counted.last if counted else None,
        first_day_excluded=counted is not None and counted.first != china_day(clock.started_at),
        skipped=_reasons(counted.skipped, calendar) if counted else (),
        rolled=_reasons(counted.rolled, calendar) if counted else (),
        made_up=_made_up(counted, rule, calendar) if counted else (),
        extended=clock.extended,
        paused=clock.paused_seconds if rule.unit == "hour" else whole_days(clock.paused_seconds),
        paused_now=clock.paused_at is not None,
        provisional=counted is not None and any(calendar.provisional(day) for day in (counted.first, counted.last)),
        current=counted is None or counted.due == clock.due_at,
        calendar=calendar.version,
    )
    return _with_sentences(told)


def _kind(clock: Clock, rule: ClockRule) -> Literal["counted", "hours", "set", "open"]:
    if clock.due_at is None:
        return "open"
    if clock.set_due or rule.length is None:
        return "set"
    return "hours" if rule.unit == "hour" else "counted"


def _counted(clock: Clock, rule: ClockRule, calendar: Calendar, policy: CountingPolicy) -> Count | None:
    if _kind(clock, rule) != "counted" or rule.length is None:
        return None
    added = clock.extended + whole_days(clock.paused_seconds)
    return count(rule.length, rule.unit, clock.started_at, calendar, policy, added=added)


def _reasons(days: Iterable[date], calendar: Calendar) -> tuple[Skipped, ...]:
    return tuple(Skipped(day, calendar.holiday(day) or "") for day in days)


def _made_up(counted: Count, rule: ClockRule, calendar: Calendar) -> tuple[date, ...]:
    """Weekend days among those that were counted as working days (调休)."""
    if rule.unit != "working-day":
        return ()
    days = (counted.first + n * DAY for n in range((counted.last - counted.first).days + 1))
    return tuple(day for day in days if day.weekday() > 4 and calendar.working(day))


def _with_sentences(told: Explanation) -> Explanation:
    steps = [*_STEPS[told.kind](told)]
    if told.paused_now:
        steps.append(("现暂停计算", "paused now"))
    if not told.current:
        steps.append(("日历已变更,待重新计算", "the calendar has changed, to be counted anew"))
    zh, en = ",".join(zh for zh, _ in steps), ", ".join(en for _, en in steps)
    return replace(
        told,
        sentence_zh=f"{told.rule_zh}({_ARTICLE.sub(_article_zh, told.article)}):{zh}。",
        sentence_en=f"{told.rule_en} ({told.article}): {en}.",
    )


Step = tuple[str, str]  # 中文, English


def _counted_steps(told: Explanation) -> Iterator[Step]:
    zh, en = UNITS[told.unit]
    began, first, last = china_day(told.started_at), told.first_day or date.min, told.last_day or date.min
    yield f"自{_zh(began)}起算", f"begins {began}"
    if told.first_day_excluded:
        yield "当日不计入", "that day not counted"
    yield f"首日为{_zh(first)}", f"first day {first}"
    yield f"期限{told.length}{zh}", f"{told.length} {en}"
    yield from _changes(told)
    if told.skipped:
        yield f"{_runs(told.skipped, _zh, '至')}不计", f"not counted: {_runs(told.skipped, str, ' to ')}"
    if told.made_up:
        days = "、".join(_zh(day) for day in told.made_up)
        yield f"{days}调休上班,计入", f"worked and counted: {', '.join(map(str, told.made_up))}"
    if told.rolled:
        yield (
            f"最后一日遇{_runs(told.rolled, _zh, '至')},顺延至其后首个工作日",
            f"moved over {_runs(told.rolled, str, ' to ')}",
        )
    if told.provisional:
        yield "所涉年份的放假安排尚未公布,暂按周末推算", "provisional: holidays of that year are not published yet"
    yield f"至{_zh(last)}24时届满", f"ends {last} at 24:00"


def _hour_steps(told: Explanation) -> Iterator[Step]:
    yield f"自{_moment(told.started_at, _zh)}起算", f"begins {_moment(told.started_at, str)}"
    yield f"期限{told.length}小时", f"{told.length} hours"
    if told.extended:
        yield f"延长{told.extended * 24}小时", f"extended by {told.extended * 24} hours"
    if told.paused:
        hours, minutes = divmod(told.paused // 60, 60)
        yield f"另扣除暂停{hours}小时{minutes}分", f"paused for {hours} h {minutes} min"
    yield from _end(told)


def _set_steps(told: Explanation) -> Iterator[Step]:
    yield f"自{_moment(told.started_at, _zh)}起算", f"begins {_moment(told.started_at, str)}"
    yield "期限由交办单位指定", "date set by the assigning unit"
    yield from _changes(told)
    yield from _end(told)


def _open_steps(told: Explanation) -> Iterator[Step]:
    yield f"自{_moment(told.started_at, _zh)}起算", f"begins {_moment(told.started_at, str)}"
    yield "尚未规定期限", "no date is set"


_STEPS = {"counted": _counted_steps, "hours": _hour_steps, "set": _set_steps, "open": _open_steps}


def _changes(told: Explanation) -> Iterator[Step]:
    zh, en = UNITS[told.unit]
    if told.extended:
        yield f"延长{told.extended}{zh}", f"extended by {told.extended} {en}"
    if told.paused:
        yield f"另有{told.paused}{zh}暂停不计", f"{told.paused} paused {en} not counted"


def _end(told: Explanation) -> Iterator[Step]:
    due_at = told.due_at or told.started_at
    yield f"至{_moment(due_at, _zh)}届满", f"ends {_moment(due_at, str)}"


def _article_zh(found: re.Match[str]) -> str:
    return f"《信访工作条例》第{found[1]}条"


def _zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(at: datetime, shown: Callable[[date], str]) -> str:
    """Minute in China."""
    return f"{shown(china_day(at))} {at.astimezone(CHINA):%H:%M}"


def _runs(days: Sequence[Skipped], shown: Callable[[date], str], until: str) -> str:
    """Days without a gap together, with their reasons."""
    runs: list[list[Skipped]] = []
    for each in days:
        if runs and runs[-1][-1].day + DAY == each.day:
            runs[-1].append(each)
        else:
            runs.append([each])
    return "、".join(_run(run, shown, until) for run in runs)


def _run(run: Sequence[Skipped], shown: Callable[[date], str], until: str) -> str:
    reasons = "、".join(dict.fromkeys(each.reason for each in run))
    days = shown(run[0].day) if len(run) == 1 else f"{shown(run[0].day)}{until}{shown(run[-1].day)}"
    return f"{days}({reasons})"
