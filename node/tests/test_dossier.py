"""`xinqiao dossier verify`: offline, with exit codes a script can use, and what it names."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, KeySet
from typer.testing import CliRunner, Result

from documents.dossiers.domain import KEYS, MANIFEST, SIGNATURE, Entry, Manifest
from kit.links import Sealer
from node.cli import app


def _key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "kid": name})


def _public(*keys: ECKey) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


@pytest.fixture
def key() -> ECKey:
    return _key("county")


@pytest.fixture
def dossier(tmp_path: Path, key: ECKey) -> Path:
    letter = "门前道路积水三个月".encode()
    entry = Entry("files/001-letter.txt", "file", "来信", "text/plain", len(letter), hashlib.sha256(letter).hexdigest())
    manifest = Manifest("p", "33.02.25", "330225-xf", "li", "2026-11-22T09:00:00+08:00", "调卷", (entry,))
    signature, public = Sealer("33.02.25", KeySet([key]), {}).sign(manifest.text())
    file = tmp_path / "dossier.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry.path, letter)
        archive.writestr(MANIFEST, manifest.text())
        archive.writestr(SIGNATURE, signature)
        archive.writestr(KEYS, json.dumps({"keys": [public]}))
    return file


def verify(file: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["dossier", "verify", str(file), *more], terminal_width=200)


def test_a_whole_dossier_is_said_to_be_whole(dossier: Path) -> None:
    said = verify(dossier)
    assert said.exit_code == 0, said.output
    assert "whole and unchanged" in said.output
    assert "compare the key" in said.output  # nobody has said yet whose signature counts


def test_with_the_office_s_key_nothing_is_left_to_compare(dossier: Path, tmp_path: Path, key: ECKey) -> None:
    keys = tmp_path / "33.02.25.public.jwks"
    keys.write_text(_public(key))
    said = verify(dossier, "--keys", str(keys))
    assert said.exit_code == 0, said.output
    assert "compare the key" not in said.output


def test_another_one_s_key_is_not_trusted(dossier: Path, tmp_path: Path) -> None:
    keys = tmp_path / "other.jwks"
    keys.write_text(_public(_key("other")))
    said = verify(dossier, "--keys", str(keys))
    assert (said.exit_code, "not among those given" in said.output) == (1, True)


def test_what_was_altered_is_named(dossier: Path) -> None:
    content = dossier.read_bytes()
    with zipfile.ZipFile(dossier, "a") as archive:
        archive.writestr("files/002-more.txt", "x")
    said = verify(dossier)
    assert (said.exit_code, "files/002-more.txt" in said.output) == (1, True)
    dossier.write_bytes(content.replace("三个月".encode(), "五个月".encode(), 1))
    said = verify(dossier)
    assert (said.exit_code, "files/001-letter.txt" in said.output) == (1, True)


def test_what_is_no_dossier_is_told_apart_from_one_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "letter.zip"
    file.write_bytes("不是卷宗".encode())
    assert verify(file).exit_code == 2
