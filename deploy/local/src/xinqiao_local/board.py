"""Shows what every node is doing: a line each that changes on a terminal, a line per step elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from xinqiao_local.tree import NodeSpec


class Board:
    """Used as a context; called with (slug, step) from any thread."""

    def __init__(self, console: Console, specs: tuple[NodeSpec, ...], last: str) -> None:
        self._console = console
        self._last = last
        self._begun = time.monotonic()
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._titles = {spec.slug: f"{spec.slug:<10} {spec.path:<14}" for spec in specs}
        self._lines: dict[str, TaskID] = {
            slug: self._progress.add_task(title, total=1) for slug, title in self._titles.items()
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()

    def __call__(self, slug: str, step: str) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{time.monotonic() - self._begun:6.1f} s  {slug}: {step}", highlight=False)
        done = step == self._last
        self._progress.update(self._lines[slug], description=f"{self._titles[slug]} {step}", completed=int(done))
