"""The fourth act of `make demo`: a villager's conversation by text message, over SMPP with the message centre (SMSC)
that `make up` starts beside the county's node.
"""

import json
import re
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node.calling import Unanswered, until
from node.demo import OFFICE, Story, act, case_at, console

SHORT_NUMBER = "10690225"
NUMBER = re.compile(r"编号(\w+)")


@dataclass
class Telephone:
    """A telephone at the centre: it sends, and shows what came. centre: the centre's directory."""

    centre: Path
    number: str
    _seen: int = 0
    _waiting: deque[str] = field(default_factory=deque)
    _halves: dict[str, dict[int, str]] = field(default_factory=dict)

    def send(self, text: str) -> None:
        """Returns when the node has kept it. Raises Unanswered."""
        port = json.loads((self.centre / "ports.json").read_text())["control"]
        order = {"do": "deliver", "texts": [{"from": self.number, "to": SHORT_NUMBER, "text": text}]}
        with socket.create_connection(("127.0.0.1", port), 20) as line, line.makefile("rwb") as speech:
            speech.write(json.dumps(order).encode() + b"\n")
            speech.flush()
            answer = json.loads(speech.readline())
        if answer.get("statuses") != {"0": 1}:
            raise Unanswered(f"the text was not kept: {answer}")

    def came(self) -> str | None:
        """The next text that this telephone has received, long ones joined; null: none is there."""
        if not self._waiting:
            self._waiting.extend(self._look())
        return self._waiting.popleft() if self._waiting else None

    def _look(self) -> list[str]:
        with (self.centre / "pdus.jsonl").open("rb") as log:
            log.seek(self._seen)
            lines = [line for line in log.read().splitlines(keepends=True) if line.endswith(b"\n")]
        self._seen += sum(map(len, lines))
        pdus = [json.loads(line) for line in lines]
        return [text for pdu in pdus if pdu.get("took") == "submit_sm" and self._mine(pdu) for text in self._whole(pdu)]

    def _mine(self, pdu: dict[str, Any]) -> bool:
        return bool(pdu["to"].endswith(self.number)) and pdu["taken"]

    def _whole(self, pdu: dict[str, Any]) -> list[str]:
        """The header of a part (TS 23.040, 9.2.3.24.1) ends with reference, total, number."""
        if not pdu["udh"]:
            return [pdu["text"]]
        *_, reference, total, number = bytes.fromhex(pdu["udh"])
        halves = self._halves.setdefault(f"{reference}/{total}", {})
        halves[number] = pdu["text"]
        return ["".join(halves[at] for at in sorted(halves))] if len(halves) == total else []


def tell(story: Story, run: Path) -> None:
    """In order. Raises Unanswered at the step that fails."""
    console.print("[bold]四 村民发短信  a villager texts[/bold]")
    phone = Telephone(run / "nodes" / "county" / "smsc", f"139{time.time_ns() // 1_000_000 % 10**8:08}")
    phone.came()  # what others got before
    receipt = asked(
        story, phone, "张三#象溪县石桥镇下桥村#门前道路积水三个月无人管", "登记并回执", "registered, confirmed"
    )
    found = NUMBER.search(receipt)
    if found is None:
        raise Unanswered(f"no number in the confirmation: {receipt}")
    number = found[1]
    asked(story, phone, number, "发编号查进展", "the number, for its stage")
    handed_down(story, number)
    shown(story, phone, "收到转送告知", "and told without asking")
    asked(story, phone, "CX", "再查进展", "asked again, without the number")
    asked(story, phone, f"BC {number} 雨后积水漫过门槛", "补充情况", "adds to it")
    answered_by_hand(story, phone)
    arrived(story)


def asked(story: Story, phone: Telephone, text: str, zh: str, en: str) -> str:
    """A text, and the answer to it."""
    story.step(f"村民:{text}", en, lambda: phone.send(text))
    return shown(story, phone, zh, "the answer is on the telephone")


def shown(story: Story, phone: Telephone, zh: str, en: str) -> str:
    """What the telephone shows next."""
    text: str = story.step(zh, en, lambda: until(phone.came))
    console.print(f"              [green]{text}[/green]", highlight=False)
    return text


def handed_down(story: Story, number: str) -> None:
    """The county classifies the petition and hands it to the township."""
    clerk = story.caller("county.clerk")

    def listed() -> str | None:
        page = clerk.get("/api/routing/v1/cases", limit="20")["items"]
        return next((case["id"] for case in page if case["number"] == number), None)

    held = case_at(clerk, until(listed), "registered")
    screened = story.step("甄别分类", "classified", lambda: act(clerk, held, "screen", route=6))
    story.step("转送乡镇", "transferred", lambda: act(clerk, screened, "transfer", to_unit=OFFICE["township"]))


def answered_by_hand(story: Story, phone: Telephone) -> None:
    """What cannot be parsed is told so at once, and a person answers."""
    asked(story, phone, "你们几点上班", "读不懂的转人工", "what cannot be parsed goes to a person")
    clerk = story.caller("county.clerk")

    def waiting() -> dict[str, Any] | None:
        queue = clerk.get("/api/notify/v1/texts/queue")["items"]
        return next((each for each in queue if each["phone"][-4:] == phone.number[-4:]), None)

    text = until(waiting)
    words = "工作日上午八点半至下午五点半。"
    story.step("工作人员回复", "an operator replies", lambda: clerk.post(
        f"/api/notify/v1/conversations/{text['conversation']}/replies", text=words))  # fmt: skip
    shown(story, phone, "村民收到回复", "the reply is on the telephone")


def arrived(story: Story) -> None:
    """The receipts of the centre: what truly arrived."""
    clerk = story.caller("county.clerk")

    def all_here(look: Callable[[], Any] = lambda: clerk.get("/api/notify/v1/messages")) -> list[Any] | None:
        items: list[Any] = look()["items"]
        return items if items and all(each["status"] == "delivered" for each in items) else None

    items = story.step("回执:全部送达", "the receipts say: all arrived", lambda: until(all_here))
    console.print(f"              {len(items)} 条短信 texts")
