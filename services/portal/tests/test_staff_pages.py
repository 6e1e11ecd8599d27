"""What staff do: register, find, act, file, read, count; against the real services."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from services.portal.tests.browsing import PASSWORD, Browser, Node, browsing, check_accessible, hidden
from services.portal.tests.casework import MATTER, PERSON, act, away, registered
from tests.support.running import Running

from portal import resources

PDF = b"%PDF-1.7\n" + b"x" * 2_000_000 + b"%%EOF"


async def test_identity_is_masked_and_shown_for_a_recorded_purpose(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    assert "欧***" in page
    assert "欧阳禾苗" not in page
    answer = await desk.send(f"{case}/identity", purpose="核", password=PASSWORD)
    assert answer.status_code == 422
    assert "用途" in answer.text
    answer = await desk.send(f"{case}/identity", purpose="核实联系方式")
    assert "欧阳禾苗" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    rows = await behind.running["intake"].rows("SELECT actor, reason FROM audit WHERE action = 'read-identity'")
    assert [tuple(row) for row in rows] == [("clerk", "核实联系方式")]
    assert "欧阳禾苗" not in (await desk.open(case)).text


async def test_a_scanned_page_is_stored_once_and_comes_back(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    form, file_id = desk.page, hidden(desk.page, "file_id")
    for _ in range(2):
        desk.page = form
        file = {"file": ("来信<一>.pdf", PDF, "application/pdf")}
        answer = await desk.send(f"{case}/files", file_id=file_id, files=file)
        assert answer.status_code == 303, answer.text
    page = unescape((await desk.open(answer.headers["location"])).text)
    assert page.count(">来信<一>.pdf</button>") == 1
    assert "2.0 MB" in page
    link = (await desk.send(f"{case}/files/{file_id}/open", disposition="attachment")).headers["location"]
    answer = await behind.running["documents"].request("GET", link, who=None)
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/pdf"


async def test_a_file_that_is_not_taken_is_told_on_the_case_page(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    for file in (("a.pdf", b"MZ\x90\x00", "application/pdf"), ("a.pdf", b"", "application/pdf"), ("", b"", "")):
        await desk.open(case)
        answer = await desk.send(f"{case}/files", file_id=hidden(desk.page, "file_id"), files={"file": file})
        assert 400 <= answer.status_code < 500
        assert 'role="alert"' in answer.text
    await desk.open(case)
    assert (await desk.send(f"{case}/files/00000000-0000-0000-0000-000000000000/open")).status_code == 404


async def test_a_file_over_the_bound_is_refused(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    held = resources.of(node[0].runtime)
    held.settings = held.settings.model_copy(update={"upload_megabytes": 1})
    case = await registered(desk, behind)
    await desk.open(case)
    file = {"file": ("a.pdf", PDF, "application/pdf")}
    answer = await desk.send(f"{case}/files", file_id=hidden(desk.page, "file_id"), files=file)
    assert answer.status_code == 413
    assert "过大" in answer.text
    assert await behind.running["documents"].rows("SELECT * FROM files") == []


async def test_an_upload_needs_a_session_and_its_own_form(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    file = {"file": ("a.pdf", PDF, "application/pdf")}
    answer = await desk.client.post(f"{case}/files", data={"csrf": "0" * 32, "key": "12345678"}, files=file)
    assert answer.status_code == 403
    async with browsing(node[0]) as stranger:
        answer = await stranger.client.post(f"{case}/files", files=file)
        assert answer.headers["location"].startswith("/sign-in")
    assert await behind.running["documents"].rows("SELECT * FROM files") == []


async def test_the_ledger_filters_and_turns_pages(desk: Browser, behind: Node, node: tuple[Running, Node]) -> None:
    held = resources.of(node[0].runtime)
    held.settings = held.settings.model_copy(update={"rows_a_page": 2})
    cases = [await registered(desk, behind, title=f"第{number}件") for number in range(3)]
    await act(desk, behind, cases[0], "transfer", to_unit="330225100-cj")
    await act(desk, behind, cases[1], "accept")
    assert await titles(desk, "/staff/cases") == ["第2件", "第1件"]
    more = re.search(r'rel="next" href="([^"]+)"', desk.page)
    assert more is not None
    assert await titles(desk, unescape(more[1])) == ["第0件"]
    assert "回到第一页" in desk.page
    assert await titles(desk, "/staff/cases?state=accepted") == ["第1件"]
    assert await titles(desk, "/staff/cases?mine=true") == ["第2件", "第1件"]
    assert await titles(desk, "/staff/cases?mine=true&state=offered") == []
    assert "没有符合条件" in desk.page


async def titles(desk: Browser, path: str) -> list[str]:
    page = (await desk.open(path)).text
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', page)


async def test_several_petitioners_and_accused_units_are_registered(desk: Browser, behind: Node) -> None:
    await registered(
        desk, behind, kind="accusation", route="", **{"petitioners.3.name": "第四人"},
        accused_units=["330225100-cj", "330226-xf"],
        received_at="2026-01-05T09:30", category="城乡建设", about_region="330225100000",
    )  # fmt: skip
    intake = behind.running["intake"]
    row = (await intake.rows("SELECT * FROM petitions"))[0]
    assert row["petitioner_count"] == 2
    assert row["accused_units"] == ["330225100-cj", "330226-xf"]
    assert row["received_at"] == datetime(2026, 1, 5, 1, 30, tzinfo=UTC)
    assert (row["about_region"], row["category"]) == ("33.02.25.100", "城乡建设")


async def test_errors_stand_at_the_row_that_was_typed(desk: Browser) -> None:
    await desk.open("/staff/register")
    typed = {**MATTER, "petitioners.2.phone": "138x", "received_at": "someday"}
    answer = await desk.send("/staff/register", **typed)
    assert answer.status_code == 422
    assert 'id="petitioners.2.phone-error"' in answer.text
    assert 'id="received_at-error"' in answer.text
    assert re.search(r"<details open>\s*<summary>多人提出", answer.text)
    answer = await desk.send("/staff/register", title="只有标题")
    assert {"channel-error", "kind-error", "content-error"} <= set(re.findall(r'id="([a-z_]+-error)"', answer.text))
    assert 'value="只有标题"' in answer.text


async def test_an_anonymous_petition_has_no_petitioner(desk: Browser, behind: Node) -> None:
    nobody = {"petitioners.0.name": "", "petitioners.0.phone": " "}
    case = await registered(desk, behind, **nobody, anonymous="yes")
    assert "匿名" in (await desk.open(case)).text


async def test_markup_in_a_petition_is_shown_as_text(desk: Browser, behind: Node) -> None:
    evil = "<script>alert('1')</script>"
    case = await registered(desk, behind, title=evil, content=evil, **{"petitioners.0.name": evil})
    for path in (case, "/staff/cases", f"{case}?done=<script>"):
        page = (await desk.open(path)).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    answer = await desk.send("/staff/register", **{**MATTER, "title": evil * 20})
    assert answer.status_code == 422
    assert "<script" not in answer.text


async def test_what_lies_outside_the_scope_is_not_found(desk: Browser) -> None:
    for case in ("00000000-0000-7000-8000-000000000000", "not-an-id", "%00"):
        answer = await desk.open(f"/staff/cases/{case}")
        assert answer.status_code == 404
        assert "没有找到" in answer.text
    answer = await desk.open("/staff/statistics?region=33.02.26")
    assert answer.status_code == 403
    assert "不在您的管辖范围内" in answer.text
    assert (await desk.open("/staff/statistics?region=<b>")).status_code == 404


async def test_a_case_not_opened_yet_shows_its_petition(desk: Browser, behind: Node) -> None:
    await desk.open("/staff/register")
    answer = await desk.send("/staff/register", **MATTER, **PERSON)
    found = re.search(r'href="(/staff/cases/[0-9a-f-]{36})"', answer.text)
    assert found is not None
    page = (await desk.open(found[1])).text
    assert MATTER["content"] in page
    assert "办件正在建立" in page
    await behind.settle()
    assert "办件正在建立" not in (await desk.open(found[1])).text


async def test_statistics_stand_beside_their_definitions(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await registered(desk, behind, channel="visit")
    await act(desk, behind, case, "accept")
    page = (await desk.open("/staff/statistics")).text
    figures = dict(re.findall(r'<th scope="row">([^<]+)</th><td class="count">([^<]+)</td><td class="meaning">', page))
    assert figures["登记"] == "2"
    assert figures["受理"] == "1"
    assert "按登记单位所在辖区计" in page
    assert "50.0 %" in page


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_staff_page_opens_accessible_in_both_languages(desk: Browser, behind: Node, language: str) -> None:
    case = await registered(desk, behind)
    await act(desk, behind, case, "accept")
    for path in ("/staff/cases", "/staff/register", case, "/staff/statistics"):
        answer = await desk.open(f"{path}?lang={language}")
        assert answer.status_code == 200
        check_accessible(answer.text.replace('lang="en">', 'lang="zh-CN">') if language == "en" else answer.text)


async def test_a_page_calls_with_the_persons_own_rights(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await leader.open(case)
        assert ">登记</a>" not in leader.page  # a leader does not register
        answer = await leader.send("/staff/register", **MATTER)
        assert answer.status_code == 403
    async with browsing(node[0]) as analyst:
        await analyst.sign_in("analyst")
        assert (await analyst.open("/staff/statistics")).status_code == 200
        assert (await analyst.open(case)).status_code == 403


async def test_a_page_and_the_calls_it_makes_are_one_trace(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    behind.traces.clear()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await desk.client.get(case, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert len(behind.traces) == 7
    assert {traceparent.split("-")[1] for traceparent in behind.traces} == {trace}


async def test_a_service_that_is_away_leaves_its_part_of_the_case_empty(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    behind.apps["documents"] = away
    page = (await desk.open(case)).text
    assert MATTER["content"] in page
    assert "系统暂时不可用" in page
    assert "还没有发出消息" in page
