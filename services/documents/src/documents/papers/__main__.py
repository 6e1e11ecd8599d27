"""`python -m documents.papers check | release X.Y`: the shipped templates of papers, kept as they were released."""

import sys

from documents.papers.library import RELEASED, SHIPPED, Library, digest_of
from kit.releases import Releases

RELEASES = Releases(
    "documents.papers", "papers", "template", "papers were written with it", SHIPPED / "released.json", RELEASED
)


def shipped() -> dict[str, str]:
    """Templates and their layouts: key -> SHA-256. Raises BadTemplate."""
    Library.shipped()
    places = [place for kind in SHIPPED.iterdir() if kind.is_dir() for place in kind.iterdir()]
    return {f"{place.parent.name}/{place.name}": digest_of(place) for place in places}


if __name__ == "__main__":
    sys.exit(RELEASES.command(sys.argv[1:], shipped))
