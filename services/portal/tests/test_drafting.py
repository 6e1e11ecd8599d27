"""Papers drafted from templates at the desk: a kind chosen, its form filled, compared, looked at, filed."""

import io
import re
from html import unescape

from docx import Document
from services.portal.tests.browsing import Browser, Node, browsing, check_accessible
from services.portal.tests.casework import registered
from tests.support.running import Running

NOTICE = {
    "fields.string.addressee": "欧阳禾苗", "fields.date.received_on": "2026-01-05",
    "fields.string.matter": "反映补偿标准", "fields.string.reasons": "不属于受理范围。",
}  # fmt: skip


async def begun(desk: Browser, case: str, kind: str = "decline-notice") -> str:
    """The path of the draft's page, which is open."""
    await desk.open(f"{case}/drafts")
    answer = await desk.send(f"{case}/drafts", kind=kind)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    await desk.open(path)
    return path


async def saved(desk: Browser, draft: str, version: int, **typed: str) -> None:
    answer = await desk.send(draft, version=str(version), **typed)
    assert answer.headers["location"] == f"{draft}?done=saved", answer.text
    await desk.open(answer.headers["location"])


async def test_a_notice_is_drafted_looked_at_and_filed(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    assert f'href="{case}/drafts"' in (await desk.open(case)).text
    draft = await begun(desk, case)
    check_accessible(desk.page)
    assert 'value="XF' in desk.page  # the petition's number is known
    assert "/filing" not in desk.page
    assert 'href="#draft.fields.reasons"' in desk.page
    await saved(desk, draft, 1, **NOTICE)
    assert "已保存为新的一稿" in desk.page
    check_accessible(desk.page)
    shown = await desk.client.get(f"{draft}/preview")
    assert (shown.headers["content-type"], shown.headers["content-disposition"]) == ("application/pdf", "inline")
    assert "sandbox" not in shown.headers["content-security-policy"]
    assert shown.content.startswith(b"%PDF")
    answer = await desk.send(f"{draft}/filing", version="2")
    assert answer.headers["location"] == f"{case}?done=paper"
    await behind.settle()
    page = unescape((await desk.open(case)).text)
    link = re.search(r'<a href="(/staff/cases/[^"]+/papers/[^"]+)">不予受理告知书</a>', page)
    assert link is not None
    paper = unescape((await desk.open(link[1])).text)
    assert "<h2>不予受理的理由</h2>" in paper
    assert "不属于受理范围。" in paper
    assert (await desk.client.get(f"{link[1]}/preview")).content.startswith(b"%PDF")
    filed = (await desk.open(draft)).text
    assert "本草稿已经归档" in filed
    assert "<button" not in filed.partition("<main")[2].partition('id="look"')[0]


async def test_save_and_look_leads_to_the_preview(desk: Browser, behind: Node) -> None:
    draft = await begun(desk, await registered(desk, behind))
    answer = await desk.send(draft, version="1", then="preview", **NOTICE)
    assert answer.headers["location"] == f"{draft}/preview"


async def test_what_changed_is_shown_by_section_in_both_languages(desk: Browser, behind: Node) -> None:
    draft = await begun(desk, await registered(desk, behind))
    await saved(desk, draft, 1, **NOTICE)
    await saved(desk, draft, 2, **{**NOTICE, "fields.string.reasons": "不属于本机关受理范围。"})
    page = (await desk.open(f"{draft}/differences?before=2&after=3")).text
    check_accessible(page)
    assert "不属于<ins>本机关</ins>受理范围。" in page
    assert "<h2>Reasons</h2>" in (await desk.open(f"{draft}/differences?before=2&after=3&lang=en")).text


async def test_what_was_typed_stays_when_it_is_refused(desk: Browser, behind: Node) -> None:
    draft = await begun(desk, await registered(desk, behind))
    wrong = await desk.send(draft, version="1", **{**NOTICE, "fields.date.received_on": "昨天"})
    assert wrong.status_code == 422
    assert 'href="#draft.fields.received_on"' in wrong.text
    assert "收到日期:须为日期" in unescape(wrong.text)
    assert "不属于受理范围。</textarea>" in wrong.text
    await saved(desk, draft, 1, **NOTICE)
    stale = await desk.send(draft, version="1", **{**NOTICE, "fields.string.reasons": "别的理由。"})
    assert stale.status_code == 409
    assert "别的理由。</textarea>" in stale.text


async def test_a_draft_goes_to_word_and_back(desk: Browser, behind: Node) -> None:
    draft = await begun(desk, await registered(desk, behind))
    await saved(desk, draft, 1, **NOTICE)
    taken = await desk.client.get(f"{draft}/docx")
    assert taken.headers["content-disposition"].startswith("attachment; filename=draft.docx")
    document = Document(io.BytesIO(taken.content))
    next(each for each in document.paragraphs if each.text == "不属于受理范围。").text = "改过的理由。"
    written = io.BytesIO()
    document.save(written)
    for content, status in ((b"no word file", 422), (written.getvalue(), 303)):
        await desk.open(draft)
        answer = await desk.send(f"{draft}/docx", files={"file": ("a.docx", content, "application/msword")})
        assert answer.status_code == status
    page = (await desk.open(draft)).text
    assert "改过的理由。</textarea>" in page
    assert '<span class="stage">Word</span>' in page


async def test_lists_are_typed_a_line_each_and_drafts_listed_for_the_unit(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    draft = await begun(desk, case, "transfer-letter")
    await saved(desk, draft, 1, **{"fields.array.attachments": "照片\r\n协议\r\n"})
    assert "照片\n协议</textarea>" in unescape(desk.page)
    page = (await desk.open(f"{case}/drafts")).text
    check_accessible(page)
    assert f'href="{draft}">转送函</a>' in page
    assert "第 2 稿" in page


async def test_a_role_is_offered_what_it_may_draft(desk: Browser, node: tuple[Running, Node]) -> None:
    case = await registered(desk, node[1])
    page = (await desk.open(f"{case}/drafts")).text
    assert 'value="opinion"' in page
    assert 'value="supervision-letter"' not in page
    answer = await desk.send(f"{case}/drafts", kind="")
    assert answer.status_code == 422
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        assert 'value="supervision-letter"' in (await leader.open(f"{case}/drafts")).text
