"""Which nodes run, and how they hang together: the shape of a cluster."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

SERVICES = ("intake", "routing", "documents", "notify", "analytics", "portal")
LANES = 32
FIRST_PORT = 8133
DEMO_SMS = {"county": "10690225"}


@dataclass(frozen=True)
class NodeSpec:
    """path: dotted region; slug: its directory and the name used in commands; office: its petition office's unit code;
    port: taken for its pages when free; split: every service as processes of its own; sms: the number that telephones
    text to, at a message centre of its own on this machine.
    """

    path: str
    name: str
    slug: str
    office: str
    port: int | None = None
    split: bool = False
    sms: str | None = None

    @property
    def region_code(self) -> str:
        """The first six digits of the administrative code (GB/T 2260), as petition numbers carry it."""
        return self.path.replace(".", "").ljust(6, "0")[:6]


FOUR_TIERS = (
    NodeSpec("33", "澜江省信访局", "province", "330000-xf"),
    NodeSpec("33.02", "宁川市信访局", "city", "330200-xf"),
    NodeSpec("33.02.25", "象溪县信访局", "county", "330225-xf"),
    NodeSpec("33.02.25.100", "石桥镇信访办", "township", "330225100-xf"),
)


def with_split(specs: tuple[NodeSpec, ...], split: Collection[str]) -> tuple[NodeSpec, ...]:
    """The specs with the named nodes split. Raises ValueError for a slug that is not there."""
    unknown = set(split) - {spec.slug for spec in specs}
    if unknown:
        raise ValueError(f"no such node: {', '.join(sorted(unknown))}")
    return tuple(replace(spec, split=spec.slug in split) for spec in specs)


def with_ports(specs: tuple[NodeSpec, ...]) -> tuple[NodeSpec, ...]:
    """The specs with the ports that people learn by heart. Tests do without: several runs would want the same ones."""
    return tuple(replace(spec, port=FIRST_PORT + 100 * number) for number, spec in enumerate(specs))


def with_sms(specs: tuple[NodeSpec, ...], numbers: Mapping[str, str]) -> tuple[NodeSpec, ...]:
    """The specs with the numbers that telephones text to, by slug."""
    return tuple(replace(spec, sms=numbers.get(spec.slug)) for spec in specs)


class Tree:
    """Nodes in the given order. Raises ValueError for repeated paths or slugs, or more than one root."""

    def __init__(self, specs: Sequence[NodeSpec]) -> None:
        self.specs = tuple(specs)
        for field in ("path", "slug"):
            values = [getattr(spec, field) for spec in specs]
            if len(set(values)) < len(values):
                raise ValueError(f"two nodes with one {field}: {', '.join(values)}")
        roots = [spec.path for spec in specs if self.parent(spec) is None]
        if len(roots) != 1:
            raise ValueError(f"a tree has one root, not {len(roots)}: {', '.join(roots)}")

    def parent(self, spec: NodeSpec) -> NodeSpec | None:
        """The nearest node above; tiers without a node are passed over."""
        above = [other for other in self.specs if spec.path.startswith(other.path + ".")]
        return max(above, key=lambda other: len(other.path), default=None)

    def children(self, spec: NodeSpec) -> list[NodeSpec]:
        return [other for other in self.specs if self.parent(other) == spec]

    def lane(self, spec: NodeSpec) -> int:
        """0 for the first node with a region code, 1 for the next ...: their petition numbers stay apart.

        Raises ValueError when a code has more nodes than lanes.
        """
        same = [other.path for other in self.specs if other.region_code == spec.region_code]
        lane = same.index(spec.path)
        if lane >= LANES:
            raise ValueError(f"more than {LANES} nodes number their petitions under {spec.region_code}")
        return lane
