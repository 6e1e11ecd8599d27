"""The message centre as a process: what it took stays in its log, and it is found where it was."""

from pathlib import Path

import pytest

from xinqiao_local.smsc import Smsc


def test_a_centre_that_was_killed_comes_back_at_its_port_with_its_log(tmp_path: Path) -> None:
    centre = Smsc(tmp_path / "smsc")
    try:
        centre.start()
        port, pid = centre.port, centre.daemon.pid
        centre.start()
        assert centre.daemon.pid == pid
        assert centre.deliver([{"from": "1", "to": "2", "text": "TD"}], wait=False) == {}
        assert centre.order("status")["waiting"] == 1
        with pytest.raises(ValueError, match="no-such-order"):
            centre.order("no-such-order")
        (centre.directory / "pdus.jsonl").write_text('{"took": "submit_sm"}\n')
        centre.kill9()
        centre.start()
        assert (centre.port, len(centre.submits())) == (port, 1)
        assert centre.order("status")["waiting"] == 0
    finally:
        centre.stop()
    assert not centre.daemon.alive
