"""Papers and bulletins between units at the portal: written, sent to several, signed for, urged, recalled, adopted."""

import re
from html import unescape
from typing import Any

import pytest
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import registered
from services.portal.tests.test_seals import sealable
from tests.support.running import Running

from documents.seals import working

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
OFFICE, BUILDERS, COUNTY = "330225100-xf", "330225100-cj", "330225-xf"


async def begun(desk: Browser, title: str, query: str = "", **typed: str) -> str:
    """The page of a draft."""
    await desk.open(f"/staff/dispatches/new{query}")
    check_accessible(desk.page)
    kind = hidden(desk.page, "kind")
    of = {
        name: hidden(desk.page, name) for name in ("petition_id", "answers", "source") if f'name="{name}"' in desk.page
    }
    answer = await desk.send("/staff/dispatches", title=title, kind=kind, **of, **typed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def uploaded(desk: Browser, path: str, content: bytes = PDF) -> None:
    await desk.open(path)
    file_id = hidden(desk.page, "file_id")
    files = {"file": ("正文.pdf", content, "application/pdf")}
    assert (await desk.send(f"{path}/files", files=files, file_id=file_id)).status_code == 303


async def sent(desk: Browser, path: str, *recipients: str, **typed: str) -> str:
    """The page that tells of it."""
    await desk.open(path)
    check_accessible(desk.page)
    given = {"title": unescape(hidden(desk.page, "title")), "urgency": "ordinary", "do": "send", **typed}
    found = re.search(r'name="body" value="([^"]+)"', desk.page)
    if found is not None:
        given["body"] = found[1]
    answer = await desk.send(f"{path}/send", recipients=list(recipients), kind=hidden(desk.page, "kind"), **given)
    assert answer.status_code == 303, unescape(answer.text)
    return (await desk.open(f"{path}?done=send")).text


async def test_sent_to_several_signed_for_and_read_urged_and_recalled(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    path = await begun(desk, "关于道路养护的通知")
    await uploaded(desk, path)
    await desk.open(path)
    refused = await desk.send(f"{path}/send", title="关于道路养护的通知", kind="paper", urgency="urgent",
                              recipients=[BUILDERS], answer_by="2020-01-01", body="")  # fmt: skip
    assert refused.status_code == 422
    assert "须晚于现在" in refused.text
    assert 'value="关于道路养护的通知"' in refused.text
    page = await sent(desk, path, BUILDERS, COUNTY, urgency="urgent", answer_by="2099-01-01")
    assert "已发出" in page
    assert "已签收 0/2" in page
    assert "2099-01-01 23:59" in page
    waiting = (await desk.open("/staff/unread")).text
    check_accessible(waiting)
    assert "丁镇村建办" in waiting
    assert "丙县信访局" in waiting
    async with browsing(node[0]) as other:
        await other.sign_in("builder")
        listed = (await other.open("/staff/inbox?unread=true")).text
        check_accessible(listed)
        assert 'class="unread"' in listed
        shown = (await other.open(path)).text
        check_accessible(shown)
        assert "签收后打开正文和附件" in shown
        assert "正文.pdf" not in shown
        await desk.open(path)
        await desk.send(f"{path}/urge", unit=BUILDERS)
        assert "已催办 1 次" in (await other.open(path)).text
        await other.send(f"{path}/sign")
        shown = (await other.open(f"{path}?done=sign")).text
        check_accessible(shown)
        (file,) = re.findall(r'action="(/staff/cases/[0-9a-f-]{36}/files/[0-9a-f-]{36}/open)"', shown)
        link = (await other.send(file, disposition="attachment")).headers["location"]
        given = await behind.running["documents"].request("GET", link, who=None)
        assert given.content == PDF
        assert 'class="unread"' not in (await other.open("/staff/inbox")).text
    await desk.open(path)
    late = await desk.send(f"{path}/recall", unit=BUILDERS)
    assert (late.status_code, "对方已签收,不能撤回" in late.text) == (409, True)
    await desk.open(path)
    assert (await desk.send(f"{path}/recall")).status_code == 303
    assert "正在撤回" in (await desk.open(path)).text
    assert "已签收 1/2" in (await desk.open("/staff/outbox")).text


async def test_a_letter_is_typed_sealed_and_sent_answered_and_returned(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    await sealable(behind)
    path = await begun(desk, "关于商请提供资料的函")
    await desk.open(path)
    typed: dict[str, Any] = {
        "title": "关于商请提供资料的函",
        "kind": "paper",
        "recipients": [BUILDERS],
        "urgency": "ordinary",
    }
    empty = await desk.send(f"{path}/send", do="letter", **typed)
    assert (empty.status_code, 'id="text-error"' in empty.text) == (422, True)
    await desk.open(path)
    kept = await desk.send(f"{path}/send", text="请提供近三年的养护记录。", do="letter", **typed)
    assert kept.status_code == 303, kept.text
    shown = (await desk.open(path)).text
    assert "请提供近三年的养护记录。" in shown
    assert "/seal" not in shown  # a clerk's page
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(path)
        asked = await leader.send(f"{path}/seal", paper_id=hidden(leader.page, "paper_id"))
        asked = await leader.send(f"{path}/seal", paper_id=hidden(leader.page, "paper_id"),
                                  password="correct horse battery")  # fmt: skip
        assert asked.status_code == 303, asked.text
        assert "正在用印" in (await leader.open(path)).text
    while await working.step(behind.running["documents"].runtime):
        pass
    page = await sent(desk, path, BUILDERS)
    assert re.search(r'action="/staff/cases/[0-9a-f-]{36}/papers/[0-9a-f-]{36}/open"', page)
    assert re.search(r"丁信〔\d{4}〕1号.pdf</button>", page)
    async with browsing(node[0]) as other:
        await other.sign_in("builder")
        await other.open(path)
        await other.send(f"{path}/sign")
        answer = await begun(other, "复函", f"?answers={path.rpartition('/')[2].partition('?')[0]}")
        await other.open(answer)
        await sent(other, answer, OFFICE, text="资料见附件。")
        assert "已复文" in (await other.open(path)).text
    inbox = unescape((await desk.open("/staff/inbox")).text)
    (back,) = re.findall(r'href="(/staff/dispatches/[0-9a-f-]{36})"', inbox)
    await desk.open(back)
    assert (await desk.send(f"{back}/return", reason="缺少附件")).status_code == 303
    async with browsing(node[0]) as other:
        await other.sign_in("builder")
        assert "缺少附件" in (await other.open(answer)).text


async def test_about_a_case_its_files_go_along(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    case_id = case.rpartition("/")[2]
    await desk.open(case)
    files = {"file": ("来信.pdf", PDF, "application/pdf")}
    await desk.send(f"{case}/files", files=files, file_id=hidden(desk.page, "file_id"))
    assert f"/staff/outbox?case={case_id}" in (await desk.open(case)).text
    path = await begun(desk, "关于某事项的函", f"?case={case_id}")
    await desk.open(path)
    (lent,) = re.findall(r'name="lent" value="([^"]+)"', desk.page)
    assert (await desk.send(f"{path}/enclose", of=case_id, lent=lent)).status_code == 303
    assert "来信.pdf" in await sent(desk, path, BUILDERS)
    assert "关于某事项的函" in (await desk.open(f"/staff/outbox?case={case_id}")).text


async def test_a_bulletin_goes_up_is_adopted_and_counted(desk: Browser, node: tuple[Running, Node]) -> None:
    async with browsing(node[0]) as below:
        await below.sign_in("builder")
        path = await begun(below, "我办化解一批积案", "?kind=bulletin")
        await sent(below, path, text="今年以来化解积案九件。")
    page = (await desk.open("/staff/bulletins")).text
    check_accessible(page)
    assert "我办化解一批积案" in page
    await desk.open(path)
    await desk.send(f"{path}/sign")
    shown = (await desk.open(path)).text
    check_accessible(shown)
    assert "今年以来化解积案九件。" in shown
    await desk.send(f"{path}/adopt", mark="leader-instruction", note="镇领导批示")
    assert "领导批示采用" in (await desk.open(path)).text
    file = await desk.open("/staff/bulletins/counts.csv")
    assert file.text.splitlines() == [
        "\ufeff报送单位,收到单位,报送,采用,其中领导批示,其中综合,未采用", "丁镇村建办,丁镇信访办,1,1,1,0,0",
    ]  # fmt: skip
    source = path.rpartition("/")[2].partition("?")[0]
    up = await begun(desk, "我镇化解一批积案", f"?kind=bulletin&source={source}")
    assert "来源：丁镇村建办" in (await desk.open(up)).text
    async with browsing(node[0]) as below:
        await below.sign_in("builder")
        assert "镇领导批示" in (await below.open(path)).text


@pytest.mark.parametrize("path", ["/staff/inbox", "/staff/outbox", "/staff/unread", "/staff/bulletins"])
async def test_every_page_is_there_in_english(desk: Browser, path: str) -> None:
    page = (await desk.open(f"{path}?lang=en")).text
    assert "Correspondence" in page
