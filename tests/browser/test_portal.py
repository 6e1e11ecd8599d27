"""The portal as people use it: with a mouse, with the keyboard alone, on a telephone, in both languages."""

import asyncio
import re
import uuid

from playwright.async_api import expect
from tests.browser.conftest import Desk
from tests.browser.doing import (
    TOO_PALE,
    accept,
    change_to,
    do,
    look_up,
    look_up_until,
    open_case,
    petition,
    press,
    sign,
    unfold,
)

from xinqiao_local.cluster import SEED

SCAN = SEED / "scanned-page.png"
PUBLIC = ("/", "/petition", "/progress", "/sign-in", "/nowhere")
STAFF = (
    "/staff", "/staff/cases", "/staff/register", "/staff/statistics", "/staff/requests", "/staff/proposals",
    "/staff/alarms", "/staff/procedures", "/staff/quality", "/staff/rectifications",
    "/staff/texts", "/staff/texts/conversations", "/staff/notices", "/staff/notices/new", "/staff/gateways",
    "/staff/templates", "/staff/templates/rate-until",
)  # fmt: skip


async def test_from_a_citizens_petition_to_the_closed_case(desk: Desk) -> None:
    title = f"村口道路积水 {uuid.uuid4().hex[:8]}"
    page = desk.page
    number, code = await petition(desk, title)
    assert code not in page.url
    await look_up(desk, number, code)
    await expect(page.get_by_text("等待确定由哪个单位办理")).to_be_visible()

    await desk.sign_in("township.clerk")
    await open_case(desk, title)
    await expect(page.get_by_text("欧***")).to_be_visible()
    await page.get_by_text("查看完整身份信息").click()
    await page.get_by_label("用途").fill("核实联系方式")
    await page.get_by_role("button", name="查看并记录").click()
    await sign(desk, "township.clerk")
    await expect(page.get_by_text("欧阳禾苗")).to_be_visible()

    await open_case(desk, title)
    form = await unfold(desk, "甄别分类")
    await form.get_by_label("依法分类").select_option("6")
    await press(desk, "甄别分类", "已甄别分类")
    await accept(desk)
    await page.get_by_text("上传扫描件").click()
    await page.get_by_label("文件").set_input_files(SCAN)
    await press(desk, "上传", "材料已归入")
    async with page.expect_download() as download:
        await page.get_by_role("button", name=f"下载原件：{SCAN.name}").click()
    saved = await (await download.value).path()
    assert await asyncio.to_thread(saved.read_bytes) == await asyncio.to_thread(SCAN.read_bytes)

    await change_to(desk, "township.handler", title)
    await press(desk, "开始调查", "已开始调查")
    await page.get_by_role("link", name="送审", exact=True).click()
    form = page.locator("#act-submit")
    for field in ("请求事项", "事实和理由", "处理意见", "依据"):
        await form.get_by_label(field, exact=True).fill("经查属实,限期修复排水沟。")
    await form.get_by_text("支持", exact=True).click()
    await press(desk, "送审", "处理意见已归档并送审")
    await expect(page.get_by_role("button", name="审批同意")).to_have_count(0)

    await change_to(desk, "township.leader", title)
    await page.get_by_role("link", name="意见书").first.click()
    await expect(page.get_by_role("heading", name="意见书")).to_be_visible()
    await page.get_by_role("link", name="回到办件").click()
    await (await unfold(desk, "审批同意")).get_by_role("button", name="审批同意").click()
    await sign(desk, "township.leader")
    await expect(page.get_by_role("status")).to_contain_text("已审批")

    await change_to(desk, "township.handler", title)
    form = await unfold(desk, "登记送达")
    await form.get_by_label("送达方式").select_option("in-person")
    await press(desk, "登记送达", "已登记送达")
    await do(desk, "办结", "已办结")

    await look_up_until(desk, number, code, ".state-closed")
    assert await page.locator(".timeline b").all_inner_texts() == [
        "已登记", "已甄别分类", "已受理", "已开始调查", "处理意见已送审", "处理意见已审批", "处理意见已送达", "已办结",
    ]  # fmt: skip


async def test_a_case_tells_its_time_limits_what_can_be_done_and_why_not_the_rest(desk: Desk) -> None:
    title = f"期限与操作 {uuid.uuid4().hex[:8]}"
    page = desk.page
    await petition(desk, title)
    await desk.sign_in("township.clerk")
    await open_case(desk, title)
    limit = page.locator(".limit").first
    await expect(limit).to_contain_text("绿 · 期限内")
    await expect(limit).to_contain_text(re.compile(r"到期 \d{4}-\d\d-\d\d 24:00 还剩 \d+ 天"))
    await expect(limit).to_contain_text("期限15日")
    folded = page.locator(".not-possible")
    await expect(folded.get_by_text("签收", exact=True)).to_be_hidden()
    await folded.locator("summary").click()
    await expect(folded.get_by_text("签收", exact=True)).to_be_visible()
    await expect(folded).to_contain_text("现在的环节没有这项操作")
    form = await unfold(desk, "甄别分类")
    await form.get_by_label("依法分类").select_option("6")
    await press(desk, "甄别分类", "已甄别分类")
    await expect(page.locator(".not-now").first).to_contain_text("还缺：不予受理告知书")
    assert await page.evaluate(TOO_PALE) == []


