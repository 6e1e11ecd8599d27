"""The rules of accounts: which roles there are, who may hold which, when a session has ended. Standard library only."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

BUSINESS_ROLES = frozenset({"clerk", "handler", "leader", "supervisor", "analyst", "operator"})
# 三员分立: system, security and audit administrators are three people (GB/T 22239)
ADMIN_ROLES = frozenset({"system", "security", "audit"})
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MIN_PASSWORD = 8
MAX_PASSWORD = 256


@dataclass(frozen=True, slots=True)
class Account:
    """A person's right to sign in. region: dotted path whose subtree the person may read."""

    username: str
    name: str
    unit: str
    region: str
    roles: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Account({self.username!r}, {self.unit!r})"


def checked_roles(names: list[str]) -> tuple[str, ...]:
    """The roles of one account, sorted, each once.

    Raises ValueError when there is none, one is unknown, or two administrator roles would be in one hand.
    """
    roles = set(names)
    unknown = roles - BUSINESS_ROLES - ADMIN_ROLES
    if unknown or not roles:
        raise ValueError(f"unknown role {min(unknown)!r}" if unknown else "an account needs a role")
    if len(roles & ADMIN_ROLES) > 1:
        raise ValueError(f"one person may not hold {' and '.join(sorted(roles & ADMIN_ROLES))} (三员分立)")
    return tuple(sorted(roles))


def checked_password(password: str) -> str:
    """Raises ValueError for a password too short to be one."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValueError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password


def session_lives(last_seen: datetime, expires: datetime, now: datetime, idle: timedelta) -> bool:
    """Whether a session still counts: neither left alone for `idle` nor past its end."""
    return now < expires and now - last_seen < idle
