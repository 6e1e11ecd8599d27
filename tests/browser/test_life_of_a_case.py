"""What happens to a case beside its handling, in a real browser: repeats, supervision, delegation, rating."""

import re
import uuid
from datetime import datetime, timedelta

from playwright.async_api import expect
from tests.browser.conftest import Desk
from tests.browser.doing import (
    CHINA,
    READY,
    TOO_PALE,
    accept,
    change_to,
    look_up_until,
    open_case,
    petition,
    press,
    sign,
    unfold,
)


def fresh_phone() -> str:
    """Of somebody who has raised nothing yet."""
    return f"139{uuid.uuid4().int % 10**8:08d}"


async def register(desk: Desk, title: str, phone: str) -> None:
    """Fill in the form of registration and send it."""
    page = desk.page
    await desk.open("/staff/register")
    await page.get_by_label("渠道").select_option("visit")
    await page.get_by_text("申诉求决", exact=True).click()
    await page.get_by_label("标题").fill(title)
    await page.get_by_label("内容", exact=True).fill("雨后积水,学生上学绕行两公里。")
    await page.get_by_label("姓名").first.fill("欧阳禾苗")
    await page.get_by_label("电话").first.fill(phone)
    await page.get_by_role("button", name="登记", exact=True).click()


async def test_a_repeat_is_found_while_registering_and_linked(desk: Desk) -> None:
    page, phone = desk.page, fresh_phone()
    title = f"村口积水 {uuid.uuid4().hex[:8]}"
    await petition(desk, title, phone)
    await desk.sign_in("township.clerk")
    await open_case(desk, title)
    await register(desk, f"再次反映{title}", phone)
    found = page.get_by_role("alert")
    await expect(found).to_contain_text("可能是重复信访")
    offer = found.locator(".proposal").filter(has_text=title)
    await expect(offer).to_contain_text("电话号码相同")
    await expect(offer).to_contain_text("很可能是同一人同一事项")
    assert await page.evaluate(TOO_PALE) == []
    await offer.get_by_role("radio").check()
    await found.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("heading", name="信访登记回执")).to_be_visible()
    await open_case(desk, f"再次反映{title}")
    links = page.locator("section").filter(has=page.get_by_role("heading", name="重复和并案"))
    await expect(links).to_contain_text("同一人同一事项，本件是第 2 次提出")
    await links.get_by_role("link", name=title, exact=True).click()
    await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


async def test_what_is_not_the_same_is_registered_anew(desk: Desk) -> None:
    page, phone = desk.page, fresh_phone()
    title = f"路灯不亮 {uuid.uuid4().hex[:8]}"
    await petition(desk, title, phone)
    await desk.sign_in("township.clerk")
    await open_case(desk, title)
    await register(desk, f"另一件{title}", phone)
    await page.get_by_text("都不是，按新的事项登记").click()
    await page.get_by_role("button", name="登记", exact=True).first.click()
    await expect(page.get_by_role("heading", name="信访登记回执")).to_be_visible()
    await open_case(desk, f"另一件{title}")
    await expect(page.get_by_text("没有重复件，也没有并案")).to_be_visible()


async def test_a_leader_supervises_and_the_holder_answers(desk: Desk) -> None:
    page = desk.page
    title = f"拖欠工资 {uuid.uuid4().hex[:8]}"
    await petition(desk, title, fresh_phone())
    await desk.sign_in("township.clerk")
    await open_case(desk, title)
    form = await unfold(desk, "甄别分类")
    await form.get_by_label("依法分类").select_option("6")
    await press(desk, "甄别分类", "已甄别分类")
    form = await unfold(desk, "转送")
    await form.get_by_label("接收单位").select_option("330225100-czb")
    await form.get_by_role("button", name="转送").click()
    await sign(desk, "township.clerk")
    await expect(page.get_by_role("status")).to_contain_text("已转送")

    await change_to(desk, "township.leader", title)
    await page.get_by_role("link", name="督办", exact=True).last.click()
    await page.get_by_text("超期未办结").click()
    await page.get_by_label("内容").fill("请于十日内到现场核实并书面答复。")
    await page.get_by_label("答复期限").fill((datetime.now(CHINA) + timedelta(days=10)).strftime("%Y-%m-%d"))
    await page.get_by_role("button", name="发出").click()
    await expect(page.get_by_role("status")).to_contain_text("督办已发出")

    await change_to(desk, "township.build", title)
    await press(desk, "签收", "已签收")
    await page.locator("#requests ~ .file").get_by_role("link", name="督办").click()
    await expect(page.get_by_text("请于十日内到现场核实并书面答复。")).to_be_visible()
    await press(desk, "签收", "已签收")
    assert await page.evaluate(TOO_PALE) == []
    await page.get_by_label("内容").fill("已到现场核实,工资将于月底前付清。")
    await press(desk, "答复", "已答复，等待对方认可")

    await change_to(desk, "township.leader", title)
    await page.locator("#requests ~ .file").get_by_role("link", name="督办").click()
    await expect(page.get_by_text("工资将于月底前付清")).to_be_visible()
    await press(desk, "认可答复", "已认可答复，办结")
    await page.get_by_role("link", name="督办台账").first.click()
    await expect(page.locator("tr").filter(has_text=title)).to_contain_text("已办结")


