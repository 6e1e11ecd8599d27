"""The CMPP target runs as long as a test may: what it finds is an octet string on which the reader fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.cmpp import one_input

ROOT = Path(__file__).parents[2]


def test_no_octets_that_coverage_finds_make_the_reader_fail(tmp_path: Path) -> None:
    bounds = ["-runs=20000", "-max_len=200", "-len_control=0", "-seed=2026", "-max_total_time=60"]
    command = [sys.executable, "-m", "tests.fuzz.cmpp", *bounds, f"-artifact_prefix={tmp_path}/", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "DONE" in run.stderr


def test_the_target_tells_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery with a text of NUL alone, if readers let it through."""
    from notify.gateways.cmpp import gateway

    monkeypatch.setattr(gateway, "said", lambda octets, *_, **__: octets.decode("latin-1"))
    with pytest.raises(AssertionError):
        one_input(b"\x80\x00\x00")
