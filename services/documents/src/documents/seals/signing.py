"""Signing a PDF with a unit's seal (PAdES B-B; B-T where there is a time stamp authority), and telling whether one is
as it was signed. Blocking: call it in a thread.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from asn1crypto.algos import DigestAlgorithm
from asn1crypto.cms import ContentInfo
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from kit.logs import log

FIELD = "UnitSeal"
SHA256 = DigestAlgorithm({"algorithm": "sha256"}).dump()
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def sign(pdf: bytes, signer: Signer, *, number: str, unit_name: str, stamps: TimeStamper | None = None) -> bytes:
    """The PDF with one signature that certifies it: nothing may be added afterwards. The seal is part of the page.

    Raises pyhanko's SigningError, or what the token behind a PKCS#11 signer raises.
    """
    told = PdfSignatureMetadata(
        field_name=FIELD,
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=unit_name,
        reason=number,
    )
    signed = PdfSigner(told, signer, timestamper=stamps).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return bytes(signed.getvalue())


@dataclass(frozen=True, slots=True)
class Verdict:
    """fault: None, or what is wrong: unreadable, unsigned, altered, untrusted; name: of the signing certificate;
    signed_at: as a time stamp says, or the signer.
    """

    fault: str | None
    name: str | None = None
    signed_at: datetime | None = None

    @property
    def whole(self) -> bool:
        return self.fault is None


def verify(pdf: bytes, roots: Sequence[Certificate], at: datetime | None = None) -> Verdict:
    """Whether a signature by a certificate under one of these roots covers each byte of the PDF.

    at: when the certificate must have been valid; by default when it was signed, so a paper outlives its certificate.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=True)
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            return Verdict("unsigned" if not signatures else "altered")
        return _verdict(pdf, signatures[0], roots, at)
    except Exception as error:  # noqa: BLE001 - hostile bytes make a parser raise anything; each of it means the same
        log.info("signature.unreadable", reason=type(error).__name__)
        return Verdict("unreadable")


def _verdict(pdf: bytes, signature: EmbeddedPdfSignature, roots: Sequence[Certificate], at: datetime | None) -> Verdict:
    moment = at or signature.self_reported_timestamp
    context = ValidationContext(trust_roots=list(roots), allow_fetching=False, moment=moment)
    status = validate_pdf_signature(signature, context)
    name, signed_at = signature.signer_cert.subject.native.get("common_name"), status.signer_reported_dt
    if status.timestamp_validity is not None:
        signed_at = status.timestamp_validity.timestamp
    if not (status.intact and status.valid and _covered(pdf, signature, status)):
        return Verdict("altered", name, signed_at)
    return Verdict(None if status.bottom_line else "untrusted", name, signed_at)


def _covered(pdf: bytes, signature: EmbeddedPdfSignature, status: PdfSignatureStatus) -> bool:
    """Whether there is no byte that could be another one: a signature does not cover the room it is written into, so
    that must hold the container in its one form, and zeros after it.
    """
    found = RANGE.findall(pdf)
    if len(found) != 1:
        return False
    start, until, after, rest = map(int, found[0])
    if start or until > after or after + rest != len(pdf):
        return False
    room = pdf[until:after]
    container = ContentInfo.load(bytes.fromhex(room[1:-1].decode()))
    digits = container.dump(force=True).hex().encode()  # force: as it would be written, not as it was
    canonical = b"<" + digits.ljust(len(room) - 2, b"0") + b">"
    return room in {canonical, canonical.upper()} and _plain(signature, status)


def _plain(signature: EmbeddedPdfSignature, status: PdfSignatureStatus) -> bool:
    """Whether the container holds what was signed or checked, and nothing else that a reader might believe."""
    signed, signer = signature.signed_data, signature.signer_info
    path = {certificate.dump() for certificate in status.validation_path or ()}
    embedded = {choice.chosen.dump() for choice in signed["certificates"]}
    said = {each["type"].native for each in signer["unsigned_attrs"]}
    return (
        (signed["version"].native, signer["version"].native) == ("v1", "v1")
        and [each.dump() for each in signed["digest_algorithms"]] == [signer["digest_algorithm"].dump()]
        and signer["digest_algorithm"].dump() == SHA256
        and not signed["crls"]
        and said <= {"signature_time_stamp_token"}
        and (not path or embedded <= path)
    )
