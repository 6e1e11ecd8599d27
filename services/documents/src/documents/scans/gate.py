"""What does not leave the vault because of malware, or because nobody has looked for it yet."""

from collections.abc import Iterable

from documents.scans import store
from documents.storage import store as objects
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


async def check_open(runtime: Runtime, name: str) -> None:
    """For the vault: nothing infected leaves it, whoever asks. Raises Refused("file-infected")."""
    async with runtime.database.apart(late=True) as session:
        if await session.look(store.INFECTED, name) is not None:
            raise Refused("file-infected")


async def check_all(runtime: Runtime, session: Session, names: Iterable[str]) -> None:
    """For who takes the contents of files further: into a bundle, a dossier, to another node. Raises Refused as
    `check_scanned`.
    """
    opens_unscanned = runtime.resources.settings.opens_unscanned
    for state in (await objects.states(session, names)).values():
        check_scanned(state.scan, opens_unscanned=opens_unscanned)


def check_scanned(scan: str, *, opens_unscanned: bool) -> None:
    """Raises Refused: "file-infected"; "file-not-scanned" where what was not scanned yet may not be opened."""
    if scan == "infected":
        raise Refused("file-infected")
    if scan == "unscanned" and not opens_unscanned:
        raise Refused("file-not-scanned")
