"""The keys that are made here are those that the services read."""

import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from kit.crypto import Keyring
from kit.errors import Refused
from kit.links import Sealer
from xinqiao_local.keys import ensure_keys, introduce, public_name

COUNTY, TOWNSHIP = "33.02.25", "33.02.25.100"


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Path]:
    made = {path: tmp_path / path for path in (COUNTY, TOWNSHIP)}
    for path, directory in made.items():
        ensure_keys(directory, path)
    for path, directory in made.items():
        introduce(path, directory, list(made.values()))
    return made


def sealer(homes: dict[str, Path], path: str) -> Sealer:
    directory = {other: homes[path] / public_name(other) for other in homes}
    return Sealer.load(path, homes[path] / "node.private.jwks", directory)


def test_a_letter_sealed_with_them_is_opened_by_the_addressee_only(homes: dict[str, Path]) -> None:
    sealed = sealer(homes, TOWNSHIP).seal(b"case file", COUNTY)
    assert sealer(homes, COUNTY).open(sealed) == (TOWNSHIP, b"case file")
    with pytest.raises(Refused):
        sealer(homes, TOWNSHIP).open(sealed)


def test_fields_are_encrypted_and_read_again(homes: dict[str, Path]) -> None:
    ring = Keyring.load(homes[TOWNSHIP] / "fields.json")
    assert ring.decrypt(ring.encrypt("田穗安", "row"), "row") == "田穗安"
    assert ring.index != ring.codes
    assert Keyring.load(homes[COUNTY] / "fields.json").index != ring.index


def test_a_token_signed_by_the_issuer_is_verified_with_its_public_keys(homes: dict[str, Path]) -> None:
    private, public = (
        KeySet.import_key_set(json.loads((homes[COUNTY] / f"issuer.{half}.jwks").read_text()))
        for half in ("private", "public")
    )
    key = private.keys[0]
    token = jwt.encode({"alg": "ES256", "kid": key.kid}, {"sub": "county.clerk"}, key)
    assert jwt.decode(token, public, algorithms=["ES256"]).claims == {"sub": "county.clerk"}
    assert not any(each.is_private for each in public.keys)


def test_all_key_files_are_private_and_are_never_made_anew(homes: dict[str, Path]) -> None:
    before = {file: file.read_bytes() for file in homes[TOWNSHIP].iterdir()}
    assert {file.stat().st_mode & 0o777 for file in before} == {0o600}
    ensure_keys(homes[TOWNSHIP], TOWNSHIP)
    assert {file: file.read_bytes() for file in homes[TOWNSHIP].iterdir()} == before
