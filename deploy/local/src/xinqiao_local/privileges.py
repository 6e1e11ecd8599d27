"""Runs a program that refuses to be root as the account its Debian package made, though our directories are closed."""

import os
import pwd
import shutil
from pathlib import Path


def as_account(account: str) -> list[str]:
    """The words to put before a command. Empty when we are not root: then the program runs as ourselves.

    The account may read and search below root's 0700 directories (an ambient capability), but write only what it owns.
    """
    if os.geteuid() != 0:
        return []
    may_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", *may_read, "--"]


def give(directory: Path, account: str) -> None:
    """Make a directory that the account may write."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(directory, account, pwd.getpwnam(account).pw_gid)
