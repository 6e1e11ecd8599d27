"""Accounts from accounts.csv: added once, never overwritten, refused when two administrators would be one."""

from pathlib import Path

import pytest
from services.portal.tests.browsing import PASSWORD, Opened, load
from tests.support.nodes import UNITS
from tests.support.running import Running

from contracts.units import UnitDirectory
from portal.accounts import read_accounts
from portal.domain import ADMIN_ROLES, BUSINESS_ROLES, checked_roles

HEAD = "username,password,name,unit,roles\n"


async def asks(portal: Running, password: str) -> int:
    body = {"username": "clerk", "password": password}
    return (await portal.request("POST", "/api/portal/v1/tokens", who=None, json=body)).status_code


async def test_loading_again_changes_nothing_that_a_person_changed(open_portal: Opened) -> None:
    portal = await open_portal()
    before = await portal.rows("SELECT * FROM accounts ORDER BY username")
    await load(
        portal, HEAD + "clerk,another password,别人,330225100-xf,leader\nnew,long enough,新人,330225100-cj,clerk\n"
    )
    after = await portal.rows("SELECT * FROM accounts ORDER BY username")
    assert [row for row in after if row["username"] != "new"] == before
    assert "new" in {row["username"] for row in after}
    assert await asks(portal, PASSWORD) == 200
    assert await asks(portal, "another password") == 401


async def test_only_units_of_this_node_have_accounts_here(open_portal: Opened) -> None:
    portal = await open_portal()
    units = {row["unit"] for row in await portal.rows("SELECT unit FROM accounts")}
    assert units == {"330225100-xf", "330225100-cj"}


async def test_regions_come_from_the_directory_of_units(open_portal: Opened) -> None:
    county = await open_portal(HEAD + "far,long enough,远,330225101-xf,clerk\n", path="33.02.25")
    rows = await county.rows("SELECT region FROM accounts")
    assert [row["region"] for row in rows] == ["33.02.25.101"]


async def test_names_and_passwords_cannot_be_read_in_the_database(open_portal: Opened) -> None:
    portal = await open_portal()
    row = (await portal.rows("SELECT * FROM accounts WHERE username = 'clerk'"))[0]
    assert "王小兰".encode() not in row["name"]
    assert row["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in row["password_hash"]


async def test_a_node_without_the_file_has_no_accounts(open_portal: Opened) -> None:
    portal = await open_portal(HEAD)
    (portal.runtime.settings.home / "accounts.csv").unlink()
    assert await portal.rows("SELECT * FROM accounts") == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,long enough,甲,330225100-xf,", "an account needs a role"),
        ("a,long enough,甲,330225100-xf,emperor", "unknown role 'emperor'"),
        ("a,long enough,甲,330225100-xf,system;audit", "audit and system"),
        ("a,long enough,甲,330225100-xf,security;clerk;audit", "audit and security"),
        ("a,long enough,甲,no-such-unit,clerk", "no-such-unit"),
        ("a,short,甲,330225100-xf,clerk", "8 to 256 characters"),
        ("a b,long enough,甲,330225100-xf,clerk", "a user name"),
        ("-a,long enough,甲,330225100-xf,clerk", "a user name"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_without_its_secrets(tmp_path: Path, row: str, said: str) -> None:
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    file = tmp_path / "accounts.csv"
    file.write_text(f"{HEAD}good,long enough,乙,330225100-xf,clerk\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said) as refused:
        list(read_accounts(file, UnitDirectory.read(tmp_path / "units.csv"), "33.02.25.100"))
    assert str(refused.value).startswith("accounts.csv:3: ")
    assert not {"甲", "short", "long enough"} & set(str(refused.value).replace("'", " ").split())


def test_no_two_administrator_roles_are_in_one_hand() -> None:
    for first in ADMIN_ROLES:
        assert checked_roles([first, *sorted(BUSINESS_ROLES)])
        for second in ADMIN_ROLES - {first}:
            with pytest.raises(ValueError, match="三员分立"):
                checked_roles([first, second])
