"""Is a dossier whole and unchanged: asked offline, of the file alone, without any of the suite's servers."""

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from documents.dossiers.domain import (
    AUDIT,
    KEYS,
    LARGEST,
    MANIFEST,
    MOST,
    OWN,
    SIGNATURE,
    Fault,
    Malformed,
    Manifest,
    compare,
    lines_of,
    manifest_of,
)
from documents.seals import signing
from documents.seals.keys import certificates_of
from kit.chain import digest
from kit.links import signed_by

READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """faults: what was altered, added, removed; signed_by: thumbprint of the key (RFC 7638); trusted: whether that key
    is one of those that were given, None where none were.
    """

    manifest: Manifest
    faults: tuple[Fault, ...]
    signed_by: str
    trusted: bool | None

    @property
    def good(self) -> bool:
        return not self.faults and self.trusted is not False


def verify(file: Path, trusted: Mapping[str, Any] | None = None, roots: bytes | None = None) -> Verdict:
    """trusted: JWK Set of the nodes whose signature counts; roots: certificates (PEM) under which seals must be signed.

    Raises Malformed: no dossier at all; OSError; ValueError for keys or certificates that are none.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _verdict(archive, trusted, roots)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # damaged, or made by who knows what
        raise Malformed(f"no readable archive: {error}") from error


def _verdict(archive: zipfile.ZipFile, trusted: Mapping[str, Any] | None, roots: bytes | None) -> Verdict:
    infos = archive.infolist()
    if len(infos) > MOST:
        raise Malformed(f"more than {MOST} entries")
    text = _small(archive, MANIFEST)
    manifest = manifest_of(text)
    key = _key(_small(archive, KEYS))
    faults = [] if signed_by(key, _small(archive, SIGNATURE)) == text else [Fault("unsigned", MANIFEST)]
    found: dict[str, str] = {}
    for info in infos:
        if info.filename not in OWN:
            try:
                found[info.filename] = _sha256(archive, info)
            except (zipfile.BadZipFile, EOFError, OSError):
                faults.append(Fault("unreadable", info.filename))
                found[info.filename] = ""
    twice = [name for name, times in Counter(info.filename for info in infos).items() if times > 1]
    unreadable = {fault.what for fault in faults if fault.kind == "unreadable"}
    faults += [fault for fault in compare(manifest, found, twice) if fault.what not in unreadable]
    if AUDIT in found:
        faults += _audit_faults(_small(archive, AUDIT))
    if roots is not None:
        faults += _seal_faults(archive, manifest, {*found}, roots)
    thumbprint = key.thumbprint()
    known = None if trusted is None else thumbprint in {each.thumbprint() for each in _set(trusted)}
    return Verdict(manifest, tuple(faults), thumbprint, known)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    """Raises Malformed where it is missing, too large, or packed, which nothing in a dossier is."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise Malformed(f"{name} is missing: no dossier, or its heart was taken out") from None
    if info.file_size > LARGEST or info.compress_type != zipfile.ZIP_STORED:
        raise Malformed(f"{name} is not as a dossier has it")
    return archive.read(info)


def _sha256(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Of what is stored; what is packed was never part of a dossier, and is not unpacked."""
    if info.compress_type != zipfile.ZIP_STORED:
        return ""
    hashed = hashlib.sha256()
    with archive.open(info) as content:
        while chunk := content.read(READ):
            hashed.update(chunk)
    return hashed.hexdigest()


def _key(text: bytes) -> ECKey:
    try:
        keys = _set(json.loads(text))
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise Malformed(f"{KEYS} holds no key") from error
    if len(keys) != 1:
        raise Malformed(f"{KEYS} holds {len(keys)} keys that sign, and should hold one")
    return keys[0]


def _set(keys: Mapping[str, Any]) -> list[ECKey]:
    read = KeySet.import_key_set(dict(keys))  # type: ignore[arg-type]  # it checks by itself
    return [key for key in read.keys if isinstance(key, ECKey) and key.get("use", "sig") == "sig"]


def _seal_faults(archive: zipfile.ZipFile, manifest: Manifest, found: set[str], roots: bytes) -> Iterator[Fault]:
    """Official papers whose seal does not hold, or is none of these authorities'."""
    authorities = certificates_of(roots)
    for entry in manifest.entries:
        sealed = entry.what == "sealed-paper" and entry.path in found
        if sealed and not signing.verify(_small(archive, entry.path), authorities).whole:
            yield Fault("signature", entry.path)


def _audit_faults(text: bytes) -> Iterator[Fault]:
    """Each line of the extract must hash to what stood in the chain."""
    for line in lines_of(text):
        try:
            made = digest(line["service"], bytes.fromhex(line["previous"]), line["fields"]).hex()
        except (KeyError, TypeError, ValueError, AttributeError):
            made = ""
        if made != line.get("hash"):
            yield Fault("audit-altered", f"{AUDIT} position {line.get('position')}")
