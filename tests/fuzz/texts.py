"""Whatever somebody texts, and in whatever parts: it is understood or an operator's, and nothing else.

python -m tests.fuzz.texts -runs=20000
"""

import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import atheris

if __name__ == "__main__":  # what tests import is not slowed down
    with atheris.instrument_imports(include=["notify.inbound"]):
        import notify.inbound.deciding
        import notify.inbound.joints  # noqa: F401 - found here by the imports below

from notify.inbound.deciding import decide
from notify.inbound.domain import CONTENT, Petition, parse
from notify.inbound.facts import Dialogue, Phone, Policy, Text
from notify.inbound.joints import Piece, group

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POLICY = Policy(timedelta(minutes=2), timedelta(hours=24), 20, 60, 100, timedelta(hours=24), timedelta(seconds=5))


def read(said: str) -> None:
    """As the worker does with a text, in a dialogue and without. Raises what it does not expect."""
    parse(said)
    open_one = Dialogue(UUID(int=1), Petition("张三", "某村"), CONTENT, NOW + timedelta(hours=1))
    for dialogue in (None, open_one):
        made = decide(Text(UUID(int=2), NOW, said.encode("utf-8", "replace"), said), Phone(dialogue=dialogue), POLICY)
        assert made.wants_answer
        if isinstance(made.letter, Petition):
            assert made.letter.missing is None
            (made.letter.content or "").encode()


def put_together(parts: list[str], order: bytes) -> None:
    """Parts in the order of these octets, as often as they say; then the rest."""
    numbers = [place % len(parts) for place in order] + list(range(len(parts)))
    pieces = [Piece(UUID(int=n + 1), n + 1, len(parts), NOW, parts[n]) for n in numbers]
    (whole,) = group(pieces)
    assert whole.complete
    whole.text().encode()


def one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    parts = [provider.ConsumeUnicode(20) for _ in range(provider.ConsumeIntInRange(1, 6))]
    order = provider.ConsumeBytes(8)
    put_together(parts, order)
    read(provider.ConsumeUnicode(4096))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
