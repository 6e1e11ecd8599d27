"""`python -m routing.procedures check | release X.Y`: the shipped definitions, kept as they were released."""

import sys

from kit.releases import Releases
from routing.procedures.library import RELEASED, SHIPPED, Library

RELEASES = Releases(
    "routing.procedures", "procedures", "definition", "cases follow it", SHIPPED / "released.json", RELEASED,
    also=", or its template,",
)  # fmt: skip


def shipped() -> dict[str, str]:
    """Key -> SHA-256. Raises BadDefinition."""
    return {key: procedure.digest for key, procedure in Library.shipped().procedures.items()}


if __name__ == "__main__":
    sys.exit(RELEASES.command(sys.argv[1:], shipped))
