"""Lists of a case's papers and files among millions of others; and what the database does for them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import quantiles
from uuid import UUID

import httpx
from deploy.bench.documents.desk import HANDLER, Desk, desk
from deploy.bench.documents.filling import fill
from deploy.bench.figures import Figure, limit
from deploy.bench.footprint import processor_time
from deploy.bench.ground import Ground
from deploy.bench.plans import check, plans_of

from documents import faces
from documents.files.tables import files
from documents.moving.domain import FILE, PAPER
from documents.papers.tables import papers
from kit.db import Session

SIZES = (0, 100_000, 1_000_000, 5_000_000)
EACH = 5  # papers, and as many files, of a case
OURS, OF_OURS = UUID("00000000-0000-7000-8000-000000000000"), 60  # the case that is listed: number 0, a long one
CONTENT, OF_PAPER = 192, 4480  # bytes of the text of others, and of ours, which is read
REQUESTS, PAGE = 200, 50
BELOW = 30  # ms
LARGE = 1_000_000  # documents: among fewer, to read a case's lines and sort them may be as cheap as reading in order


@dataclass(frozen=True)
class Size:
    """p95 in milliseconds of a page, with so many documents in the database; filled: seconds it took to add them; cpu:
    milliseconds of the service's processor time for a page.
    """

    documents: int
    filled: float
    papers: float
    files: float
    cpu: float


def measure(
    ground: Ground, say: Callable[[str], None], *, sizes: Sequence[int] = SIZES, requests: int = REQUESTS
) -> list[Figure]:
    """Two figures, at the largest size."""
    opened = replace(asyncio.run(desk(ground)), petition=OURS)
    asyncio.run(fill(ground, 0, 0, each=OF_OURS, content=OF_PAPER))
    found: list[Size] = []
    cases = 0
    for size in sizes:
        wanted = size // (2 * EACH)
        spent = asyncio.run(fill(ground, cases + 1, wanted, each=EACH, content=CONTENT))
        cases = wanted
        found.append(_measured(opened, size, spent, requests))
        say(
            f"{size:>9,} documents, filled in {spent:.0f} s: a page of papers {found[-1].papers:.1f} ms, of files "
            f"{found[-1].files:.1f} ms (p95); {found[-1].cpu:.1f} ms of the processor for a page"
        )
    plans = asyncio.run(_plans(opened))
    if sizes[-1] >= LARGE:
        for name, each in plans.items():
            for plan in each:
                check(f"a page of {name}", plan)
    return [_figure(kind, found, plans[kind]) for kind in ("papers", "files")]


def _measured(opened: Desk, size: int, spent: float, requests: int) -> Size:
    """By a process that has no plans from when the database was smaller."""
    with opened.serving() as (url, pid), opened.client(url) as client:
        client.get(opened.path("files"))  # connections, prepared statements
        before = processor_time(pid)
        papers_page, files_page = (_p95(client, opened.path(thing), requests) for thing in ("papers", "files"))
        cpu = (processor_time(pid) - before) / (2 * requests) * 1000
    return Size(size, spent, papers_page, files_page, cpu)


def _p95(client: httpx.Client, path: str, requests: int) -> float:
    """Milliseconds, one request after the other."""
    spent = []
    for _ in range(requests):
        started = time.perf_counter()
        items = client.get(path).raise_for_status().json()["items"]
        spent.append((time.perf_counter() - started) * 1000)
        if len(items) != PAGE:
            raise RuntimeError(f"a page of {len(items)} lines")
    return quantiles(spent, n=20)[-1]


async def _plans(opened: Desk) -> dict[str, list[str]]:
    """Of all statements of a page."""

    async def papers_page(session: Session) -> None:
        await faces.page(session, papers, OURS, HANDLER, None, PAGE, kind=PAPER)

    async def files_page(session: Session) -> None:
        await faces.page(session, files, OURS, HANDLER, None, PAGE, kind=FILE)

    return {name: await plans_of(opened.dsn, read) for name, read in (("papers", papers_page), ("files", files_page))}


def _figure(kind: str, found: Sequence[Size], plans: list[str]) -> Figure:
    ours = [getattr(each, kind) for each in found]
    return limit(
        f"{kind}-page", f"a page of a case's {kind} among {found[-1].documents:,} documents, p95", unit="ms",
        below=BELOW, value=ours[-1], ours=ours,
        note=f"{PAGE} lines, one request after the other; read by the index alone, plans in the JSON file",
        more={"sizes": [asdict(each) for each in found], "plans": plans},
    )  # fmt: skip
