"""Reading lists among many cases: what a unit has to do, a page of the cases; and what the database does for them."""

import time
from statistics import quantiles

import httpx
from deploy.bench.figures import Figure, limit
from deploy.bench.plans import check, plan_of
from deploy.bench.whole_node import COUNTY, OFFICE, TOWN, TOWN_REGION, WholeNode

from routing import store

REQUESTS = 200
BELOW = 50  # ms


def _p95(node: WholeNode, path: str, token: str) -> float:
    """Milliseconds, one request after the other."""
    spent = []
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=node.application.url, headers=headers, trust_env=False, timeout=60) as client:
        for _ in range(REQUESTS):
            started = time.perf_counter()
            answer = client.get(path).raise_for_status().json()
            spent.append((time.perf_counter() - started) * 1000)
            lines = answer if isinstance(answer, list) else answer["items"]
            if not lines:
                raise RuntimeError(f"{path} is empty")
    return quantiles(spent, n=20)[-1]


async def _plans(node: WholeNode) -> dict[str, str]:
    """Raises RuntimeError for a plan that reads more than its lines."""
    dsn = node.dsns["routing"]
    to_do = await plan_of(dsn, lambda session: store.to_do(session, [TOWN], 50))
    page = await plan_of(
        dsn, lambda session: store.page(session, COUNTY, [OFFICE], before=None, limit=50, state=None, mine=False)
    )
    plans = {"to-do": to_do, "cases": page}
    if "ix_cases_to_do" not in plans["to-do"]:
        raise RuntimeError(f"the to-do list does without its index\n{plans['to-do']}")
    return {name: check(name, plan) for name, plan in plans.items()}


async def measure(node: WholeNode, cases: int) -> list[Figure]:
    """Two figures, of a node that does nothing else meanwhile."""
    plans = await _plans(node)
    handler = node.token("handler", unit=TOWN, region=TOWN_REGION)
    office = node.token("clerk", unit=OFFICE, region=COUNTY)
    to_do = _p95(node, "/api/routing/v1/to-do", handler)
    page = _p95(node, "/api/routing/v1/cases", office)
    return [
        limit(
            "to-do", f"to-do list by deadline at {cases:,} cases, p95", unit="ms", below=BELOW, value=to_do,
            note=f"{REQUESTS} requests for 50 lines; index ix_cases_to_do", more={"plan": plans["to-do"]},
        ),
        limit(
            "cases-page", f"newest page of the cases at {cases:,} cases, p95", unit="ms", below=BELOW, value=page,
            note=f"{REQUESTS} requests for 50 lines", more={"plan": plans["cases"]},
        ),
    ]  # fmt: skip
