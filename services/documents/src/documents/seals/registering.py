"""Registering and renewing the seals of units: by an operator at the node, who has the keys in hand."""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pikepdf
from asn1crypto import x509
from PIL import Image, UnidentifiedImageError
from sqlalchemy import Row

from contracts.units import Unit
from documents import resources
from documents.seals import authority, store
from documents.seals.authority import Identity
from documents.seals.drawing import round_seal
from documents.seals.keys import IN_FILE, IN_TOKEN, SealKeys, certificates_of
from documents.seals.usecases import retire
from documents.seals.working import CHANNEL
from kit import audit
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

LARGEST = 1_000_000
SIDES = range(200, 2401)


@dataclass(frozen=True)
class NewSeal:
    """image: PNG; word: 机关代字; identity: key and certificate for a file, or else token: label of the key in the
    PKCS#11 token, with the certificate (PEM, the chain after it).
    """

    unit: Unit
    word: str
    image: bytes
    identity: Identity | None = None
    token: str | None = None
    certificate: bytes = b""

    def __repr__(self) -> str:
        return f"NewSeal({self.unit.code})"


async def register(runtime: Runtime, session: Session, new: NewSeal, *, by: str) -> Row[Any]:
    """The seal a unit uses from now on; the one it had is retired. Papers that waited for it are due.

    Raises Refused: "not-a-seal-image", "word-taken", "seal-expired", "seal-key-away", "no-seal-root", "seal-unsound".
    """
    keys, threads = resources.of(runtime).seal_keys, resources.of(runtime).threads
    check_image(new.image)
    if await session.raw.fetchval(store.WORD_OF_OTHERS, new.word, new.unit.code):
        raise Refused("word-taken", word=new.word)
    seal_id, at = runtime.ids.new(), runtime.clock.now()
    key, certificate = await threads.run(_kept, keys, seal_id, new)
    valid_until = _valid_until(certificates_of(certificate)[0])
    if valid_until <= runtime.wall.now():
        raise Refused("seal-expired", unit=new.unit.code, valid_until=valid_until.isoformat())
    await threads.run(_tried, keys, seal_id, key, certificate, new.unit.name)
    before = await store.current_seal(session, new.unit.code)
    if before is not None:
        await retire(session, before["id"], new.unit.code, "renewed", by=by, at=at)
    row = await store.add_seal(
        session, id=seal_id, unit=new.unit.code, version=await store.next_version(session, new.unit.code),
        name=new.unit.name, word=new.word, image=new.image, certificate=certificate, key=key, valid_until=valid_until,
        registered_by=by, registered_at=at,
    )  # fmt: skip
    digest = certificates_of(certificate)[0].sha256.hex()
    audit.note(
        session, "register-seal", subject=seal_id, at=at, actor=by, unit=new.unit.code,
        detail={"certificate": digest, "word": new.word, "key": key},
    )  # fmt: skip
    await session.raw.execute(store.RETRY_OF_UNIT, runtime.wall.now(), new.unit.code)
    session.wake.add(CHANNEL)
    return row


def drawn_seal(runtime: Runtime, unit: Unit, word: str, at: datetime) -> NewSeal:
    """A seal drawn here, with a certificate of the node's own authority, which is made when there is none: for
    demonstrations. Blocking. Raises OSError.
    """
    keys = resources.of(runtime).seal_keys
    root = keys.root(runtime.settings.node.name, at)
    return NewSeal(unit, word, round_seal(unit.name), authority.issue(root, unit.name, unit.code, at))


def check_image(image: bytes) -> None:
    """Raises Refused("not-a-seal-image")."""
    try:
        with Image.open(BytesIO(image[: LARGEST + 1]), formats=["PNG"]) as picture:
            width, height = picture.size
            fits = len(image) <= LARGEST and width == height and width in SIDES
            picture.verify()  # each chunk, to the end; a library in this process has Pillow load what is cut off
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused("not-a-seal-image") from error
    if not fits:
        raise Refused("not-a-seal-image")


def _kept(keys: SealKeys, seal_id: UUID, new: NewSeal) -> tuple[str, bytes]:
    """Put the key where it will be looked for: (how it is named in the row, PEM of certificate and chain)."""
    if new.identity is None:
        return f"{IN_TOKEN}{new.token}", new.certificate
    keys.keep(seal_id, new.identity)
    return IN_FILE, authority.pem(new.identity.certificate, *new.identity.chain)


def _tried(keys: SealKeys, seal_id: UUID, key: str, certificate: bytes, name: str) -> None:
    """Sign a blank page: the key fits the certificate, and a root that counts stands above it."""
    blank = pikepdf.new()
    blank.add_blank_page()
    written = BytesIO()
    blank.save(written)
    keys.sign(written.getvalue(), seal_id, key, certificate, number="-", unit_name=name)


def _valid_until(certificate: x509.Certificate) -> datetime:
    until: datetime = certificate.not_valid_after
    return until.astimezone(UTC)
