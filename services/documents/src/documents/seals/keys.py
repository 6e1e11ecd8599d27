"""The private keys behind seals: encrypted PKCS#12 files in the node's keys directory, or a PKCS#11 token.

Signing blocks, so it is done in threads; a token's session takes one at a time. What signs is imported when the first
paper is: it takes as long as all else of the service together.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asn1crypto import pem, x509

from documents.seals import authority
from documents.seals.authority import Identity
from documents.seals.settings import SealSettings
from kit.crypto import Keyring
from kit.errors import Refused

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

IN_FILE, IN_TOKEN = "file", "pkcs11:"
ROOT, ROOT_KEY = "root.pem", "root.p12"


def certificates_of(data: bytes) -> list[x509.Certificate]:
    """PEM to certificates. Raises ValueError."""
    return [x509.Certificate.load(der) for _, _, der in pem.unarmor(data, multiple=True)]


class SealKeys:
    """directory: `seals` below the node's keys. What opens a file there is derived from the node's key ring, so a copy
    of the file alone signs nothing.
    """

    def __init__(self, settings: SealSettings, directory: Path, ring: Keyring) -> None:
        self.directory = directory
        self._settings = settings
        self._ring = ring
        self._signers: dict[UUID, Signer] = {}
        self._lock = Lock()
        self._session: Any = None

    @property
    def roots_file(self) -> Path:
        return self._settings.roots or self.directory / ROOT

    def roots(self) -> list[x509.Certificate]:
        """The authorities whose seals count. Raises Refused("no-seal-root")."""
        try:
            return certificates_of(self.roots_file.read_bytes())
        except (OSError, ValueError) as error:
            raise Refused("no-seal-root") from error

    def keep(self, seal_id: UUID, identity: Identity) -> None:
        """Write the key of a seal, readable to its owner alone. Raises OSError."""
        self._write(f"{seal_id}.p12", identity.pkcs12(self._passphrase(str(seal_id))))

    def root(self, name: str, at: datetime) -> Identity:
        """The node's own authority, made when there is none. Raises OSError, ValueError for files that do not fit."""
        file = self.directory / ROOT_KEY
        if not file.exists():
            made = authority.make_root(name, at)
            self._write(ROOT_KEY, made.pkcs12(self._passphrase("root")))
            self._write(ROOT, authority.pem(made.certificate))
        return authority.load(file.read_bytes(), self._passphrase("root"))

    def check(self, seal_id: UUID, key: str, certificate: bytes) -> None:
        """Whether the key can be had now. Raises Refused: "seal-key-away", "no-seal-root"."""
        self.roots()
        with self._away():
            self._signer(seal_id, key, certificate)

    def sign(self, pdf: bytes, seal_id: UUID, key: str, certificate: bytes, *, number: str, unit_name: str) -> bytes:
        """The PDF signed and found right. Raises Refused: "seal-key-away", "seal-unsound", "no-seal-root"."""
        from pyhanko.sign.timestamps import HTTPTimeStamper

        from documents.seals import signing

        roots, authority_of_time = self.roots(), self._settings.timestamp_url
        stamps = HTTPTimeStamper(authority_of_time) if authority_of_time else None
        with self._away():
            signer = self._signer(seal_id, key, certificate)
            with self._lock:
                signed = signing.sign(pdf, signer, number=number, unit_name=unit_name, stamps=stamps)
        verdict = signing.verify(signed, roots)
        if not verdict.whole:
            raise Refused("seal-unsound", fault=verdict.fault)
        return signed

    @contextmanager
    def _away(self) -> Iterator[None]:
        """A key that is not there, or does not fit; after a failure the token is asked for a new session."""
        try:
            yield
        except Refused:
            raise
        except Exception as error:
            self._session = None
            self._signers.clear()
            raise Refused("seal-key-away", reason=type(error).__name__) from error

    def _signer(self, seal_id: UUID, key: str, certificate: bytes) -> "Signer":
        known = self._signers.get(seal_id)
        if known is None:
            of_file = key == IN_FILE
            known = self._of_file(seal_id) if of_file else self._of_token(key.removeprefix(IN_TOKEN), certificate)
            self._signers[seal_id] = known
        return known

    def _of_file(self, seal_id: UUID) -> "Signer":
        from pyhanko.sign.signers import SimpleSigner

        data = (self.directory / f"{seal_id}.p12").read_bytes()
        signer: Signer | None = SimpleSigner.load_pkcs12_data(
            data, [], passphrase=self._passphrase(str(seal_id)).encode()
        )
        if signer is None:
            raise ValueError("not a PKCS#12 file that opens")
        return signer

    def _of_token(self, label: str, certificate: bytes) -> "Signer":
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

        token = self._settings.token
        if token is None:
            raise Refused("seal-key-away", reason="no token is set")
        with self._lock:
            if self._session is None:
                self._session = open_pkcs11_session(
                    str(token.module),
                    token_criteria=TokenCriteria(label=token.label),
                    user_pin=token.pin.get_secret_value(),
                )
        own, *above = certificates_of(certificate)
        return PKCS11Signer(
            self._session,
            signing_cert=own,
            key_label=label,
            ca_chain=above,
            # the token signs a digest made here: the least that any of them can
            use_raw_mechanism=own.public_key.algorithm == "ec",
        )

    def _passphrase(self, of: str) -> str:
        return self._ring.code_for(f"seal:{of}", 32)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, on disk; never over a file that is there."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.directory / f"{name}.new"
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.rename(self.directory / name)
