"""`python -m documents.quality check | release X.Y`: the shipped checklists, kept as they were released."""

import sys

from documents.quality.library import RELEASED, SHIPPED, Checklists
from kit.releases import Releases

RELEASES = Releases(
    "documents.quality", "checklists", "checklist", "cases were reviewed by it", SHIPPED / "released.json", RELEASED
)


def shipped() -> dict[str, str]:
    """Key -> SHA-256. Raises BadChecklist."""
    return {key: each.digest for key, each in Checklists.shipped().checklists.items()}


if __name__ == "__main__":
    sys.exit(RELEASES.command(sys.argv[1:], shipped))
