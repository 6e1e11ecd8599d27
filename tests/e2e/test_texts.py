"""A text sent to an office that is not competent: registered there, handed on, and followed by text from there."""

import os
from typing import Any

from node.calling import until
from node.demo import OFFICE, act, case_at
from node.demo_texts import NUMBER, Telephone
from tests.e2e.casework import NOTICE
from tests.support.tree import TestCaller, Tree


def telephone(tree: Tree) -> Telephone:
    """One that nobody has used, at the message centre of the county."""
    phone = Telephone(
        tree.node("county").directory / "smsc", f"1371{int.from_bytes(os.urandom(4)) % 10**7:07}"
    )  # fmt: skip
    phone.came()  # what others got before
    return phone


def shown(phone: Telephone, words: str) -> str:
    """The next text of the telephone that says this."""

    def look() -> str | None:
        text = phone.came()
        return text if text is not None and words in text else None

    found: str = until(look)
    return found


def listed(clerk: TestCaller, number: str) -> Any:
    page = clerk.get("/api/routing/v1/cases", limit="50")["items"]
    return next((case for case in page if case["number"] == number), None)


def test_a_text_to_the_wrong_tier_is_handed_on_and_its_status_is_told_as_it_has_risen(tree: Tree) -> None:
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")
    phone = telephone(tree)
    phone.send("李四#象溪县石桥镇下桥村#村口小桥护栏缺失")
    found = NUMBER.search(shown(phone, "已登记"))
    assert found is not None
    number = found[1]
    case = until(lambda: listed(county, number))["id"]
    held = act(county, case_at(county, case, "registered"), "screen", route=6)
    act(county, held, "transfer", to_unit=OFFICE["township"])
    received = act(township, case_at(township, case, "offered", OFFICE["township"]), "receive")
    accepted = act(township, received, "accept", fields=NOTICE)
    assert accepted["holder_unit"] == OFFICE["township"]
    case_at(county, case, "accepted")  # it has risen
    phone.send(number)
    assert number in shown(phone, ":已受理(")
    stranger = telephone(tree)
    stranger.send(number)
    assert number not in shown(stranger, "未查到")
