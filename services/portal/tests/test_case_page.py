"""A case from the first page to the last, by the forms that its page offers; against the real services."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape

from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import (
    NOTICE,
    OPINION,
    SERVED,
    act,
    actions,
    by,
    key_of,
    not_now,
    registered,
    steps,
    submit,
)
from tests.support.running import Running, told

from contracts.letters import WithdrawalAnswer
from contracts.texts import Supplement
from portal.pages.acting import paper_unknown

HANDING = {"transfer", "assign"}
ENDING = {"answer", "guide", "export", "file"}


async def test_a_petition_goes_from_the_letter_to_the_closed_case(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    assert {"screen", "accept", *HANDING, *ENDING} <= actions(page)
    assert "已受理" in await act(desk, behind, case, "accept", **{"fields.string.notice_method": "post"})
    assert "state-investigating" in await act(desk, behind, case, "investigate")
    page = await submit(desk, behind, case)
    assert "处理意见已归档并送审" in page
    assert len(await behind.running["documents"].rows("SELECT * FROM papers")) == 1
    paper = re.search(r'href="([^"]+/papers/[^"]+)"', page)
    assert paper is not None
    assert "予以支持" in (await desk.open(paper[1])).text
    assert "state-opinion-approved" in await by(node, "leader", case, "approve", note="同意")
    assert "state-served" in await act(desk, behind, case, "serve", **SERVED)
    page = await act(desk, behind, case, "close")
    assert "state-closed" in page
    assert actions(page) == {"carry-out", "request-review"}
    assert steps(page) == [
        "已登记", "已受理", "已开始调查", "处理意见已送审", "处理意见已审批", "处理意见已送达", "已办结",
    ]  # fmt: skip
    page = await act(desk, behind, case, "request-review", **{"fields.string.by": "petitioner"})
    assert '<span class="stage">复查</span>' in page
    assert "复查复核，等待签收" in page
    assert "丙县信访局" in page


async def test_nobody_approves_what_they_sent_for_approval(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await act(desk, behind, case, "accept")
    page = await submit(desk, behind, case)
    assert {"审批同意", "退回修改"} <= not_now(page)["需要其他角色的人员办理"]
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        assert {"approve", "return-draft"} <= actions((await leader.open(case)).text)


async def test_a_returned_opinion_is_written_anew_from_the_one_before(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await act(desk, behind, case, "accept")
    await submit(desk, behind, case)
    page = await by(node, "leader", case, "return-draft", note="事实部分不清")
    assert "事实部分不清" in page
    page = (await desk.open(case)).text
    assert "state-opinion-drafted" in page
    draft = re.search(r'href="(/staff/cases/[^"]+\?draft=[0-9a-f-]{36})#submit.request"', page)
    assert draft is not None
    page = (await desk.open(draft[1])).text
    assert all(f">{OPINION[part]}</textarea>" in page for part in ("request", "facts", "opinion", "legal_basis"))
    first = re.findall(r'name="papers" value="([^"]+)"', page)
    version = hidden(page, "version")
    changed = {**OPINION, "facts": "经两次核查属实。"}
    answer = await desk.send(f"{case}/submit", key_of(page, case, "submit"), version=version, **changed)
    assert answer.status_code == 409  # without a broker routing has not heard of the second paper yet
    await behind.settle()
    key = key_of(answer.text, case, "submit")  # the form shown again keeps its key
    answer = await desk.send(f"{case}/submit", key, version=version, **changed)
    assert answer.status_code == 303, answer.text
    papers = await behind.running["documents"].rows("SELECT id FROM papers ORDER BY id")
    assert [str(row["id"]) for row in papers][:1] == first
    assert len(papers) == 2


async def test_a_filed_opinion_is_sent_again_without_writing_it_anew(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await act(desk, behind, case, "accept")
    await submit(desk, behind, case)
    await by(node, "leader", case, "return-draft", note="请附听证笔录")
    await desk.open(case)
    paper = hidden(desk.page, "papers")
    page = await act(desk, behind, case, "submit", outcome="support", papers=[paper])
    assert "state-in-approval" in page
    assert len(await behind.running["documents"].rows("SELECT * FROM papers")) == 1


async def test_what_is_not_possible_is_folded_and_says_why(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    why = not_now(page)
    assert "签收" in why["现在的环节没有这项操作"]
    assert {"恢复办理"} <= why["本件没有中止"]
    assert "《信访工作条例》第31条" in page
    shown = {name for names in why.values() for name in names}
    assert not shown & {"受理", "转送"}
    assert "还缺：不予受理告知书" in page
    assert "decline" not in actions(page)


async def test_an_appeal_without_a_route_is_classified_first(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind, route="")
    page = (await desk.open(case)).text
    assert actions(page) == {"screen", "note-withdrawal"}
    answer = await desk.send(f"{case}/screen", version=hidden(page, "version"))
    assert answer.status_code == 422
    assert 'href="#screen.route"' in answer.text
    page = await act(desk, behind, case, "screen", route="6", procedure="simple")
    assert "简易办理程序（第 1 版）" in page
    assert "（六）以上都不适用" in page


async def test_time_limits_stand_with_colour_last_day_and_reason(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    assert "转送、交办或直接办理期限" in page
    assert re.search(r'<span class="level level-green">绿 · 期限内</span>', page)
    assert re.search(r"到期 <time [^>]+>\d{4}-\d\d-\d\d 24:00</time> <span class=\"left\">还剩 \d+ 天</span>", page)
    assert re.search(r"期限15日.*24时届满", page)
    page = await act(desk, behind, case, "accept")
    assert "办理期限" in page
    assert "期限60日" in page
    assert "已结束的期限（1）" in page
    assert "按期完成" in page
    page = await act(desk, behind, case, "suspend", **{"fields.string.reason": "litigation"})
    assert "本件已中止办理" in page
    assert "暂停计算" in page
    assert actions(page) == {"resume", "note-withdrawal"}
    assert "本件已中止，先恢复办理" in not_now(page)
    assert "本件已中止办理" not in await act(desk, behind, case, "resume")


async def test_a_merged_case_points_to_its_lead(desk: Browser, behind: Node) -> None:
    lead, case = await registered(desk, behind), await registered(desk, behind, title="同一事项")
    merged = {"lead": f"http://node.example{lead}?done=accept", "note": "同一事项,一并办理"}
    page = await act(desk, behind, case, "merge", **merged)
    assert "本件已并入主件" in page
    assert f'<a href="{lead}">打开主件</a>' in page
    assert actions(page) == {"unmerge", "note-withdrawal"}
    assert "并入本件办理的 1 件" in (await desk.open(lead)).text
    page = await act(desk, behind, case, "unmerge", note="事项不同")
    assert "打开主件" not in page
    assert "事项不同" in page
    links = (await desk.open(f"{case}/links")).text
    assert links.index("<b>并案</b>") < links.index("<b>撤销并案</b>")


async def test_a_merge_into_what_is_held_elsewhere_or_is_no_case_is_refused(desk: Browser, behind: Node) -> None:
    lead, case = await registered(desk, behind), await registered(desk, behind, title="同一事项")
    await act(desk, behind, lead, "transfer", to_unit="330225100-cj")
    await desk.open(case)
    for other, status in ((lead, 409), ("nonsense", 422), ("00000000-0000-7000-8000-000000000000", 422)):
        sent = {"version": hidden(desk.page, "version"), "lead": other, "note": "同一事项"}
        answer = await desk.send(f"{case}/merge", **sent)
        assert answer.status_code == status
        assert 'href="#merge.lead"' in answer.text


async def test_a_merge_of_different_kinds_leaves_the_case_as_it_is(desk: Browser, behind: Node) -> None:
    """Suggestions and appeals have other rules: they are not handled together."""
    lead = await registered(desk, behind, kind="suggestion", route="")
    case = await registered(desk, behind)
    await desk.open(case)
    answer = await desk.send(f"{case}/merge", version=hidden(desk.page, "version"), lead=lead, note="同一事项")
    assert answer.status_code == 409
    assert "不得并案" in answer.text
    assert "本件已并入主件" not in (await desk.open(case)).text


async def test_a_case_is_handed_over_and_objected_to_with_a_reason(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    page = await act(desk, behind, case, "transfer", to_unit="330225100-cj", note="请联系本人")
    assert "转送中" in page
    assert actions(page) == {"recall", "note-withdrawal"}
    async with browsing(node[0]) as builder:
        await builder.sign_in("builder")
        assert actions((await builder.open(case)).text) == {"receive", "note-withdrawal"}
        assert {"object", "accept"} <= actions(await act(builder, behind, case, "receive"))
        page = await act(builder, behind, case, "object", reason="not-ours", note="应由县里办理")
        assert "不属于本单位职权" in page
        assert "接收单位提出异议，等待丁镇信访办决定是否收回" in page
        assert actions(page) == {"note-withdrawal"}
    page = (await desk.open(case)).text
    assert "应由县里办理" in page
    assert actions(page) == {"agree-objection", "refuse-objection", "note-withdrawal"}
    assert "state-screened" in await act(desk, behind, case, "agree-objection")


async def test_a_withdrawal_that_another_node_must_write_waits_and_says_why_where_it_cannot_be(
    desk: Browser, behind: Node
) -> None:
    case = await registered(desk, behind)
    assert actions(await act(desk, behind, case, "transfer", to_unit="330225-xf")) == {"recall", "note-withdrawal"}
    page = await act(desk, behind, case, "note-withdrawal", note="信访人书面撤回")
    assert re.search("信访人已撤回：.+由丁镇信访办登记，正等待承办节点记入。", page)
    assert "信访人书面撤回" in page
    assert "登记信访人撤回" in not_now(page)["信访人的撤回已经登记，正等待承办节点记入"]
    assert steps(page)[-1] == "信访人的撤回已登记，转由承办节点记入"
    routing = behind.running["routing"]
    (row,) = await routing.rows("SELECT id, case_id FROM withdrawals")
    answer = WithdrawalAnswer(withdrawal=row["id"], reason="not-in-this-state")
    kind = "routing.withdrawal-answer.v1"
    await routing.hear("routing.letters", told(kind, answer, subject=row["case_id"], node="33.02.25"))
    page = (await desk.open(case)).text
    assert "未能记入撤回：现在的环节没有这项操作" in page
    assert "note-withdrawal" in actions(page), "it can be asked for again"


async def test_an_assignment_carries_its_deadline_in_china_time(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    day = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    page = await act(desk, behind, case, "assign", to_unit="330225100-cj", due_at=day)
    assert f"{day} 23:59" in page


async def test_a_stale_page_is_told_and_shows_the_newest_state(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    stale = desk.page
    await act(desk, behind, case, "accept")
    desk.page = stale
    answer = await desk.send(
        f"{case}/transfer", version=hidden(stale, "version"), to_unit="330225100-cj", note="请速办", password=PASSWORD
    )
    assert answer.status_code == 409
    assert "刚刚有人办理过" in answer.text
    assert "state-accepted" in answer.text


async def test_what_a_form_lacks_is_told_and_what_was_typed_is_kept(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    version = hidden(desk.page, "version")
    for typed in ({"to_unit": ""}, {"to_unit": "no-such-unit"}, {"to_unit": "330225100-cj", "due_at": "never"}):
        answer = await desk.send(f"{case}/assign", version=version, note="请速办", **typed, password=PASSWORD)
        assert answer.status_code == 422
        assert '<details class="act" id="act-assign" open>' in answer.text
        assert "请速办</textarea>" in answer.text
        check_accessible(answer.text)
    answer = await desk.send(f"{case}/accept", version="one")
    assert answer.status_code == 422


async def test_what_the_procedure_asks_for_is_told_at_its_field(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    sent = {"version": hidden(desk.page, "version"), "fields.string.organ": "discipline", "password": PASSWORD}
    answer = await desk.send(f"{case}/export", **sent)
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert 'href="#export.fields.organ_name"' in page
    assert 'id="export.fields.organ_name-error">机关名称:必填<' in page
    assert '<option value="discipline" selected>纪检监察机关</option>' in page
    page = await act(
        desk, behind, case, "export", **{"fields.string.organ": "discipline", "fields.string.organ_name": "县纪委"}
    )
    assert "state-exported" in page


async def test_pressing_twice_acts_once(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    form, version = desk.page, hidden(desk.page, "version")
    for _ in range(2):
        desk.page = form
        answer = await desk.send(f"{case}/accept", version=version, **NOTICE)
        assert answer.status_code == 303
    await behind.settle()
    assert steps((await desk.open(case)).text).count("已受理") == 1


async def test_an_action_that_routing_does_not_know_leads_nowhere(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    for action in ("fly-away", "Accept", "a", "x" * 40):
        await desk.open(case)
        answer = await desk.send(f"{case}/{action}", version="1")
        assert answer.status_code in {404, 405}, action
    assert steps((await desk.open(case)).text) == ["已登记"]


async def test_an_accused_unit_sees_nothing_and_is_offered_nowhere(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind, kind="accusation", route="", accused_units=["330225100-cj"])
    page = (await desk.open(case)).text
    assert 'value="330225-js"' in page
    assert 'value="330225100-cj"' not in page
    async with browsing(node[0]) as builder:
        await builder.sign_in("builder")
        for path in ("/staff", "/staff/cases"):
            assert case not in (await builder.open(path)).text
        answer = await builder.open(case)
        assert answer.status_code == 404
        assert "房屋征收补偿" not in answer.text
        assert (await builder.open(f"{case}/papers/{case[-36:]}")).status_code == 404


def test_only_a_paper_that_is_not_known_yet_is_waited_for() -> None:
    lacks = {"type": "urn:xinqiao:problem:incomplete", "papers": ["opinion"], "errors": []}
    assert paper_unknown(lacks)
    assert paper_unknown({"type": "urn:xinqiao:problem:paper-missing"})
    assert not paper_unknown({**lacks, "papers": ["opinion", "hearing-record"]})
    assert not paper_unknown({**lacks, "papers": []})
    assert not paper_unknown({**lacks, "errors": [{"field": "fields/x"}]})


async def test_what_a_petitioner_added_by_text_is_shown_with_the_petition(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    number = re.search(r"XF[0-9]{20}[0-9A-Z]", (await desk.open(case)).text)
    assert number is not None
    said = Supplement(
        number=number[0], phone="13812345678", content="昨夜大雨<b>又</b>积水", received_at=datetime.now(UTC)
    )
    letter = told("intake.supplement.v1", said, subject=uuid.uuid4(), node=behind.running["intake"].runtime.node)
    await behind.running["intake"].hear("intake.letters", letter)
    page = (await desk.open(case)).text
    assert "短信补充（" in page
    assert "昨夜大雨&lt;b&gt;又&lt;/b&gt;积水" in page
    check_accessible(page)
