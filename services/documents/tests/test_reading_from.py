"""A sealed file is read from any byte on, as the other nodes ask for it, without what stands before."""

import random
from typing import Any

import pytest
from tests.support.nodes import settings_of

from documents.storage.frames import FRAME
from documents.storage.threads import Threads
from documents.storage.vault import Vault
from kit.crypto import Keyring, Undecipherable

SIZE = 9 * FRAME + 11


@pytest.fixture
def vault(shelf: Any, tmp_path: Any, threads: Threads) -> Vault:
    ring = Keyring.load(settings_of(tmp_path / "node", database="postgresql://x").keys / "fields.json")
    return Vault(shelf.store, ring, threads)


@pytest.mark.parametrize("start", [0, 1, FRAME - 1, FRAME, 4 * FRAME + 5, 9 * FRAME, SIZE - 1])
async def test_any_byte_of_a_file_can_be_the_first(vault: Vault, start: int) -> None:
    content = random.Random(1).randbytes(SIZE)
    async with vault.receiving() as receiving:
        await receiving.write(content)
        kept = await receiving.keep()
    read = b"".join([chunk async for chunk in vault.read_from(kept.name, kept.digest, start)])
    assert read == content[start:]
    with pytest.raises(Undecipherable):
        assert [chunk async for chunk in vault.read_from(kept.name, "ab" * 32, start)]