async def test_a_petitioner_rates_and_is_told_how_to_ask_for_review(desk: Desk) -> None:
    page = desk.page
    title = f"危房改造 {uuid.uuid4().hex[:8]}"
    number, code = await petition(desk, title, fresh_phone())
    await desk.sign_in("township.handler")
    await open_case(desk, title)
    form = await unfold(desk, "甄别分类")
    await form.get_by_label("依法分类").select_option("6")
    await press(desk, "甄别分类", "已甄别分类")
    await accept(desk)
    await press(desk, "开始调查", "已开始调查")
    await page.get_by_role("link", name="送审", exact=True).click()
    form = page.locator("#act-submit")
    for field in ("请求事项", "事实和理由", "处理意见", "依据"):
        await form.get_by_label(field, exact=True).fill("经查属实,列入今年改造计划。")
    await form.get_by_text("支持", exact=True).click()
    await press(desk, "送审", "处理意见已归档并送审")
    await change_to(desk, "township.leader", title)
    await (await unfold(desk, "审批同意")).get_by_role("button", name="审批同意").click()
    await sign(desk, "township.leader")
    await expect(page.get_by_role("status")).to_contain_text("已审批")
    await change_to(desk, "township.handler", title)
    form = await unfold(desk, "登记送达")
    await form.get_by_label("送达方式").select_option("in-person")
    await press(desk, "登记送达", "已登记送达")

    await look_up_until(desk, number, code, "#rating")
    assert await page.evaluate(TOO_PALE) == []
    await page.locator("#office").get_by_text("满意", exact=True).click()
    await page.locator("#unit").get_by_text("不满意", exact=True).click()
    await page.get_by_label("想说的话").fill("没有到场查看。")
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_role("heading", name="评价已收到")).to_be_visible(timeout=READY)
    await expect(page.get_by_text(re.compile(r"可在\d{4}年\d+月\d+日前"))).to_be_visible()
    assert code not in page.url
    await look_up_until(desk, number, code, "#found")
    await expect(page.locator("#rating")).to_have_count(0)


async def test_a_leader_away_names_a_delegate(desk: Desk) -> None:
    page = desk.page
    await desk.sign_in("township.leader")
    await desk.open("/staff/delegations")
    await page.get_by_label("受托人").select_option("township.supervisor")
    later = datetime.now(CHINA) + timedelta(days=1000)  # other tests may have moved the node's time
    await page.get_by_label("开始").fill(later.strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_label("结束").fill((later + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_role("button", name="委托", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("已委托")
    await expect(page.get_by_text("黄问渠", exact=True)).to_be_visible()
    await page.get_by_role("button", name="结束委托").first.click()
    await expect(page.get_by_role("status")).to_contain_text("委托已结束")


async def test_the_pages_of_a_case_fit_a_telephone(phone: Desk) -> None:
    title = f"水压不足 {uuid.uuid4().hex[:8]}"
    await petition(phone, title, fresh_phone())
    await phone.sign_in("township.handler")
    await open_case(phone, title)
    case = phone.page.url.removeprefix(phone.url)
    for path in (case, f"{case}/links", f"{case}/ask/ask-support"):
        for language in ("en", "zh"):
            await phone.open(f"{path}?lang={language}")
            assert await phone.page.evaluate("document.documentElement.scrollWidth") <= 390, (path, language)
