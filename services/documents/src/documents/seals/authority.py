"""A certificate authority of the node's own, for demonstrations, tests and offices without one; and seals' key pairs.

Its certificates say who sealed, not who may be believed: verifiers must be given its root.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

ROOT_YEARS, SEAL_YEARS = 20, 5
SKEW = timedelta(minutes=5)  # by which the clocks of those who verify may be behind


@dataclass(frozen=True)
class Identity:
    """A private key and the certificate for it; chain: certificates above it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def __repr__(self) -> str:
        return f"Identity({self.certificate.subject.rfc4514_string()})"

    def pkcs12(self, passphrase: str) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"seal",
            self.key,
            self.certificate,
            self.chain,
            serialization.BestAvailableEncryption(passphrase.encode()),
        )


def name_of(common: str, organization: str = "Xinqiao") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, years: int
) -> "x509.CertificateBuilder":
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SKEW)
        .not_valid_after(at + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=certifies, crl_sign=certifies, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def make_root(name: str, at: datetime) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name_of(f"{name} seals root")
    certificate = (
        _builder(subject, subject, key.public_key(), at, ROOT_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False, certifies=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)


def certify(
    root: Identity, unit_name: str, unit: str, key: ec.EllipticCurvePublicKey, at: datetime
) -> x509.Certificate:
    """A certificate for a unit's seal, whose key may lie in a token."""
    identifier = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        _builder(name_of(unit_name, unit), root.certificate.subject, key, at, SEAL_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True, certifies=False), critical=True)
        .add_extension(above, critical=False)
        .sign(root.key, hashes.SHA256())
    )


def issue(root: Identity, unit_name: str, unit: str, at: datetime) -> Identity:
    """A key pair and a certificate for a unit's seal."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Identity(key, certify(root, unit_name, unit, key.public_key(), at))


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def read_pem(file: Path) -> list[x509.Certificate]:
    """Raises OSError, ValueError for a file that holds no certificate."""
    return x509.load_pem_x509_certificates(file.read_bytes())


def load(data: bytes, passphrase: str) -> Identity:
    """A PKCS#12 file. Raises ValueError for a wrong passphrase, or a file with no usable key and certificate."""
    key, certificate, chain = pkcs12.load_key_and_certificates(data, passphrase.encode())
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate is None:
        raise ValueError("no elliptic-curve key with its certificate")
    return Identity(key, certificate, tuple(chain))
