"""Drawing cases: reproducible, none twice, so many of each unit, and never one that somebody may not read."""

import uuid
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.documents.tests.reviewing import COUNTY, DEPARTMENT, LEADER, LIFE, REGION, TOWNSHIP, Bureau
from tests.support.confidence import OPEN
from tests.support.nodes import token

from documents.main import service
from documents.quality.rounds import _anybody_of
from documents.quality.sampling import Drawn, Wanted, draw
from kit.auth import Principal
from kit.readers import reader

SEEDS = st.text("0123456789abcdef", min_size=1, max_size=32)
SHARES = st.one_of(
    st.builds(lambda size: {"size": size}, st.integers(1, 8)),
    st.builds(lambda percent: {"percent": percent}, st.integers(1, 100)),
)
HERS = [(action, TOWNSHIP if unit == DEPARTMENT else unit, day) for action, unit, day in LIFE]
UNITS = [COUNTY, DEPARTMENT, TOWNSHIP]


@pytest.fixture
async def bureau(start: Any) -> Bureau:
    return Bureau(await start(service, path=REGION))


def of(bureau: Bureau, *units: str, **share: Any) -> Wanted:
    given: dict[str, Any] = {"seed": "seed", "begins": date(2026, 1, 1), "ends": date(2026, 3, 31), **share}
    reviewers = [_anybody_of(bureau.running.runtime, code) for code in units or (COUNTY,)]
    return Wanted(**given, units=UNITS, reviewers=reviewers)


async def drawn(bureau: Bureau, wanted: Wanted) -> list[Drawn]:
    principal: Principal = await bureau.running.runtime.verifier.principal(LEADER)
    async with bureau.running.runtime.database.transaction() as session:
        return await draw(session, principal, wanted)


def expected(
    seed: str, ended: dict[uuid.UUID, str], size: int | None = None, percent: int | None = None
) -> set[uuid.UUID]:
    """The same drawn by hand: of each unit the first by SHA-256 of seed and id."""
    chosen: set[uuid.UUID] = set()
    for unit in set(ended.values()):
        mine = sorted(
            (case for case in ended if ended[case] == unit), key=lambda case: sha256(f"{seed}:{case}".encode()).digest()
        )
        chosen |= set(mine[: size if size is not None else ceil(len(mine) * (percent or 0) / 100)])
    return chosen


async def test_a_seed_draws_the_same_cases_again_none_twice_and_only_those_that_may_be_read(bureau: Bureau) -> None:
    """Among them lie cases of another region, ones that accuse the reader, and ones that only some may read."""
    ended: dict[uuid.UUID, str] = {}
    for life, unit, number in ((LIFE, DEPARTMENT, 9), (HERS, TOWNSHIP, 4)):
        for _ in range(number):
            ended[await bureau.case(life)] = unit
    hidden = {
        await bureau.case(region="33.02.26"),
        await bureau.case(accused=[COUNTY]),
        await bureau.case(readers=[reader(DEPARTMENT)]),
        await bureau.case(readers=[reader(COUNTY, "leader")]),  # the leader may, the unit may not
    }

    @given(SEEDS, SHARES)
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(seed: str, share: dict[str, int]) -> None:
        samples.append((seed, share))

    samples: list[tuple[str, dict[str, int]]] = []
    check()
    for seed, share in samples:
        found = [each.petition_id for each in await drawn(bureau, of(bureau, seed=seed, **share))]
        assert len(found) == len(set(found))
        assert not hidden & set(found)
        assert set(found) == expected(seed, ended, **share)
        assert found == [each.petition_id for each in await drawn(bureau, of(bureau, seed=seed, **share))]


async def ids(bureau: Bureau, wanted: Wanted | None = None) -> set[uuid.UUID]:
    return {each.petition_id for each in await drawn(bureau, wanted or of(bureau, percent=100))}


