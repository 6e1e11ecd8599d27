"""The rules of bundles (材料册): which pages, in which order; how a text is searched. Standard library only."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.errors import Refused

LONGEST_TEXT = 20_000  # characters of a page: a sheet of A4 in the smallest print holds fewer
EXCERPT = 24  # letters shown on each side of what was found
HAN = "\u2e80-\u2fdf\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
MARKS = ",。、;:?!“”‘’()《》〈〉【】"
_GAP = re.compile(f"(?<=[{HAN}{MARKS}])[ \u3000]+(?=[{HAN}{MARKS}])")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of a bundle: which page (from 1) of which file, turned clockwise by 0, 90, 180 or 270 degrees."""

    file_id: UUID
    page: int
    rotation: int = 0


def check_leaves(leaves: Sequence[Leaf], pages: Mapping[UUID, int], most: int) -> None:
    """pages: of each file that may be used. Raises Refused: "no-pages-left", "too-many-pages", "no-such-page"."""
    if not leaves:
        raise Refused("no-pages-left")
    if len(leaves) > most:
        raise Refused("too-many-pages", most=most)
    seen: set[tuple[UUID, int]] = set()
    for position, leaf in enumerate(leaves, 1):
        if not 1 <= leaf.page <= pages.get(leaf.file_id, 0) or (leaf.file_id, leaf.page) in seen:
            raise Refused("no-such-page", position=position)
        seen.add((leaf.file_id, leaf.page))


def all_leaves(files: Iterable[UUID], pages: Mapping[UUID, int]) -> list[Leaf]:
    """Every page of these files, as they come."""
    return [Leaf(file_id, page) for file_id in files for page in range(1, pages.get(file_id, 0) + 1)]


def tidy(text: str) -> str:
    """A read text without what only the reading put there: blanks between Chinese letters, empty lines, what is not
    seen.
    """
    lines = ("".join(each for each in line if each.isprintable()) for line in text[: 2 * LONGEST_TEXT].splitlines())
    kept = (_GAP.sub("", line.replace("\t", " ")).strip() for line in lines)
    return "\n".join(line for line in kept if line)[:LONGEST_TEXT]


def letters(text: str) -> str:
    """What of a text is compared when it is searched: letters and digits, wide or narrow, large or small as one."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def pairs(text: str) -> set[str]:
    """Pairs of neighbouring letters: Chinese writes no spaces, so there are no words to look up."""
    kept = letters(text)
    return {kept[at : at + 2] for at in range(len(kept) - 1)}


def excerpt(text: str, sought: str) -> str | None:
    """The letters around the first place where it stands; None when it does not."""
    kept, wanted = letters(text), letters(sought)
    at = kept.find(wanted) if wanted else -1
    return None if at < 0 else kept[max(0, at - EXCERPT) : at + len(wanted) + EXCERPT]
