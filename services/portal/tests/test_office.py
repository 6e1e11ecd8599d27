"""Papers of the unit at the desk, and what the office makes public, from the draft to everybody's page."""

import re
from html import unescape

from services.portal.tests.browsing import ACCOUNTS, PASSWORD, Browser, Node, browsing, check_accessible, hidden, load
from services.portal.tests.casework import registered
from services.portal.tests.test_seals import notice, sealable
from tests.support.running import Running

from documents.seals import working

REVIEWERS = "".join(
    f"{name},{PASSWORD},{shown},330225100-xf,{role}\n"
    for name, shown, role in (("first", "陈初", "handler"), ("second", "林复", "leader"), ("third", "何终", "leader"))
)
CIRCULAR = {
    "fields.string.title": "关于做好汛期信访工作的通知", "fields.array.to_units": "各村",
    "fields.string.text": "请各村排查积水隐患。",
}  # fmt: skip
TEXT = {"title": "反映道路积水后多久答复", "body": "自受理之日起六十日内答复。咨询电话0571-87654321。"}


async def pressed(page: Browser, path: str, **typed: str) -> str:
    """Send a form of the open page, with the password where it is asked for; the page that follows."""
    key = hidden(page.page.partition(f'action="{path}"')[2], "key")
    answer = await page.send(path, key, **typed)
    if answer.status_code == 200 and 'name="password"' in answer.text:
        answer = await page.send(path, key, **typed, password=PASSWORD)
    assert answer.status_code == 303, unescape(answer.text)
    return unescape((await page.open(answer.headers["location"])).text)


async def circular(desk: Browser) -> str:
    """A draft that is written and sent; its page."""
    await desk.open("/staff/office")
    check_accessible(desk.page)
    await pressed(desk, "/staff/office", kind="circular")
    found = re.search(r'action="(/staff/office/drafts/[0-9a-f-]{36})"', desk.page)
    assert found is not None
    draft = found[1]
    assert 'href="#draft.fields.text"' in desk.page
    assert "已保存为新的一稿" in await pressed(desk, draft, version="1", **CIRCULAR)
    check_accessible(desk.page)
    assert "已送审" in await pressed(desk, f"{draft}/submission", version="2")
    assert f'action="{draft}/decision"' not in desk.page  # the clerk decides nothing
    return draft


