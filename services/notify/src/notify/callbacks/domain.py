"""Which cases may be drawn, for which period, and what an answer means. Standard library only."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from notify.domain import Template

CHINA = timezone(timedelta(hours=8))
ENDED = frozenset({"served", "closed", "terminated"})  # with an opinion that was served; never those withdrawn
ANSWERS = {1: "satisfied", 2: "fairly", 3: "not"}
ASKED, THANKS = "callback-asked", "callback-thanks"
FIRST = date(2024, 1, 1)  # a Monday: from here periods are counted, so that all nodes draw for the same ones
TEXTS = {
    (template.name, template.language): template
    for template in (
        Template(ASKED, "zh", 1, "【{office}】您反映的事项(编号{number})已办结。满意请回复1,基本满意回复2,不满意回复3"),
        Template(ASKED, "en", 1, "[{office}] Your matter {number} is closed. Reply 1: satisfied, 2: fairly, 3: not"),
        Template(THANKS, "zh", 1, "【{office}】您对事项(编号{number})的评价已记录,感谢您的参与。"),
        Template(THANKS, "en", 1, "[{office}] Your answer on matter {number} was kept. Thank you."),
    )
}


@dataclass(frozen=True, slots=True)
class Period:
    """Of ended time, in days of China: cases that ended in it are drawn from."""

    since: datetime
    until: datetime


def last_period(now: datetime, days: int) -> Period:
    """The newest one that is over."""
    today = now.astimezone(CHINA).date()
    start = FIRST + timedelta(days=(today - FIRST).days // days * days)
    until = datetime.combine(start, time(), CHINA)
    return Period(until - timedelta(days=days), until)
