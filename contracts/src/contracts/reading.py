"""Who alone may read what a case is about (保密), as its events tell: what consumers keep beside whom it accuses."""

import json
from collections.abc import Sequence
from uuid import UUID

from contracts.case_events import CaseState
from contracts.envelope import Envelope


def readers_told(events: Sequence[Envelope]) -> list[str | None]:
    """For each of these events the readers, as JSON, that were named last up to its version; None where none names any.

    What speaks of no case, or comes of a node that knows of no readers, says nothing: what was said before holds.
    """
    said: dict[UUID, str] = {}
    found: dict[int, str | None] = {}
    for place, event in sorted(enumerate(events), key=lambda each: each[1].version):
        if isinstance(event.data, CaseState) and event.data.readers is not None:
            said[event.subject] = json.dumps(event.data.readers)
        found[place] = said.get(event.subject)
    return [found[place] for place in range(len(events))]
