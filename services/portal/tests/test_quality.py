"""Quality review and dossiers at the portal: rounds, checklists, what is put right; a dossier as PDF or ZIP."""

import re
from html import unescape
from typing import Any

import httpx
from services.documents.tests.reviewing import LIFE, Bureau
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import registered
from tests.support.running import Running

from documents.dossiers import working

REGION, OFFICE, BUILDERS = "33.02.25.100", "330225100-xf", "330225100-cj"
HERS = [(action, BUILDERS if unit.endswith("-js") else OFFICE, day) for action, unit, day in LIFE]
ROUND = {
    "title": "第一季度评查", "checklist": "case-handling/1", "begins": "2026-01-01", "ends": "2026-03-31",
    "share": "percent", "number": "100",
}  # fmt: skip


async def drawn(leader: Browser, behind: Node) -> tuple[str, str]:
    """A round with one case of the building office; the paths of both pages."""
    await Bureau(behind.running["documents"], node=REGION).case(HERS, region=REGION)
    await leader.open("/staff/quality")
    check_accessible(leader.page)
    opened = await leader.send("/staff/quality", **ROUND)
    assert opened.status_code == 303, unescape(opened.text)
    page = (await leader.open(opened.headers["location"])).text
    check_accessible(page)
    case = re.search(r'href="(/staff/quality/rounds/[0-9a-f-]{36}/cases/[0-9a-f-]{36})"', page)
    assert case is not None
    return opened.headers["location"], case[1]


def answers(page: str, *findings: str) -> dict[str, str]:
    """Every item as passed or, where it is no part of the case, not applicable; these are findings."""
    given: dict[str, str] = {}
    for item, block in re.findall(
        r'<fieldset class="check-item(?: noted)?" id="answers\.([a-z-]+)">(.*?)</fieldset>', page, re.DOTALL
    ):
        said = re.search(r'value="([a-z-]+)"><span><b>[^<]+</b><small>', block)
        given[f"answer:{item}"] = "fail" if item in findings else "pass" if said is None else said[1]
        given[f"severity:{item}"], given[f"note:{item}"] = "serious", "已核对原件"
    return given


async def saved(leader: Browser, case: str, *findings: str) -> str:
    await leader.open(case)
    check_accessible(leader.page)
    typed = answers(leader.page, *findings)
    answer = await leader.send(f"{case}/answers", version=hidden(leader.page, "version"), **typed)
    assert answer.status_code == 303, unescape(answer.text)
    return unescape((await leader.open(case)).text)


async def test_a_leader_reviews_the_unit_puts_right_and_the_report_is_a_paper_of_the_case(
    node: tuple[Running, Node], behind: Node
) -> None:
    async with browsing(node[0]) as leader, browsing(node[0]) as builder:
        await leader.sign_in("leader")
        await builder.sign_in("builder")
        round_, case = await drawn(leader, behind)
        page = await saved(leader, case, "review-rights")
        assert "按记录" in page
        typed = {"due_on": "2199-01-31", "demand": "请补写复查权利。", "items": "review-rights"}
        sent = await leader.send(f"{case}/rectification", version=hidden(leader.page, "version"), **typed)
        assert sent.status_code == 303, unescape(sent.text)
        listed = unescape((await builder.open("/staff/rectifications")).text)
        check_accessible(listed)
        (order,) = set(re.findall(r'href="(/staff/rectifications/[0-9a-f-]{36})"', listed))
        page = unescape((await builder.open(order)).text)
        check_accessible(page)
        assert "请补写复查权利。" in page
        assert "写明申请复查的期限和机关" in page
        await builder.send(f"{order}/answers", version=hidden(builder.page, "version"), text="已补写并送达。")
        await leader.open(order)
        taken = await leader.send(
            f"{order}/decisions", version=hidden(leader.page, "version"), text="认可。", accepted="yes"
        )
        assert taken.status_code == 303
        await leader.open(case)
        typed = {"grade": "flawed", "text": "问题已经整改。"}
        done = await leader.send(f"{case}/conclusion", version=hidden(leader.page, "version"), **typed)
        assert done.status_code == 303, unescape(done.text)
        assert "案件评查报告" in unescape((await leader.open(case)).text)
        await leader.open(round_)
        assert (await leader.send(f"{round_}/closing")).status_code == 303
        page = unescape((await leader.open(round_)).text)
        assert "已结束" in page
        assert "丁镇村建办" in page
        report = await leader.open(f"{round_}/report.pdf")
        assert (report.content[:5], report.headers["content-disposition"][:10]) == (b"%PDF-", "attachment")
        assert "review-rights" in (await leader.open(f"{round_}/findings.csv")).text
        await leader.open(round_)
        drafted = await leader.send(f"{round_}/report")
        assert drafted.status_code == 303, unescape(drafted.text)
        page = unescape((await leader.open(drafted.headers["location"])).text)
        assert "丁镇村建办\t1\t0\t1" in page  # a case, none sound, one flawed
        assert "Quality review" in (await leader.open("/staff/quality?lang=en")).text


