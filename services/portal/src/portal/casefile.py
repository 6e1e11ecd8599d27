"""Everything a case page shows, asked of all services at once; what one of them does not tell leaves its part empty."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.calls import Calls, Declined

MOST = 200  # files and papers on one page; the page says so when there are more


@dataclass(frozen=True, slots=True)
class Part:
    """What a service answered, or why it did not."""

    found: Any = None
    problem: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """case: of routing, empty while it is being opened; petition, links: of intake; lists of the others."""

    case: Part
    petition: Part
    files: Part
    papers: Part
    messages: Part
    requests: Part
    links: Part


async def _part(answer: Awaitable[Any]) -> Part:
    try:
        return Part(found=await answer)
    except Declined as error:
        return Part(problem=error.problem)


async def read(calls: Calls, token: str, case_id: UUID) -> CaseFile:
    """Raises Declined when neither the case nor the petition is told: there is nothing to show."""
    documents = f"/api/documents/v1/petitions/{case_id}"
    answers = (
        calls.get(f"/api/routing/v1/cases/{case_id}", token),
        calls.get(f"/api/intake/v1/petitions/{case_id}", token),
        calls.get(f"{documents}/files", token, params={"limit": MOST}),
        calls.get(f"{documents}/papers", token, params={"limit": MOST}),
        calls.get("/api/notify/v1/messages", token, params={"petition_id": str(case_id)}),
        calls.get(f"/api/routing/v1/cases/{case_id}/requests", token, params={"limit": MOST}),
        calls.get(f"/api/intake/v1/petitions/{case_id}/links", token),
    )
    found = CaseFile(*await asyncio.gather(*map(_part, answers)))
    if found.case.problem and found.petition.problem:
        raise Declined(found.case.problem)
    return found
