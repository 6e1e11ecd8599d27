"""What selects on staff pages offer: the units a case may go to, near ones first."""

from collections.abc import Iterable

from contracts.units import Unit, UnitDirectory
from kit.paths import lies_in
from portal.domain import Account

MOST = 400  # of 10 000 units a province may have, those nearby are what a select can offer
GROUPS = ("same", "below", "above", "elsewhere")


def _group(unit: Unit, region: str) -> str:
    if unit.region == region:
        return "same"
    if lies_in(unit.region, region):
        return "below"
    return "above" if lies_in(region, unit.region) else "elsewhere"


def _distance(unit: Unit, region: str) -> tuple[int, int, str]:
    tiers = abs(unit.region.count(".") - region.count("."))
    return GROUPS.index(_group(unit, region)), tiers, unit.code


def units_near(
    directory: UnitDirectory, account: Account, leave_out: Iterable[str] = (), accused: Iterable[str] = ()
) -> dict[str, list[Unit]]:
    """Units by how they lie to the person's region, the nearest tier first; without `leave_out`, accused units and
    those below them (Art 30), which the services refuse anyway.
    """
    out, kept = set(leave_out), set(accused)
    known = [
        unit for unit in directory.units.values() if unit.code not in out and not directory.is_kept_from(unit, kept)
    ]
    grouped: dict[str, list[Unit]] = {}
    for unit in sorted(known, key=lambda unit: _distance(unit, account.region))[:MOST]:
        grouped.setdefault(_group(unit, account.region), []).append(unit)
    return grouped
