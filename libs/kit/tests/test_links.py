"""Letters: sealed for one node, signed by another."""

from pathlib import Path

import pytest
from tests.support.nodes import settings_of

from kit.errors import Refused
from kit.links import Sealer, check_origin


@pytest.fixture
def sealers(tmp_path: Path) -> dict[str, Sealer]:
    """Those of three nodes, by path."""
    made = {}
    for path in ("33", "33.02", "33.02.25"):
        settings = settings_of(tmp_path / path, path, database="postgresql://x")
        directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
        made[path] = Sealer.load(path, settings.keys / "node.private.jwks", directory)
    return made


def test_a_letter_is_closed_to_everybody_but_its_receiver(sealers: dict[str, Sealer]) -> None:
    sealed = sealers["33"].seal("张三丰".encode(), "33.02.25")
    assert sealers["33.02.25"].open(sealed) == ("33", "张三丰".encode())
    with pytest.raises(Refused, match="letter-unreadable"):
        sealers["33.02"].open(sealed)
    with pytest.raises(Refused, match="letter-unreadable"):
        sealers["33.02.25"].open(sealed[:-6] + b"AAAAAA")
    with pytest.raises(Refused, match="unknown-node"):
        sealers["33"].seal(b"", "44")


def test_what_is_large_is_closed_as_a_letter_is_and_hardly_grows(sealers: dict[str, Sealer]) -> None:
    payload = b"\n" + bytes(range(256)) * 512
    sealed = sealers["33"].seal_large(payload, "33.02.25")
    assert sealers["33.02.25"].open(sealed) == ("33", payload)
    assert len(sealed) < len(payload) + 1200
    assert len(sealers["33"].seal(payload, "33.02.25")) > 1.7 * len(payload)  # why it is not sealed as a letter
    with pytest.raises(Refused, match="letter-unreadable"):
        sealers["33.02"].open(sealed)
    another = sealers["33"].seal_large(payload[::-1], "33.02.25")
    letter, enclosed = sealed.split(b"\n", 1)[0], another.split(b"\n", 1)[1]
    for altered in (sealed[:-1] + bytes([sealed[-1] ^ 1]), letter + b"\n" + enclosed, letter + b"\n", letter[:-6]):
        with pytest.raises(Refused, match="letter-unreadable"):
            sealers["33.02.25"].open(altered)


@pytest.mark.parametrize(
    ("exchange", "sender", "fits"),
    [
        ("from-child.33.02.25", "33.02.25", True),
        ("from-child.33.02.25", "33.02.25.100", True),
        ("from-child.33.02.25", "33.02.26", False),
        ("from-child.33.02.25", "33.02", False),
        ("from-child.33.02.2", "33.02.25", False),
        ("from-parent", "33", True),
        ("from-parent", "33.04", True),
        ("from-parent", "33.02.26", False),
        ("from-parent", "33.02", False),
        ("from-parent", "33.02.25", False),
        ("letters", "33.02", True),
        ("letters", "33.02.25", False),
        ("events", "33.02", True),
        ("events", "33", False),
    ],
)
def test_a_sender_must_lie_at_the_far_end_of_its_link(exchange: str, sender: str, *, fits: bool) -> None:
    if fits:
        check_origin("33.02", exchange, sender)
    else:
        with pytest.raises(Refused, match="sender-outside-link"):
            check_origin("33.02", exchange, sender)
