"""Sessions: cookies, their end, and forms that only the own pages may send."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from services.portal.tests.browsing import PASSWORD, Browser, Opened, browsing, hidden
from tests.support.running import Running

from kit.clock import ManualClock
from portal import usecases

START = "/staff"
DESK = "/staff/register"  # needs nothing behind the portal


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def portal(open_portal: Opened, clock: ManualClock) -> Running:
    return await open_portal(clock=clock)


@pytest.fixture
async def browser(portal: Running) -> AsyncIterator[Browser]:
    async with browsing(portal) as opened:
        yield opened


async def is_in(browser: Browser, page: str = DESK) -> bool:
    """Whether a staff page opens; otherwise it must lead to the sign-in page."""
    answer = await browser.open(page)
    place = answer.headers.get("location", "")
    assert answer.status_code == 200 or place.startswith("/sign-in")
    return answer.status_code == 200


async def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    answer = await browser.sign_in()
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("session-33.02.25.100="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Max-Age" not in cookie  # it ends with the browser
    assert "Secure" not in cookie  # this node is reached by http


async def test_the_cookie_is_secure_where_the_node_is_reached_by_https(portal: Running, browser: Browser) -> None:
    settings = portal.runtime.settings
    node = settings.node.model_copy(update={"public_url": "https://petitions.example"})
    portal.runtime.settings = settings.model_copy(update={"node": node})
    answer = await browser.sign_in()
    assert all("Secure" in cookie.split("; ") for cookie in answer.headers.get_list("set-cookie"))


async def test_nodes_at_one_desk_keep_their_cookies_apart(open_portal: Opened, browser: Browser) -> None:
    county = await open_portal(path="33.02.25")
    async with browsing(county) as other:
        await other.open("/sign-in")
        await browser.open("/sign-in")
        assert set(other.client.cookies) & set(browser.client.cookies) == set()


async def test_the_database_holds_the_hash_of_the_session_id_only(portal: Running, browser: Browser) -> None:
    await browser.sign_in()
    session_id = browser.cookie("session") or ""
    assert len(session_id) >= 43  # 256 bits
    rows = await portal.rows("SELECT id_hash FROM sessions")
    assert [row["id_hash"] for row in rows] == [hashlib.sha256(session_id.encode()).digest()]


async def test_a_session_left_alone_ends(browser: Browser, clock: ManualClock) -> None:
    await browser.sign_in()
    clock.advance(timedelta(minutes=19))
    assert await is_in(browser)
    clock.advance(timedelta(minutes=19))
    assert await is_in(browser)  # it was used in between
    clock.advance(timedelta(minutes=20))
    assert not await is_in(browser)


async def test_a_session_ends_after_ten_hours_however_busy(browser: Browser, clock: ManualClock) -> None:
    await browser.sign_in()
    for _ in range(39):
        clock.advance(timedelta(minutes=15))
        assert await is_in(browser)
    clock.advance(timedelta(minutes=15))
    assert not await is_in(browser)


async def test_signing_out_ends_the_session_at_the_server(browser: Browser) -> None:
    await browser.sign_in("auditor")
    session_id = browser.cookie("session") or ""
    await browser.open(DESK)
    answer = await browser.send("/sign-out")
    assert answer.headers["location"] == "/"
    assert browser.cookie("session") is None
    browser.client.cookies.set("session-33.02.25.100", session_id)
    assert (await browser.open(DESK)).headers["location"].startswith("/sign-in")


async def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(portal: Running, browser: Browser) -> None:
    await browser.sign_in()
    before = browser.cookie("session")
    await browser.sign_in("leader")
    assert browser.cookie("session") != before
    assert [row["username"] for row in await portal.rows("SELECT username FROM sessions")] == ["leader"]


async def test_a_session_id_that_somebody_planted_is_not_taken_over(browser: Browser) -> None:
    browser.client.cookies.set("session-33.02.25.100", "planted")
    await browser.sign_in()
    assert "planted" not in [cookie.value for cookie in browser.client.cookies.jar if "100" in (cookie.value or "")]
    browser.client.cookies.clear()
    browser.client.cookies.set("session-33.02.25.100", "planted")
    assert not await is_in(browser)


async def test_a_disabled_account_is_out_at_its_next_page(portal: Running, browser: Browser) -> None:
    await browser.sign_in()
    await portal.rows("UPDATE accounts SET disabled = true")
    assert not await is_in(browser)


async def test_after_signing_in_one_is_led_back_to_the_page_one_asked_for(browser: Browser) -> None:
    answer = await browser.open("/staff/register")
    assert answer.headers["location"] == "/sign-in?next=/staff/register"
    await browser.open(answer.headers["location"])
    answer = await browser.send("/sign-in", username="clerk", password=PASSWORD,
                                next=hidden(browser.page, "next"))  # fmt: skip
    assert answer.headers["location"] == "/staff/register"


async def test_one_is_never_led_to_another_site(browser: Browser) -> None:
    for place in ("https://evil.example", "//evil.example", "/staff//evil.example", "/staff/\\evil", "/"):
        answer = await browser.sign_in(next=place)
        assert answer.headers["location"] == START


async def test_a_form_that_is_not_ours_is_refused(portal: Running, browser: Browser) -> None:
    await browser.open("/sign-in")
    whole = {"csrf": hidden(browser.page, "csrf"), "key": hidden(browser.page, "key")}
    typed = {"username": "clerk", "password": PASSWORD}
    for field, value in (
        ("csrf", ""),
        ("csrf", "0" * 32),
        ("csrf", "密"),
        ("key", ""),
        ("key", "short"),
        ("key", "a\nb" * 4),
    ):
        answer = await browser.client.post("/sign-in", data={**whole, **typed, field: value})
        assert answer.status_code == 403
        assert "没有提交" in answer.text
    assert await portal.rows("SELECT * FROM sessions") == []
    assert (await browser.client.post("/sign-in", data={**whole, **typed})).status_code == 303


async def test_a_form_of_another_visitor_is_refused(portal: Running, browser: Browser) -> None:
    async with browsing(portal) as other:
        await other.open("/sign-in")
        await browser.open("/sign-in")
        answer = await other.client.post("/sign-in", data={
            "csrf": hidden(browser.page, "csrf"), "key": hidden(browser.page, "key"),
            "username": "clerk", "password": PASSWORD,
        })  # fmt: skip
    assert answer.status_code == 403


async def test_a_form_of_a_page_before_signing_in_is_no_form_of_the_session(browser: Browser) -> None:
    await browser.sign_in()
    await browser.open("/petition")
    answer = await browser.send("/sign-out")
    assert answer.status_code == 403
    assert await is_in(browser)


URLENCODED = "application/x-www-form-urlencoded"
MALFORMED = (
    (URLENCODED, b"csrf=%ff%fe&key=%00"),
    (URLENCODED, b"a=1&" * 500),
    ("multipart/form-data; boundary=x", b"--y\r\nbroken"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="f"\r\n\r\n1'),
    ("application/json", b"{}"),
    ("text/plain", b"\xff" * 100),
)


async def test_malformed_forms_are_told_as_a_page(browser: Browser) -> None:
    for content_type, body in MALFORMED:
        answer = await browser.client.post("/sign-in", content=body, headers={"Content-Type": content_type})
        assert 400 <= answer.status_code < 500
        assert "<h1>" in answer.text


async def test_what_has_ended_leaves_the_tables(portal: Running, browser: Browser, clock: ManualClock) -> None:
    await browser.sign_in()
    await browser.sign_in("nobody")
    clock.advance(timedelta(minutes=30))
    async with portal.runtime.database.transaction() as session:
        await usecases.forget_ended(portal.runtime, session)
    for query in ("SELECT * FROM sessions", "SELECT * FROM failed_sign_ins"):
        assert await portal.rows(query) == []


async def test_people_start_where_their_work_is(browser: Browser) -> None:
    for username in ("clerk", "leader"):
        await browser.sign_in(username)
        # their to-do list, which nobody can tell here
        assert (await browser.open(START)).status_code == 503
    await browser.sign_in("analyst")
    assert (await browser.open(START)).headers["location"] == "/staff/statistics"


async def test_a_role_without_work_here_is_told_so(browser: Browser) -> None:
    await browser.sign_in("auditor")
    assert "没有可办的业务" in (await browser.open("/staff")).text
    for path in ("/staff/cases", "/staff/register", "/staff/statistics"):
        answer: Any = await browser.open(path)
        assert answer.status_code == 403
        assert "没有此项权限" in answer.text
