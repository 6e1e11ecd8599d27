"""Signatures: found right by two readers, wrong after any change, with keys in files and in a PKCS#11 token."""

import asyncio
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf
import pkcs11
import pytest
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import DummyTimeStamper
from services.documents.tests.conftest import Desk
from services.documents.tests.sealing import Office

from documents import resources
from documents.main import service
from documents.seals import authority, drawing, registering, signing
from documents.seals.authority import Identity
from documents.seals.keys import SealKeys, certificates_of
from documents.seals.registering import NewSeal
from documents.seals.settings import SealSettings, TokenSettings
from kit.crypto import Keyring
from kit.errors import Refused

NOW = datetime.now(UTC)
SOFTHSM = next((each for each in Path("/usr/lib").glob("**/softhsm/libsofthsm2.so")), None)


def blank() -> bytes:
    document, written = pikepdf.new(), BytesIO()
    document.add_blank_page()
    document.save(written)
    return written.getvalue()


def signer_of(identity: Identity) -> SimpleSigner:
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(identity.pkcs12("x"), [], passphrase=b"x")
    return signer


def asn1(identity: Identity) -> Certificate:
    return certificates_of(authority.pem(identity.certificate))[0]


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority.make_root("丁镇", NOW)


@pytest.fixture(scope="module")
def seal(root: Identity) -> Identity:
    return authority.issue(root, "丁镇信访办", "330225100-xf", NOW)


@pytest.fixture(scope="module")
def signed(seal: Identity) -> bytes:
    return signing.sign(blank(), signer_of(seal), number="丁信〔2026〕1号", unit_name="丁镇信访办")


@pytest.fixture
def keys(tmp_path: Path) -> Callable[..., SealKeys]:
    ring = Keyring("k1", {"k1": b"k" * 32}, b"i" * 32, b"c" * 32)
    return lambda **settings: SealKeys(SealSettings(**settings), tmp_path / "seals", ring)


def test_a_signature_says_whose_it_is_and_is_pades(signed: bytes, root: Identity) -> None:
    verdict = signing.verify(signed, [asn1(root)])
    assert (verdict.fault, verdict.name) == (None, "丁镇信访办")
    assert b"/SubFilter /ETSI.CAdES.detached" in signed


def test_an_independent_reader_finds_the_signature_right(signed: bytes, root: Identity, tmp_path: Path) -> None:
    """OpenSSL, which knows nothing of our code nor of PDF: the bytes that the PDF names, and the container in it."""
    (found,) = signing.RANGE.findall(signed)
    start, until, after, rest = map(int, found)
    (tmp_path / "content").write_bytes(signed[start:until] + signed[after : after + rest])
    (tmp_path / "container").write_bytes(bytes.fromhex(signed[until + 1 : after - 1].decode()))
    (tmp_path / "root.pem").write_bytes(authority.pem(root.certificate))

    def openssl() -> int:
        command = "openssl cms -verify -binary -inform DER -in container -content content -CAfile root.pem -purpose any"
        return subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode

    assert openssl() == 0
    content = bytearray((tmp_path / "content").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "content").write_bytes(content)
    assert openssl() != 0


def test_whatever_byte_is_changed_the_signature_no_longer_holds(signed: bytes, root: Identity) -> None:
    """Within the container too, which no signature covers: padding, case of its digits, certificates beside it."""
    (found,) = signing.RANGE.findall(signed)
    until, after = int(found[1]), int(found[2])
    chance = random.Random(1)
    places = {*chance.sample(range(len(signed)), 150), *chance.sample(range(until, after), 100)}
    for place in places | {0, until, until + 1, after - 2, after - 1, len(signed) - 1}:
        for mask in (0x01, 0x20):
            forged = bytearray(signed)
            forged[place] ^= mask
            assert not signing.verify(bytes(forged), [asn1(root)]).whole, f"byte {place} ^ {mask}"


def test_nothing_may_be_added_or_cut_off(signed: bytes, root: Identity, seal: Identity) -> None:
    with pikepdf.open(BytesIO(signed)) as document:
        document.add_blank_page()
        added = BytesIO()
        document.save(added)
    twice = PdfSigner(PdfSignatureMetadata(field_name="Other"), signer_of(seal))
    with pytest.raises(SigningError):  # it is certified: no second signature
        twice.sign_pdf(IncrementalPdfFileWriter(BytesIO(signed)))
    for forged in (signed + b"\n", signed + signed, signed[:-1], added.getvalue(), b"", b"%PDF-1.7", blank()):
        assert not signing.verify(forged, [asn1(root)]).whole


def test_a_seal_of_another_authority_is_told_apart(signed: bytes) -> None:
    stranger = authority.make_root("丁镇", NOW)
    assert signing.verify(signed, [asn1(stranger)]).fault == "untrusted"


def test_a_paper_outlives_the_certificate_that_signed_it(signed: bytes, root: Identity) -> None:
    assert signing.verify(signed, [asn1(root)], NOW + timedelta(days=366 * authority.SEAL_YEARS)).fault == "untrusted"
    assert signing.verify(signed, [asn1(root)]).whole


def test_a_time_stamp_authority_makes_it_b_t(seal: Identity, root: Identity) -> None:
    stamps = _stamping(root)
    stamped = signing.sign(blank(), signer_of(seal), number="1", unit_name="丁镇信访办", stamps=stamps)
    verdict = signing.verify(stamped, [asn1(root)])
    assert (verdict.fault, verdict.signed_at) == (None, NOW.replace(microsecond=0))


