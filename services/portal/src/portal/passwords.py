"""Passwords as argon2id hashes (RFC 9106), computed beside the event loop and a few at a time."""

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smaller set, about 25 ms: several at once must fit into the 300 MB of a whole node
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
AT_ONCE = 2
_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@functools.cache
def _of_nobody() -> str:
    """What a password is compared with where there is no account; made once a process."""
    return _hasher.hash("the password of an account that does not exist")


class Passwords:
    """Hashes and verifies off the loop; `AT_ONCE` bounds memory, what is more waits in line."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._of_nobody = _of_nobody()

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether the password is right. Without an account the same work is done, so that time tells nothing."""
        right = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, stored or self._of_nobody, password
        )
        return right and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return _hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
