"""Sessions: cookies, their end, and forms that only the own pages may send."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.running import Running

from kit.clock import ManualClock
from portal import usecases
from .conftest import Browser, Opened, browsing, hidden
