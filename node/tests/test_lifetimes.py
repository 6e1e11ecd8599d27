"""Things held together, and who answers which path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from node.depths import shown
from node.dispatching import Dispatcher
from node.lifetimes import together


@asynccontextmanager
async def held(name: str, journal: list[str], *, slow: bool = False) -> AsyncIterator[None]:
    journal.append(f"{name} in")
    try:
        yield
    finally:
        journal.append(f"{name} ends")
        await asyncio.sleep(0.05 if slow else 0)
        journal.append(f"{name} out")


@asynccontextmanager
async def broken(journal: list[str]) -> AsyncIterator[None]:
    journal.append("broken")
    raise FileNotFoundError
    yield


async def test_all_are_left_at_the_same_time() -> None:
    journal: list[str] = []
    async with together([held("a", journal, slow=True), held("b", journal)]):
        journal.append("work")
    assert journal == ["a in", "b in", "work", "a ends", "b ends", "b out", "a out"]


async def test_what_was_entered_is_left_when_the_next_cannot_be_entered() -> None:
    journal: list[str] = []
    with pytest.raises(FileNotFoundError):
        async with together([held("a", journal), broken(journal), held("c", journal)]):
            journal.append("never")
    assert journal == ["a in", "broken", "a ends", "a out"]


async def test_an_error_of_the_block_leaves_all() -> None:
    journal: list[str] = []
    with pytest.raises(KeyError):
        async with together([held("a", journal)]):
            raise KeyError
    assert journal[-1] == "a out"


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/healthz", "own"),
        ("/metrics", "own"),
        ("/api/intake/v1/petitions", "intake"),
        ("/api/intake", "intake"),
        ("/api/portal/v1/tokens", "portal"),
        ("/api/nobody/v1", "own"),
        ("/api/", "own"),
        ("/", "portal"),
        ("/staff/cases", "portal"),
        ("/apiary", "portal"),
    ],
)
async def test_who_answers_a_path(path: str, answers: str) -> None:
    asked: list[str] = []

    def app(name: str) -> Any:
        async def answer(*_: Any) -> None:
            asked.append(name)

        return answer

    apps = {name: app(name) for name in ("intake", "portal")}
    await Dispatcher(apps, app("own"))({"type": "http", "path": path}, app("receive"), app("send"))
    assert asked == [answers]


async def test_without_a_portal_the_process_itself_answers_the_rest() -> None:
    asked: list[str] = []

    async def own(*_: Any) -> Any:
        asked.append("own")

    await Dispatcher({}, own)({"type": "http", "path": "/"}, own, own)
    assert asked == ["own"]


def test_a_queue_is_shown_by_the_process_of_its_service_and_links_by_that_of_intake() -> None:
    depths = {"intake.letters": 1, "routing.on-case.parked": 2, "link.up": 3, "events.stream": 4}
    assert shown(depths, ["routing"]) == {"routing.on-case.parked": 2}
    assert shown(depths, ["intake"]) == {"intake.letters": 1, "link.up": 3, "events.stream": 4}