async def test_the_to_do_list_leads_to_the_case_and_the_case_back(desk: Desk) -> None:
    """What is due first stands first: where there is much to do, this may not be what came last."""
    page = desk.page
    await petition(desk, f"待办 {uuid.uuid4().hex[:8]}")
    await desk.sign_in("township.clerk")
    links = page.locator("main th[scope=row] a")
    for _ in range(40):
        if await links.count():
            break
        await page.wait_for_timeout(250)
        await page.reload()
    await expect(page.get_by_role("heading", name="绿 · 期限内")).to_be_visible()
    target = await links.first.get_attribute("href")
    await links.first.click()
    await expect(page).to_have_url(f"{desk.url}{target}")
    await page.get_by_role("link", name="我的待办").click()
    await expect(page.locator(f'main a[href="{target}"]')).to_be_visible()


async def test_what_is_wrong_is_told_at_its_field_and_can_be_reached_from_the_summary(desk: Desk) -> None:
    page = desk.page
    await desk.open("/petition")
    await page.get_by_text("建议意见").click()
    await page.get_by_label("标题").fill("建议")
    await page.get_by_label("内容").fill("内容")
    await page.get_by_label("电话").fill("138x")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("alert")).to_contain_text("电话应为")
    await expect(page.get_by_label("电话")).to_have_value("138x")
    await expect(page.get_by_label("标题")).to_have_value("建议")
    await page.get_by_role("alert").get_by_role("link", name="电话").click()
    assert page.url.endswith("#petitioner.phone")


async def test_a_double_click_registers_once(desk: Desk) -> None:
    title = f"双击 {uuid.uuid4().hex[:8]}"
    page = desk.page
    await desk.sign_in("township.clerk")
    await desk.open("/staff/register")
    await page.get_by_label("渠道").select_option("letter")
    await page.get_by_text("建议意见").click()
    await page.get_by_label("标题").fill(title)
    await page.get_by_label("内容", exact=True).fill(uuid.uuid4().hex)
    await page.get_by_label("匿名信访").check()
    await page.get_by_role("button", name="登记", exact=True).dblclick()
    await expect(page.get_by_role("heading", name="信访登记回执")).to_be_visible()
    await open_case(desk, title)
    await desk.open("/staff/cases")
    assert await page.get_by_role("link", name=title).count() == 1


async def test_everything_is_reached_with_the_keyboard_alone(desk: Desk) -> None:
    page = desk.page
    await desk.open("/sign-in")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    await expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("用户名")).to_be_focused()
    await page.keyboard.type("township.clerk")
    await page.keyboard.press("Tab")
    await page.keyboard.type(desk.passwords["township.clerk"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/staff")


async def test_no_page_scrolls_sideways_on_a_telephone(phone: Desk) -> None:
    await phone.sign_in("township.clerk")
    for path in (*PUBLIC, *STAFF):
        for language in ("zh", "en"):
            await phone.open(f"{path}?lang={language}")
            assert await phone.page.evaluate("document.documentElement.scrollWidth") <= 390, (path, language)


async def test_text_stands_out_from_its_ground(desk: Desk) -> None:
    await desk.sign_in("township.clerk")
    for path in (*PUBLIC, *STAFF):
        await desk.open(path)
        assert await desk.page.evaluate(TOO_PALE) == [], path


async def test_pale_text_is_noticed(desk: Desk) -> None:
    await desk.open("/")
    await desk.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert len(await desk.page.evaluate(TOO_PALE)) == 1


async def test_the_language_stays_as_chosen(desk: Desk) -> None:
    await desk.open("/")
    await desk.page.get_by_role("link", name="English").click()
    await expect(desk.page.get_by_role("link", name="Look up progress")).to_be_visible()
    await desk.page.get_by_role("link", name="Petition", exact=True).click()
    await expect(desk.page.get_by_role("heading", name="Petition", exact=True)).to_be_visible()
    assert await desk.page.get_attribute("html", "lang") == "en"
    await desk.page.get_by_role("link", name="中文").click()
    await expect(desk.page.get_by_role("heading", name="我要信访")).to_be_visible()


async def test_the_receipt_prints_without_menu_and_buttons(desk: Desk) -> None:
    await petition(desk, "打印回执")
    await desk.page.emulate_media(media="print")
    await expect(desk.page.locator("#query-code")).to_be_visible()
    for hidden in (".menu", ".foot", ".after", "p.no-print >> nth=0"):
        await expect(desk.page.locator(hidden)).to_be_hidden()
