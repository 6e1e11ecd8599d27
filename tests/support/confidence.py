"""Events of cases that are confidential (保密)."""

from contracts.envelope import Envelope
from kit.readers import EVERYBODY, reader

OPEN = (EVERYBODY,)  # it was, and is no more
# what a township holds: its office, and the head of the county's above it
TOWNSHIP = (reader("330225100-xf"), reader("330225-xf", "leader"), reader("330225-xf", "supervisor"))


def readable_by(event: Envelope, readers: tuple[str, ...] | None, sequence: int | None = None) -> Envelope:
    """The event with these readers; None: from a node that knows of none."""
    data = event.data.model_copy(update={"readers": None if readers is None else list(readers)})
    return event.model_copy(update={"data": data, **({"sequence": str(sequence)} if sequence else {})})
