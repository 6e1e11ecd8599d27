"""Text messages at the command line: through the same queue, masked, recorded, and not what is kept from the office."""

import asyncio
import getpass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from services.notify.tests.sms import Peer, queue, send_all, use
from services.notify.tests.stories import PHONE, Story, hear
from services.notify.tests.texting import write
from tests.support.running import Running
from typer.testing import CliRunner, Result

from kit.errors import Refused
from node import texting
from node.cli import app
from notify.gateways.interface import InDoubt
from notify.main import service
from notify.outbound.outgoing import text_binding
from xinqiao_local.node_file import render


async def run(running: Running, work: Any) -> Any:
    return await texting.as_notify(running.runtime.settings, work)


def node_file(running: Running) -> Path:
    """Of the node of the running service."""
    given = running.runtime.settings
    config: Path = given.home / "node.toml"
    settings = given.model_dump(mode="json", exclude={"home"}, exclude_none=True)
    settings["database"]["url"] = given.database.url.get_secret_value()
    settings["broker"] = {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"}
    config.write_text(render(settings), encoding="utf-8")
    return config


async def xinqiao(running: Running, *words: str, said: str = "") -> Result:
    """As typed at the terminal."""
    typed = ["sms", *words, "--node-config", str(node_file(running))]
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, typed, input=said, terminal_width=200))


async def test_a_text_is_queued_like_all_others_and_recorded(start: Any) -> None:
    notify = await start(service)
    asked = ("send", "--to", PHONE, "--text", "系统测试短信")
    declined = await xinqiao(notify, *asked, said="n\n")
    assert (declined.exit_code, "138****5678" in declined.output) == (1, True)
    assert await notify.rows("SELECT FROM messages") == []
    sent = await xinqiao(notify, *asked, "--yes")
    assert sent.exit_code == 0, sent.output
    assert PHONE not in sent.output
    (row,) = await notify.rows("SELECT * FROM messages")
    assert str(row["id"]) in sent.output
    assert (row["state"], row["lane"], row["author"], row["unit"]) == ("queued", 1, getpass.getuser(), "330225100-xf")
    text = notify.runtime.keyring.decrypt(row["text"], text_binding(row["id"]))
    assert text == "【丁镇信访办】系统测试短信"
    (entry,) = await notify.rows("SELECT * FROM audit")
    assert (entry["action"], entry["actor"], entry["subject"]) == ("send-text", getpass.getuser(), row["id"])
    assert PHONE not in (entry["detail"] or "")


async def test_a_template_is_sent_with_its_variables_and_only_with_these(start: Any) -> None:
    notify = await start(service)
    words = ("send", "--to", "-", "--template", "office-closed", "--yes", "--set", "date=2026-02-01")
    assert (await xinqiao(notify, *words, said=f"{PHONE}\n")).exit_code == 1
    sent = await xinqiao(notify, *words, "--set", "until=2026-02-07", said=f"{PHONE}\n")
    assert "本办2026年2月1日至2026年2月7日暂停接待来访" in sent.output
    wrong = await xinqiao(notify, *words, "--set", "until=tomorrow", said=f"{PHONE}\n")
    assert wrong.exit_code == 1
    assert (await xinqiao(notify, "send", "--to", PHONE, "--template", "no-such", "--yes")).exit_code == 1
    assert (await xinqiao(notify, "send", "--to", "12", "--text", "x", "--yes")).exit_code == 2


async def test_tail_shows_what_comes_and_goes_masked_and_without_texts(start: Any) -> None:
    notify = await start(service)
    await write(notify, "村里的路灯坏了半年")
    seen = await xinqiao(notify, "tail", "--once")
    lines = seen.output.splitlines()
    assert len(lines) == 2, seen.output
    assert "<- 138****5678 unparsed unclear" in lines[0]
    assert "-> 138****5678 queued text-received" in lines[1]
    assert PHONE not in seen.output
    assert "路灯" not in seen.output


