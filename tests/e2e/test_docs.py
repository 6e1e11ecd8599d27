"""The commands in README and guides are run, as they stand, on the running nodes."""

import re
import shlex
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from node.calling import until
from tests.support.tree import Tree

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/operating.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
ELSEWHERE = {
    "make up": "the nodes of this run were started by the same code",
    "make demo": "run by test_story",
    "make down": "would stop the nodes of the developer",
    "make test": "this is it",
    "make bench": "run by tests/bench, briefly",
}


def commands_in(text: str) -> list[str]:
    """Command lines of all `sh` blocks, without their comments."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


WRITTEN = [command for name in DOCUMENTS for command in commands_in((ROOT / name).read_text(encoding="utf-8"))]


def failed(command: str, tree: Tree) -> str | None:
    """What a command said when it failed."""
    if " run " in command:
        return not_served(command, tree)
    if " parked drop " in command:
        lay_aside(command, tree)
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=tree.environment, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    return None if done.returncode == 0 else f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"


def not_served(command: str, tree: Tree) -> str | None:
    """Why a service did not become ready, or did not end when it was asked to; at a port that is free here."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    words = shlex.split(re.sub(r"--port \d+", f"--port {port}", command))
    with subprocess.Popen(
        words, cwd=ROOT, env=tree.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as it:
        try:
            ready = until(lambda: it.poll() is not None or answers(f"http://127.0.0.1:{port}/readyz"), within=60)
        finally:
            it.terminate()
        said = it.communicate(timeout=60)[0].decode()
    return None if ready and it.returncode == 0 else f"{command}: {it.returncode}\n{said}"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def lay_aside(command: str, tree: Tree) -> None:
    """Put a message that can be dropped where the command will look for it."""
    words = shlex.split(command)
    message = {
        "routing_key": words[words.index("drop") + 1], "payload": "{}", "payload_encoding": "string",
        "properties": {"message_id": after(words, "--id"), "delivery_mode": 2},
    }  # fmt: skip
    broker = tree.node(after(words, "--node")).rabbitmq.management_url
    answer = httpx.post(f"{broker}/api/exchanges/%2F/amq.default/publish", json=message, timeout=10)
    assert answer.json() == {"routed": True}


def after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


@pytest.mark.parametrize("command", sorted({*WRITTEN} - {*ELSEWHERE}))
def test_a_command_of_the_documents_works(tree: Tree, command: str) -> None:
    assert failed(command, tree) is None


@pytest.mark.parametrize(
    "command",
    [
        "no-such-command  # comment",
        "parked show no-such-queue --node county",
        "status --node no-such-node",
        "run intake --role no-such-role --port 1 --node county",
    ],
)
def test_a_wrong_command_is_noticed(tree: Tree, command: str) -> None:
    (found,) = commands_in(f"text\n```sh\n.venv/bin/xinqiao {command}\n```\n")
    assert "no-such" in (failed(found, tree) or "")


def test_every_guide_has_commands_and_every_exception_is_written_in_one() -> None:
    for name in ("README.md", "README.zh-CN.md", "docs/operating.md"):
        assert commands_in((ROOT / name).read_text(encoding="utf-8")), name
    assert set(ELSEWHERE) <= set(WRITTEN)
