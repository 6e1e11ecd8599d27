"""How long to wait before a line that was lost is opened again."""

from random import uniform


class Pauses:
    """Twice as long each time, from `first` to `most` seconds, while lines break sooner than the pause before them was.

    Never quite the same, so that what was lost at one moment does not all come back at one moment.
    """

    def __init__(self, first: float = 1, most: float = 60) -> None:
        self._first, self._most = first, most
        self._longest, self._last = first, 0.0

    def after(self, held: float) -> float:
        """held: seconds for which the line stood; 0 where it did not come up. Returns seconds."""
        if held > self._last:
            self._longest = self._first
        self._last = uniform(self._longest / 2, self._longest)  # noqa: S311 - no secret depends on it
        self._longest = min(self._longest * 2, self._most)
        return self._last
