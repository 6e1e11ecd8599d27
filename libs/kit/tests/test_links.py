"""Letters: sealed for one node, signed by another."""

from pathlib import Path

import pytest
from tests.support.nodes import settings_of

from kit.errors import Refused
from kit.links import Sealer, check_origin


def test_a_letter_is_closed_to_everybody_but_its_receiver(tmp_path: Path) -> None:
    sealers = {}
    for path in ("33", "33.02", "33.02.25"):
        home = tmp_path / path
        settings = settings_of(home, path, database="postgresql://x")
        directory = {entry.path: settings.resolve(entry.jwks) for entry in settings.directory}
        sealers[path] = Sealer.load(path, settings.keys / "node.private.jwks", directory)
    sealed = sealers["33"].seal("张三丰".encode(), "33.02.25")
    assert sealers["33.02.25"].open(sealed) == ("33", "张三丰".encode())
    with pytest.raises(Refused, match="letter-unreadable"):
        sealers["33.02"].open(sealed)
    with pytest.raises(Refused, match="letter-unreadable"):
        sealers["33.02.25"].open(sealed[:-6] + b"AAAAAA")
    with pytest.raises(Refused, match="unknown-node"):
        sealers["33"].seal(b"", "44")


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
