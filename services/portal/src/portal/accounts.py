"""Accounts come from accounts.csv beside the node file: added once, never overwritten."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from contracts.units import UnitDirectory
from kit.db import Session
from kit.runtime import Runtime
from portal import resources, store
from portal.domain import USERNAME, Account, checked_password, checked_roles

FILE = "accounts.csv"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file."""

    account: Account
    password: str = field(repr=False)


def read_accounts(file: Path, units: UnitDirectory, node: str) -> Iterator[Line]:
    """Columns username, password, name, unit, roles (separated by semicolons); only units this node serves.

    Raises ValueError with the line of a bad row; the message never quotes a password or a name.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                unit = units.units[row["unit"]]
                line = Line(_account(row, unit.region), checked_password(row["password"]))
            except KeyError as error:
                raise ValueError(f"{file.name}:{number}: no such column or unit: {error}") from error
            except ValueError as error:
                raise ValueError(f"{file.name}:{number}: {error}") from error
            if unit.node == node:
                yield line


def _account(row: dict[str, str], region: str) -> Account:
    if not USERNAME.fullmatch(row["username"]):
        raise ValueError("a user name is made of letters, digits, dots, dashes and underscores")
    roles = checked_roles([role.strip() for role in row["roles"].split(";") if role.strip()])
    return Account(row["username"], row["name"].strip(), row["unit"], region, roles)


async def load_accounts(runtime: Runtime, session: Session) -> None:
    """Add the accounts of accounts.csv that this node does not know yet. Raises ValueError for a bad file."""
    file = runtime.settings.home / FILE
    if not file.is_file():
        return
    held = resources.of(runtime)
    known = await store.usernames(session)
    for line in list(read_accounts(file, held.units, runtime.node)):
        if line.account.username not in known:
            hashed = await held.passwords.hash(line.password)
            await store.add_account(session, runtime.keyring, line.account, hashed, runtime.clock.now())