async def test_only_cases_that_ended_in_the_period_and_stand_ended_are_drawn(bureau: Bureau) -> None:
    closed = await bureau.case()
    await bureau.case(LIFE[:-1])  # not closed
    again = await bureau.case()
    assert await ids(bureau) == {closed, again}
    await bureau.goes_on(again, [("request-review", DEPARTMENT, 50)], first=20)
    assert await ids(bureau) == {closed}
    reported: Sequence[tuple[str, str, int]] = [("close", DEPARTMENT, 100)]
    await bureau.goes_on(again, reported, first=30)  # ended anew, after the period
    assert await ids(bureau) == {closed}
    # it ended on 8 February in China
    assert await ids(bureau, of(bureau, percent=100, begins=date(2026, 2, 8), ends=date(2026, 2, 8))) == {closed}
    assert await ids(bureau, of(bureau, percent=100, begins=date(2026, 2, 9))) == set()


async def test_the_unit_that_ended_it_answers_for_it_and_all_that_handled_it_are_known(bureau: Bureau) -> None:
    await bureau.case([*LIFE[:4], ("transfer", DEPARTMENT, 20), ("receive", TOWNSHIP, 21), ("accept", TOWNSHIP, 22),
                       ("close", TOWNSHIP, 30)])  # fmt: skip
    (found,) = await drawn(bureau, of(bureau, COUNTY, DEPARTMENT, TOWNSHIP, percent=1))
    assert (found.unit, found.handled_by, found.fit) == (TOWNSHIP, tuple(sorted([DEPARTMENT, TOWNSHIP])), (COUNTY,))


async def test_what_only_some_may_read_is_drawn_for_units_that_may_as_a_whole(bureau: Bureau) -> None:
    open_again = await bureau.case(readers=list(OPEN))
    for_the_unit = await bureau.case(readers=[reader(DEPARTMENT), reader(COUNTY)])
    await bureau.case(readers=[reader(DEPARTMENT)])
    assert await ids(bureau) == {open_again, for_the_unit}


async def test_a_case_that_accuses_a_unit_above_the_reviewer_is_not_for_it(bureau: Bureau) -> None:
    accusing = await bureau.case(HERS, accused=["330200-xf"])
    assert await ids(bureau) == set()
    plain = await bureau.case(HERS, accused=["330226-xf"])
    assert await ids(bureau) == {plain} != {accusing}


async def test_a_round_keeps_its_seed_and_a_reviewer_for_each_case(bureau: Bureau) -> None:
    cases = {str(await bureau.case()) for _ in range(5)}
    told = (await bureau.round(percent=None, size=3, reviewers=[COUNTY, TOWNSHIP])).json()
    assert (told["population"], len(told["seed"])) == (5, 32)
    listed = await bureau.drawn(told["round_id"])
    assert len({each["petition_id"] for each in listed}) == 3
    assert {each["petition_id"] for each in listed} <= cases
    wanted = of(bureau, COUNTY, TOWNSHIP, seed=told["seed"], size=3)
    assert [str(each.petition_id) for each in await drawn(bureau, wanted)] == [each["petition_id"] for each in listed]
    (row,) = await bureau.running.rows("SELECT detail FROM audit WHERE action = 'open-quality-round'")
    assert told["seed"] in row["detail"]  # so nobody draws until it pleases


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"units": ["330226-xf"]}, "quality-unit-elsewhere"),
        ({"units": ["330225100-xf"]}, "quality-unit-elsewhere"),  # of a node of its own
        ({"reviewers": ["330200-xf"]}, "quality-unit-elsewhere"),
        ({"begins": "2025-01-01", "ends": "2025-12-31"}, "quality-nothing-drawn"),
        ({"size": 5}, "invalid-input"),
        ({"percent": None}, "invalid-input"),
        ({"begins": "2026-04-01"}, "invalid-input"),
    ],
)
async def test_a_round_that_cannot_be_drawn_says_why(bureau: Bureau, changes: dict[str, Any], slug: str) -> None:
    await bureau.case()
    refused = await bureau.round(**changes)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, slug)


async def test_a_leader_draws_in_the_own_region_alone(bureau: Bureau) -> None:
    await bureau.case()
    hers = token(TOWNSHIP, "33.02.25.101", ["leader"])
    refused = await bureau.round(who=hers, units=[DEPARTMENT])
    assert refused.json()["type"].endswith("quality-unit-elsewhere")
