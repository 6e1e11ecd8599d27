"""What leaves the inbox for e-mail, telephone and webhooks: confirmed, signed, gathered, tried again, nothing more
than number, stage, dates and link.
"""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from services.notify.tests.receivers import ACCOUNT, PASSWORD, Hook, Postbox, certificate, hook_server, mail_server
from services.notify.tests.staff import OFFICE, PREFERENCES, WITHIN, happens, staff, step, warning
from services.notify.tests.stories import Story
from services.notify.tests.texting import conversation
from tests.support.running import Running

from kit.clock import ManualClock
from notify import resources
from notify.inbound import unanswered
from notify.main import service
from notify.staff import jobs, webhooks
from notify.staff.delivering import deliver, opened
from notify.staff.settings import Mail, Staff, Webhooks

EMAIL, PHONE, SENDER = "wang@office.example", "13900001111", "xf@office.example"
MINUTE = timedelta(minutes=1)


class Person:
    """Somebody at the inbox, and the clock everybody looks at."""

    def __init__(self, notify: Running, clock: ManualClock, subject: str = "tester") -> None:
        self.notify, self.clock, self.who = notify, clock, staff(OFFICE, subject=subject)

    async def post(self, path: str, **body: Any) -> Any:
        return await self.notify.request("POST", f"{PREFERENCES}{path}", who=self.who, json=body)

    async def wants(self, channel: str, *kinds: str, **more: Any) -> None:
        answer = await self.post("", language="zh", ways={kind: [channel] for kind in kinds}, **more)
        assert answer.status_code == 200, answer.text

    async def code(self) -> str:
        """What the newest code is, as the database keeps it."""
        (row,) = await self.notify.rows("SELECT * FROM staff_addresses WHERE code IS NOT NULL")
        return opened(self.notify.runtime, row, "code")

    async def states(self) -> list[tuple[str, str, str | None]]:
        rows = await self.notify.rows(
            "SELECT kind, state, reason FROM staff_deliveries WHERE kind <> 'code' ORDER BY created_at, id"
        )
        return [tuple(row) for row in rows]


async def begun(start: Any, **settings: Any) -> Person:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    held = resources.of(notify.runtime)
    held.settings = held.settings.model_copy(update={"staff": Staff(**settings)})
    return Person(notify, clock)


def mail(port: int, **more: Any) -> Mail:
    return Mail(**{"host": "localhost", "port": port, "tls": "none", "sender": SENDER, "seconds": 5, **more})


async def by_mail(start: Any, port: int, **more: Any) -> Person:
    """Somebody whose e-mail is confirmed, who wants new registrations and deadlines by it."""
    person = await begun(start, mail=mail(port, **more))
    await person.post("/addresses", channel="email", value=EMAIL)
    assert (await person.post("/confirm", channel="email", code=await person.code())).status_code == 200
    await person.notify.rows("UPDATE staff_deliveries SET state = 'sent' RETURNING 1")
    await person.wants("email", "registered", "deadline")
    return person


