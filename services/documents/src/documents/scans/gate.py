"""What does not leave the vault because of malware."""

from documents.scans import store
from kit.errors import Refused
from kit.runtime import Runtime


async def check_open(runtime: Runtime, name: str) -> None:
    """For the vault: nothing infected leaves it, whoever asks. Raises Refused("file-infected")."""
    async with runtime.database.apart(late=True) as session:
        if await session.look(store.INFECTED, name) is not None:
            raise Refused("file-infected")


def check_scanned(scan: str, *, opens_unscanned: bool) -> None:
    """Raises Refused: "file-infected"; "file-not-scanned" where what was not scanned yet may not be opened."""
    if scan == "infected":
        raise Refused("file-infected")
    if scan == "unscanned" and not opens_unscanned:
        raise Refused("file-not-scanned")