async def test_show_tells_the_conversation_by_reference_by_number_or_the_last_and_records_it(start: Any) -> None:
    notify = await start(service)
    assert "nobody" in (await xinqiao(notify, "show", "--last")).output
    await write(notify, "村里的路灯坏了半年")
    last = await xinqiao(notify, "show", "--last")
    reference = last.output.split()[1].rstrip(":")
    for found in (last, await xinqiao(notify, "show", reference), await xinqiao(notify, "show", said=f"{PHONE}\n")):
        assert found.exit_code == 0, found.output
        assert "村里的路灯坏了半年" in found.output
        assert PHONE not in found.output
    entries = await notify.rows("SELECT action, actor, subject::text FROM audit")
    assert {tuple(entry) for entry in entries} == {("read-conversation", getpass.getuser(), reference)}
    assert len(entries) == 3
    (came,) = await notify.rows("SELECT received_at FROM inbound")
    moment = came["received_at"].astimezone(timezone(timedelta(hours=8)))
    assert f"\n{moment:%Y-%m-%d %H:%M:%S}+08:00 <- unparsed" in last.output, "as clocks go in China"


async def test_show_knows_no_conversation_about_what_accuses_the_office(start: Any) -> None:
    notify = await start(service)
    await write(notify, "你们办公室的人态度恶劣")
    story = Story(accused=("330225100-xf",))
    await hear(notify, story.contact(), *story.case())
    for words in (("show", "--last"), ("show",)):
        found = await xinqiao(notify, *words, said=f"{PHONE}\n")
        assert (found.exit_code, "态度" in found.output) == (1, False)
    alarm = (await xinqiao(notify, "queue")).output
    assert "nobody here may read 本级无人可阅: 1, since 自 " in alarm
    assert "turn to 请转 丙县信访局 (33.02.25)\n" in alarm
    assert (PHONE[-4:] in alarm, "态度" in alarm) == (False, False)


async def doubted(notify: Running, *numbers: str) -> list[UUID]:
    """Messages that left without an answer."""
    use(notify, Peer(answers=lambda _: InDoubt()))
    ids = await queue(notify, *numbers)
    await send_all(notify)
    return ids


async def test_a_message_in_doubt_is_named_by_queue_and_settled_by_hand(start: Any) -> None:
    notify = await start(service)
    first, second, third = await doubted(notify, PHONE, "13900000001", "13900000002")
    shown = await xinqiao(notify, "queue")
    assert shown.exit_code == 0, shown.output
    assert all(str(each) in shown.output for each in (first, second, third))
    assert PHONE not in shown.output
    for message, fate in ((first, "delivered"), (second, "failed"), (third, "not-sent")):
        settled = await xinqiao(notify, "settle", str(message), "--as", fate)
        assert settled.exit_code == 0, settled.output
    rows = await notify.rows("SELECT id, state FROM messages")
    assert {row["id"]: row["state"] for row in rows} == {first: "delivered", second: "failed", third: "queued"}
    assert (await xinqiao(notify, "settle", str(first), "--as", "failed")).exit_code == 1
    assert (await xinqiao(notify, "settle", str(first), "--as", "lost")).exit_code == 2
    actions = [row["action"] for row in await notify.rows("SELECT action FROM audit")]
    assert actions == ["settle-message"] * 3


async def test_what_is_not_in_doubt_is_not_settled(start: Any) -> None:
    notify = await start(service)
    with pytest.raises(Refused, match="not-found"):
        await run(notify, lambda runtime, session: texting.settle(runtime, session, uuid4(), "delivered"))


async def test_words_are_listed_as_the_node_says_them_and_its_own_file_is_checked(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    notify, own = await start(service), tmp_path / "own.toml"
    own.write_text('[all.closed]\nversion = 100\nzh = "【{office}】编号{number}办结"\n', encoding="utf-8")
    monkeypatch.setenv("XQ_SERVICES__NOTIFY__OUTBOUND__TEMPLATES_FILE", str(own))
    listed = await xinqiao(notify, "words", "--use", "notice", "--language", "zh")
    assert "notice closed.zh (version 版本 100, 1 part(s) 条): 【{office}】编号{number}办结" in listed.output
    assert "notice accepted.zh (version 版本 1, " in listed.output
    assert (await xinqiao(notify, "words", "--use", "all")).exit_code == 2
    assert "own.toml" in (await xinqiao(notify, "words", "check")).output
    other = tmp_path / "other.toml"
    other.write_text('["330225101-xx".closed]\nversion = 100\nzh = "【{office}】{content}"\n', encoding="utf-8")
    wrong = await xinqiao(notify, "words", "check", str(other))
    assert wrong.exit_code == 1
    assert f"{other}:1: this node has no unit 330225101-xx" in wrong.output
    assert f"{other}:3: 330225101-xx.closed.zh: ['content'] may not go out" in wrong.output
    own.write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    refused = await xinqiao(notify, "words")
    assert (refused.exit_code, "own.toml:3:" in refused.output) == (1, True)
