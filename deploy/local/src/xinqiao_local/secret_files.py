"""Files and directories that only their owner may read."""

import json
import os
import secrets
from pathlib import Path
from typing import Any


def private_directory(directory: Path) -> Path:
    """Make it with mode 0700."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def write_private(file: Path, text: str) -> None:
    """Write with mode 0600, whole or not at all: a reader never sees half a file."""
    new = file.with_name(file.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    new.rename(file)


def password() -> str:
    """128 random bits; only letters and digits, so that it fits in a URL and a configuration file as it is."""
    return secrets.token_hex(16)


class Passwords:
    """Generated passwords by name, kept in one private JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def __getitem__(self, name: str) -> str:
        """The password of `name`; made at the first asking."""
        if name not in self._known:
            self.remember(name, password())
        return self._known[name]

    def remember(self, name: str, value: str) -> None:
        """Keep a password that was chosen elsewhere."""
        self._known[name] = value
        private_directory(self._file.parent)
        write_json(self._file, self._known)


def write_json(file: Path, value: Any) -> None:
    """Write JSON with mode 0600."""
    write_private(file, json.dumps(value, ensure_ascii=False, indent=1) + "\n")