def _stamping(root: Identity) -> DummyTimeStamper:
    """A time stamp authority under the root; the one for tests that pyhanko brings knows RSA alone."""
    key = rsa.generate_private_key(65537, 2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(authority.name_of("时间戳"))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(minutes=5))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(authority._usage(signs=True, certifies=False), critical=True)
        .sign(root.key, hashes.SHA256())
    )
    bundle = pkcs12.serialize_key_and_certificates(
        b"tsa", key, certificate, None, serialization.BestAvailableEncryption(b"x")
    )
    loaded = SimpleSigner.load_pkcs12_data(bundle, [], passphrase=b"x")
    return DummyTimeStamper(loaded.signing_cert, loaded.signing_key, fixed_dt=NOW.replace(microsecond=0))


def test_a_key_file_opens_with_this_node_s_ring_alone(keys: Any, seal: Identity) -> None:
    held = keys()
    held.root("丁镇", NOW)
    found = held.root("丁镇", NOW)
    mine = authority.issue(found, "丁镇信访办", "u", NOW)
    seal_id = UUID(int=7)
    held.keep(seal_id, mine)
    pem = authority.pem(mine.certificate)
    assert held.sign(blank(), seal_id, "file", pem, number="1", unit_name="丁").startswith(b"%PDF")
    file = held.directory / f"{seal_id}.p12"
    assert file.stat().st_mode & 0o777 == 0o600
    other = SealKeys(
        SealSettings(), held.directory, Keyring("k1", {"k1": b"k" * 32}, b"i" * 32, b"another" + b"c" * 25)
    )
    with pytest.raises(Refused, match="seal-key-away"):
        other.sign(blank(), seal_id, "file", pem, number="1", unit_name="丁")
    file.unlink()
    with pytest.raises(Refused, match="seal-key-away"):
        keys().check(seal_id, "file", pem)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenSettings:
    """A fresh software token."""
    if SOFTHSM is None or shutil.which("softhsm2-util") is None:
        pytest.fail("softhsm2 is not installed: deploy/local/bootstrap.sh test")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    command = ["softhsm2-util", "--init-token", "--free", "--label", "seals", "--so-pin", "1234", "--pin", "5678"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    return TokenSettings(module=SOFTHSM, label="seals", pin="5678")


def _in_token(token: TokenSettings, label: str) -> Any:
    """A key pair made inside the token; its public key."""
    session = pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(rw=True, user_pin="5678")
    parameters = session.create_domain_parameters(
        pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    public, _ = parameters.generate_keypair(store=True, label=label)
    found = serialization.load_der_public_key(encode_ec_public_key(public))
    assert isinstance(found, ec.EllipticCurvePublicKey)
    session.close()
    return found


async def test_a_key_in_a_pkcs11_token_seals_and_never_leaves_it(
    start: Any, token: TokenSettings, tmp_path: Path
) -> None:
    desk = Desk(await start(service))
    await desk.hears_of(desk.petition)
    office, held = Office(desk), resources.of(desk.running.runtime)
    held.seal_keys._settings = SealSettings(token=token)
    root = await asyncio.to_thread(held.seal_keys.root, "丁镇", NOW)
    public = await asyncio.to_thread(_in_token, token, "seal-1")
    certificate = authority.certify(root, "丁镇信访办", "330225100-xf", public, NOW)
    unit = held.units.units["330225100-xf"]
    new = NewSeal(unit, "丁信", drawing.round_seal(unit.name), token="seal-1", certificate=authority.pem(certificate))
    await office.register_new(new)
    pdf = await office.pdf(await office.sealed_opinion())
    assert (await asyncio.to_thread(signing.verify, pdf, [asn1(root)])).whole
    assert list(held.seal_keys.directory.glob("*.p12")) == [held.seal_keys.directory / "root.p12"]
    wrong = NewSeal(unit, "丁信", new.image, token="seal-2", certificate=new.certificate)
    with pytest.raises(Refused, match="seal-key-away"):
        await office.register_new(wrong)


async def test_a_certificate_that_does_not_fit_the_key_or_no_root_stands_above_is_not_registered(office: Any) -> None:
    unit = resources.of(office.running.runtime).units.units["330225100-xf"]
    image = drawing.round_seal(unit.name)
    stranger = authority.issue(authority.make_root("别处", NOW), unit.name, unit.code, NOW)
    with pytest.raises(Refused, match="seal-unsound"):
        await office.register_new(NewSeal(unit, "丁信", image, stranger))
    past = NOW - timedelta(days=366 * 6)
    expired = authority.issue(authority.make_root("别处", past), unit.name, unit.code, past)
    with pytest.raises(Refused, match="seal-expired"):
        await office.register_new(NewSeal(unit, "丁信", image, expired))
    for bad in (b"", b"\x89PNG\r\n\x1a\n" + b"0" * 50, image[:400], image + b"0" * registering.LARGEST):
        with pytest.raises(Refused, match="not-a-seal-image"):
            await office.register_new(NewSeal(unit, "丁信", bad, stranger))
    assert len(await office.running.rows("SELECT 1 FROM seals")) == 1


def test_a_seal_is_red_on_nothing_with_the_name_in_it() -> None:
    with Image.open(BytesIO(drawing.round_seal("丁镇信访办"))) as picture:
        assert (picture.size, picture.mode) == ((600, 600), "RGBA")
        red, green, blue, ink = (picture.getchannel(name) for name in "RGBA")
        inked = ink.point(lambda value: 255 * (value == 255))
        assert inked.getbbox() == (8, 8, 593, 593)
        for channel, low, high in ((red, 200, 255), (green, 0, 40), (blue, 0, 40)):
            levels = channel.histogram(inked)
            assert sum(levels) == sum(levels[low : high + 1])
    assert drawing.round_seal("丁镇信访办") != drawing.round_seal("戊镇信访办")
