"""What the tests of this folder compare by would find a text that went twice, or one that nobody knows of."""

from typing import Any
from uuid import UUID

import pytest

from tests.resilience.texts.agreement import Records, compare, none_twice

PHONE = "13800000001"


def found(state: str = "sent", gateway_id: str | None = "7", *, log: tuple[str, ...] = ("7",)) -> Records:
    """One message of one part, and what the centre has taken for its number."""
    row: Any = {
        "id": UUID(int=1), "state": state, "phone_key": b"k", "total": 1, "gateway": "one", "gateway_id": gateway_id,
    }  # fmt: skip
    return Records([row], {("one", each): {"at": 0, "to": PHONE} for each in log}, {b"k": PHONE})


@pytest.mark.parametrize("agrees", [found(), found("unknown", None), found("unknown", None, log=())])
def test_what_agrees_or_is_in_doubt_is_fine(agrees: Records) -> None:
    compare(agrees)


@pytest.mark.parametrize(
    "differs",
    [
        found(log=("7", "8")),  # twice
        found("unknown", None, log=("7", "8")),
        found(log=("8",)),  # under another id
        found(log=()),  # never arrived
        found("sent", None),  # without an id, and called sent
        found("expired"),
        found("queued", None, log=()),
    ],
)
def test_whatever_else_differs_is_found(differs: Records) -> None:
    with pytest.raises(AssertionError):
        compare(differs)


def test_a_number_that_got_more_than_we_have_for_it_got_it_twice() -> None:
    with pytest.raises(AssertionError, match="twice"):
        none_twice(found(log=("7", "8")))
