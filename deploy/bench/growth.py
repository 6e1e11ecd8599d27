"""How registering and reading the ledger change as petitions add up; and what the database does for one page."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from uuid import UUID

import asyncpg
import httpx
from deploy.bench.figures import Figure
from deploy.bench.ground import NODE, UNIT, Ground
from deploy.bench.plans import check, plans_of
from deploy.bench.registration import Side, both
from rich.console import Console

from intake import store
from kit.paths import ancestors

SIZES = (10_000, 100_000, 1_000_000)
TOP = NODE.split(".", maxsplit=1)[0]
PAGES = 60
# ids in order of time, all before those of today; every hundredth petition belongs to the node that is measured
IDS = "(lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
PLACE = "CASE WHEN n % 100 = 0 THEN '33.02.25.100' ELSE '33.' || lpad((n % 50 + 10)::text, 2, '0') || '.25.100' END"
NUMBERS = "generate_series($1::bigint, $2) AS n"
FILL = (
    f"""
INSERT INTO petitions (id, number, region, unit, channel, kind, title, content, petitioner_count, received_at,
  registered_at, registered_by, registered_node)
SELECT {IDS}, 'SYN' || n, {PLACE}, 'unit', 'letter', 'appeal', '合成数据第' || n || '件',
  repeat('只用于测量，没有含义。', 40), 1, now(), now(), 'bench', '33' FROM {NUMBERS}
""",  # noqa: S608 - put together from constants of this file
    f"""
INSERT INTO petition_scopes (scope, petition_id)
SELECT array_to_string((string_to_array({PLACE}, '.'))[:depth], '.'), {IDS}
FROM {NUMBERS}, generate_series(1, 4) AS depth
""",  # noqa: S608 - put together from constants of this file
    f"""
INSERT INTO petitioners (petition_id, position, name, phone_index)
SELECT {IDS}, 0, '\\x00'::bytea, decode(md5(n::text), 'hex') FROM {NUMBERS}
""",  # noqa: S608 - put together from constants of this file
    f"""
INSERT INTO case_states (petition_id, version, state, holder_unit, at)
SELECT {IDS}, 1, 'registered', 'unit', now() FROM {NUMBERS}
""",  # noqa: S608 - put together from constants of this file
)


@dataclass(frozen=True)
class Size:
    """Figures with so many petitions: 201/s, milliseconds for the newest page at the township and at the province."""

    petitions: int
    rate: float
    township: float
    province: float


async def _fill(dsn: str, first: int, last: int) -> None:
    """Add the petitions from number `first` to number `last`."""
    connection = await asyncpg.connect(dsn, command_timeout=1200)
    try:
        for statement in FILL:
            await connection.execute(statement, first, last)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _page(side: Side, token: str) -> float:
    """Median milliseconds for the newest 50 lines of the ledger."""
    url = f"http://{side.plan.host}:{side.plan.port}{side.plan.path}"
    spent = []
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60) as client:
        for _ in range(PAGES):
            started = time.perf_counter()
            items = client.get(url).raise_for_status().json()["items"]
            spent.append((time.perf_counter() - started) * 1000)
            if len(items) != 50:
                raise RuntimeError(f"a page of {len(items)} lines")
    return median(spent)


async def plan_of_a_page(dsn: str, scope: str) -> str:
    """Of the very statement that store.page sends."""
    before = UUID(int=2**128 - 1)
    plans = await plans_of(
        dsn, lambda session: store.page(session, scope, [UNIT], before=before, limit=50, number=None)
    )
    return check("a page of the ledger", plans[-1])


def measure(ground: Ground, console: Console, *, sizes: Sequence[int] = SIZES, seconds: float = 5) -> list[Figure]:
    """One figure: how much of the registration rate is left at the largest size."""
    found: list[Size] = []
    with both(ground) as (_, own):
        region, unit = TOP, "330000-xf"
        province = ground.token(region=region, unit=unit)
        own.run(1)
        filled = 0
        for size in sizes:
            asyncio.run(_fill(own.dsn, filled + 1, size))
            filled = size
            rate = own.run(seconds).rate
            found.append(Size(size, rate, _page(own, own.plan.token), _page(own, province)))
        plans = {scope: asyncio.run(plan_of_a_page(own.dsn, scope)) for scope in reversed(ancestors(NODE))}
    for each in found:
        console.print(
            f"  {each.petitions:>9,} petitions: {each.rate:,.0f} registered/s, newest page "
            f"{each.township:.1f} ms at the township, {each.province:.1f} ms at the province"
        )
    console.print(f"  EXPLAIN of a page at the province:\n{plans[TOP]}", highlight=False, markup=False)
    value = found[-1].rate / found[0].rate
    return [
        Figure(
            "growth", f"registering at {sizes[-1]:,} petitions against {sizes[0]:,}", "x", "none set", value, None,
            ours=[each.rate for each in found], note="pages and plans in the JSON file",
            more={"sizes": [asdict(each) for each in found], "plans": plans},
        )
    ]  # fmt: skip
