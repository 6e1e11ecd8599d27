"""What people do at the portal, in the words of its pages."""

import re
from datetime import datetime, timedelta, timezone

from playwright.async_api import Locator, expect
from tests.browser.conftest import Desk

CHINA = timezone(timedelta(hours=8))
READY = 20_000  # milliseconds until what was done at one page shows on another

# elements whose text stands out less than WCAG 2.1 AA asks for (4.5; 3 for large text)
TOO_PALE = """() => {
  const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const pale = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(numbers(style.color)), light(ground(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) pale.push(element.textContent.trim().slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return pale;
}"""


async def petition(desk: Desk, title: str, phone: str = "13812345678") -> tuple[str, str]:
    """A citizen petitions on the web; returns number and query code."""
    page = desk.page
    await desk.open("/petition")
    await page.get_by_text("申诉求决").click()
    await page.get_by_label("标题").fill(title)
    await page.get_by_label("内容").fill("雨后积水,学生上学绕行两公里。")
    await page.get_by_label("姓名").fill("欧阳禾苗")
    await page.get_by_label("电话").fill(phone)
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("heading", name="信访登记回执")).to_be_visible()
    return await page.inner_text("#number"), await page.inner_text("#query-code")


async def look_up(desk: Desk, number: str, code: str) -> None:
    await desk.open("/progress")
    await desk.page.get_by_label("信访编号").fill(number)
    await desk.page.get_by_label("查询码").fill(code)
    await desk.page.get_by_role("button", name="查询").click()
    await expect(desk.page.get_by_role("heading", name=number)).to_be_visible()


async def open_case(desk: Desk, title: str) -> None:
    """From the ledger, as soon as the case stands there."""
    await desk.open("/staff/cases")
    link = desk.page.get_by_role("link", name=title)
    for _ in range(40):
        if await link.count():
            break
        await desk.page.wait_for_timeout(250)
        await desk.page.reload()
    await link.click()


async def press(desk: Desk, name: str, told: str) -> None:
    """Press a button of the case page and see what is told."""
    await desk.page.get_by_role("button", name=name, exact=True).click()
    await expect(desk.page.get_by_role("status")).to_contain_text(told, timeout=READY)


def form_of(desk: Desk, name: str) -> Locator:
    """The form of an action, behind its name."""
    return desk.page.locator("details.act").filter(has=desk.page.locator("summary", has_text=re.compile(f"^{name}$")))


async def unfold(desk: Desk, name: str) -> Locator:
    form = form_of(desk, name)
    await form.locator("summary").first.click()
    return form


async def do(desk: Desk, name: str, told: str) -> None:
    """Unfold the form of an action that asks for nothing more, and send it."""
    await unfold(desk, name)
    await press(desk, name, told)


async def change_to(desk: Desk, account: str, title: str) -> None:
    """Another person at the same desk, with the same case."""
    await desk.page.get_by_role("button", name="退出登录").click()
    await desk.sign_in(account)
    await open_case(desk, title)


async def sign(desk: Desk, account: str) -> None:
    """Give the password again, where the page asks for it."""
    page = desk.page
    await expect(page.get_by_role("heading", name="请再次输入密码")).to_be_visible()
    await page.get_by_label("密码").fill(desk.passwords[account])
    await page.get_by_role("button", name="核实并提交").click()


async def accept(desk: Desk) -> None:
    """Accept the case; what the procedure asks for is filled in."""
    form = await unfold(desk, "受理")
    for field in await form.locator("select[required]").all():
        await field.select_option(index=1)
    for field in await form.locator("input[type=datetime-local][required]").all():
        await field.fill((datetime.now(CHINA) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))
    await press(desk, "受理", "已受理")


async def look_up_until(desk: Desk, number: str, code: str, sign_of_it: str) -> None:
    """Look a petition up until something shows on the page that events bring about."""
    for _ in range(40):
        await look_up(desk, number, code)
        if await desk.page.locator(sign_of_it).count():
            return
        await desk.page.wait_for_timeout(250)
    await expect(desk.page.locator(sign_of_it)).to_be_visible()
