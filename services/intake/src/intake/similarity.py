"""How much two texts have in common, for short Chinese texts that say the same in other words."""

import re
import unicodedata

from rapidfuzz import fuzz

LONGEST = 800  # characters compared: what a petition is about stands at its beginning
FEW = 6  # of so few pairs, one in common would say nothing
_NOISE = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """Without punctuation, spaces, and full-width forms."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())[:LONGEST]


def pairs(text: str) -> str:
    """Overlapping pairs of characters as words: Chinese has no spaces, and most of its words have two."""
    return " ".join(text[start : start + 2] for start in range(len(text) - 1))


def score(left: str, right: str) -> float:
    """0 to 100. Order and length of what was said count little, common pairs of characters much."""
    one, other = normal(left), normal(right)
    if min(len(one), len(other)) <= FEW:
        return fuzz.ratio(one, other)
    return fuzz.token_set_ratio(pairs(one), pairs(other))
