"""Why a clock ends when it does: as data, and as one sentence in Chinese and in English. Standard library only."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from routing.procedures.domain import ClockRule, Unit
from routing.timing.clocks import Clock
from routing.timing.counting import CHINA, DAY, Calendar, Count, CountingPolicy, china_day, count, whole_days
from routing.timing.pauses import Pause

UNITS: dict[Unit, tuple[str, str]] = {
    "day": ("日", "days"),
    "working-day": ("个工作日", "working days"),
    "hour": ("日", "days"),  # of 24 hours; extensions and hand-set dates only
}
_ARTICLE = re.compile(r"^Art (\d+)")
# why a limit stands still: the action with which that begins
REASONS: dict[str, tuple[str, str]] = {
    "suspend": ("中止", "suspended"),
    "start-hearing": ("听证", "hearing"),
    "start-mediation": ("调解", "mediation"),
    "merge": ("并案", "merged"),
    "object": ("提出异议", "objected to"),
}


Kind = Literal["counted", "hours", "set", "open", "past"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day that did not count. reason: in Chinese (国庆节, 周六)."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the due date of a clock came about.

    kind: counted by the rule, in hours, set by hand, open (no date), or past: it stopped, and was counted by a calendar
    or in a way that is no longer in force. first_day, last_day: in China, of a limit in days; skipped: between them;
    rolled: the end was moved over them; made_up: weekend days that count, because people work on them. paused: days, of
    hours seconds; pauses: when and why; moved: days over which the end had been moved when a pause began. provisional:
    a year is concerned whose list of holidays is not known. current: False while an open clock still stands by an
    older calendar or way of counting.
    """

    clock: str
    kind: Kind
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
    pauses: tuple[Pause, ...]
    moved: int
    paused_now: bool
    stopped_at: datetime | None
    provisional: bool
    current: bool
    calendar: str
    sentence_zh: str = ""
    sentence_en: str = ""


@lru_cache(maxsize=8192)
def explain(clock: Clock, rule: ClockRule, calendar: Calendar, policy: CountingPolicy) -> Explanation:
    """Count the clock again and tell each step of it; remembered, for every answer about a case asks anew."""
    counted, kind = _counted(clock, rule, calendar, policy), _kind(clock, rule)
    if counted is not None and counted.due != clock.due_at and not clock.open:
        counted, kind = None, "past"
    moved = sum(pause.moved for pause in clock.spans)
    told = Explanation(
        clock=clock.name,
        kind=kind,
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
        paused=clock.paused_seconds if rule.unit == "hour" else whole_days(clock.paused_seconds) - moved,
        pauses=tuple(pause for pause in clock.spans if pause.until is not None),
        moved=moved,
        paused_now=clock.paused_at is not None,
        stopped_at=clock.stopped_at,
        provisional=counted is not None and any(calendar.provisional(day) for day in (counted.first, counted.last)),
        current=counted is None or counted.due == clock.due_at,
        calendar=calendar.version,
    )
    return _with_sentences(told)


def _kind(clock: Clock, rule: ClockRule) -> Kind:
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
        steps.append(("日历或计算方法已变更,待重新计算", "the calendar has changed, to be counted anew"))
    if told.stopped_at is not None:
        steps.append((f"已于{_moment(told.stopped_at, _zh)}终止计算", f"stopped {_moment(told.stopped_at, str)}"))
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


def _spans(pauses: Iterable[Pause], shown: Callable[[date], str], language: int) -> str:
    """In brackets, when and why it stood still, as far as that added days."""
    told = []
    for pause in pauses:
        if pause.days and pause.until is not None:
            first, last = china_day(pause.since), china_day(pause.until - timedelta(microseconds=1))
            days = shown(first) if first == last else f"{shown(first)}{('至', ' to ')[language]}{shown(last)}"
            told.append(f"{days} {REASONS.get(pause.by, (pause.by, pause.by))[language]}".rstrip())
    return (f"({'、'.join(told)})", f" ({', '.join(told)})")[language] if told else ""


def _set_steps(told: Explanation) -> Iterator[Step]:
    yield f"自{_moment(told.started_at, _zh)}起算", f"begins {_moment(told.started_at, str)}"
    yield "期限由交办单位指定", "date set by the assigning unit"
    yield from _changes(told)
    yield from _end(told)


def _open_steps(told: Explanation) -> Iterator[Step]:
    yield f"自{_moment(told.started_at, _zh)}起算", f"begins {_moment(told.started_at, str)}"
    yield "尚未规定期限", "no date is set"


def _past_steps(told: Explanation) -> Iterator[Step]:
    zh, en = UNITS[told.unit]
    yield f"自{_zh(china_day(told.started_at))}起算", f"begins {china_day(told.started_at)}"
    yield f"期限{told.length}{zh}", f"{told.length} {en}"
    yield from _changes(told)
    yield "按当时的日历和计算方法", "by the calendar and the counting of that time"
    last = china_day((told.due_at or told.started_at) - timedelta(microseconds=1))
    yield f"至{_zh(last)}24时届满", f"ends {last} at 24:00"


_STEPS = {
    "counted": _counted_steps, "hours": _hour_steps, "set": _set_steps, "open": _open_steps, "past": _past_steps,
}  # fmt: skip


def _changes(told: Explanation) -> Iterator[Step]:
    zh, en = UNITS[told.unit]
    if told.extended:
        yield f"延长{told.extended}{zh}", f"extended by {told.extended} {en}"
    if told.paused:
        days_zh, days_en = _spans(told.pauses, _zh, 0), _spans(told.pauses, str, 1)
        yield f"另有{told.paused}{zh}暂停不计{days_zh}", f"{told.paused} paused {en} not counted{days_en}"
    if told.moved:
        yield f"暂停时末日已顺延{told.moved}日,一并后推", f"the end had been moved by {told.moved} days when it paused"


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