async def test_an_address_is_used_once_the_code_that_was_sent_there_is_typed_in(start: Any) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        person = await begun(start, mail=mail(port))
        await person.post("/addresses", channel="email", value=EMAIL)
        await person.wants("email", "registered")
        await happens(person.notify, step(Story(), "open"))
        await deliver(person.notify.runtime, "email")
        (sent,) = box.came
        code = await person.code()
        assert code in sent.get_content()
        assert sent["To"] == EMAIL
        assert await person.states() == []
        assert (await person.post("/confirm", channel="email", code=code)).status_code == 200
        story = Story()
        await happens(person.notify, step(story, "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
        assert await person.states() == [("registered", "sent", None)]
        text = box.came[1].get_content()
        assert (
            text.strip() == f"【丁镇信访办】新登记待办:{story.number}。请登录查看:http://127.0.0.1:8080/staff/messages"
        )


async def test_a_text_that_waits_is_told_by_mail_with_the_way_to_its_conversation_alone(start: Any) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        person = await by_mail(start, port)
        await person.wants("email", "texts")
        reference = await conversation(person.notify, "村里的路灯坏了半年")
        person.clock.advance(60 * MINUTE)
        async with person.notify.runtime.database.transaction() as session:
            await unanswered.tell_desk(person.notify.runtime, session)
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
    (sent,) = box.came
    page = f"http://127.0.0.1:8080/staff/texts/{reference}"
    assert sent.get_content().strip() == f"【丁镇信访办】短信待人工处理超时。请登录查看:{page}"


async def test_a_wrong_or_old_code_confirms_nothing_and_five_tries_are_enough(start: Any) -> None:
    person = await begun(start, mail=mail(1))
    await person.post("/addresses", channel="email", value=EMAIL)
    code = await person.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert (await person.post("/confirm", channel="email", code=wrong)).json()["type"].endswith(":wrong-code")
    assert (await person.post("/confirm", channel="email", code=code)).status_code == 422
    await person.post("/addresses", channel="email", value=EMAIL)
    code = await person.code()
    person.clock.advance(timedelta(minutes=16))
    assert (await person.post("/confirm", channel="email", code=code)).status_code == 422


async def test_codes_cannot_be_sent_to_somebody_again_and_again(start: Any) -> None:
    person = await begun(start, mail=mail(1))
    answers = [(await person.post("/addresses", channel="email", value=f"x{n}@a.example")).status_code
               for n in range(6)]  # fmt: skip
    assert answers == [200] * 5 + [429]


async def test_mail_goes_over_tls_to_a_server_that_knows_us(start: Any, tmp_path: Path) -> None:
    box = Postbox()
    authority, tls = certificate(tmp_path)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    secured = {"tls": "starttls", "account": ACCOUNT, "password_file": tmp_path / "password"}
    async with mail_server(box, tls) as port:
        person = await by_mail(start, port, ca_file=authority, **secured)
        await happens(person.notify, step(Story(), "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
        assert (len(box.came), box.secured) == (1, [True])
        held = resources.of(person.notify.runtime)
        for changed in ({"ca_file": None}, {"password_file": authority}, {"tls": "none", "account": None}):
            settings = mail(port, **{"ca_file": authority, **secured, **changed})
            held.settings = held.settings.model_copy(update={"staff": Staff(mail=settings)})
            await happens(person.notify, step(Story(), "open"))
            person.clock.advance(MINUTE)
            await deliver(person.notify.runtime, "email")
            assert len(box.came) == 1, f"sent in spite of {changed}"
    assert [state for _, state, _ in await person.states()] == ["sent", "queued", "queued", "queued"]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [("550 no such user", "failed", "smtp-550"), ("451 later", "queued", "SMTPRecipientsRefused")],
)
async def test_a_server_that_says_no_is_believed_or_asked_again(
    start: Any, answer: str, state: str, reason: str
) -> None:
    box = Postbox(answer=answer)
    async with mail_server(box) as port:
        person = await by_mail(start, port)
        await happens(person.notify, step(Story(), "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
    assert await person.states() == [("registered", state, reason)]


async def test_what_a_slow_or_absent_server_did_not_take_is_sent_when_it_is_back(start: Any) -> None:
    box = Postbox(slow=True)
    async with mail_server(box) as port:
        person = await by_mail(start, port, seconds=0.2)
        await happens(person.notify, step(Story(), "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
        assert await person.states() == [("registered", "queued", "TimeoutError")]
    person.clock.advance(MINUTE)
    await deliver(person.notify.runtime, "email")
    assert (await person.states())[0][1] == "queued"
    box.slow = False
    async with mail_server(box, port=port):
        assert await deliver(person.notify.runtime, "email") == 0, "not before its time"
        person.clock.advance(MINUTE)
        assert await deliver(person.notify.runtime, "email") == 1
    assert (len(box.came), await person.states()) == (1, [("registered", "sent", None)])


async def test_after_a_day_of_trying_it_is_given_up_and_told_as_failed(start: Any) -> None:
    person = await by_mail(start, 1)
    await happens(person.notify, step(Story(), "open"))
    person.clock.advance(timedelta(hours=25))
    await deliver(person.notify.runtime, "email")
    assert (await person.states())[0][1] == "failed"


async def test_a_storm_is_one_message_with_its_count(start: Any) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        person = await by_mail(start, port)
        stories = [Story() for _ in range(30)]
        await happens(person.notify, *(step(story, "open") for story in stories))
        await happens(person.notify, warning(stories[0]))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
    registered, deadline = sorted((sent.get_content() for sent in box.came), key=len, reverse=True)
    assert "30条" in registered
    assert registered.count("XF") == 5
    assert "期限临近" in deadline


async def test_while_messages_leave_no_item_is_lost_or_told_twice(start: Any) -> None:
    hook = Hook()
    async with hook_server(hook) as port:
        person = await begun(start, webhooks=Webhooks(hosts=("localhost",), private=True), gather_seconds=0)
        await person.post("/addresses", channel="webhook", value=f"http://localhost:{port}/")
        await person.wants("webhook", "registered")
        stories = [Story() for _ in range(40)]
        runtime = person.notify.runtime
        for some in (stories[:20], stories[20:]):
            await asyncio.gather(
                *(happens(person.notify, step(story, "open")) for story in some),
                *(deliver(runtime, "webhook") for _ in range(4)),
            )
        while await deliver(runtime, "webhook"):
            pass
    told = [json.loads(body) for _, body in hook.came]
    assert sum(each["count"] for each in told) == 40
    numbers = [notice["number"] for each in told for notice in each["notices"]]
    assert len(numbers) == len(set(numbers))
    assert all(len(each["notices"]) == min(each["count"], 20) for each in told), "of many the first twenty are named"


async def test_what_became_secret_before_it_left_does_not_leave(start: Any) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        person = await by_mail(start, port)
        accused, plain = Story(), Story()
        await happens(person.notify, step(accused, "open"), step(plain, "open"))
        await happens(person.notify, step(accused, "screen", 3, accused_units=[OFFICE]))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
        (sent,) = box.came
        assert plain.number in sent.get_content()
        assert accused.number not in sent.get_content()
        await happens(person.notify, warning(accused))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "email")
        assert len(box.came) == 1
    assert (await person.states())[-1] == ("deadline", "cancelled", None)


async def test_in_quiet_hours_messages_wait_for_their_end(start: Any) -> None:
    box = Postbox()
    async with mail_server(box) as port:
        person = await by_mail(start, port)  # the clock stands at 09:00 in China
        await person.wants("email", "registered", quiet={"since": "08:00", "until": "10:00"})
        await happens(person.notify, step(Story(), "open"))
        for minutes, count in ((1, 0), (50, 0), (10, 1)):
            person.clock.advance(timedelta(minutes=minutes))
            await deliver(person.notify.runtime, "email")
            assert len(box.came) == count


async def test_who_was_away_for_long_changed_its_mind_or_removed_it_is_sent_nothing(start: Any) -> None:
    person = await by_mail(start, 1)
    await happens(person.notify, step(Story(), "open"))
    await person.wants("email", "deadline")
    assert await person.states() == [("registered", "cancelled", None)]
    await person.wants("email", "registered")
    await happens(person.notify, step(Story(), "open"))
    await person.post("/remove", channel="email")
    assert [state for _, state, _ in await person.states()] == ["cancelled", "cancelled"]
    await person.notify.request("GET", "/api/notify/v1/inbox/unread", who=person.who)
    person.clock.advance(timedelta(days=31))
    await happens(person.notify, step(Story(), "open"))
    assert len(await person.states()) == 2


async def test_a_webhook_is_signed_and_says_no_more_than_a_message(start: Any, tmp_path: Path) -> None:
    hook = Hook()
    authority, tls = certificate(tmp_path)
    async with hook_server(hook, tls) as port:
        person = await begun(start, webhooks=Webhooks(hosts=("localhost",), private=True, ca_file=authority))
        url = f"https://localhost:{port}/in?token=s3cret"
        secret = (await person.post("/addresses", channel="webhook", value=url)).json()["secret"]
        await person.wants("webhook", "to-receive", "registered")
        story = Story()
        await happens(person.notify, step(story, "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "webhook")
    (came,) = hook.came
    headers, body = came
    assert headers["host"] == f"localhost:{port}"
    signed = webhooks.signature(secret, headers["webhook-id"], headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == signed
    told = json.loads(body)
    assert (told["kind"], told["count"]) == ("registered", 1)
    assert set(told["notices"][0]) == {"what", "number", "type", "about", "level", "due_at", "at"}
    shown = (await person.notify.request("GET", PREFERENCES, who=person.who)).text
    assert "s3cret" not in shown
    assert secret not in shown


async def test_a_certificate_of_another_host_is_not_trusted(start: Any, tmp_path: Path) -> None:
    hook = Hook()
    authority, tls = certificate(tmp_path, "other.example")
    async with hook_server(hook, tls) as port:
        person = await begun(start, webhooks=Webhooks(hosts=("localhost",), private=True, ca_file=authority))
        await to_hook(person, f"https://localhost:{port}/")
    assert hook.came == []
    assert await person.states() == [("registered", "queued", "ConnectError")]


async def to_hook(person: Person, url: str) -> None:
    """Something happens that is told to this URL."""
    answer = await person.post("/addresses", channel="webhook", value=url)
    assert answer.status_code == 200, answer.text
    await person.wants("webhook", "registered")
    await happens(person.notify, step(Story(), "open"))
    person.clock.advance(MINUTE)
    await deliver(person.notify.runtime, "webhook")


@pytest.mark.parametrize(("wrong", "state", "reason"), [
    (Hook(status=500), "queued", "ConnectionError"),
    (Hook(status=410), "failed", "gone"),
    (Hook(status=302, redirect="http://127.0.0.1:1/"), "queued", "ConnectionError"),
    (Hook(silent=True), "queued", "TimeoutError"),
    (Hook(endless=True), "sent", None),
], ids=["error", "gone", "redirect", "silent", "endless"])  # fmt: skip
async def test_a_webhook_that_misbehaves_holds_up_nothing(start: Any, wrong: Hook, state: str, reason: str) -> None:
    async with hook_server(wrong) as port:
        person = await begun(start, webhooks=Webhooks(hosts=("localhost",), private=True, seconds=0.3))
        await to_hook(person, f"http://localhost:{port}/")
    assert await person.states() == [("registered", state, reason)]
    assert len(wrong.came) == 1


async def test_webhooks_never_go_into_the_own_network_nor_where_nobody_listed(start: Any, tmp_path: Path) -> None:
    hook = Hook()
    authority, tls = certificate(tmp_path)
    async with hook_server(hook, tls) as port:
        person = await begun(start, webhooks=Webhooks(hosts=("localhost",), ca_file=authority))
        for url in ("https://evil.example/", f"http://localhost:{port}/", "https://a@localhost/", "https://127.0.0.1/"):
            answer = await person.post("/addresses", channel="webhook", value=url)
            assert answer.status_code == 422, url
        await to_hook(person, f"https://localhost:{port}/")
        assert await person.states() == [("registered", "failed", "private-address")]
        held = resources.of(person.notify.runtime)
        held.settings = held.settings.model_copy(update={"staff": Staff(webhooks=Webhooks(hosts=("other.example",)))})
        await happens(person.notify, step(Story(), "open"))
        person.clock.advance(MINUTE)
        await deliver(person.notify.runtime, "webhook")
        assert (await person.states())[-1] == ("registered", "failed", "not-allowed")
    assert hook.came == []


async def test_a_text_message_is_queued_once_among_the_others(start: Any) -> None:
    person = await begun(start)
    await person.post("/addresses", channel="sms", value="139 0000 1111")
    await deliver(person.notify.runtime, "sms")
    assert (await person.post("/confirm", channel="sms", code=await person.code())).status_code == 200
    await person.wants("sms", "to-receive", "registered")
    await happens(person.notify, step(Story(), "open"), step(Story(), "transfer", hand_over=WITHIN))
    person.clock.advance(MINUTE)
    await deliver(person.notify.runtime, "sms")
    # as if the process had died before it noted that
    await person.notify.rows("UPDATE staff_deliveries SET state = 'sending', due_at = created_at RETURNING 1")
    await deliver(person.notify.runtime, "sms")
    rows = await person.notify.rows("SELECT template, lane, petition_id FROM messages ORDER BY created_at")
    assert [tuple(row) for row in rows] == [("staff-code", 0, None), ("staff-notice", 1, None)]
    assert PHONE not in str(await person.notify.rows("SELECT s::text FROM staff_addresses AS s"))


async def test_ways_that_the_node_has_not_are_not_offered(start: Any) -> None:
    person = await begun(start)
    answer = await person.notify.request("GET", PREFERENCES, who=person.who)
    assert answer.json()["offered"] == ["sms"]
    for channel, value in (("email", EMAIL), ("webhook", "https://a.example/")):
        assert (await person.post("/addresses", channel=channel, value=value)).status_code == 409


@pytest.mark.parametrize(("channel", "value"), [
    ("email", "a@b"), ("email", "a b@c.example"), ("email", "a@c.example\r\nBcc: x@y.example"), ("sms", "12"),
    ("sms", "tel:1390000"), ("webhook", "https://a b/"), ("webhook", "file:///etc/passwd"), ("pigeon", "loft"),
])  # fmt: skip
async def test_what_is_no_address_is_refused(start: Any, channel: str, value: str) -> None:
    person = await begun(start, mail=mail(1))
    assert (await person.post("/addresses", channel=channel, value=value)).status_code == 422


async def test_what_waits_is_measured(start: Any) -> None:
    person = await by_mail(start, 1)
    await happens(person.notify, step(Story(), "open"))
    person.clock.advance(timedelta(minutes=5))
    async with person.notify.runtime.database.transaction() as session:
        await jobs.measure(person.notify.runtime, session)
    waiting = {name: gauge.labels("email")._value.get() for name, gauge in (("n", jobs.UNSENT), ("s", jobs.OLDEST))}
    assert waiting == {"n": 1.0, "s": 300.0}
