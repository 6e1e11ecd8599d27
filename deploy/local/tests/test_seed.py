"""The sample data that ships with the runner fits together, and names nobody."""

import csv
import json
from pathlib import Path

from stdnum.cn import ric

from contracts.units import UnitDirectory
from xinqiao_local.cluster import SEED
from xinqiao_local.tree import FOUR_TIERS

ROLES = {"clerk", "handler", "leader", "supervisor", "analyst", "operator"}
CHANNELS = {"letter", "visit", "call", "fax", "web", "sms", "wechat", "forum", "mailbox", "superior", "screening"}


def rows(name: str) -> list[dict[str, str]]:
    with Path(SEED / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def petitions() -> list[dict[str, object]]:
    return [json.loads(line) for line in (SEED / "petitions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_unit_lies_in_the_region_of_the_node_that_serves_it() -> None:
    units = UnitDirectory.read(SEED / "units.csv").units
    paths = {node.path for node in FOUR_TIERS}
    assert len(units) == len(rows("units.csv"))
    assert all(unit.node in paths and f"{unit.region}.".startswith(f"{unit.node}.") for unit in units.values())
    assert all(units[node.office].node == node.path for node in FOUR_TIERS)


def test_one_node_serves_a_second_township_that_has_none() -> None:
    units = UnitDirectory.read(SEED / "units.csv").units
    assert (units["330225101-xf"].region, units["330225101-xf"].node) == ("33.02.25.101", "33.02.25")


def test_every_account_works_in_a_known_unit_with_known_roles() -> None:
    accounts, units = rows("accounts.csv"), UnitDirectory.read(SEED / "units.csv").units
    assert len({account["username"] for account in accounts}) == len(accounts)
    for account in accounts:
        assert account["unit"] in units
        assert set(account["roles"].split(";")) <= ROLES
        assert len(account["password"]) >= 8


def test_every_tier_has_its_clerk_handler_leader_and_supervisor() -> None:
    names = {account["username"] for account in rows("accounts.csv")}
    roles = ("clerk", "handler", "leader", "supervisor")
    assert {f"{node.slug}.{role}" for node in FOUR_TIERS for role in roles} <= names


def test_sample_petitions_are_well_formed_and_their_petitioners_do_not_exist() -> None:
    """Order code 000 is never given to anybody, so a valid identity number with it belongs to no one."""
    found = petitions()
    assert len({petition["external_id"] for petition in found}) == len(found)
    for petition in found:
        person = petition["petitioner"]
        assert isinstance(person, dict)
        assert ric.is_valid(person["id_number"])
        assert person["id_number"][14:17] == "000"
        assert petition["node"] in {node.slug for node in FOUR_TIERS}
        assert petition["channel"] in CHANNELS