async def test_a_circular_is_written_approved_by_another_with_the_password_and_sealed(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    documents = await sealable(behind)
    draft = await circular(desk)
    assert (await desk.client.get(f"{draft}/preview")).content.startswith(b"%PDF")
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        assert f'href="{draft}"' in (await leader.open("/staff/office")).text
        await leader.open(draft)
        check_accessible(leader.page)
        asked = await leader.send(f"{draft}/decision", version="2", decision="approve")
        assert "审批文书" in asked.text  # what the password is asked for
        await leader.open(draft)
        assert "已批准，正在用印" in await pressed(leader, f"{draft}/decision", version="2", decision="approve")
        while await working.step(documents.runtime):
            pass
        found = re.search(r'href="(/staff/office/papers/[0-9a-f-]{36})"', leader.page)
        assert found is not None
        page = unescape((await leader.open(found[1])).text)
        check_accessible(page)
        assert re.search(r"已用印 · 丁信〔\d{4}〕1号", page)
        assert "请各村排查积水隐患。" in page
        assert (await leader.client.get(f"{found[1]}/sealed")).content.startswith(b"%PDF")
        assert f'href="{found[1]}"' in (await leader.open("/staff/numbers")).text
        assert "Issued" in (await leader.open("/staff/office?lang=en")).text


async def test_a_returned_circular_says_why_and_what_is_refused_is_told(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    draft = await circular(desk)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(draft)
        key = hidden(leader.page.partition(f'action="{draft}/decision"')[2], "key")
        refused = await leader.send(f"{draft}/decision", key, version="2", decision="approve", password=PASSWORD)
        assert (refused.status_code, "该单位没有可用的印章" in refused.text) == (409, True)
        await leader.open(draft)
        returned = await pressed(leader, f"{draft}/decision", version="2", decision="return", reason="写明时限")
        assert "leader 退回：写明时限" in returned
    assert "写明时限" in unescape((await desk.open(draft)).text)
    stale = await desk.send(draft, version="1", **{**CIRCULAR, "fields.string.text": "另一段。"})
    assert (stale.status_code, "另一段。</textarea>" in unescape(stale.text)) == (409, True)


async def reviewed(running: Running, publication: str, account: str, password_asked: bool = True) -> str:
    async with browsing(running) as page:
        await page.sign_in(account)
        assert f'href="{publication}"' in (await page.open("/staff/publications")).text
        await page.open(publication)
        check_accessible(page.page)
        typed = {
            name: hidden(page.page.partition(f'action="{publication}/decisions"')[2], name)
            for name in ("round", "step")
        }
        return await pressed(page, f"{publication}/decisions", **typed, decision="approve")


async def test_a_text_is_checked_reviewed_by_three_and_read_by_everybody_until_it_is_withdrawn(
    desk: Browser, node: tuple[Running, Node]
) -> None:
    await load(node[0], ACCOUNTS + REVIEWERS)
    await desk.open("/staff/publications")
    check_accessible(desk.page)
    wrong = await desk.send("/staff/publications", kind="answers", title="只有标题")
    assert (wrong.status_code, 'value="只有标题"' in unescape(wrong.text)) == (422, True)
    await desk.open("/staff/publications")
    page = await pressed(desk, "/staff/publications", kind="answers", **TEXT)
    check_accessible(page)
    assert "电话号码" in page
    assert "还有未删除或未说明的内容" in page
    found = re.search(r'action="(/staff/publications/[0-9a-f-]{36})"', page)
    assert found is not None
    publication = found[1]
    mark = hidden(desk.page, "mark")
    page = await pressed(desk, f"{publication}/explanations", mark=mark, reason="公开的办公电话")
    assert "clerk 说明：公开的办公电话" in page
    assert "已送审" in await pressed(desk, f"{publication}/submission", version="1")
    assert f'action="{publication}/decisions"' not in desk.page
    public = publication.removeprefix("/staff")
    async with browsing(node[0]) as anybody:
        assert (await anybody.open(public)).status_code == 404
        for account in ("first", "second", "third"):
            page = await reviewed(node[0], publication, account)
        assert "已公开" in page
        answer = await anybody.open(public)
        check_accessible(answer.text)
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("public, max-age=60", "Cookie")
        assert "set-cookie" not in answer.headers
        assert TEXT["title"] in answer.text
        listed = await anybody.open("/publications?kind=answers")
        check_accessible(listed.text)
        assert f'href="{public}"' in listed.text
        assert "Public information" in (await anybody.open("/publications?lang=en")).text
        assert f'href="{public}"' not in (await anybody.open("/publications?kind=rules")).text
        async with browsing(node[0]) as leader:
            await leader.sign_in("leader")
            await leader.open(publication)
            assert "已撤稿。原因：数字有误" in await pressed(leader, f"{publication}/withdrawal", reason="数字有误")
        assert (await anybody.open(public)).status_code == 404


async def test_a_case_example_begins_at_a_paper_of_the_case(desk: Browser, behind: Node) -> None:
    paper = await notice(desk, behind, await registered(desk, behind))
    found = re.search(r'href="(/staff/publications\?case=[^"]+)"', (await desk.open(paper)).text)
    assert found is not None
    await desk.open(unescape(found[1]))
    form = {name: hidden(desk.page, name) for name in ("kind", "petition_id", "case_paper_id")}
    page = await pressed(desk, "/staff/publications", **form)
    assert "行政复议" in page
    assert "典型案例" in page
