"""Papers as documents tells routing of them."""

import uuid
from typing import Any

from contracts.events import PaperState
from tests.support.nodes import UNITS
from tests.support.running import Running, told

NODES = {line.split(",")[0]: line.split(",")[3] for line in UNITS.splitlines()[1:]}


async def filed(routing: Running, case: str, kind: str, unit: str, **more: Any) -> str:
    """A paper that a unit filed for a case; its id. more: outcome, of an opinion."""
    paper = uuid.uuid4()
    written = routing.runtime.clock.now()
    state = PaperState(paper_id=paper, kind=kind, sha256="0" * 64, unit=unit, written_at=written, **more)
    event = told("documents.paper.filed.v1", state, subject=uuid.UUID(case), node=NODES[unit])
    await routing.hear("routing.on-paper", event)
    return str(paper)
