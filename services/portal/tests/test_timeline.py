"""The timeline of a case: what was filled in with a step, and the papers written for it."""

import re
from html import unescape
from typing import Any

from services.portal.tests.browsing import Browser, Node
from services.portal.tests.casework import act, registered, submit

from portal.timeline import steps_of


def entry(at: str) -> dict[str, Any]:
    return {"at": at}


def paper(name: str, at: str) -> dict[str, Any]:
    return {"paper_id": name, "written_at": at}


def test_a_paper_stands_with_the_step_it_was_written_for() -> None:
    entries = [entry("2026-01-05T09:00:00Z"), entry("2026-01-06T09:00:00+00:00"), entry("2026-01-08T09:00:00Z")]
    papers = [
        paper("first", "2026-01-06T08:59:00Z"), paper("second", "2026-01-06T17:00:00+08:00"),
        paper("last", "2026-01-09T09:00:00Z"),
    ]  # fmt: skip
    found = [[each["paper_id"] for each in step.papers] for step in steps_of(entries, papers)]
    assert found == [[], ["first", "second"], ["last"]]
    assert steps_of([], papers) == []


async def test_a_step_shows_its_fields_and_its_papers_by_name(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    told = {"fields.string.notice_method": "post", "fields.date-time.notice_at": "2026-01-05T09:30"}
    page = unescape(await act(desk, behind, case, "accept", **told))
    assert "<dt>书面告知方式</dt><dd>邮寄</dd>" in page
    assert "<dt>告知时间</dt><dd>2026-01-05 09:30</dd>" in page
    assert "<dd>By post</dd>" in (await desk.open(f"{case}?lang=en")).text
    await desk.open(f"{case}?lang=zh")
    page = unescape(await submit(desk, behind, case))
    step = page.partition("<b>处理意见已送审</b>")[2].partition("</li>")[0]
    assert re.search(r'文书：<a href="/staff/cases/[^"]+/papers/[^"]+">意见书</a>', step)