async def test_what_is_refused_is_told_at_its_item_and_nothing_typed_is_lost(
    node: tuple[Running, Node], behind: Node
) -> None:
    async with browsing(node[0]) as leader, browsing(node[0]) as builder:
        await leader.sign_in("leader")
        assert (await leader.open("/staff/quality")).status_code == 200
        refused = await leader.send("/staff/quality", **{**ROUND, "number": "0"})
        assert refused.status_code == 422
        assert "第一季度评查" in refused.text
        round_, case = await drawn(leader, behind)
        await leader.open(case)
        typed = {"answer:investigated": "fail", "severity:investigated": "grave", "answer:classified-rightly": "pass"}
        refused = await leader.send(f"{case}/answers", version=hidden(leader.page, "version"), **typed)
        page = unescape(refused.text)
        assert (refused.status_code, "须写明问题" in page) == (422, True)
        assert 'href="#answers.investigated.note"' in page
        assert re.search(r'name="answer:classified-rightly" value="pass" checked', page)
        assert re.search(r'<option value="grave" selected>', page)
        check_accessible(page)
        await builder.sign_in("builder")
        assert (await builder.open(case)).status_code == 404  # who handled it takes no part
        assert (await builder.open(round_)).status_code == 404
        assert "<button>随机抽取" not in unescape((await builder.open("/staff/quality")).text)


async def made(desk: Browser, behind: Node) -> str:
    """The page of dossiers of a case that has one."""
    case = await registered(desk, behind)
    page = unescape((await desk.open(case)).text)
    assert f'href="{case}/dossiers">电子卷宗' in page
    await desk.open(f"{case}/dossiers")
    check_accessible(desk.page)
    assert (await desk.send(f"{case}/dossiers", purpose="移送法院")).status_code == 303
    waiting = await desk.open(f"{case}/dossiers")
    assert (waiting.headers["refresh"], "排队中" in unescape(waiting.text)) == ("3", True)
    assert await working.step(behind.running["documents"].runtime) == 1
    ready = await desk.open(f"{case}/dossiers")
    assert "refresh" not in ready.headers
    assert "已做好" in unescape(ready.text)
    check_accessible(ready.text)
    return f"{case}/dossiers"


async def test_a_dossier_is_asked_for_followed_and_taken_as_pdf_or_archive(desk: Browser, behind: Node) -> None:
    dossiers = await made(desk, behind)
    form = desk.page
    for kind, start in (("pdf", b"%PDF-"), ("zip", b"PK\x03\x04")):
        (path,) = re.findall(rf'action="({dossiers}/[0-9a-f-]{{36}}/{kind})"', form)
        desk.page = form
        taken = await desk.send(path)
        assert (taken.status_code, taken.content[: len(start)]) == (200, start)
        assert taken.headers["content-disposition"].endswith(f".{kind}")
    await desk.open(dossiers)
    refused = await desk.send(dossiers, purpose="法")
    assert (refused.status_code, 'value="法"' in unescape(refused.text)) == (422, True)


async def test_where_an_identity_paper_is_in_it_a_purpose_is_stated_first(desk: Browser, behind: Node) -> None:
    dossiers = await made(desk, behind)
    (path,) = re.findall(rf'action="({dossiers}/[0-9a-f-]{{36}}/zip)"', desk.page)
    await _identity_paper(desk, behind, dossiers.removesuffix("/dossiers"))
    await desk.open(dossiers)
    asked = await desk.send(path)
    page = unescape(asked.text)
    assert ("须写明用途" in page, "核实信访人身份" in page) == (True, True)
    check_accessible(page)
    taken = await desk.send(path, reading="verify-petitioner")
    assert (taken.status_code, taken.content[:4]) == (200, b"PK\x03\x04")
    rows = await behind.running["documents"].rows("SELECT detail FROM audit WHERE action = 'read-dossier'")
    assert ["verify-petitioner" in row["detail"] for row in rows] == [True]


async def _identity_paper(desk: Browser, behind: Node, case: str) -> httpx.Response:
    await desk.open(case)
    content: Any = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
    answer = await desk.send(
        f"{case}/files",
        file_id=hidden(desk.page, "file_id"),
        files={"file": ("身份证.pdf", content, "application/pdf")},
    )
    assert answer.status_code == 303, unescape(answer.text)
    await behind.settle()
    return answer
